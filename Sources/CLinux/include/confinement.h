// What a worker gives up before it reads a byte. One function, one call, one code back: the result,
// or -errno.
#ifndef CLINUX_CONFINEMENT_H
#define CLINUX_CONFINEMENT_H

#include <errno.h>
#include <linux/filter.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/// What a Landlock domain takes away; the header of the distribution lacks the newer fields.
/// Rule: landlock(7), the kernel's include/uapi/linux/landlock.h.
struct linux_landlock_ruleset {
    uint64_t handled_access_fs;
    /// From ABI 4 on.
    uint64_t handled_access_net;
    /// From ABI 6 on.
    uint64_t scoped;
};

/// The newest Landlock ABI that the kernel speaks.
static inline int linux_landlock_abi(void) {
    long abi = syscall(444, NULL, 0, 1);
    return abi < 0 ? -errno : (int)abi;
}

/// Makes a ruleset that allows nothing of what it names; returns its descriptor.
static inline int linux_landlock_create(const struct linux_landlock_ruleset *ruleset, size_t size) {
    long descriptor = syscall(444, ruleset, size, 0);
    return descriptor < 0 ? -errno : (int)descriptor;
}

/// Puts the calling thread under a ruleset, for good.
static inline int linux_landlock_restrict(int ruleset) {
    return syscall(446, ruleset, 0) == 0 ? 0 : -errno;
}

/// Closes this descriptor and all above it.
static inline int linux_close_from(unsigned int first) {
    return syscall(SYS_close_range, first, ~0U, 0) == 0 ? 0 : -errno;
}

/// Leaves namespaces behind. The C library hides the names of these flags by default.
enum {
    LINUX_NEW_NETWORK = 0x40000000,
    LINUX_NEW_IPC = 0x08000000,
    LINUX_NEW_HOST_NAME = 0x04000000,
    LINUX_NEW_PROCESSES = 0x20000000,
    LINUX_NEW_USERS = 0x10000000,
};

static inline int linux_separate_namespaces(unsigned long flags) {
    return syscall(SYS_unshare, flags) == 0 ? 0 : -errno;
}

/// Puts the calling thread under a program that judges its system calls, for good.
static inline int linux_install_filter(struct sock_filter *program, unsigned short count) {
    struct sock_fprog whole = {count, program};
    return prctl(PR_SET_SECCOMP, 2 /* SECCOMP_MODE_FILTER */, &whole) == 0 ? 0 : -errno;
}

/// Makes one group the real, effective and saved one of the calling thread.
static inline int linux_set_group(uint32_t gid) {
    return syscall(SYS_setresgid, gid, gid, gid) == 0 ? 0 : -errno;
}

/// Makes one user the real, effective and saved one of the calling thread.
static inline int linux_set_user(uint32_t uid) {
    return syscall(SYS_setresuid, uid, uid, uid) == 0 ? 0 : -errno;
}

/// prctl(2) with one argument that matters.
static inline int linux_prctl(int option, unsigned long argument) {
    return prctl(option, argument, 0, 0, 0) < 0 ? -errno : 0;
}

/// Empties the ambient set of capabilities.
static inline int linux_clear_ambient_capabilities(void) {
    return prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0 ? -errno : 0;
}

/// Gives up all permitted, effective and inheritable capabilities of the calling thread.
static inline int linux_drop_capabilities(void) {
    struct { uint32_t version; int pid; } header = {0x20080522, 0};
    struct { uint32_t effective, permitted, inheritable; } none[2] = {{0, 0, 0}, {0, 0, 0}};
    return syscall(SYS_capset, &header, none) == 0 ? 0 : -errno;
}

/// Any system call by its number, with six arguments.
static inline long linux_system_call(long number, const long arguments[6]) {
    const long *a = arguments;
    long result = syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
    return result < 0 ? -errno : result;
}

#endif
