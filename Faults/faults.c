// Stands between the daemon and the C library, counts the calls that change a disk, and at one of them lets something go
// wrong. Preloaded (ld.so(8), LD_PRELOAD) into the daemon alone: its workers start with an empty environment.
#define _GNU_SOURCE
#include "plan.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/types.h>
#include <unistd.h>

// EXT4_IOC_SHUTDOWN and XFS_IOC_GOINGDOWN are the same number; the flag says that the log is not flushed.
#define SHUT_DOWN _IOR('X', 125, uint32_t)
#define WITHOUT_LOG_FLUSH 2u
// Out of the way of the numbers that the daemon gets.
enum { FIRST_OWN_DESCRIPTOR = 900 };

static const char *const names[KIND_COUNT] = {
    "write", "sync", "rename", "link", "unlink", "mkdir", "truncate", "allocate", "clone", "create", "attributes",
    "open", "read", "spawn"};

static struct plan *plan;
static int mount_point = -1, trace = -1;
static long (*the_syscall)(long, ...);

static long raw(long number, long a, long b, long c, long d, long e, long f) {
    if (!the_syscall) the_syscall = (long (*)(long, ...))dlsym(RTLD_NEXT, "syscall");
    return the_syscall(number, a, b, c, d, e, f);
}
#define RAW(number, a, b, c, d, e, f) raw(number, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))

static int open_own(const char *path, int flags) {
    int low = (int)RAW(SYS_openat, AT_FDCWD, path, flags | O_CLOEXEC, 0600, 0, 0);
    if (low < 0) return -1;
    int high = (int)RAW(SYS_fcntl, low, F_DUPFD_CLOEXEC, FIRST_OWN_DESCRIPTOR, 0, 0, 0);
    RAW(SYS_close, low, 0, 0, 0, 0, 0);
    return high;
}

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("FAULTS_PLAN");
    if (!path) return;
    int file = open_own(path, O_RDWR);
    if (file < 0) return;
    void *bytes = mmap(NULL, sizeof(struct plan), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    RAW(SYS_close, file, 0, 0, 0, 0, 0);
    if (bytes == MAP_FAILED || ((struct plan *)bytes)->magic != PLAN_MAGIC) return;
    struct plan *read = bytes;
    if (read->mount[0]) mount_point = open_own(read->mount, O_RDONLY | O_DIRECTORY);
    if (read->trace[0]) trace = open_own(read->trace, O_WRONLY | O_APPEND | O_CREAT);
    plan = read;
}

// The path of what a call is about, as the kernel names it; a relative one below the folder that a descriptor names.
static const char *place_of(int folder, const char *path, char *place) {
    place[0] = 0;
    if (!path || path[0] != '/') {
        char link[64];
        if (folder == AT_FDCWD) snprintf(link, sizeof link, "/proc/self/cwd");
        else snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
        long length = RAW(SYS_readlinkat, AT_FDCWD, link, place, PLACE_LENGTH - 1, 0, 0);
        place[length < 0 ? 0 : length] = 0;
        if (!path) return place;
        strncat(place, "/", PLACE_LENGTH - 1 - strlen(place));
    }
    strncat(place, path, PLACE_LENGTH - 1 - strlen(place));
    return place;
}

static void die(struct fault *fault) {
    if (fault->deed == DEED_CUT) {
        uint32_t flag = WITHOUT_LOG_FLUSH;
        if (RAW(SYS_ioctl, mount_point, SHUT_DOWN, &flag, 0, 0, 0) < 0) plan->cut_error = errno;
    }
    RAW(SYS_kill, 0, SIGKILL, 0, 0, 0, 0);
    for (;;) RAW(SYS_pause, 0, 0, 0, 0, 0, 0);
}

// What is to happen at a call, and what after it.
struct order {
    enum deed deed;
    struct fault *afterwards;
};

static struct order meet(enum kind kind, int folder, const char *path) {
    struct order order = {DEED_NONE, NULL};
    if (!plan) return order;
    int former = errno;
    char place[PLACE_LENGTH];
    __atomic_add_fetch(&plan->counts[kind], 1, __ATOMIC_RELAXED);
    if (trace >= 0) {
        char line[PLACE_LENGTH + 32];
        int length = snprintf(line, sizeof line, "%s %s\n", names[kind], place_of(folder, path, place));
        RAW(SYS_write, trace, line, length, 0, 0, 0);
    }
    for (int index = 0; index < FAULT_COUNT; index++) {
        struct fault *fault = &plan->faults[index];
        if (fault->deed == DEED_NONE || fault->is_over || !(fault->kinds >> kind & 1)) continue;
        size_t scope = strlen(fault->scope);
        if (scope && strncmp(place_of(folder, path, place), fault->scope, scope)) continue;
        uint64_t number = __atomic_add_fetch(&fault->met, 1, __ATOMIC_RELAXED);
        if (number < fault->number || number >= fault->number + fault->times) continue;
        if (__atomic_fetch_add(&fault->hits, 1, __ATOMIC_RELAXED) == 0)
            snprintf(fault->place, sizeof fault->place, "%s %.490s", names[kind], place_of(folder, path, place));
        if (fault->deed != DEED_KILL && fault->deed != DEED_CUT) {
            order.deed = fault->deed;
            former = fault->deed == DEED_FAIL || fault->deed == DEED_LOSE ? fault->error : former;
        } else if (fault->is_after) {
            order.afterwards = fault;
        } else {
            die(fault);
        }
    }
    errno = former;
    return order;
}

// Ends a hook: the call is made unless it is to fail or to be pretended, and the power may go after it.
#define MEET(kind, folder, path, call)                                                       \
    struct order order = meet(kind, folder, path);                                           \
    if (order.deed == DEED_FAIL) return -1;                                                  \
    if (order.deed == DEED_PRETEND) return 0;                                                \
    long answer = (call);                                                                    \
    if (order.afterwards) die(order.afterwards);                                             \
    return answer

// Writing and reading: only what goes to a file, never pipes, sockets and the log.

static int is_file(int file) {
    struct stat facts;
    int former = errno;
    int is = file > STDERR_FILENO && plan && RAW(SYS_fstat, file, &facts, 0, 0, 0, 0) == 0 && S_ISREG(facts.st_mode);
    errno = former;
    return is;
}

static ssize_t put(long call, int file, const void *bytes, size_t length, off_t at) {
    if (!is_file(file)) return RAW(call, file, bytes, length, at, 0, 0);
    struct order order = meet(KIND_WRITE, file, NULL);
    if (order.deed == DEED_FAIL) return -1;
    int is_short = order.deed == DEED_SHORT || order.deed == DEED_PRETEND_SHORT;
    ssize_t answer = order.deed == DEED_PRETEND ? (ssize_t)length
                                                : RAW(call, file, bytes, is_short ? length / 2 : length, at, 0, 0);
    if (order.deed == DEED_PRETEND_SHORT && answer >= 0) answer = (ssize_t)length;
    if (order.afterwards) die(order.afterwards);
    return answer;
}

ssize_t write(int file, const void *bytes, size_t length) { return put(SYS_write, file, bytes, length, 0); }
ssize_t pwrite(int file, const void *bytes, size_t length, off_t at) { return put(SYS_pwrite64, file, bytes, length, at); }
ssize_t pwrite64(int file, const void *bytes, size_t length, off_t at) { return put(SYS_pwrite64, file, bytes, length, at); }

ssize_t writev(int file, const struct iovec *parts, int count) {
    if (!is_file(file)) return RAW(SYS_writev, file, parts, count, 0, 0, 0);
    MEET(KIND_WRITE, file, NULL, RAW(SYS_writev, file, parts, count, 0, 0, 0));
}

ssize_t sendfile(int to, int from, off_t *at, size_t length) {
    if (!is_file(to)) return RAW(SYS_sendfile, to, from, at, length, 0, 0);
    MEET(KIND_WRITE, to, NULL, RAW(SYS_sendfile, to, from, at, length, 0, 0));
}

static ssize_t get(long call, int file, void *bytes, size_t length, off_t at) {
    if (!is_file(file)) return RAW(call, file, bytes, length, at, 0, 0);
    MEET(KIND_READ, file, NULL, RAW(call, file, bytes, length, at, 0, 0));
}

ssize_t read(int file, void *bytes, size_t length) { return get(SYS_read, file, bytes, length, 0); }
ssize_t pread(int file, void *bytes, size_t length, off_t at) { return get(SYS_pread64, file, bytes, length, at); }
ssize_t pread64(int file, void *bytes, size_t length, off_t at) { return get(SYS_pread64, file, bytes, length, at); }

// What makes durable, and what changes size and room.

// What a file held before a sync that failed: the kernel calls the lost pages clean, and nobody has them any more.
static void lose(int file) {
    struct stat facts;
    int former = errno;
    if (RAW(SYS_fstat, file, &facts, 0, 0, 0, 0) == 0 && S_ISREG(facts.st_mode) && facts.st_size > 0)
        RAW(SYS_fallocate, file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, facts.st_size, 0, 0);
    errno = former;
}

int fsync(int file) {
    struct order order = meet(KIND_SYNC, file, NULL);
    if (order.deed == DEED_LOSE) lose(file);
    if (order.deed == DEED_FAIL || order.deed == DEED_LOSE) return -1;
    int answer = order.deed == DEED_PRETEND ? 0 : (int)RAW(SYS_fsync, file, 0, 0, 0, 0, 0);
    if (order.afterwards) die(order.afterwards);
    return answer;
}
int fdatasync(int file) { MEET(KIND_SYNC, file, NULL, RAW(SYS_fdatasync, file, 0, 0, 0, 0, 0)); }
int syncfs(int file) { MEET(KIND_SYNC, file, NULL, RAW(SYS_syncfs, file, 0, 0, 0, 0, 0)); }
int ftruncate(int file, off_t size) { MEET(KIND_TRUNCATE, file, NULL, RAW(SYS_ftruncate, file, size, 0, 0, 0, 0)); }
int ftruncate64(int file, off_t size) { MEET(KIND_TRUNCATE, file, NULL, RAW(SYS_ftruncate, file, size, 0, 0, 0, 0)); }
int truncate(const char *path, off_t size) { MEET(KIND_TRUNCATE, AT_FDCWD, path, RAW(SYS_truncate, path, size, 0, 0, 0, 0)); }

int ioctl(int file, unsigned long request, ...) {
    va_list rest;
    va_start(rest, request);
    long argument = va_arg(rest, long);
    va_end(rest);
    if (request != _IOW(0x94, 9, int) /* FICLONE */) return (int)RAW(SYS_ioctl, file, request, argument, 0, 0, 0);
    MEET(KIND_CLONE, file, NULL, RAW(SYS_ioctl, file, request, argument, 0, 0, 0));
}

// Names.

int renameat(int from, const char *old, int to, const char *name) {
    MEET(KIND_RENAME, to, name, RAW(SYS_renameat2, from, old, to, name, 0, 0));
}
int renameat2(int from, const char *old, int to, const char *name, unsigned flags) {
    MEET(KIND_RENAME, to, name, RAW(SYS_renameat2, from, old, to, name, flags, 0));
}
int rename(const char *old, const char *name) { return renameat(AT_FDCWD, old, AT_FDCWD, name); }
int linkat(int from, const char *old, int to, const char *name, int flags) {
    MEET(KIND_LINK, to, name, RAW(SYS_linkat, from, old, to, name, flags, 0));
}
int link(const char *old, const char *name) { return linkat(AT_FDCWD, old, AT_FDCWD, name, 0); }
int symlink(const char *to, const char *name) {
    MEET(KIND_LINK, AT_FDCWD, name, RAW(SYS_symlinkat, to, AT_FDCWD, name, 0, 0, 0));
}
int unlinkat(int folder, const char *name, int flags) {
    MEET(KIND_UNLINK, folder, name, RAW(SYS_unlinkat, folder, name, flags, 0, 0, 0));
}
int unlink(const char *name) { return unlinkat(AT_FDCWD, name, 0); }
int rmdir(const char *name) { return unlinkat(AT_FDCWD, name, AT_REMOVEDIR); }
int mkdirat(int folder, const char *name, mode_t mode) {
    MEET(KIND_MKDIR, folder, name, RAW(SYS_mkdirat, folder, name, mode, 0, 0, 0));
}
int mkdir(const char *name, mode_t mode) { return mkdirat(AT_FDCWD, name, mode); }

// What a name shows.

int fchmod(int file, mode_t mode) { MEET(KIND_ATTRIBUTES, file, NULL, RAW(SYS_fchmod, file, mode, 0, 0, 0, 0)); }
int chmod(const char *name, mode_t mode) {
    MEET(KIND_ATTRIBUTES, AT_FDCWD, name, RAW(SYS_fchmodat, AT_FDCWD, name, mode, 0, 0, 0));
}
int fchown(int file, uid_t uid, gid_t gid) { MEET(KIND_ATTRIBUTES, file, NULL, RAW(SYS_fchown, file, uid, gid, 0, 0, 0)); }
int chown(const char *name, uid_t uid, gid_t gid) {
    MEET(KIND_ATTRIBUTES, AT_FDCWD, name, RAW(SYS_fchownat, AT_FDCWD, name, uid, gid, 0, 0));
}
int fsetxattr(int file, const char *name, const void *value, size_t size, int flags) {
    MEET(KIND_ATTRIBUTES, file, NULL, RAW(SYS_fsetxattr, file, name, value, size, flags, 0));
}
int setxattr(const char *path, const char *name, const void *value, size_t size, int flags) {
    MEET(KIND_ATTRIBUTES, AT_FDCWD, path, RAW(SYS_setxattr, path, name, value, size, flags, 0));
}
int futimens(int file, const struct timespec times[2]) {
    MEET(KIND_ATTRIBUTES, file, NULL, RAW(SYS_utimensat, file, NULL, times, 0, 0, 0));
}
int utimensat(int folder, const char *name, const struct timespec times[2], int flags) {
    MEET(KIND_ATTRIBUTES, folder, name, RAW(SYS_utimensat, folder, name, times, flags, 0, 0));
}

// Opening.

static enum kind opening(int flags) { return flags & O_CREAT ? KIND_CREATE : KIND_OPEN; }

static int open_at(int folder, const char *path, int flags, mode_t mode) {
    MEET(opening(flags), folder, path, RAW(SYS_openat, folder, path, flags, mode, 0, 0));
}

int mknodat(int folder, const char *path, mode_t mode, dev_t device) {
    MEET(KIND_CREATE, folder, path, RAW(SYS_mknodat, folder, path, mode, device, 0, 0));
}
int mknod(const char *path, mode_t mode, dev_t device) { return mknodat(AT_FDCWD, path, mode, device); }

#define OPEN(name, arguments, folder)            \
    int name arguments {                         \
        va_list rest;                            \
        va_start(rest, flags);                   \
        mode_t mode = va_arg(rest, mode_t);      \
        va_end(rest);                            \
        return open_at(folder, path, flags, mode); \
    }
OPEN(open, (const char *path, int flags, ...), AT_FDCWD)
OPEN(open64, (const char *path, int flags, ...), AT_FDCWD)
OPEN(openat, (int folder, const char *path, int flags, ...), folder)
OPEN(openat64, (int folder, const char *path, int flags, ...), folder)

#define THROUGH(type, name, ...) ((type (*)(__VA_ARGS__))dlsym(RTLD_NEXT, name))

DIR *opendir(const char *path) {
    if (meet(KIND_OPEN, AT_FDCWD, path).deed == DEED_FAIL) return NULL;
    return THROUGH(DIR *, "opendir", const char *)(path);
}

int posix_spawn(
    pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions, const posix_spawnattr_t *attributes,
    char *const arguments[], char *const environment[]
) {
    // It returns its error, and leaves errno alone.
    if (meet(KIND_SPAWN, AT_FDCWD, path).deed == DEED_FAIL) return errno;
    return THROUGH(
        int, "posix_spawn", pid_t *, const char *, const posix_spawn_file_actions_t *, const posix_spawnattr_t *,
        char *const *, char *const *)(pid, path, actions, attributes, arguments, environment);
}

// The calls that the daemon makes by number.
long syscall(long number, ...) {
    va_list rest;
    va_start(rest, number);
    long a = va_arg(rest, long), b = va_arg(rest, long), c = va_arg(rest, long), d = va_arg(rest, long),
         e = va_arg(rest, long), f = va_arg(rest, long);
    va_end(rest);
    switch (number) {
    case SYS_renameat2: return renameat2((int)a, (const char *)b, (int)c, (const char *)d, (unsigned)e);
    case SYS_fallocate: {
        MEET(KIND_ALLOCATE, (int)a, NULL, RAW(number, a, b, c, d, 0, 0));
    }
    case SYS_openat2: {
        MEET(opening((int)((const struct open_how *)c)->flags), (int)a, (const char *)b, RAW(number, a, b, c, d, 0, 0));
    }
    default: return RAW(number, a, b, c, d, e, f);
    }
}
