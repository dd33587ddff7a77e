import Glibc
import Inbox
import Rules
import SystemPackage

extension InboxPlace {
    /// Opens the inbox as whoever asks may see it: the superuser as its owner would, everybody else
    /// as who they are.
    func openRoot(_ threads: OwnerThreads) async throws -> InboxRoot {
        let path = inbox.path
        guard let pattern else {
            guard geteuid() == 0 else { return try await openAsVisitor(threads) }
            return try await InboxRoot.open(
                path, results: inbox.settings.results, threads: threads)
        }
        // An ordinary user's own rights lead the way; the superuser's are not for the folders of
        // others, so a pattern is walked as the daemon walks it.
        guard geteuid() == 0 else {
            let root = try await openAsVisitor(threads)
            let logins = Array((ProcFile.text("/etc/login.defs") ?? "").utf8)
            if let refusal = ServableAccounts(loginDefinitions: logins).refusal(of: root.account) {
                throw InboxError.refused(path: path, refusal)
            }
            return root
        }
        let findings = await InboxWalk(
            pattern, results: inbox.settings.results, threads: threads
        ).findings()
        if let root = findings.roots.first(where: { $0.path == path }) { return root }
        let refusal = findings.refusals.first { $0.path == path }
        throw refusal?.error ?? .rootUnavailable(path: path, .noSuchFileOrDirectory)
    }

    private func openAsVisitor(_ threads: OwnerThreads) async throws -> InboxRoot {
        do {
            return try await InboxRoot.open(
                inbox.path, results: inbox.settings.results, threads: threads,
                as: Owner.ofProcess())
        } catch InboxError.refused(_, .noResults(_, .unreachable)) {
            // What is closed to a visitor is not to its owner.
            return try await InboxRoot.open(inbox.path, threads: threads, as: Owner.ofProcess())
        }
    }
}
