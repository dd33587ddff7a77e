// Calls on files that Glibc does not offer to Swift. One function, one call, one code back: the result, or -errno.
#ifndef CLINUX_FILES_H
#define CLINUX_FILES_H

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/openat2.h>
#include <linux/stat.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <unistd.h>

// Names a file or folder without opening its content.
static const int clinux_path_only = 010000000 /* O_PATH */;

// The type of the file system, as statfs(2) numbers them.
static inline int clinux_file_system_type(int file, uint32_t *type) {
    struct statfs facts;
    if (fstatfs(file, &facts) < 0) return -errno;
    *type = (uint32_t)facts.f_type;
    return 0;
}

// Opens strictly beneath `directory`: no link of any kind is followed, no `..` leaves it.
static inline int clinux_open_beneath(int directory, const char *path, uint64_t flags) {
    struct open_how how = {
        .flags = flags,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
    };
    long code = syscall(SYS_openat2, directory, path, &how, sizeof how);
    return code < 0 ? -errno : (int)code;
}

// Never follows a link in the last component; an empty name asks about `directory` itself.
static inline int clinux_statx(int directory, const char *name, struct statx *result) {
    int flags = 0x100 /* AT_SYMLINK_NOFOLLOW */ | (*name ? 0 : 0x1000 /* AT_EMPTY_PATH */);
    int wanted = STATX_BASIC_STATS | STATX_MNT_ID;
    return syscall(SYS_statx, directory, name, flags, wanted, result) < 0 ? -errno : 0;
}

// Asks with the thread's file-system identity; Glibc would ask with the process's.
static inline int clinux_access(int directory, int mode) {
    int flags = 0x200 /* AT_EACCESS */ | 0x1000 /* AT_EMPTY_PATH */;
    return syscall(SYS_faccessat2, directory, "", mode, flags) < 0 ? -errno : 0;
}

static inline int clinux_rename_noreplace(int from, const char *old, int to, const char *name) {
    return syscall(SYS_renameat2, from, old, to, name, 1 /* RENAME_NOREPLACE */) < 0 ? -errno : 0;
}

// Lets ext2, ext3 and ext4 give each folder that is made in this one a region of the disk to itself. A hint, which other
// file systems do not know: there is no answer.
static inline void clinux_spread_folders(int folder) {
    int flags = 0;
    if (ioctl(folder, FS_IOC_GETFLAGS, &flags) < 0 || flags & FS_TOPDIR_FL) return;
    flags |= FS_TOPDIR_FL;
    ioctl(folder, FS_IOC_SETFLAGS, &flags);
}

// Lets the disk begin to take what was written, without waiting for it: a hint, so there is no answer.
static inline void clinux_begin_writeback(int file) {
    syscall(SYS_sync_file_range, file, 0L, 0L, 2 /* SYNC_FILE_RANGE_WRITE */);
}

// Waits until the disk has taken what was written: data alone, and not for good before a sync. Returns 0, or minus
// the error, which a later sync of the same file would not be told again.
static inline int clinux_await_writeback(int file) {
    return syscall(SYS_sync_file_range, file, 0L, 0L, 7 /* WAIT_BEFORE, WRITE, WAIT_AFTER */) < 0 ? -errno : 0;
}

// Asks for a read lease: -EAGAIN while anybody has the file open or mapped for writing.
static inline int clinux_take_lease(int file) {
    return fcntl(file, 1024 /* F_SETLEASE */, F_RDLCK) < 0 ? -errno : 0;
}

// Gives a lease back, whoever else has the same open file.
static inline void clinux_return_lease(int file) {
    fcntl(file, 1024 /* F_SETLEASE */, F_UNLCK);
}

// F_RDLCK while the lease stands, F_UNLCK once a writer waits for its end.
static inline int clinux_lease(int file) {
    int code = fcntl(file, 1025 /* F_GETLEASE */);
    return code < 0 ? -errno : code;
}

#endif
