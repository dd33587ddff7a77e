import Glibc
import Inbox
import Rules
import TestSupport
import Synchronization

@testable import Intake

/// An intake that runs over a fresh folder, and everything it has said so far.
final class IntakeHarness: Sendable {
    enum Said: Sendable {
        case journal(JournalLine)
        case report(DropReport)
    }

    private struct Log {
        var said: [Said] = []
        var listener: CheckedContinuation<Void, Never>?
    }

    /// Collects what is said, and wakes the test that waits for it.
    final class Ear: Sendable {
        private let log = Mutex(Log())

        func hear(_ said: Said) {
            let listener = log.withLock { log in
                log.said.append(said)
                defer { log.listener = nil }
                return log.listener
            }
            listener?.resume()
        }

        /// The first thing said, from the beginning on, that `pick` finds something in.
        func first<Found>(_ pick: (Said) -> Found?) async -> Found {
            var read = 0
            while true {
                let said = log.withLock(\.said)
                for item in said[read...] {
                    if let found = pick(item) { return found }
                }
                read = said.count
                await withCheckedContinuation { continuation in
                    let isLate = log.withLock { log in
                        guard log.said.count == read else { return true }
                        log.listener = continuation
                        return false
                    }
                    if isLate { continuation.resume() }
                }
            }
        }

        var all: [Said] { log.withLock(\.said) }
    }

    let folder: TemporaryFolder
    let root: InboxRoot
    let watcher: DropWatcher
    let intake: InboxIntake
    let opener: DropOpener
    let ear = Ear()

    /// Waits so short that a test need not notice them, unless they are what it is about.
    static let quick = InboxSettings(
        settle: .milliseconds(20), settleWithoutProof: .milliseconds(40))

    init(
        _ folder: TemporaryFolder, settings: InboxSettings = quick,
        patience: Patience = Patience(
            empty: .milliseconds(50), mismatch: .milliseconds(50), secondLink: .milliseconds(50)),
        watchLimit: Int? = nil, candidateLimit: Int = InboxIntake.usualCandidateLimit
    ) async throws {
        self.folder = folder
        root = try await InboxRoot.open(folder.path, threads: OwnerThreads())
        watcher = try DropWatcher(watchLimit: watchLimit)
        opener = DropOpener(settings: settings)
        intake = InboxIntake(
            root: root, settings: settings, watcher: watcher, opener: opener, patience: patience,
            candidateLimit: candidateLimit, journal: { [ear] in ear.hear(.journal($0)) },
            report: { [ear] in ear.hear(.report($0)) }
        )
    }

    /// Runs the intake while `body` runs, from the moment on that everything is watched.
    static func running<Result: Sendable>(
        _ harness: IntakeHarness, _ body: (IntakeHarness) async throws -> Result
    ) async throws -> Result {
        try await withThrowingTaskGroup { group in
            group.addTask { await harness.intake.run() }
            await harness.said(.inboxWatched)
            let result = try await body(harness)
            group.cancelAll()
            return result
        }
    }

    func said(_ event: JournalEvent) async {
        _ = await ear.first { said in
            if case .journal(let line) = said, line.event == event { true } else { nil }
        }
    }

    /// The failure for which a drop was refused.
    func refusal(of name: String) async -> Failure {
        await ear.first { said in
            if case .report(.refused(let drop, let failure)) = said, drop.path.description == name {
                failure
            } else {
                nil
            }
        }
    }

    func waiting(_ name: String, for reason: WaitReason) async {
        _ = await ear.first { said in
            if case .report(.waiting(let drop, reason, _)) = said, drop.path.description == name {
                true
            } else {
                nil
            }
        }
    }

    /// Returns once it is said that a drop went away before anybody told of it.
    func untold(_ name: String) async {
        _ = await ear.first { said in
            if case .report(.untold(let path)) = said, path.description == name {
                true
            } else {
                nil
            }
        }
    }

    /// Takes the next drop and opens it as a claim would.
    func open(_ drop: SettledDrop) async throws -> OpenedDrop {
        try await root.run { [opener] files in try opener.open(drop, in: files) }
    }

    /// Takes drops until as many have come as asked for, and gives their paths.
    func take(_ count: Int) async -> Set<String> {
        var names: Set<String> = []
        while names.count < count, let drop = await intake.nextReady() {
            names.insert(drop.path.description)
        }
        return names
    }
}
