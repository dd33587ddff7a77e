// The file-system identity of a thread. One function, one call, one code back: the result, or -errno.
#ifndef CLINUX_IDENTITY_H
#define CLINUX_IDENTITY_H

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

// Glibc's setgroups would change every thread of the process; the raw call changes this one alone.
static inline int clinux_thread_setgroups(const uint32_t *groups, size_t count) {
    return syscall(SYS_setgroups, count, groups) < 0 ? -errno : 0;
}

// Answers with the former id and never with an error: an impossible id is how the present one is asked for.
static inline uint32_t clinux_thread_setfsuid(uint32_t uid) {
    return (uint32_t)syscall(SYS_setfsuid, uid);
}

static inline uint32_t clinux_thread_setfsgid(uint32_t gid) {
    return (uint32_t)syscall(SYS_setfsgid, gid);
}

// The name that ps and debuggers show for the calling thread; at most 15 bytes.
static inline int clinux_thread_name(const char *name) {
    return prctl(PR_SET_NAME, name, 0, 0, 0) < 0 ? -errno : 0;
}

#endif
