import CLinux
import Glibc
import Inbox
import Intake
import Pipeline
import Rules
import SystemPackage

/// Answers for one path after the other, from files and rules alone.
struct Explainer {
    let finder: InboxFinder
    let surroundings: Configuration.Surroundings
    private let threads = OwnerThreads()

    init(finder: InboxFinder, surroundings: Configuration.Surroundings) {
        self.finder = finder
        self.surroundings = surroundings
    }

    func explain(_ path: String) async -> Explanation {
        guard let plain = AbsolutePath.plain(path, from: surroundings.workingDirectory) else {
            return Explanation(
                path: path, verdict: .missing, sentence: "“\(path)” is no path.", facts: [])
        }
        guard let place = finder.place(of: plain) else { return outside(path, plain) }
        do {
            // The superuser looks as the owner would; everybody else as who they are.
            let root = try await root(of: place)
            let owner = try Owner.lookUp(uid: root.account.uid)
            let sight = try await sight(place, root, owner, meansFolder: path.hasSuffix("/"))
            return ExplanationWords(
                path: path, place: place, owner: owner, sight: sight,
                writers: writers(of: sight, at: place),
                holder: place.stateDirectory.map { StateHolder(of: $0) } ?? .unknown, now: .ofSystem
            ).explanation
        } catch {
            return unavailable(path, place, error)
        }
    }

    private func root(of place: InboxPlace) async throws -> InboxRoot {
        let path = place.inbox.path
        guard let pattern = place.pattern else {
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

    private func sight(
        _ place: InboxPlace, _ root: InboxRoot, _ owner: Owner, meansFolder: Bool
    ) async throws -> DropSight {
        try await root.run(at: place.path.parent) { files in
            DropLook(
                files: files, owner: owner, settings: place.inbox.settings, path: place.path,
                meansFolder: meansFolder
            ).sight()
        }
    }

    /// Who writes the file, where that matters; nil where nobody was looked for.
    private func writers(of sight: DropSight, at place: InboxPlace) -> WriterSearch? {
        guard let entry = sight.entry, entry.kind == .file else { return nil }
        switch sight.finding {
        case .stillWritten, .empty, .changing, .secondLink,
            .sound(.contentUnseen), .sound(.admitted(_, .settle)),
            .sound(.admitted(_, .openWriterTimeout)):
            return WriterSearch(
                for: entry.identity, named: place.path.name?.description ?? "")
        case .sound(.admitted(_, .lease)), .inboxItself, .folder, .missing, .ignored, .sidecar,
            .request, .notRecursive, .linkAbove, .closedFolder, .forbidden, .atSight, .mismatch,
            .unreadable, .notRemovable, .tooLarge, .refused, .trouble:
            return nil
        }
    }

    private func outside(_ path: String, _ plain: String) -> Explanation {
        var facts: [Fact] = []
        var entry = stat()
        let isThere = lstat(plain, &entry) == 0
        facts.add("rule", "only files in an inbox or below one are taken")
        facts.add("origin", finder.scope)
        facts.add("next_look", "never")
        facts.add(
            "remedy",
            "move it into an inbox, or name its folder under “inboxes:” in the config; "
                + "`ingestd explain --inbox DIR` asks about another folder")
        let name = plain.split(separator: "/").last.map(String.init) ?? plain
        return Explanation(
            path: path, verdict: isThere ? .outside : .missing,
            sentence: isThere
                ? "\(name) is in no inbox." : "There is no \(plain), and no inbox there.",
            facts: facts)
    }

    /// The folder is there, and its owner is none whom the pattern serves.
    private func notServed(
        _ path: String, _ place: InboxPlace, _ refusal: InboxRefusal
    ) -> Explanation {
        let inbox = place.inbox.path
        var facts: [Fact] = []
        facts.add("rule", refusal.reason)
        facts.add("origin", place.settingsText)
        facts.add("next_look", "when its owner or the config changes")
        facts.add("remedy", "name it by its exact path in the config: - path: \(inbox)")
        facts.add("inbox", inbox)
        return Explanation(
            path: path, verdict: .refused,
            sentence: "The folder \(inbox) is not served as an inbox: \(refusal.reason).",
            facts: facts)
    }

    private func unavailable(
        _ path: String, _ place: InboxPlace, _ error: any Error
    ) -> Explanation {
        let inbox = place.inbox.path
        if case .refused(_, let refusal)? = error as? InboxError {
            return notServed(path, place, refusal)
        }
        let errno = (error as? InboxError)?.errno
        let mayNotLook =
            geteuid() != 0 && (errno == .permissionDenied || errno == .notPermitted)
        var facts: [Fact] = []
        let (sentence, remedy) =
            switch errno {
            case .noSuchFileOrDirectory?:
                (
                    "The inbox \(inbox) is not there.",
                    MissingMount.remedy(for: inbox)
                        ?? "make the folder, as the user whose files it is to take: mkdir "
                        + ShellWord.quoted(inbox)
                )
            case .notDirectory?, .tooManySymbolicLinkLevels?:
                (
                    "The inbox \(inbox) is a link or a file, and no folder.",
                    "name the folder itself under “inboxes:” in the config"
                )
            case .permissionDenied? where mayNotLook, .notPermitted? where mayNotLook:
                (
                    "You may not look into the inbox \(inbox).",
                    "ask its owner or the operator, or run this as root"
                )
            case .permissionDenied?:
                (
                    "The owner of the inbox \(inbox) may not read it, so nothing there is taken.",
                    "chmod u+rwx " + ShellWord.quoted(inbox)
                )
            default:
                (
                    "The inbox \(inbox) cannot be opened.",
                    "see what is wrong with it: ls -ld " + ShellWord.quoted(inbox)
                )
            }
        facts.add("rule", "an inbox is a folder that its owner can read")
        facts.add("origin", place.settingsText)
        facts.add("next_look", mayNotLook ? nil : "when ingestd starts, or the folder comes back")
        facts.add("remedy", remedy)
        facts.add("inbox", inbox)
        facts.add("detail", (error as? any DocumentError)?.failure.detail ?? "\(error)")
        return Explanation(
            path: path, verdict: mayNotLook ? .forbidden : .unavailable, sentence: sentence,
            facts: facts)
    }
}

extension Timestamp {
    /// The system's calendar, now.
    static var ofSystem: Timestamp {
        Timestamp(milliseconds: linux_clock_nanoseconds(CLOCK_REALTIME) / 1_000_000)
    }
}
