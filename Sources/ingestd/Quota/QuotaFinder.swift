import ArgumentParser
import Catalog
import FoundationEssentials
import Glibc
import Inbox
import Pipeline
import Rules

/// Finds out what accounts hold: in the catalogue where it may be read, else in the status files of the
/// caller's own inboxes.
struct QuotaFinder {
    /// Why there is nothing to tell.
    struct Obstacle: Error {
        let message: String
        let exitCode: ExitCode
    }

    let settings: DaemonSettings
    private let threads = OwnerThreads()

    init(settings: DaemonSettings) { self.settings = settings }

    /// What accounts hold; of one, or of all that there are.
    func reports(of user: String?) async throws -> [AccountReport] {
        let path = settings.stateDirectory + "/catalog.sqlite3"
        let account = try user.map(account)
        guard faccessat(AT_FDCWD, path, R_OK, AT_EACCESS) != 0 else {
            return try await recorded(in: try Catalog.openReadOnly(path), account)
        }
        switch errno {
        case EACCES, EPERM: return [try await own(account)]
        case ENOENT, ENOTDIR:
            throw Obstacle(
                message: "there is no state of ingestd in \(settings.stateDirectory)",
                exitCode: .noInput)
        default:
            throw Obstacle(
                message: "\(path): \(String(cString: strerror(errno)))", exitCode: .inputOutput)
        }
    }

    private func account(named name: String) throws -> Account {
        if let account = try Owner.account(named: name) { return account }
        guard let uid = UInt32(name) else {
            throw Obstacle(message: "the system knows no user “\(name)”", exitCode: .noInput)
        }
        return try Owner.lookUp(uid: uid).account
    }

    // The catalogue.

    private func recorded(
        in catalog: Catalog, _ account: Account?
    ) async throws -> [AccountReport] {
        let standings =
            if let account {
                [try await catalog.standing(of: account.uid)]
            } else {
                try await catalog.standings()
            }
        try catalog.close()
        let now = Timestamp.current
        return try standings.map { standing in
            let owner = try Owner.lookUp(uid: standing.usage.uid)
            return AccountReport(
                account: owner.account, standing: standing,
                limit: settings.limits.limit(for: owner.account, in: owner.gids), asOf: now)
        }
    }

    // Status files.

    /// What the status files of the caller's inboxes say: of the account the newest, and of drops that
    /// found no room all together.
    private func own(_ account: Account?) async throws -> AccountReport {
        let caller = try Owner.lookUp(uid: geteuid()).account
        guard account.map({ $0 == caller }) ?? true else {
            throw Obstacle(
                message:
                    "\(settings.stateDirectory) is closed to this user, who can only see what is "
                    + "said in inboxes of their own: ask as root, or as the user of the daemon",
                exitCode: .noPermission)
        }
        var summaries: [InboxSummary] = []
        for root in await roots() where root.account == caller {
            if let summary = try await summary(in: root), summary.quota != nil {
                summaries.append(summary)
            }
        }
        guard
            let newest = summaries.max(by: { ($0.quota?.asOf ?? "") < ($1.quota?.asOf ?? "") }),
            let report = AccountReport(newest, of: caller, allInboxes: summaries)
        else {
            throw Obstacle(
                message:
                    "\(settings.stateDirectory) is closed to this user, and no inbox of \(caller) "
                    + "has an inbox.status.json: name one with --inbox DIR, or ask as root",
                exitCode: .noPermission)
        }
        return report
    }

    private func roots() async -> [InboxRoot] {
        var roots: [String: InboxRoot] = [:]
        for inbox in settings.inboxes {
            let walk = InboxWalk(inbox.path, results: inbox.settings.results, threads: threads)
            for root in await walk.findings().roots {
                roots[root.path] = root
            }
        }
        return roots.values.sorted { $0.path < $1.path }
    }

    private func summary(in root: InboxRoot) async throws -> InboxSummary? {
        try await root.sidecars.run { files in
            let path = BeneathPath([SidecarNames.inboxStatus])
            guard let bytes = try files.readPrefix(path, limit: InboxSummary.sizeLimit),
                SidecarNames.isStatus(opening: bytes)
            else { return nil }
            do {
                return try InboxSummary(json: bytes)
            } catch {
                // One of another version, or cut off by a power cut: others may tell more.
                return nil
            }
        }
    }
}

extension AccountReport {
    /// Nil where the file says nothing of a quota.
    init?(_ summary: InboxSummary, of account: Account, allInboxes: [InboxSummary]) {
        guard let quota = summary.quota else { return nil }
        let reserved = QuotaUsage(
            bytes: ByteCount(quota.reservedBytes ?? 0), files: quota.reservedFiles ?? 0)
        let held = allInboxes.reduce(QuotaUsage.zero) { held, inbox in
            held + QuotaUsage(bytes: ByteCount(inbox.heldBytes ?? 0), files: inbox.heldFiles ?? 0)
        }
        let kinds = (quota.kinds ?? [:]).compactMap { name, usage in
            DropKind(rawValue: name).map {
                ($0, QuotaUsage(bytes: ByteCount(usage.bytes), files: usage.files))
            }
        }
        self.init(
            account: account,
            standing: AccountStanding(
                usage: AccountUsage(
                    uid: account.uid,
                    used: QuotaUsage(
                        bytes: ByteCount(quota.usedBytes) - reserved.bytes,
                        files: quota.usedFiles - reserved.files),
                    reserved: reserved),
                held: held, kinds: Dictionary(uniqueKeysWithValues: kinds),
                derived: DerivedUsage([
                    .results: ByteCount(quota.derived?.resultsBytes ?? 0),
                    .imports: ByteCount(quota.derived?.importsBytes ?? 0),
                    .trash: ByteCount(quota.derived?.trashBytes ?? 0),
                ])),
            limit: QuotaLimit(
                bytes: quota.limitBytes.map { ByteCount($0) }, files: quota.limitFiles,
                derivedCap: quota.derivedLimitBytes.map { .bytes(ByteCount($0)) } ?? .unlimited),
            asOf: Self.moment(quota.asOf) ?? .current)
    }

    private static func moment(_ text: String?) -> Timestamp? {
        guard let text else { return nil }
        do {
            let date = try Date.ISO8601FormatStyle(includingFractionalSeconds: true).parse(text)
            return Timestamp(milliseconds: Int64((date.timeIntervalSince1970 * 1000).rounded()))
        } catch {
            return nil
        }
    }
}
