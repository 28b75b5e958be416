/* Moves the wall clock of the one process that it is loaded into, by what a file says: seconds.
 *
 * CLOCK_STEP names the file; while it is not there, the clock is right. It is looked at each 50 ms.
 * Clocks that only run forward are left alone, as a real step leaves them.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static long step(void) {
    static long seconds, looked;
    struct timespec now;
    syscall(SYS_clock_gettime, CLOCK_MONOTONIC_COARSE, &now);
    long at = now.tv_sec * 20 + now.tv_nsec / 50000000;
    if (at == looked) return seconds;
    looked = at;
    const char *file = getenv("CLOCK_STEP");
    char text[24] = {0};
    long fd = file ? syscall(SYS_openat, AT_FDCWD, file, O_RDONLY | O_CLOEXEC) : -1;
    seconds = 0;
    if (fd < 0) return 0;
    if (syscall(SYS_read, fd, text, sizeof text - 1) > 0) seconds = atol(text);
    syscall(SYS_close, fd);
    return seconds;
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    static int (*real)(clockid_t, struct timespec *);
    if (!real) real = dlsym(RTLD_NEXT, "clock_gettime");
    int failed = real(clock, now);
    if (!failed && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
        now->tv_sec += step();
    return failed;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    struct timespec exact;
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &exact);
    now->tv_sec = exact.tv_sec;
    now->tv_usec = exact.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *at) {
    struct timespec exact;
    clock_gettime(CLOCK_REALTIME, &exact);
    if (at) *at = exact.tv_sec;
    return exact.tv_sec;
}
