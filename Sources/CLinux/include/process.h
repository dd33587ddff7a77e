// Starting and ending child processes. One function, one call, one code back: the result, or -errno.
#ifndef CLINUX_PROCESS_H
#define CLINUX_PROCESS_H

#include <errno.h>
#include <pthread.h>
#include <spawn.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
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

// The most descriptors that one message bears.
enum { LINUX_DESCRIPTOR_LIMIT = 3 };

union linux_descriptor_message {
    struct cmsghdr header;
    char bytes[CMSG_SPACE(LINUX_DESCRIPTOR_LIMIT * sizeof(int))];
};

// Sends bytes without waiting, and with the first of them descriptors. Rule: unix(7), SCM_RIGHTS.
static inline ssize_t linux_send_descriptors(
    int socket, const void *bytes, size_t length, const int *descriptors, int count
) {
    union linux_descriptor_message control;
    size_t size = (size_t)count * sizeof(int);
    memset(&control, 0, sizeof control);
    control.header.cmsg_len = CMSG_LEN(size);
    control.header.cmsg_level = SOL_SOCKET;
    control.header.cmsg_type = SCM_RIGHTS;
    memcpy(CMSG_DATA(&control.header), descriptors, size);
    struct iovec part = {(void *)bytes, length};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = count > 0 ? &control : NULL,
        .msg_controllen = count > 0 ? CMSG_SPACE(size) : 0};
    ssize_t sent = sendmsg(socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    return sent < 0 ? -errno : sent;
}

// Receives bytes, and up to `count` descriptors that came with them: -1 stands for each that did not.
static inline ssize_t linux_receive(
    int socket, void *bytes, size_t length, int flags, int *descriptors, int count) {
    union linux_descriptor_message control;
    struct iovec part = {bytes, length};
    // No room for one more than asked for: the kernel closes what does not fit.
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control,
        .msg_controllen = CMSG_LEN((size_t)count * sizeof(int))};
    for (int number = 0; number < count; number++) descriptors[number] = -1;
    ssize_t received = recvmsg(socket, &message, flags | MSG_CMSG_CLOEXEC);
    if (received < 0) return -errno;
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    if (header != NULL && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS)
        memcpy(descriptors, CMSG_DATA(header), header->cmsg_len - CMSG_LEN(0));
    return received;
}

// Doubles a process that has one thread; Swift's own name for this is taken away from it.
static inline pid_t linux_fork(void) {
    pid_t pid = fork();
    return pid < 0 ? -errno : pid;
}

// Sends a signal to the process behind a pidfd; 0 only asks whether that may be done.
static inline int linux_pidfd_signal(int pidfd, int signal) {
    return syscall(424 /* pidfd_send_signal */, pidfd, signal, NULL, 0) == 0 ? 0 : -errno;
}

// A file of nothing but memory, closed on exec.
static inline int linux_memory_file(const char *name) {
    long code = syscall(SYS_memfd_create, name, 1 /* MFD_CLOEXEC */);
    return code < 0 ? -errno : (int)code;
}

#endif
