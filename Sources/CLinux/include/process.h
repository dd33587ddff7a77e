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

union linux_descriptor_message {
    struct cmsghdr header;
    char bytes[CMSG_SPACE(sizeof(int))];
};

// Sends bytes without waiting, and with the first of them a descriptor. Rule: unix(7), SCM_RIGHTS.
static inline ssize_t linux_send_descriptor(
    int socket, const void *bytes, size_t length, int descriptor
) {
    union linux_descriptor_message control;
    memset(&control, 0, sizeof control);
    control.header.cmsg_len = CMSG_LEN(sizeof(int));
    control.header.cmsg_level = SOL_SOCKET;
    control.header.cmsg_type = SCM_RIGHTS;
    memcpy(CMSG_DATA(&control.header), &descriptor, sizeof descriptor);
    struct iovec part = {(void *)bytes, length};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control,
        .msg_controllen = sizeof control.bytes};
    ssize_t count = sendmsg(socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    return count < 0 ? -errno : count;
}

// Receives bytes, and the descriptor that came with them: -1 if none did.
static inline ssize_t linux_receive(
    int socket, void *bytes, size_t length, int flags, int *descriptor) {
    union linux_descriptor_message control;
    struct iovec part = {bytes, length};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control,
        .msg_controllen = sizeof control.bytes};
    *descriptor = -1;
    ssize_t count = recvmsg(socket, &message, flags | MSG_CMSG_CLOEXEC);
    if (count < 0) return -errno;
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    if (header != NULL && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS
        && header->cmsg_len == CMSG_LEN(sizeof(int)))
        memcpy(descriptor, CMSG_DATA(header), sizeof *descriptor);
    return count;
}

#endif
