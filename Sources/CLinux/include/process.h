// Starting and ending child processes. One function, one call, one code back: the result, or -errno.
#ifndef CLINUX_PROCESS_H
#define CLINUX_PROCESS_H

#include <errno.h>
#include <pthread.h>
#include <spawn.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

// Glibc hides these from a module that is built without _GNU_SOURCE.
enum { LINUX_SPAWN_SETSID = 0x80 };
int posix_spawn_file_actions_addchdir_np(posix_spawn_file_actions_t *actions, const char *path);
int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *actions, int first);
int pthread_setname_np(pthread_t thread, const char *name);
int pipe2(int ends[2], int flags);

// A descriptor, closed on exec, that becomes readable when the process ends.
static inline int linux_pidfd_open(pid_t pid) {
    long code = syscall(SYS_pidfd_open, pid, 0);
    return code < 0 ? -errno : (int)code;
}

// A counter at zero, closed on exec; readable once something was written to it.
static inline int linux_eventfd(void) {
    int code = eventfd(0, EFD_CLOEXEC);
    return code < 0 ? -errno : code;
}

#endif
