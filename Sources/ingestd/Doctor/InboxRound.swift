import Glibc
import Inbox
import Pipeline
import Rules
import SystemPackage

/// Goes round all inboxes that the config names, those that patterns match among them.
struct InboxRound {
    /// After so many canaries in vain no daemon is expected to answer the next in good time.
    private static let vainLimit = 3
    /// Refusals of one pattern that are told one by one.
    private static let refusalLimit = 20

    let holder: StateHolder
    /// Who the running daemon is; nil where none runs or it cannot be seen.
    let daemon: ProcessIdentity?
    /// Where the daemon that is asked about keeps its state.
    let stateDirectory: String
    private let threads = OwnerThreads()
    private(set) var checkup = Checkup()
    /// How many folders want a watch, and whether all were counted.
    private(set) var folders = (count: 0, isWhole: true)
    private var vainCount = 0
    private var seen: Set<String> = []

    init(holder: StateHolder, daemon: ProcessIdentity?, stateDirectory: String) {
        self.stateDirectory = stateDirectory
        self.holder = holder
        self.daemon = daemon
    }

    /// Looks at every inbox: exact paths first, since they go before patterns.
    mutating func go(_ inboxes: [NamedInbox]) async {
        let parsed = inboxes.map { ($0, InboxPattern($0.path)) }
        for (inbox, pattern) in parsed where pattern?.isExact ?? true {
            let path = pattern?.fixedPath ?? inbox.path
            await look(at: NamedInbox(path: path, settings: inbox.settings), nil)
        }
        for (inbox, pattern) in parsed where !(pattern?.isExact ?? true) {
            await look(through: inbox)
        }
    }

    private mutating func look(through pattern: NamedInbox) async {
        let findings = await InboxWalk(
            pattern.path, results: pattern.settings.results, threads: threads
        ).findings()
        checkup.fine(
            "config", "pattern", "\(pattern.path) matches \(findings.roots.count) to serve",
            figures: [
                .init("matches", .count(findings.roots.count)),
                .init("refused", .count(findings.refusals.count)),
            ])
        for (path, error) in findings.refusals.prefix(Self.refusalLimit) {
            note(error, at: path, of: pattern)
        }
        for root in findings.roots where !seen.contains(root.path) {
            await look(at: NamedInbox(path: root.path, settings: pattern.settings), root)
        }
    }

    private mutating func note(_ error: InboxError, at path: String, of pattern: NamedInbox) {
        switch error {
        case .refused(_, .notMounted(let point)):
            checkup.fail(
                path, "folder", error.failure.detail, remedy: "mount " + ShellWord.quoted(point))
        case .refused(_, .noResults(let folder, _)):
            checkup.fail(
                path, "results", error.failure.detail,
                remedy: "mend \(folder), or change “results:” of \(pattern.path)")
        case .refused(_, .othersAccount),
            .rootUnavailable(_, .permissionDenied)
        where geteuid() != 0:
            checkup.warn(path, "pattern", error.failure.detail, remedy: "run this as root")
        default:
            checkup.warn(
                path, "pattern", error.failure.detail,
                remedy: "give it another owner, name it by its exact path, or let \(pattern.path) "
                    + "match less")
        }
    }

    private mutating func look(at inbox: NamedInbox, _ root: InboxRoot?) async {
        seen.insert(inbox.path)
        var checks = InboxChecks(
            inbox: inbox, holder: holder, daemon: daemon, threads: threads,
            stateDirectory: stateDirectory,
            patience: vainCount < Self.vainLimit ? Canary.usualPatience : Canary.lostPatience)
        await checks.run(root)
        vainCount += checks.isUnanswered ? 1 : 0
        folders.count += checks.folders.count
        folders.isWhole = folders.isWhole && checks.folders.isWhole
        checkup.append(checks.checkup)
    }
}
