import CLinux
import Glibc
import Rules
import SystemPackage

/// Whom a worker becomes before it reads a byte.
public struct WorkerIdentity: Sendable, Hashable {
    public let uid: UInt32
    public let gid: UInt32

    public init(uid: UInt32, gid: UInt32) {
        self.uid = uid
        self.gid = gid
    }
}

/// Which program the workers are, and how their template is started.
public struct WorkerLauncher: Sendable {
    /// An absolute path.
    public let executable: FilePath
    /// What comes before the arguments that tell how it is to be confined.
    public let arguments: [String]
    /// Nil where the daemon has no right to change identity: its workers then stay what it is.
    public let identity: WorkerIdentity?
    /// Whether workers refuse to run on a kernel without Landlock.
    public let requiresLandlock: Bool

    public init(
        executable: FilePath, arguments: [String] = [], identity: WorkerIdentity? = nil,
        requiresLandlock: Bool = false
    ) {
        precondition(executable.isAbsolute, "a worker is started from the root directory")
        self.executable = executable
        self.arguments = arguments
        self.identity = identity
        self.requiresLandlock = requiresLandlock
    }

    /// The whole command line.
    var commandLine: [String] {
        var line = [executable.string] + arguments
        if let identity { line += ["--uid", "\(identity.uid)", "--gid", "\(identity.gid)"] }
        if requiresLandlock { line.append("--require-landlock") }
        return line
    }

    /// Starts a template with nothing on 0, orders on 1 and a log on 2; nothing else is open in it.
    ///
    /// The process leads a session of its own, has an empty environment but for one setting, and
    /// default signal handling. Call it on a thread that outlives the process: a template asks
    /// the kernel to die with its parent, and to the kernel that is the thread.
    func launchTemplate() throws(WorkerError) -> WorkerTemplate {
        let nothing = OwnedDescriptor(open("/dev/null", O_RDONLY | O_CLOEXEC))
        guard nothing.raw >= 0 else {
            throw .launchFailed(what: "make a worker's descriptors", Errno(rawValue: errno))
        }
        let control = try WorkerError.made(OwnedDescriptor.messagePair)
        let log = try WorkerError.made(OwnedDescriptor.pipe)
        let pid: pid_t
        do {
            pid = try spawn(
                commandLine, descriptors: [nothing.raw, control.theirs.raw, log.theirs.raw])
        } catch {
            throw .launchFailed(what: "start the worker program", error)
        }
        let exit = linux_pidfd_open(pid)
        guard exit >= 0 else {
            kill(-pid, SIGKILL)
            waitpid(pid, nil, 0)
            throw .launchFailed(what: "watch over a worker", Errno(rawValue: -exit))
        }
        return WorkerTemplate(
            pid: pid, exit: OwnedDescriptor(exit), control: control.keepingOurs(),
            log: log.keepingOurs())
    }

    /// Calls `posix_spawn`; `descriptors` become 0, 1, 2 … of the new process.
    private func spawn(_ line: [String], descriptors: [Int32]) throws(Errno) -> pid_t {
        var actions = posix_spawn_file_actions_t()
        try check(posix_spawn_file_actions_init(&actions))
        defer { posix_spawn_file_actions_destroy(&actions) }
        try check(posix_spawn_file_actions_addchdir_np(&actions, "/"))
        for (number, descriptor) in descriptors.enumerated() {
            try check(posix_spawn_file_actions_adddup2(&actions, descriptor, Int32(number)))
        }
        let first = Int32(descriptors.count)
        try check(posix_spawn_file_actions_addclosefrom_np(&actions, first))

        var attributes = posix_spawnattr_t()
        try check(posix_spawnattr_init(&attributes))
        defer { posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        sigemptyset(&signals)
        try check(posix_spawnattr_setsigmask(&attributes, &signals))
        sigfillset(&signals)
        try check(posix_spawnattr_setsigdefault(&attributes, &signals))
        let flags = Int32(LINUX_SPAWN_SETSID) | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF
        try check(posix_spawnattr_setflags(&attributes, Int16(flags)))

        var argv = line.map { strdup($0) } + [nil]
        // Swift's crash handler would start a program of its own and hold the pipes meanwhile.
        var environment = [strdup("SWIFT_BACKTRACE=enable=no"), nil]
        defer { for text in argv + environment { free(text) } }
        var pid: pid_t = 0
        try check(
            posix_spawn(&pid, executable.string, &actions, &attributes, &argv, &environment))
        return pid
    }

    private func check(_ code: Int32) throws(Errno) {
        guard code == 0 else { throw Errno(rawValue: code) }
    }
}
