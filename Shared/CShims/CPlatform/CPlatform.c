// Part of MarketBus. Apache License 2.0, see LICENSE.

#define _GNU_SOURCE
#include "CPlatform.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

static int64_t nanos_of(clockid_t clock) {
    struct timespec t;
    clock_gettime(clock, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

int64_t md_wall_nanos(void) { return nanos_of(CLOCK_REALTIME); }
int64_t md_monotonic_nanos(void) { return nanos_of(CLOCK_MONOTONIC); }
int64_t md_cpu_nanos(void) { return nanos_of(CLOCK_PROCESS_CPUTIME_ID); }
int md_errno(void) { return errno; }

const char *md_error_text(int code, char *buffer, size_t size) {
    const char *text = strerror_r(code, buffer, size);
    if (text != buffer && size > 0) {
        strncpy(buffer, text, size - 1);
        buffer[size - 1] = 0;
    }
    return buffer;
}

long md_write_if_ready(int fd, const void *bytes, size_t count) {
    struct pollfd p = {.fd = fd, .events = POLLOUT};
    if (poll(&p, 1, 0) <= 0 || !(p.revents & POLLOUT)) return 0;
    ssize_t n;
    do n = write(fd, bytes, count < PIPE_BUF ? count : PIPE_BUF);
    while (n < 0 && errno == EINTR);
    return n < 0 && errno == EAGAIN ? 0 : n;
}

int md_write_all(int fd, const void *bytes, size_t count) {
    const char *p = bytes;
    while (count > 0) {
        ssize_t n = write(fd, p, count);
        if (n < 0 && errno == EAGAIN) poll(&(struct pollfd){.fd = fd, .events = POLLOUT}, 1, -1);
        if (n < 0 && errno != EINTR && errno != EAGAIN) return errno;
        if (n > 0) p += n, count -= (size_t)n;
    }
    return 0;
}

const char *md_environment_at(size_t index) {
    for (size_t i = 0; environ && environ[i]; i++)
        if (i == index) return environ[i];
    return NULL;
}

struct start {
    void (*body)(void *);
    void *context;
    char name[16];
};

static void *thread_main(void *argument) {
    struct start s = *(struct start *)argument;
    free(argument);
    pthread_setname_np(pthread_self(), s.name);
    s.body(s.context);
    return NULL;
}

int md_thread_start(const char *name, void (*body)(void *), void *context, uintptr_t *handle) {
    struct start *s = calloc(1, sizeof *s);
    if (!s) return ENOMEM;
    s->body = body;
    s->context = context;
    strncpy(s->name, name, sizeof s->name - 1);
    pthread_t thread;
    int error = pthread_create(&thread, NULL, thread_main, s);
    if (error) {
        free(s);
        return error;
    }
    *handle = (uintptr_t)thread;
    return 0;
}

int md_thread_join(uintptr_t handle) { return pthread_join((pthread_t)handle, NULL); }
int md_thread_detach(uintptr_t handle) { return pthread_detach((pthread_t)handle); }
int md_thread_is_current(uintptr_t handle) { return pthread_equal((pthread_t)handle, pthread_self()); }

int md_event_create(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }
void md_event_signal(int fd) { (void)!write(fd, &(uint64_t){1}, 8); }
void md_event_drain(int fd) { (void)!read(fd, &(uint64_t){0}, 8); }
void md_close(int fd) { close(fd); }

int md_wait_readable(const int *fds, int count, int timeout_ms) {
    struct pollfd p[8];
    if (count < 0 || count > 8) return -1;
    for (int i = 0; i < count; i++) p[i] = (struct pollfd){.fd = fds[i], .events = POLLIN};
    int n = poll(p, (nfds_t)count, timeout_ms);
    if (n < 0) return errno == EINTR ? 0 : -1;
    int mask = 0;
    for (int i = 0; i < count; i++) mask |= p[i].revents ? 1 << i : 0;
    return mask;
}

int md_pipe(int *read_end, int *write_end) {
    int fds[2];
    if (pipe2(fds, O_CLOEXEC | O_NONBLOCK)) return errno;
    *read_end = fds[0];
    *write_end = fds[1];
    return 0;
}

int md_read_byte(int fd) {
    uint8_t byte;
    ssize_t n;
    do n = read(fd, &byte, 1);
    while (n < 0 && errno == EINTR);
    return n == 1 ? byte : -1;
}

int md_write_byte(int fd, uint8_t byte) { return write(fd, &byte, 1) == 1 ? 0 : -1; }

static volatile int signal_fd = -1;

static void on_signal(int number) {
    int saved = errno;
    uint8_t byte = (uint8_t)number;
    (void)!write(signal_fd, &byte, 1);
    errno = saved;
}

static int set_handler(int number, void (*handler)(int)) {
    struct sigaction a;
    memset(&a, 0, sizeof a);
    a.sa_handler = handler;
    a.sa_flags = SA_RESTART;
    sigemptyset(&a.sa_mask);
    return sigaction(number, &a, NULL) ? errno : 0;
}

int md_signals_to_fd(int fd) {
    signal_fd = fd;
    int error = set_handler(SIGTERM, on_signal);
    if (!error) error = set_handler(SIGINT, on_signal);
    if (!error) error = set_handler(SIGHUP, on_signal);
    return error ? error : set_handler(SIGPIPE, SIG_IGN);
}

void md_signals_default(void) {
    set_handler(SIGTERM, SIG_DFL);
    set_handler(SIGINT, SIG_DFL);
    set_handler(SIGHUP, SIG_DFL);
    set_handler(SIGPIPE, SIG_DFL);
}

void md_exit_now(int code) { _exit(code); }

int64_t md_resident_bytes(void) {
    long total, resident;
    FILE *f = fopen("/proc/self/statm", "re");
    if (!f) return -1;
    int n = fscanf(f, "%ld %ld", &total, &resident);
    fclose(f);
    return n == 2 ? (int64_t)resident * sysconf(_SC_PAGESIZE) : -1;
}

int64_t md_open_fds(void) {
    DIR *d = opendir("/proc/self/fd");
    if (!d) return -1;
    int64_t count = -1;  // the directory's own descriptor is not counted
    for (struct dirent *e; (e = readdir(d));) count += e->d_name[0] != '.';
    closedir(d);
    return count;
}

int64_t md_max_fds(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur > INT64_MAX) return -1;
    return (int64_t)limit.rlim_cur;
}

// Field 20 (threads) and 22 (start, in clock ticks since boot) of /proc/self/stat, counted after the name's ')'.
static int stat_fields(long long *threads, long long *start) {
    char text[1024];
    FILE *f = fopen("/proc/self/stat", "re");
    if (!f) return -1;
    size_t n = fread(text, 1, sizeof text - 1, f);
    fclose(f);
    text[n] = 0;
    char *p = strrchr(text, ')');
    if (!p) return -1;
    return sscanf(p + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %lld %*d %lld", threads,
                  start) == 2 ? 0 : -1;
}

int64_t md_start_wall_nanos(void) {
    long long threads, start;
    if (stat_fields(&threads, &start)) return -1;
    int64_t boot = md_wall_nanos() - nanos_of(CLOCK_BOOTTIME);
    return boot + (int64_t)start * (1000000000 / sysconf(_SC_CLK_TCK));
}

int64_t md_thread_count(void) {
    long long threads, start;
    return stat_fields(&threads, &start) ? -1 : threads;
}

void md_zero(void *bytes, size_t count) { explicit_bzero(bytes, count); }

int md_read_file(const char *path, size_t limit, uint8_t **bytes, size_t *count) {
    FILE *f = fopen(path, "re");
    if (!f) return errno;
    uint8_t *buffer = malloc(limit + 1);
    if (!buffer) {
        fclose(f);
        return ENOMEM;
    }
    size_t n = fread(buffer, 1, limit + 1, f);
    int error = ferror(f) ? errno : n > limit ? EFBIG : 0;
    fclose(f);
    if (error) {
        md_zero(buffer, n);
        free(buffer);
        return error ? error : EIO;
    }
    *bytes = buffer;
    *count = n;
    return 0;
}

void md_free(void *bytes) { free(bytes); }
