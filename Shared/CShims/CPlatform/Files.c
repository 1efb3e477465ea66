// Part of MarketBus. Apache License 2.0, see LICENSE.

#include "CPlatform.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

int md_file_create(const char *path) {
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    return fd >= 0 ? fd : -errno;
}

int md_directory_make(const char *path) {
    if (mkdir(path, 0755) == 0) return 0;
    if (errno != EEXIST) return errno;
    struct stat status;
    if (stat(path, &status) != 0) return errno;
    if (!S_ISDIR(status.st_mode)) return ENOTDIR;
    return access(path, W_OK) == 0 ? 0 : errno;
}

int md_file_sync(int fd) { return fsync(fd) == 0 ? 0 : errno; }
