import CSeccomp
import Confinement
import Glibc

/// Tries one thing that a worker must never be able to do, behind the wall that its first argument
/// names.
///
/// The exit status tells what became of it: 0 done, 10 refused with an error, 11 no wall could be
/// put up, 12 no such attempt. Where the wall kills, there is no status, only the signal.
enum Probe {
    static func run(arguments: [String]) -> Int32 {
        guard arguments.count == 2, let attempt = Attempt.all[arguments[1]] else { return 12 }
        guard let systemCall = SystemCall() else { return 12 }
        do {
            switch arguments[0] {
            case "open-field": break
            case "landlock": guard try Landlock.enter() else { return 11 }
            case "confined": try confine()
            default: return 12
            }
        } catch {
            return 11
        }
        return systemCall(attempt) >= 0 ? 0 : 10
    }

    private static func confine() throws(ConfinementError) {
        let nobody = Confinement.Identity(uid: 65534, gid: 65534)
        let confinement = Confinement(
            identity: geteuid() == 0 ? nobody : nil,
            limits: ResourceLimits(addressSpace: 1 << 30, cpuSeconds: 10))
        _ = try confinement.enter()
    }
}

/// One system call with its arguments.
struct Attempt {
    let name: String
    let arguments: [Int]

    /// Lives as long as the process, so that the kernel can read it.
    private static func text(_ text: StaticString) -> Int { Int(bitPattern: text.utf8Start) }
    private static let buffer = Int(
        bitPattern: UnsafeMutableRawPointer.allocate(byteCount: 4096, alignment: 16))
    private static let atWorkingDirectory = -100
    private static let page = Int(
        bitPattern: mmap(nil, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))

    // Numbers are those of the kernel's interface; what they mean stands in the call's manual page.
    static var all: [String: Attempt] {
        [
            "nothing": Attempt(name: "getpid", arguments: []),
            "open": Attempt(
                name: "openat", arguments: [atWorkingDirectory, text("/etc/passwd"), 0]),
            "stat": Attempt(
                name: "newfstatat",
                arguments: [atWorkingDirectory, text("/etc/passwd"), buffer, 0]),
            "create": Attempt(
                name: "openat", arguments: [atWorkingDirectory, text("/tmp/probe"), 0o102, 0o600]),
            "unlink": Attempt(name: "unlinkat", arguments: [atWorkingDirectory, text("/x"), 0]),
            "rename": Attempt(name: "rename", arguments: [text("/tmp/a"), text("/tmp/b")]),
            "write-file": Attempt(name: "ftruncate", arguments: [0, 0]),
            "socket": Attempt(name: "socket", arguments: [2, 1, 0]),
            "unix-socket": Attempt(name: "socketpair", arguments: [1, 1, 0, buffer]),
            "connect": Attempt(name: "connect", arguments: [0, buffer, 16]),
            "send": Attempt(name: "sendto", arguments: [1, buffer, 1, 0, buffer, 16]),
            "exec": Attempt(name: "execve", arguments: [text("/bin/true"), 0, 0]),
            "exec-descriptor": Attempt(
                name: "execveat", arguments: [0, text(""), 0, 0, 0x1000]),
            "fork": Attempt(name: "clone", arguments: [Int(SIGCHLD), 0, 0, 0, 0]),
            "fork-3": Attempt(name: "clone3", arguments: [buffer, 88]),
            "kill-parent": Attempt(name: "kill", arguments: [Int(getppid()), 0]),
            "signal-thread": Attempt(
                name: "tgkill", arguments: [Int(getppid()), Int(getppid()), 0]),
            "trace-parent": Attempt(name: "ptrace", arguments: [16, Int(getppid()), 0, 0]),
            "read-memory": Attempt(
                name: "process_vm_readv", arguments: [Int(getppid()), buffer, 1, buffer, 1, 0]),
            "mount": Attempt(
                name: "mount", arguments: [text("none"), text("/mnt"), text("tmpfs"), 0, 0]),
            "unshare": Attempt(name: "unshare", arguments: [0x1000_0000]),
            "become-root": Attempt(name: "setresuid", arguments: [0, 0, 0]),
            "memory-file": Attempt(name: "memfd_create", arguments: [text("x"), 0]),
            "io-uring": Attempt(name: "io_uring_setup", arguments: [1, buffer]),
            "userfaultfd": Attempt(name: "userfaultfd", arguments: [0]),
            "bpf": Attempt(name: "bpf", arguments: [0, buffer, 128]),
            "perf": Attempt(name: "perf_event_open", arguments: [buffer, 0, -1, -1, 0]),
            "keyring": Attempt(name: "keyctl", arguments: [0, -3, 0]),
            "shared-memory": Attempt(name: "shmget", arguments: [0, 4096, 0o1600]),
            "run-memory": Attempt(
                name: "mprotect", arguments: [page, 4096, Int(PROT_READ | PROT_EXEC)]),
            "map-code": Attempt(
                name: "mmap",
                arguments: [
                    0, 4096, Int(PROT_READ | PROT_EXEC), Int(MAP_PRIVATE | MAP_ANONYMOUS), -1, 0,
                ]),
            "allow-dumps": Attempt(name: "prctl", arguments: [4, 1, 0, 0, 0]),
            "raise-limit": Attempt(name: "prlimit64", arguments: [0, 7, buffer, 0]),
            "pidfd": Attempt(name: "pidfd_open", arguments: [Int(getppid()), 0]),
        ]
    }
}

/// The C library's way to make any system call by its number.
struct SystemCall {
    private typealias Function =
        @convention(c) (Int, Int, Int, Int, Int, Int, Int) -> Int
    private let function: Function

    init?() {
        guard let symbol = dlsym(nil, "syscall") else { return nil }
        function = unsafeBitCast(symbol, to: Function.self)
    }

    func callAsFunction(_ attempt: Attempt) -> Int {
        let values = attempt.arguments + Array(repeating: 0, count: 6 - attempt.arguments.count)
        let number = Int(seccomp_syscall_resolve_name(attempt.name))
        return function(number, values[0], values[1], values[2], values[3], values[4], values[5])
    }
}
