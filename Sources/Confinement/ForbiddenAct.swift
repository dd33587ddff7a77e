import CLinux
import CSeccomp
import Glibc

/// One thing that a confined child must not be able to do: a system call that would do it.
///
/// Rule: docs/threat-model.md, "The probe".
public struct ForbiddenAct: Sendable {
    /// A word or two, without blanks.
    public let name: String
    /// The system call's name.
    public let call: String
    private let arguments: [Int]

    /// What came of an act.
    public enum Outcome: Sendable, Hashable {
        case done
        case refused(errno: Int32)
    }

    /// Makes the call. In a confined process that may be its end.
    public func commit() -> Outcome {
        let number = seccomp_syscall_resolve_name(call)
        // A call that this architecture does not have cannot be made on it.
        guard number >= 0 else { return .refused(errno: ENOSYS) }
        let values = arguments + Array(repeating: 0, count: 6 - arguments.count)
        let result = linux_system_call(Int(number), values)
        return result < 0 ? .refused(errno: Int32(-result)) : .done
    }

    /// The act of that name.
    public static func named(_ name: String) -> ForbiddenAct? { all.first { $0.name == name } }

    /// Makes no forbidden call: shows that a confined process lives as long as it does not.
    public static let harmless = ForbiddenAct("nothing", "getpid")

    private init(_ name: String, _ call: String, _ arguments: [Int] = []) {
        self.name = name
        self.call = call
        self.arguments = arguments
    }

    /// Lives as long as the process, so that the kernel can read it.
    private static func text(_ text: StaticString) -> Int { Int(bitPattern: text.utf8Start) }
    private static let buffer = Int(
        bitPattern: UnsafeMutableRawPointer.allocate(byteCount: 4096, alignment: 16))
    private static let page = Int(
        bitPattern: mmap(nil, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))
    private static let here = -100  // AT_FDCWD
    private static let parent = Int(getppid())
    private static let runnable = Int(PROT_READ | PROT_EXEC)

    // Numbers are those of the kernel's interface; what they mean stands in the call's manual page.
    public static let all: [ForbiddenAct] = files + network + programs + processes + kernel

    private static let files = [
        ForbiddenAct("open", "openat", [here, text("/etc/passwd"), 0]),
        ForbiddenAct("open-old", "open", [text("/etc/passwd"), 0]),
        ForbiddenAct("open-2", "openat2", [here, text("/etc/passwd"), buffer, 24]),
        ForbiddenAct("create", "openat", [here, text("/tmp/probe"), 0o102, 0o600]),
        ForbiddenAct("stat", "newfstatat", [here, text("/etc/passwd"), buffer, 0]),
        ForbiddenAct("list", "getdents64", [0, buffer, 4096]),
        ForbiddenAct("unlink", "unlinkat", [here, text("/tmp/probe"), 0]),
        ForbiddenAct("rename", "rename", [text("/tmp/probe"), text("/tmp/probe-2")]),
        ForbiddenAct("link", "linkat", [here, text("/etc/passwd"), here, text("/tmp/probe"), 0]),
        ForbiddenAct("make-folder", "mkdirat", [here, text("/tmp/probe"), 0o700]),
        ForbiddenAct("chmod", "fchmodat", [here, text("/tmp"), 0o777]),
        ForbiddenAct("chown", "fchown", [0, 0, 0]),
        ForbiddenAct("truncate", "ftruncate", [0, 0]),
        ForbiddenAct("watch-files", "inotify_init1", [0]),
        ForbiddenAct("mount", "mount", [text("none"), text("/mnt"), text("tmpfs"), 0, 0]),
        ForbiddenAct("change-root", "chroot", [text("/")]),
    ]

    private static let network = [
        ForbiddenAct("socket", "socket", [2, 1, 0]),
        ForbiddenAct("unix-socket", "socketpair", [1, 1, 0, buffer]),
        ForbiddenAct("connect", "connect", [1, buffer, 16]),
        ForbiddenAct("bind", "bind", [1, buffer, 16]),
        ForbiddenAct("send-to", "sendto", [1, buffer, 1, 0, buffer, 16]),
        ForbiddenAct("pass-descriptor", "sendmsg", [1, buffer, 0]),
    ]

    private static let programs = [
        ForbiddenAct("exec", "execve", [text("/bin/true"), 0, 0]),
        ForbiddenAct("exec-descriptor", "execveat", [0, text(""), 0, 0, 0x1000]),
        ForbiddenAct("memory-file", "memfd_create", [text("x"), 0]),
        ForbiddenAct("secret-memory", "memfd_secret", [0]),
        ForbiddenAct("run-memory", "mprotect", [page, 4096, runnable]),
        ForbiddenAct(
            "map-code", "mmap", [0, 4096, runnable, Int(MAP_PRIVATE | MAP_ANONYMOUS), -1, 0]),
        ForbiddenAct("run-by-key", "pkey_mprotect", [page, 4096, runnable, -1]),
        ForbiddenAct("personality", "personality", [0x0400000]),
    ]

    private static let processes = [
        ForbiddenAct("fork", "clone", [0x0120_0000 | Int(SIGCHLD), 0, 0, 0, 0]),
        ForbiddenAct("fork-3", "clone3", [buffer, 88]),
        ForbiddenAct("vfork", "vfork"),
        ForbiddenAct("new-namespaces", "clone", [0x1000_0000 | Int(SIGCHLD), 0, 0, 0, 0]),
        ForbiddenAct("unshare", "unshare", [0x1000_0000]),
        ForbiddenAct("enter-namespace", "setns", [0, 0]),
        ForbiddenAct("kill", "kill", [parent, 0]),
        ForbiddenAct("kill-thread", "tgkill", [parent, parent, 0]),
        ForbiddenAct("queue-signal", "rt_sigqueueinfo", [parent, 0, buffer]),
        ForbiddenAct("trace", "ptrace", [16, parent, 0, 0]),
        ForbiddenAct("read-memory", "process_vm_readv", [parent, buffer, 1, buffer, 1, 0]),
        ForbiddenAct("pidfd", "pidfd_open", [parent, 0]),
        ForbiddenAct("take-descriptor", "pidfd_getfd", [0, 0, 0]),
        ForbiddenAct("reap", "wait4", [-1, buffer, 1, 0]),
        ForbiddenAct("become-root", "setresuid", [0, 0, 0]),
        ForbiddenAct("take-groups", "setgroups", [0, buffer]),
        ForbiddenAct("take-capabilities", "capset", [buffer, buffer]),
        ForbiddenAct("allow-dumps", "prctl", [4, 1, 0, 0, 0]),
        ForbiddenAct("outlive-template", "prctl", [1, 0, 0, 0, 0]),
        ForbiddenAct("raise-limit", "prlimit64", [0, 7, buffer, 0]),
        ForbiddenAct("second-filter", "seccomp", [1, 0, buffer]),
    ]

    private static let kernel = [
        ForbiddenAct("io-uring", "io_uring_setup", [1, buffer]),
        ForbiddenAct("userfaultfd", "userfaultfd", [0]),
        ForbiddenAct("bpf", "bpf", [0, buffer, 128]),
        ForbiddenAct("perf", "perf_event_open", [buffer, 0, -1, -1, 0]),
        ForbiddenAct("keyring", "keyctl", [0, -3, 0]),
        ForbiddenAct("add-key", "add_key", [text("user"), text("x"), buffer, 1, -3]),
        ForbiddenAct("shared-memory", "shmget", [0, 4096, 0o1600]),
        ForbiddenAct("message-queue", "msgget", [0, 0o1600]),
        ForbiddenAct("module", "init_module", [buffer, 4096, text("")]),
        ForbiddenAct("set-clock", "clock_settime", [0, buffer]),
        ForbiddenAct("host-name", "sethostname", [text("x"), 1]),
        ForbiddenAct("device", "ioctl", [0, 0x5401, buffer]),
        ForbiddenAct("kernel-log", "syslog", [3, buffer, 4096]),
        ForbiddenAct("reboot", "reboot", [0]),
    ]
}
