import CLinux
import CSeccomp
import Glibc

/// The system calls that are left to a process; any other ends it.
///
/// Rule: seccomp(2), docs/threat-model.md, "System calls".
struct SystemCallFilter {
    /// Who lives behind it. A child has its own on top of its template's.
    enum Resident {
        case template, child
    }

    /// Allowed with any arguments: descriptors that are open already, memory, time, and the
    /// process's own end.
    private static let allowed = [
        "read", "write", "readv", "writev", "pread64", "lseek", "fstat", "close", "poll",
        // The next document comes as a descriptor.
        "recvmsg",
        "munmap", "mremap", "brk", "madvise",
        "futex", "clock_gettime", "clock_getres", "gettimeofday", "nanosleep", "clock_nanosleep",
        "getrandom", "getrusage", "getpid", "gettid", "getuid", "geteuid", "getgid", "getegid",
        "timer_create", "timer_settime", "timer_delete", "rt_sigaction", "rt_sigprocmask",
        "rt_sigreturn", "sigaltstack",
        "restart_syscall", "sched_yield", "sched_getaffinity", "set_robust_list", "rseq",
        "exit", "exit_group",
    ]

    /// What a template needs besides, to place, watch and reap its children.
    private static let allowedToTemplate = [
        "sendmsg", "dup2", "dup3", "pidfd_open", "wait4", "getppid",
    ]

    /// Answered with an error instead of death: calls that libraries try and can do without.
    private static let refused: [(name: String, error: Int32)] = [
        ("clone3", ENOSYS), ("openat", EACCES), ("open", EACCES), ("readlink", EACCES),
        ("readlinkat", EACCES), ("access", EACCES), ("faccessat2", EACCES), ("ioctl", ENOTTY),
        ("sysinfo", EPERM), ("uname", EPERM), ("statx", EACCES),
    ]

    private static let killProcess: UInt32 = 0x8000_0000
    private static let allow: UInt32 = 0x7fff_0000
    private static func refuse(_ error: Int32) -> UInt32 { 0x0005_0000 | UInt32(error) }

    /// `AT_EMPTY_PATH`. Rule: openat(2).
    private static let emptyPathFlag: UInt64 = 0x1000
    /// How fork(3) calls clone(2): `CLONE_CHILD_SETTID`, `CLONE_CHILD_CLEARTID`, and a signal at the end.
    private static let forkFlags = 0x0100_0000 | 0x0020_0000 | UInt64(SIGCHLD)
    /// Stands in for the id of a process that is not there yet. No process has it. Rule: proc(5), `pid_max`.
    private static let nobody: UInt32 = 0x3fff_fffe

    private var program: [sock_filter]
    /// Where the program compares with the process's own id.
    private let places: [Int]

    init(for resident: Resident) throws(ConfinementError) {
        guard let filter = seccomp_init(Self.killProcess) else {
            throw ConfinementError(step: "make system call filter", code: ENOMEM)
        }
        defer { seccomp_release(filter) }
        for name in Self.allowed { try Self.add(Self.allow, name, to: filter) }
        for (name, error) in Self.refused { try Self.add(Self.refuse(error), name, to: filter) }
        // New memory may never be run.
        let notExecutable = scmp_arg_cmp(
            arg: 2, op: SCMP_CMP_MASKED_EQ, datum_a: UInt64(PROT_EXEC), datum_b: 0)
        try Self.add(Self.allow, "mmap", when: notExecutable, to: filter)
        try Self.add(Self.allow, "mprotect", when: notExecutable, to: filter)
        // Only a look at a descriptor: without AT_EMPTY_PATH this would take a path.
        let emptyPath = scmp_arg_cmp(
            arg: 3, op: SCMP_CMP_MASKED_EQ, datum_a: Self.emptyPathFlag,
            datum_b: Self.emptyPathFlag)
        try Self.add(Self.allow, "newfstatat", when: emptyPath, to: filter)
        switch resident {
        case .template: try Self.addTemplate(to: filter)
        case .child: try Self.addChild(to: filter)
        }
        let program = try Self.exported(filter)
        self.program = program
        places = program.indices.filter { program[$0].k == Self.nobody }
    }

    private static func addTemplate(to filter: scmp_filter_ctx) throws(ConfinementError) {
        for name in allowedToTemplate { try add(allow, name, to: filter) }
        // A process of its own kind, and no thread or namespace.
        try add(allow, "clone", when: argument(0, is: forkFlags), to: filter)
        // Its children bound themselves: their limits, their end with the template, their filter.
        try add(allow, "prlimit64", when: argument(0, is: 0), to: filter)
        for option in [PR_SET_PDEATHSIG, PR_SET_SECCOMP] {
            try add(allow, "prctl", when: argument(0, is: UInt64(option)), to: filter)
        }
        // A child's own filter says to whom.
        try add(allow, "tgkill", to: filter)
    }

    private static func addChild(to filter: scmp_filter_ctx) throws(ConfinementError) {
        try add(refuse(EPERM), "prlimit64", to: filter)
        try add(refuse(EPERM), "prctl", to: filter)
        // abort() sends itself a signal.
        try add(allow, "tgkill", when: argument(0, is: UInt64(nobody)), to: filter)
    }

    /// Puts the process under it.
    mutating func install() throws(ConfinementError) {
        for place in places { program[place].k = UInt32(getpid()) }
        try attempt("load system call filter") {
            program.withUnsafeMutableBufferPointer {
                linux_install_filter($0.baseAddress, UInt16($0.count))
            }
        }
    }

    /// The filter as the kernel takes it.
    private static func exported(
        _ filter: scmp_filter_ctx
    ) throws(ConfinementError) -> [sock_filter] {
        var ends: [Int32] = [-1, -1]
        try attempt("make a pipe") { pipe(&ends) == 0 ? 0 : -errno }
        defer { close(ends[0]) }
        // A pipe takes 64 KiB and a filter some 2.
        let code = seccomp_export_bpf(filter, ends[1])
        close(ends[1])
        try attempt("export system call filter") { code }
        let size = MemoryLayout<sock_filter>.stride
        let limit = Int(UInt16.max)
        let program = [sock_filter](unsafeUninitializedCapacity: limit) { buffer, count in
            count = max(0, read(ends[0], buffer.baseAddress, limit * size)) / size
        }
        guard !program.isEmpty else {
            throw ConfinementError(step: "read system call filter", code: EIO)
        }
        return program
    }

    private static func argument(_ number: UInt32, is value: UInt64) -> scmp_arg_cmp {
        scmp_arg_cmp(arg: number, op: SCMP_CMP_EQ, datum_a: value, datum_b: 0)
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

/// What a child of a template gives up beyond its template, made ready before there is one.
public struct ChildFilter: Sendable {
    private var filter: SystemCallFilter

    init() throws(ConfinementError) { filter = try SystemCallFilter(for: .child) }

    /// Bounds the calling process, which was just forked from the template, for good.
    ///
    /// - Parameter template: the template's process id, as it sees itself.
    /// - Throws: ``ConfinementError``; the process must then end.
    public mutating func enter(
        limits: ResourceLimits, template: pid_t
    ) throws(ConfinementError) {
        try limits.apply()
        try attempt("die with the template") { linux_prctl(PR_SET_PDEATHSIG, UInt(SIGKILL)) }
        // It may have died just before.
        try attempt("find the template") { getppid() == template ? 0 : -ESRCH }
        try filter.install()
    }
}
