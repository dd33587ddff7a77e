import Glibc
import Pipeline
import Rules
import Synchronization
import SystemPackage
import TestSupport
import Workers

/// A run of the real daemon that ends by SIGKILL at a checkpoint.
struct MortalDaemon: Sendable {
    private let inbox: String
    private let state: String
    private let worker: String
    private let fatal: Checkpoint
    private let count: Int

    /// Nil for words that make no plan.
    init?(arguments: [String]) {
        guard let fatal = Checkpoint(rawValue: arguments[3]), let count = Int(arguments[4]) else {
            return nil
        }
        inbox = arguments[0]
        state = arguments[1]
        worker = arguments[2]
        self.fatal = fatal
        self.count = count
    }

    /// Takes what is there, and lives no longer than to the fatal moment.
    func run() async {
        var choices = InboxSettings()
        choices.settle = .milliseconds(20)
        choices.settleWithoutProof = .milliseconds(20)
        let settings = DaemonSettings(
            stateDirectory: state, inboxes: [NamedInbox(path: inbox, settings: choices)],
            schemas: [.participants])
        let passed = Mutex(0)
        let surroundings = Surroundings.system(journal: { line in
            let fields = line.orderedFields.map { "\($0.name)=\($0.value)" }
            print(line.event.severity.rawValue, line.event.rawValue, fields.joined(separator: " "))
        }) { [fatal, count] checkpoint, _ in
            guard checkpoint == fatal else { return }
            let isLast = passed.withLock { passed in
                passed += 1
                return passed == count
            }
            if isLast { kill(getpid(), SIGKILL) }
        }
        do {
            let identity = geteuid() == 0 ? WorkerIdentity(uid: 65534, gid: 65534) : nil
            let daemon = try Daemon(
                settings: settings,
                workers: WorkerLauncher(executable: FilePath(worker), identity: identity),
                slotCount: 2, surroundings: surroundings)
            try await daemon.run(isOnce: true) {}
            try daemon.close()
        } catch {
            print("error: \(error)")
            Self.leave(70)
        }
    }

    /// Ends the process with a code.
    static func leave(_ code: Int32) -> Never { exit(code) }
}
