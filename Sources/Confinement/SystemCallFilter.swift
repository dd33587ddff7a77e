import CSeccomp
import Glibc

/// The system calls that are left; any other ends the process.
///
/// Rule: seccomp(2), docs/threat-model.md, "System calls".
enum SystemCallFilter {
    /// Allowed with any arguments: descriptors that are open already, memory, time, and the
    /// process's own end.
    private static let allowed = [
        "read", "write", "readv", "writev", "pread64", "lseek", "fstat", "close", "poll",
        "munmap", "mremap", "brk", "madvise",
        "futex", "clock_gettime", "clock_getres", "gettimeofday", "nanosleep", "clock_nanosleep",
        "getrandom", "getrusage", "getpid", "gettid", "getuid", "geteuid", "getgid", "getegid",
        "timer_create", "timer_settime", "timer_delete", "rt_sigaction", "rt_sigprocmask",
        "rt_sigreturn", "sigaltstack",
        "restart_syscall", "sched_yield", "sched_getaffinity", "set_robust_list", "rseq",
        "exit", "exit_group",
    ]

    /// Answered with an error instead of death: calls that libraries try and can do without.
    private static let refused: [(name: String, error: Int32)] = [
        ("clone3", ENOSYS), ("openat", EACCES), ("open", EACCES), ("readlink", EACCES),
        ("readlinkat", EACCES), ("access", EACCES), ("faccessat2", EACCES), ("ioctl", ENOTTY),
        ("prctl", EPERM), ("prlimit64", EPERM), ("sysinfo", EPERM), ("uname", EPERM),
        ("statx", EACCES),
    ]

    private static let killProcess: UInt32 = 0x8000_0000
    private static let allow: UInt32 = 0x7fff_0000
    private static func refuse(_ error: Int32) -> UInt32 { 0x0005_0000 | UInt32(error) }

    /// `AT_EMPTY_PATH`. Rule: openat(2).
    private static let emptyPathFlag: UInt64 = 0x1000

    static func enter() throws(ConfinementError) {
        guard let filter = seccomp_init(killProcess) else {
            throw ConfinementError(step: "make system call filter", code: ENOMEM)
        }
        defer { seccomp_release(filter) }
        for name in allowed { try add(allow, name, to: filter) }
        for (name, error) in refused { try add(refuse(error), name, to: filter) }
        // New memory may never be run.
        let notExecutable = scmp_arg_cmp(
            arg: 2, op: SCMP_CMP_MASKED_EQ, datum_a: UInt64(PROT_EXEC), datum_b: 0)
        try add(allow, "mmap", when: notExecutable, to: filter)
        try add(allow, "mprotect", when: notExecutable, to: filter)
        // Only a look at a descriptor: without AT_EMPTY_PATH this would take a path.
        let emptyPath = scmp_arg_cmp(
            arg: 3, op: SCMP_CMP_MASKED_EQ, datum_a: emptyPathFlag, datum_b: emptyPathFlag)
        try add(allow, "newfstatat", when: emptyPath, to: filter)
        // abort() sends itself a signal.
        let itself = scmp_arg_cmp(
            arg: 0, op: SCMP_CMP_EQ, datum_a: UInt64(getpid()), datum_b: 0)
        try add(allow, "tgkill", when: itself, to: filter)
        try attempt("load system call filter") { seccomp_load(filter) }
    }

    private static func add(
        _ action: UInt32, _ name: String, when condition: scmp_arg_cmp? = nil,
        to filter: scmp_filter_ctx
    ) throws(ConfinementError) {
        let number = seccomp_syscall_resolve_name(name)
        // Some calls exist on older architectures only.
        guard number >= 0 else { return }
        try attempt("filter \(name)") {
            guard var condition else {
                return seccomp_rule_add_array(filter, action, number, 0, nil)
            }
            return seccomp_rule_add_array(filter, action, number, 1, &condition)
        }
    }
}
