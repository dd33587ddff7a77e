import CLinux
import Glibc
import Inbox
import Pipeline
import Rules
import Synchronization
import SystemPackage

/// Set by a signal that asks this process to end; a canary is taken back first.
private let wasInterrupted = Atomic(false)

/// An empty file that doctor makes in an inbox to see who notices: the kernel by an event, and the
/// running daemon by removing it.
///
/// Rule: docs/formats.md, "Canaries".
struct Canary {
    /// How long the kernel may take to report it.
    private static let eventPatience = Duration.seconds(2)
    /// How long a daemon may take to answer once it could know.
    static let usualPatience = Duration.seconds(10)
    /// The same where others were not answered before.
    static let lostPatience = Duration.seconds(1)
    /// How long one wait lasts before it is looked whether the canary is gone unannounced.
    private static let glance = Duration.milliseconds(250)

    private let root: InboxRoot
    private let settings: InboxSettings
    /// How long the daemon is waited for; nil where none runs.
    private let patience: Duration?
    /// How long after its making the kernel reported it; nil where it did not.
    private(set) var event: Duration?
    /// How long after its making it was gone; nil where it stayed.
    private(set) var answer: Duration?
    private(set) var failure: Failure?

    init(root: InboxRoot, settings: InboxSettings, patience: Duration?) {
        self.root = root
        self.settings = settings
        // A poll comes when it comes.
        self.patience = patience.map { $0 + (root.reportsEvents ? .zero : settings.poll) }
    }

    /// Makes the canary, waits for the kernel and the daemon, and takes back what is left.
    mutating func fly() async {
        for number in [SIGINT, SIGTERM, SIGHUP] {
            signal(number) { _ in wasInterrupted.store(true, ordering: .relaxed) }
        }
        do {
            let watch = try await root.run { try CanaryWatch($0) }
            defer { watch.close() }
            let start = Self.now()
            let path = try await root.run { files in
                let made = try files.createTemporary(in: BeneathPath(), nextName: HiddenName.canary)
                Glibc.close(made.descriptor.rawValue)
                return made.path
            }
            await observe(path, watch, since: start)
            try await root.run { try $0.unlinkIfThere(path) }
        } catch {
            failure =
                (error as? any DocumentError)?.failure
                ?? Failure(.internalError, message: "", detail: "watch the inbox: \(error)")
        }
        if wasInterrupted.load(ordering: .relaxed) { _exit(75) }
        for number in [SIGINT, SIGTERM, SIGHUP] { signal(number, SIG_DFL) }
    }

    private mutating func observe(
        _ path: BeneathPath, _ watch: CanaryWatch, since start: Duration
    ) async {
        guard let name = path.name else { preconditionFailure("a canary has a name") }
        while answer == nil, !wasInterrupted.load(ordering: .relaxed) {
            let elapsed = Self.now() - start
            let isHeard = event != nil || elapsed > Self.eventPatience
            if isHeard, elapsed > patience ?? .zero { return }
            // This command has nothing else to do: its one thread may wait for the kernel.
            for seen in watch.events(of: name, within: Self.glance) {
                switch seen {
                case .came: event = event ?? Self.now() - start
                case .gone: answer = answer ?? Self.now() - start
                }
            }
            if answer == nil, await isGone(path) { answer = Self.now() - start }
        }
    }

    /// Whether it went without an event, as on a share where another machine removes it.
    private func isGone(_ path: BeneathPath) async -> Bool {
        do {
            return try await root.run { try $0.entry(path) == nil }
        } catch {
            return false
        }
    }

    private static func now() -> Duration {
        .nanoseconds(linux_clock_nanoseconds(CLOCK_MONOTONIC))
    }
}

extension Canary {
    /// Says what came of it.
    func report(_ about: String, _ holder: StateHolder, _ checkup: inout Checkup) {
        if let failure {
            checkup.fail(
                about, "canary", failure.detail,
                remedy: "mend what keeps a file from being made or watched there")
            return
        }
        let figures: [JSONValue.Member] = [
            .init("event_seconds", event.map { .decimal($0.inSeconds) } ?? .null),
            .init("answer_seconds", answer.map { .decimal($0.inSeconds) } ?? .null),
        ]
        reportEvent(about, &checkup, figures)
        reportAnswer(about, holder, &checkup, figures)
    }

    private func reportEvent(
        _ about: String, _ checkup: inout Checkup, _ figures: [JSONValue.Member]
    ) {
        if let event {
            let remark =
                root.reportsEvents ? "" : ", made here; what other machines make it reports not"
            checkup.fine(
                about, "event", "the kernel reported a new file after \(event.forPeople)\(remark)",
                figures: figures)
        } else if root.reportsEvents {
            checkup.fail(
                about, "event", "the kernel did not report a new file",
                remedy: "files are found only every \(settings.rescan.setting): lower “rescan:” of "
                    + "this inbox, or move it to a file system that reports changes",
                figures: figures)
        } else {
            checkup.fine(about, "event", "none, as expected: it is polled", figures: figures)
        }
    }

    private func reportAnswer(
        _ about: String, _ holder: StateHolder, _ checkup: inout Checkup,
        _ figures: [JSONValue.Member]
    ) {
        if let answer {
            checkup.fine(
                about, "canary", "ingestd noticed a new file after \(answer.forPeople)",
                figures: figures)
            return
        }
        let limit = patience?.setting ?? "0s"
        switch holder {
        case .nobody:
            checkup.warn(
                about, "canary", "no ingestd runs that could notice a new file", remedy: nil,
                figures: figures)
        case .daemon:
            checkup.fail(
                about, "canary", "ingestd did not notice a new file within \(limit)",
                remedy: "see whether it serves this inbox (journalctl -u ingestd -p warning), and "
                    + "restart it if the config changed", figures: figures)
        case .unknown:
            checkup.warn(
                about, "canary", "nobody noticed a new file within \(limit)",
                remedy: "see whether ingestd runs: systemctl status ingestd", figures: figures)
        }
    }
}

extension Duration {
    /// `0.4 ms`, `12 ms`, `1.2 s`: two digits or so.
    fileprivate var forPeople: String {
        let tenths = wholeMicroseconds / 100
        if tenths < 100 { return "\(tenths / 10).\(tenths % 10) ms" }
        if tenths < 10_000 { return "\(tenths / 10) ms" }
        return "\(tenths / 10_000).\(tenths / 1000 % 10) s"
    }

    private var wholeMicroseconds: Int64 {
        components.seconds * 1_000_000 + components.attoseconds / 1_000_000_000_000
    }
}
