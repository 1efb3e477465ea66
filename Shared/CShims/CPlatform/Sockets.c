// Part of MarketBus. Apache License 2.0, see LICENSE.

#define _GNU_SOURCE
#include "CPlatform.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int bind_and_listen(const struct addrinfo *a, int backlog, uint16_t *bound_port) {
    int fd = socket(a->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return -errno;
    int on = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    struct sockaddr_storage bound;
    socklen_t size = sizeof bound;
    if (bind(fd, a->ai_addr, a->ai_addrlen) || listen(fd, backlog) ||
        getsockname(fd, (struct sockaddr *)&bound, &size)) {
        int error = errno;
        close(fd);
        return -error;
    }
    *bound_port = ntohs(bound.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&bound)->sin6_port
                                                     : ((struct sockaddr_in *)&bound)->sin_port);
    return fd;
}

int md_tcp_listen(const char *address, uint16_t port, int backlog, uint16_t *bound_port) {
    char text[8];
    snprintf(text, sizeof text, "%u", (unsigned)port);
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE};
    struct addrinfo *found = NULL;
    if (getaddrinfo(address, text, &hints, &found)) return -EINVAL;
    int result = bind_and_listen(found, backlog, bound_port);
    freeaddrinfo(found);
    return result;
}

int md_tcp_accept(int listener) {
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) return -errno;
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
}

long md_recv(int fd, void *buffer, size_t size) {
    ssize_t n;
    do n = recv(fd, buffer, size, 0);
    while (n < 0 && errno == EINTR);
    return n < 0 ? -errno : n;
}

long md_send(int fd, const void *bytes, size_t count) {
    ssize_t n;
    do n = send(fd, bytes, count, MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    return n < 0 ? -errno : n;
}

int md_poll(md_poll_entry *entries, size_t count, int timeout_ms) {
    struct pollfd p[1024];
    if (count > 1024) return -EINVAL;
    for (size_t i = 0; i < count; i++) {
        p[i] = (struct pollfd){.fd = entries[i].fd};
        if (entries[i].events & MD_POLL_IN) p[i].events |= POLLIN;
        if (entries[i].events & MD_POLL_OUT) p[i].events |= POLLOUT;
    }
    int n = poll(p, count, timeout_ms);
    if (n < 0) return errno == EINTR ? 0 : -errno;
    for (size_t i = 0; i < count; i++) {
        entries[i].revents = 0;
        if (p[i].revents & POLLIN) entries[i].revents |= MD_POLL_IN;
        if (p[i].revents & POLLOUT) entries[i].revents |= MD_POLL_OUT;
        if (p[i].revents & (POLLERR | POLLHUP | POLLNVAL)) entries[i].revents |= MD_POLL_GONE;
    }
    return n;
}
