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
    /// How far ahead its clock is.
    private let lead: Duration
    private let choices: InboxSettings

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
        var choices = InboxSettings()
        choices.settle = .milliseconds(20)
        choices.settleWithoutProof = .milliseconds(20)
        var lead = Duration.zero
        for word in arguments.dropFirst(5) {
            let parts = word.split(separator: "=").map(String.init)
            if parts == ["rows", "remove"] {
                choices.rowsOnDeletion = .remove
            } else if parts.count == 2, parts[0] == "days", let days = Int(parts[1]) {
                lead = .seconds(days * 86_400)
            } else {
                return nil
            }
        }
        self.lead = lead
        self.choices = choices
    }

    /// Takes what is there, and lives no longer than to the fatal moment.
    func run() async {
        let settings = DaemonSettings(
            stateDirectory: state, inboxes: [NamedInbox(path: inbox, settings: choices)],
            schemas: [.participants])
        let passed = Mutex(0)
        var surroundings = Surroundings.system(journal: { line in
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
        let now = surroundings.now
        surroundings.now = { [lead] in now() + lead }
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
