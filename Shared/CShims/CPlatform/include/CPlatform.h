// Part of MarketBus. Apache License 2.0, see LICENSE.

#ifndef MARKETBUS_CPLATFORM_H
#define MARKETBUS_CPLATFORM_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// Nanoseconds since the Unix epoch (CLOCK_REALTIME).
int64_t md_wall_nanos(void);
/// Nanoseconds since an arbitrary start (CLOCK_MONOTONIC).
int64_t md_monotonic_nanos(void);
/// The calling thread's errno; macros do not cross into Swift.
int md_errno(void);
/// The text of an errno, written into `buffer`; returns `buffer`.
const char *_Nonnull md_error_text(int code, char *_Nonnull buffer, size_t size);

/// Writes at most one pipe-atomic piece if `fd` can take it now: the count written, 0 if it can't, -1 on an error.
long md_write_if_ready(int fd, const void *_Nonnull bytes, size_t count);

/// Writes everything, waiting where it must: 0, or an errno.
int md_write_all(int fd, const void *_Nonnull bytes, size_t count);
/// Makes a file that must not be there yet, for writing: its descriptor, or minus an errno.
int md_file_create(const char *_Nonnull path);
/// Makes a directory if it is not there: 0 or an errno.
int md_directory_make(const char *_Nonnull path);
/// Waits until what was written is on the disk: 0 or an errno.
int md_file_sync(int fd);
/// The process's environment variable at `index` as `NAME=value`, or NULL past the last.
const char *_Nullable md_environment_at(size_t index);

/// Starts a thread named `name` (cut to 15 bytes) that runs `body(context)`; 0 or an errno.
int md_thread_start(const char *_Nonnull name, void (*_Nonnull body)(void *_Nullable), void *_Nullable context,
                    uintptr_t *_Nonnull handle);
/// Joins a thread; 0 or an errno.
int md_thread_join(uintptr_t handle);
/// Gives up joining a thread; 0 or an errno.
int md_thread_detach(uintptr_t handle);
/// Non-zero if the calling thread is the one with this handle.
int md_thread_is_current(uintptr_t handle);

/// A non-blocking eventfd, or -1.
int md_event_create(void);
/// Makes the eventfd readable.
void md_event_signal(int fd);
/// Makes it unreadable again.
void md_event_drain(int fd);
/// Closes a descriptor.
void md_close(int fd);
/// Waits until one of `count` descriptors is readable: a bit mask of them, 0 on time-out, -1 on an error. -1 ms: for ever.
int md_wait_readable(const int *_Nonnull fds, int count, int timeout_ms);

/// A pipe with both ends non-blocking and closed on exec: 0 or an errno.
int md_pipe(int *_Nonnull read_end, int *_Nonnull write_end);
/// Reads one byte: 0...255, or -1 if there is none.
int md_read_byte(int fd);
/// Writes one byte; 0 or -1.
int md_write_byte(int fd, uint8_t byte);

/// SIGTERM, SIGINT and SIGHUP write their number as one byte into `fd` from now on; SIGPIPE is ignored. 0 or an errno.
int md_signals_to_fd(int fd);
/// Gives the four signals their default action again.
void md_signals_default(void);
/// Ends the process at once, running no exit handlers.
void md_exit_now(int code) __attribute__((noreturn));

/// Resident memory in bytes, or -1.
int64_t md_resident_bytes(void);
/// User and system CPU time of the process in nanoseconds.
int64_t md_cpu_nanos(void);
/// The number of open descriptors, or -1.
int64_t md_open_fds(void);
/// The soft limit of open descriptors, or -1.
int64_t md_max_fds(void);
/// The process's start in nanoseconds since the Unix epoch, or -1.
int64_t md_start_wall_nanos(void);
/// The number of threads, or -1.
int64_t md_thread_count(void);

/// Overwrites memory in a way that the compiler keeps.
void md_zero(void *_Nonnull bytes, size_t count);

/// A non-blocking listening socket at a numeric address: the descriptor, or -errno. `bound_port` gets the real port.
int md_tcp_listen(const char *_Nonnull address, uint16_t port, int backlog, uint16_t *_Nonnull bound_port);
/// Takes one waiting connection, non-blocking: the descriptor, or -errno.
int md_tcp_accept(int listener);
/// Reads what is there: the count, 0 at the end, or -errno.
long md_recv(int fd, void *_Nonnull buffer, size_t size);
/// Writes what fits, without SIGPIPE: the count, or -errno.
long md_send(int fd, const void *_Nonnull bytes, size_t count);

/// One descriptor that `md_poll` watches.
typedef struct {
    int fd;
    short events;
    short revents;
} md_poll_entry;
enum { MD_POLL_IN = 1, MD_POLL_OUT = 2, MD_POLL_GONE = 4 };
/// Waits for any of the entries (in: read, out: write, gone: closed or failed): how many are ready, or -errno.
int md_poll(md_poll_entry *_Nonnull entries, size_t count, int timeout_ms);

/// Reads a whole file of at most `limit` bytes into a new buffer (the caller frees it with `md_free`): 0 or an errno;
/// EFBIG if it is larger.
int md_read_file(const char *_Nonnull path, size_t limit, uint8_t *_Nullable *_Nonnull bytes, size_t *_Nonnull count);
/// Frees a buffer of `md_read_file`.
void md_free(void *_Nullable bytes);

/// Starts a program in a process group of its own, with standard input closed and the given output descriptors. It gets
/// `death_signal` when the calling thread ends. 0 or an errno, that of exec included.
int md_process_start(const char *_Nonnull path, char *_Nullable const *_Nonnull argv, char *_Nullable const *_Nonnull envp,
                     int out, int err, int death_signal, int *_Nonnull pid);
/// Non-zero once the process has ended; `code` gets its exit code, or 128 + the signal that ended it.
int md_process_ended(int pid, int *_Nonnull code);
/// Sends a signal to one process: 0 or an errno.
int md_process_signal(int pid, int signal_number);
/// How wrong the wall clock may be in microseconds, as the kernel knows; -1 where nobody keeps it right.
int64_t md_clock_error_micros(void);
/// The terminal's size: 0, or -1 where `fd` is no terminal.
int md_terminal_size(int fd, int *_Nonnull rows, int *_Nonnull columns);
/// Has the allocator map blocks of so many bytes and more one by one, for good, so that they go back to the kernel when they
/// are freed; no effect where the allocator is not glibc's.
void md_map_large_blocks(int bytes);

#ifdef __cplusplus
}
#endif
#endif
