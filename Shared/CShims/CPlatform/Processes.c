// Part of MarketBus. Apache License 2.0, see LICENSE.

#define _GNU_SOURCE
#include "CPlatform.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

// posix_spawn can't ask for a signal at the parent's death, so this forks; between fork and exec only
// async-signal-safe calls are made.
static void become(const char *path, char *const *argv, char *const *envp, int out, int err, int death, pid_t parent,
                   int report) {
    setpgid(0, 0);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    int null = open("/dev/null", O_RDONLY);
    if (null >= 0 && dup2(null, 0) >= 0 && dup2(out, 1) >= 0 && dup2(err, 2) >= 0 &&
        prctl(PR_SET_PDEATHSIG, death) == 0) {
        if (getppid() != parent) _exit(0);
        execve(path, argv, envp);
    }
    int code = errno;
    (void)!write(report, &code, sizeof code);
    _exit(127);
}

int md_process_start(const char *path, char *const *argv, char *const *envp, int out, int err, int death_signal,
                     int *pid) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return errno;
    pid_t parent = getpid();
    pid_t child = fork();
    if (child < 0) {
        int code = errno;
        close(ends[0]), close(ends[1]);
        return code;
    }
    if (child == 0) become(path, argv, envp, out, err, death_signal, parent, ends[1]);
    close(ends[1]);
    int code = 0;
    ssize_t n;
    while ((n = read(ends[0], &code, sizeof code)) < 0 && errno == EINTR) {}
    close(ends[0]);
    if (n == sizeof code) {
        waitpid(child, NULL, 0);
        return code;
    }
    *pid = child;
    return 0;
}

int md_process_ended(int pid, int *code) {
    int status;
    pid_t found = waitpid(pid, &status, WNOHANG);
    if (found == 0) return 0;
    *code = found < 0 ? 0 : WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return 1;
}

int md_process_signal(int pid, int signal_number) { return pid > 1 && kill(pid, signal_number) == 0 ? 0 : errno; }

int md_terminal_size(int fd, int *rows, int *columns) {
    struct winsize size;
    if (ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_row == 0 || size.ws_col == 0) return -1;
    *rows = size.ws_row, *columns = size.ws_col;
    return 0;
}
