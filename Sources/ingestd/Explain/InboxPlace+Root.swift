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
            return try await InboxRoot.open(
                path, threads: threads, as: geteuid() == 0 ? nil : Owner.ofProcess())
        }
        // An ordinary user's own rights lead the way; the superuser's are not for the folders of
        // others, so a pattern is walked as the daemon walks it.
        guard geteuid() == 0 else {
            let root = try await InboxRoot.open(
                path, threads: threads, as: Owner.ofProcess())
            let logins = Array((ProcFile.text("/etc/login.defs") ?? "").utf8)
            if let refusal = ServableAccounts(loginDefinitions: logins).refusal(of: root.account) {
                throw InboxError.refused(path: path, refusal)
            }
            return root
        }
        let findings = await InboxWalk(pattern, threads: threads).findings()
        if let root = findings.roots.first(where: { $0.path == path }) { return root }
        let refusal = findings.refusals.first { $0.path == path }
        throw refusal?.error ?? .rootUnavailable(path: path, .noSuchFileOrDirectory)
    }
}
