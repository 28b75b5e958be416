/* Makes writes below a folder fail with an error of the system, for as long as a file says so.
 *
 * FAULT_FILE holds the number of the error; while it does not exist, nothing fails. FAULT_BELOW is
 * the folder. Loaded by LD_PRELOAD into one child: nothing else of the machine is touched.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

static int fault(void) {
    const char *file = getenv("FAULT_FILE");
    char text[16] = {0};
    if (!file) return 0;
    long fd = syscall(SYS_openat, AT_FDCWD, file, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return 0;
    syscall(SYS_read, fd, text, sizeof text - 1);
    syscall(SYS_close, fd);
    return atoi(text);
}

static int below(const char *path) {
    const char *folder = getenv("FAULT_BELOW");
    return folder && path && !strncmp(path, folder, strlen(folder)) && !strstr(path, ".log");
}

static int fails(int fd) {
    int saved = errno, number = fault();
    char link[64], path[4096];
    ssize_t length;
    errno = saved;
    if (!number) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    length = readlink(link, path, sizeof path - 1);
    errno = saved;
    if (length < 0) return 0;
    path[length] = 0;
    if (!below(path)) return 0;
    errno = number;
    return 1;
}

static int refuses(const char *path, int flags) {
    int saved = errno, number;
    if (!(flags & (O_CREAT | O_WRONLY | O_RDWR)) || !below(path)) return 0;
    number = fault();
    errno = number ? number : saved;
    return number;
}

#define REAL(name) static __typeof__(name) *real; if (!real) real = dlsym(RTLD_NEXT, #name)
#define MODE va_list more; va_start(more, flags); mode_t mode = va_arg(more, mode_t); va_end(more)

int open(const char *path, int flags, ...) {
    REAL(open); MODE; return refuses(path, flags) ? -1 : real(path, flags, mode);
}
int open64(const char *path, int flags, ...) {
    REAL(open64); MODE; return refuses(path, flags) ? -1 : real(path, flags, mode);
}
int openat(int at, const char *path, int flags, ...) {
    REAL(openat); MODE; return refuses(path, flags) ? -1 : real(at, path, flags, mode);
}
int openat64(int at, const char *path, int flags, ...) {
    REAL(openat64); MODE; return refuses(path, flags) ? -1 : real(at, path, flags, mode);
}
ssize_t write(int fd, const void *data, size_t size) {
    REAL(write); return fails(fd) ? -1 : real(fd, data, size);
}
ssize_t pwrite(int fd, const void *data, size_t size, off_t at) {
    REAL(pwrite); return fails(fd) ? -1 : real(fd, data, size, at);
}
ssize_t pwrite64(int fd, const void *data, size_t size, off64_t at) {
    REAL(pwrite64); return fails(fd) ? -1 : real(fd, data, size, at);
}
int ftruncate(int fd, off_t size) { REAL(ftruncate); return fails(fd) ? -1 : real(fd, size); }
int ftruncate64(int fd, off64_t size) { REAL(ftruncate64); return fails(fd) ? -1 : real(fd, size); }
int fsync(int fd) { REAL(fsync); return fails(fd) ? -1 : real(fd); }
int fdatasync(int fd) { REAL(fdatasync); return fails(fd) ? -1 : real(fd); }
int rename(const char *from, const char *to) {
    REAL(rename); return refuses(to, O_WRONLY) ? -1 : real(from, to);
}
