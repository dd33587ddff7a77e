// The disk blocks of files. One function, one call, one code back: the result, or -errno.
#ifndef CLINUX_BLOCKS_H
#define CLINUX_BLOCKS_H

#include <errno.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

// Makes `to` share all blocks of `from`, copy-on-write. Rule: ioctl_ficlone(2).
static inline int clinux_clone_file(int to, int from) {
    return ioctl(to, FICLONE, from) == 0 ? 0 : -errno;
}

// Sets blocks aside for the first `size` bytes, the file's size staying as it is. Rule: fallocate(2).
static inline int clinux_allocate(int fd, int64_t size) {
    return syscall(SYS_fallocate, fd, FALLOC_FL_KEEP_SIZE, (off_t)0, (off_t)size) == 0 ? 0 : -errno;
}

#endif
