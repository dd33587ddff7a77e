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
            let root = try await place.openRoot(threads)
            if let point = root.missingMount {
                throw InboxError.refused(path: root.path, .notMounted(at: point))
            }
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

    private func sight(
        _ place: InboxPlace, _ root: InboxRoot, _ owner: Owner, meansFolder: Bool
    ) async throws -> DropSight {
        let told = try await root.sidecars.run(at: place.path.parent) {
            [folder = root.sidecars.path] in
            SidecarSight($0, of: place.path, in: folder)
        }
        return try await root.run(at: place.path.parent) { files in
            DropLook(
                files: files, owner: owner, settings: place.inbox.settings, path: place.path,
                meansFolder: meansFolder, told: told
            ).sight()
        }
    }

    /// Who writes the file, where that matters; nil where nobody was looked for.
    private func writers(of sight: DropSight, at place: InboxPlace) -> WriterSearch? {
        guard let entry = sight.entry, entry.kind == .file else { return nil }
        switch sight.finding {
        case .stillWritten, .empty, .changing, .secondLink, .mismatch(_, mayBeWritten: true),
            .sound(.contentUnseen), .sound(.admitted(_, .settle)),
            .sound(.admitted(_, .openWriterTimeout)):
            return WriterSearch(
                for: entry.identity, named: place.path.name?.description ?? "")
        case .sound(.admitted(_, .lease)), .inboxItself, .folder, .fixedFolder, .missing,
            .ignored, .sidecar, .ownResult, .request, .notRecursive, .linkAbove, .closedFolder,
            .forbidden,
            .atSight, .mismatch, .unreadable, .notRemovable, .tooLarge, .refused, .trouble:
            return nil
        }
    }

    private func outside(_ path: String, _ plain: String) -> Explanation {
        var facts: [Fact] = []
        var entry = stat()
        let isThere = lstat(plain, &entry) == 0
        // Where no config says which folders are inboxes, one may stand behind what is closed.
        if !isThere, errno == EACCES, finder.trustsStatusFiles { return unseen(path, plain) }
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

    private func unseen(_ path: String, _ plain: String) -> Explanation {
        var facts: [Fact] = []
        facts.add("rule", "explain looks with the rights of whoever calls it")
        facts.add("origin", finder.scope)
        facts.add("next_look", "unknown")
        facts.add("remedy", "ask its owner or the operator, or run this as root")
        return Explanation(
            path: path, verdict: .forbidden,
            sentence: "You may not look there: a folder above \(plain) is closed to you.",
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

    private func remedy(forMissing inbox: String) -> String {
        if let point = threads.missingMount(at: inbox) {
            return "it is not mounted: mount " + ShellWord.quoted(point)
        }
        return "make the folder, as the user whose files it is to take: mkdir "
            + ShellWord.quoted(inbox)
    }

    /// What lies beneath a mount point is not the inbox.
    private func notMounted(_ path: String, _ place: InboxPlace, _ point: String) -> Explanation {
        var facts: [Fact] = []
        facts.add("rule", "the folder beneath a share that is not mounted is no inbox")
        facts.add("origin", "/etc/fstab, which names \(point)")
        facts.add("next_look", "when it is mounted")
        facts.add("remedy", "mount " + ShellWord.quoted(point))
        facts.add("inbox", place.inbox.path)
        return Explanation(
            path: path, verdict: .unavailable,
            sentence: "The share of the inbox \(place.inbox.path) is not mounted.", facts: facts)
    }

    /// Nothing is taken where nobody could be told what became of it.
    private func withoutResults(
        _ path: String, _ place: InboxPlace, _ folder: String, _ obstacle: ResultsObstacle
    ) -> Explanation {
        var facts: [Fact] = []
        facts.add("rule", "an inbox is served while the folder for its results is there")
        facts.add("origin", place.settingsText)
        facts.add("next_look", "when the folder is there")
        facts.add("remedy", "mend \(folder), or change “results:” of this inbox")
        facts.add("inbox", place.inbox.path)
        return Explanation(
            path: path, verdict: .unavailable,
            sentence: "Nothing is taken from the inbox \(place.inbox.path): the folder for its "
                + "results, \(folder): \(obstacle.reason).",
            facts: facts)
    }

    private func unavailable(
        _ path: String, _ place: InboxPlace, _ error: any Error
    ) -> Explanation {
        let inbox = place.inbox.path
        if case .refused(_, .notMounted(let point))? = error as? InboxError {
            return notMounted(path, place, point)
        }
        if case .refused(_, .noResults(let folder, let obstacle))? = error as? InboxError {
            return withoutResults(path, place, folder, obstacle)
        }
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
                    remedy(forMissing: inbox)
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
                    OwnersCommand.text(
                        "chmod u+rwx " + ShellWord.quoted(inbox), asOwnerOf: inbox)
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
