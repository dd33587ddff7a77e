import CLinux
import Glibc
import Pipeline
import Rules
import Workers
import SystemPackage

/// Looks at the kernel, this process, and the worker.
struct SystemChecks {
    private static let about = "system"

    let settings: DaemonSettings
    let holder: StateHolder
    private(set) var checkup = Checkup()

    init(settings: DaemonSettings, holder: StateHolder) {
        self.settings = settings
        self.holder = holder
        checkVersions()
        checkKernel()
        checkIdentity()
        checkWorker()
    }

    private mutating func checkVersions() {
        var facts = utsname()
        uname(&facts)
        let release = withUnsafeBytes(of: &facts.release) { raw in
            String(decoding: raw.prefix { $0 != 0 }, as: UTF8.self)
        }
        checkup.fine(
            Self.about, "versions", "ingestd \(Ingestd.version), Linux \(release)",
            figures: [
                .init("ingestd", .string(Ingestd.version)), .init("linux", .string(release)),
            ])
    }

    private mutating func checkKernel() {
        let root = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        let code = clinux_open_beneath(root, ".", UInt64(O_RDONLY | O_CLOEXEC))
        if code >= 0 {
            close(code)
            checkup.fine(Self.about, "openat2", "paths are resolved beneath an inbox")
        } else {
            checkup.fail(
                Self.about, "openat2", "not available: \(Errno(rawValue: -code))",
                remedy: "run Linux 5.6 or later, and allow openat2 in the container's filter")
        }
        close(root)
        let abi = linux_landlock_abi()
        let figure = [JSONValue.Member("abi", .integer(Int64(max(0, abi))))]
        if abi > 0 {
            checkup.fine(Self.about, "landlock", "ABI \(abi)", figures: figure)
        } else {
            checkup.warn(
                Self.about, "landlock", "not available: workers are confined by the rest",
                remedy: "boot a kernel with Landlock (lsm=landlock,…), Linux 5.13 or later",
                figures: figure)
        }
        let actions = ProcFile.text("/proc/sys/kernel/seccomp/actions_avail") ?? ""
        if actions.contains("kill_process") {
            checkup.fine(Self.about, "seccomp", "filters of system calls work")
        } else {
            checkup.fail(
                Self.about, "seccomp", "no filter of system calls can be had",
                remedy: "boot a kernel with CONFIG_SECCOMP_FILTER: no worker starts without it")
        }
    }

    /// Who touches the inboxes: the running daemon, else one that were started like this command.
    private mutating func checkIdentity() {
        var subject = "started as now, ingestd"
        var status = ProcFile.text("/proc/self/status")
        if case .daemon(let pid) = holder, pid > 0,
            let other = ProcFile.text("/proc/\(pid)/status")
        {
            subject = "ingestd (pid \(pid))"
            status = other
        }
        guard let status, let identity = ProcessIdentity(status: status) else { return }
        let overriding = identity.overriding
        let finding = "\(subject) \(identity.text)"
        if !overriding.isEmpty {
            checkup.warn(
                Self.about, "identity",
                finding + "; it overrides permissions by \(overriding.joined(separator: ", "))",
                remedy: "take these capabilities away: AmbientCapabilities= in the unit file "
                    + "needs no more than CAP_SETUID CAP_SETGID CAP_LEASE CAP_KILL")
        } else if !identity.missing.isEmpty, !identity.isOrdinary {
            checkup.fail(
                Self.about, "identity",
                finding + "; it lacks \(identity.missing.joined(separator: ", "))",
                remedy: "give it all four: AmbientCapabilities=CAP_SETUID CAP_SETGID CAP_LEASE "
                    + "CAP_KILL in the unit file")
        } else {
            checkup.fine(Self.about, "identity", finding)
        }
    }

    private mutating func checkWorker() {
        do {
            let program = try WorkerProgram.locate(configured: settings.workers.program)
            let identity = try WorkerUser.identity(configured: settings.workers.user)
            let launcher = WorkerLauncher(
                executable: FilePath(program), identity: identity,
                requiresLandlock: settings.workers.requiresLandlock)
            let words = try launcher.rehearse(under: .rehearsal)
            if words.isEmpty {
                checkup.fine(Self.about, "worker", "\(program) starts and confines itself")
            } else if words == [WorkerLauncher.missingNamespaces] {
                checkup.fine(
                    Self.about, "worker",
                    "\(program) starts and confines itself; it may have no namespaces here")
            } else {
                checkup.warn(
                    Self.about, "worker", "\(program) starts: \(words.joined(separator: "; "))",
                    remedy: "docs/log.md tells what each of these words means")
            }
        } catch let error as ConfigError {
            checkup.fail(Self.about, "worker", error.description, remedy: "install it, or name it")
        } catch {
            let detail = (error as? any DocumentError)?.failure.detail ?? "\(error)"
            checkup.fail(
                Self.about, "worker", detail,
                remedy: "run it by hand to see more, and see docs/threat-model.md for its needs")
        }
    }
}

/// Who a process is, as far as it decides what ingestd may do. Rule: proc(5), capabilities(7).
struct ProcessIdentity: Sendable, Hashable {
    /// What ingestd needs to serve others, and the numbers of these capabilities.
    private static let needed = [
        ("CAP_SETUID", 7), ("CAP_SETGID", 6), ("CAP_LEASE", 28), ("CAP_KILL", 5),
    ]
    /// Those that survive acting as an owner and let ingestd do what the owner could not.
    private static let overridingAll = [
        ("CAP_CHOWN", 0), ("CAP_DAC_OVERRIDE", 1), ("CAP_DAC_READ_SEARCH", 2), ("CAP_FOWNER", 3),
        ("CAP_FSETID", 4), ("CAP_MKNOD", 27), ("CAP_SYS_ADMIN", 21),
    ]

    let uid: UInt32
    /// Whether it was stopped by a signal, and can do nothing until another lets it go on.
    let isHalted: Bool
    private let capabilities: UInt64

    /// Reads the text of `/proc/PID/status`.
    init?(status: String) {
        guard let ids = ProcFile.value("Uid", in: status)?.split(whereSeparator: \.isWhitespace),
            ids.count >= 2, let uid = UInt32(ids[1]),
            let capabilities = ProcFile.value("CapEff", in: status).flatMap({
                UInt64($0, radix: 16)
            })
        else { return nil }
        self.uid = uid
        isHalted = ProcFile.value("State", in: status)?.first.map { "Tt".contains($0) } ?? false
        self.capabilities = capabilities
    }

    /// Whether it serves its own user alone.
    var isOrdinary: Bool { uid != 0 && Self.needed.allSatisfy { !has($0.1) } }

    /// Of those needed to serve others.
    var missing: [String] { Self.needed.filter { !has($0.1) }.map(\.0) }

    /// From root they go while it acts as somebody else; from others they do not.
    var overriding: [String] {
        uid == 0 ? [] : Self.overridingAll.filter { has($0.1) }.map(\.0)
    }

    var text: String {
        if uid == 0 { return "is root, and acts as the owner of each inbox" }
        return isOrdinary
            ? "is uid \(uid) and serves that user's own inboxes"
            : "is uid \(uid) with capabilities, and acts as the owner of each inbox"
    }

    private func has(_ number: Int) -> Bool { capabilities >> UInt64(number) & 1 == 1 }
}
