import Inbox
import Intake
import Pipeline
import Rules

/// Puts what was seen of a path into words; reads nothing itself.
struct ExplanationWords {
    /// The five things that every answer has.
    struct Answer {
        var verdict: Explanation.Verdict
        var sentence: String
        var rule: String
        /// Where the rule comes from: nil where it holds in every inbox.
        var origin: String?
        var nextLook: String
        var remedy: String
    }

    let path: String
    let place: InboxPlace
    /// Whose inbox it is.
    let owner: Owner
    let sight: DropSight
    /// Nil where nobody was looked for.
    let writers: WriterSearch?
    let holder: StateHolder
    let now: Timestamp

    var settings: InboxSettings { place.inbox.settings }
    var name: String { place.path.name?.description ?? place.inbox.path }
    /// The path as a word for a shell.
    var word: String { ShellWord.quoted(place.absolute(place.path)) }
    var account: String { owner.account.description }

    var explanation: Explanation {
        let answer = holder == .nobody ? withoutDaemon(self.answer) : self.answer
        var facts: [Fact] = []
        facts.add("rule", answer.rule)
        facts.add("origin", answer.origin ?? "built in")
        facts.append(nextLook(answer))
        facts.add("remedy", answer.remedy)
        addFile(to: &facts)
        addWriters(to: &facts)
        addStatus(to: &facts)
        facts.add("inbox", place.inbox.path)
        facts.add("owner", "\(account) (uid \(owner.account.uid))")
        facts.add("settings", place.settingsText)
        if let fileSystem = sight.fileSystem {
            facts.add("detection", detection(fileSystem))
        }
        facts.add("daemon", daemon)
        return Explanation(
            path: path, verdict: answer.verdict, sentence: answer.sentence, facts: facts)
    }

    // MARK: - Facts

    /// The moment that ingestd told, where it is still to come; else what the rules say.
    private func nextLook(_ answer: Answer) -> Fact {
        if let told = toldNextLook {
            return Fact(
                "next_look", "\(told) (\(answer.nextLook))",
                json: .object([
                    .init("at", .string(told)), .init("rule", .string(answer.nextLook)),
                ]))
        }
        return Fact(
            "next_look", answer.nextLook,
            json: .object([.init("at", .null), .init("rule", .string(answer.nextLook))]))
    }

    private var toldNextLook: String? {
        guard holder != .nobody else { return nil }
        let entry = sight.inbox?.waiting?.first { $0.path == place.path.description }
        // Moments are all written alike, so that their texts sort as they do.
        return entry?.nextLook.flatMap { $0 > now.description ? $0 : nil }
    }

    private func addFile(to facts: inout [Fact]) {
        guard let entry = sight.entry, entry.kind == .file else { return }
        facts.append(
            Fact(
                "size", entry.identity.size.description,
                json: .integer(entry.identity.size.bytes)))
        facts.add("last_change", lastChange.map(\.description))
        if case .tooLarge(_, let limit, let excess) = sight.finding {
            facts.append(Fact("limit", limit.description, json: .integer(limit.bytes)))
            facts.append(
                Fact(
                    "over_by", "\(excess) (\(excess.bytes) bytes)", json: .integer(excess.bytes)))
        }
    }

    /// When anything about the file last changed.
    var lastChange: Timestamp? {
        sight.entry.map { Timestamp(milliseconds: $0.identity.changed / 1_000_000) }
    }

    private func addWriters(to facts: inout [Fact]) {
        guard let writers else { return }
        if !writers.writers.isEmpty {
            facts.append(
                Fact(
                    "writers", writers.writers.map(\.text).joined(separator: ", "),
                    json: .array(writers.writers.map(\.json))))
        }
        if writers.hiddenCount > 0 {
            facts.append(
                Fact(
                    "not_seen",
                    "\(writers.hiddenCount) processes of others; root sees whether they write it",
                    json: .count(writers.hiddenCount)))
        }
    }

    private func addStatus(to facts: inout [Fact]) {
        guard let status = sight.status else { return }
        if let document = status.documentId {
            guard sight.entry == nil, !place.path.isRoot else {
                // It speaks of the file that had the name before this one.
                facts.add("earlier", "document \(document) of this name: \(status.standing)")
                return
            }
            facts.add("document", document)
            facts.add("results", sight.results)
        }
        facts.add("status", status.standing)
        facts.add("message", status.error?.message ?? status.message)
        facts.add("code", status.error?.code)
        if let missing = bytesShort {
            facts.append(
                Fact("bytes_short", "\(missing.bytes) (\(missing))", json: .integer(missing.bytes)))
            facts.add("as_of", status.quota?.asOf)
        }
    }

    /// By how much a held file is too large for what its account may still take.
    var bytesShort: ByteCount? {
        guard let status = sight.status, status.state == "held", let quota = status.quota,
            let limit = quota.limitBytes, let used = quota.usedBytes, let size = status.size,
            used + size > limit
        else { return nil }
        return ByteCount(used + size - limit)
    }

    private func detection(_ fileSystem: FileSystemKind) -> String {
        fileSystem.reportsEvents
            ? "events (\(fileSystem.name)), and a look through everything every "
                + settings.rescan.setting
            : "polled every \(settings.poll.setting): \(fileSystem.name) reports no changes"
    }

    private var daemon: String? {
        switch holder {
        case .daemon(let pid): pid > 0 ? "running (pid \(pid))" : "running"
        case .nobody: "none runs on \(place.stateDirectory ?? "its state directory")"
        case .unknown: nil
        }
    }

    /// How often everything is looked through where nothing told of a change.
    var interval: Duration {
        sight.fileSystem?.reportsEvents ?? true ? settings.rescan : settings.poll
    }

    /// When a file is looked at again that must change first.
    var onChange: String {
        sight.fileSystem?.reportsEvents ?? true
            ? "when the file changes"
            : "at the poll after the file changes, every \(settings.poll.setting)"
    }

    /// When a file is looked at again whose folders or permissions must change first.
    var onMending: String {
        "once that is mended, at the latest after \(interval.setting)"
    }

    /// A path of the inbox as a word for a shell.
    func word(_ path: BeneathPath) -> String { ShellWord.quoted(place.absolute(path)) }

    /// What mends a denied permission, and who may do it.
    func remedy(_ denial: Denial?, instead: String) -> String {
        guard let denial else { return instead }
        let command = denial.command + " " + word(denial.path)
        guard denial.uid != owner.account.uid else { return ownersCommand(command) }
        let holder = Refusal.holder(denial.uid)
        return denial.path == place.path && sight.entry?.kind == .file
            ? "it belongs to \(holder): remove it, or put a copy of your own there"
            : "that folder belongs to \(holder): put the files into a folder of your own"
    }

    /// A command on something in the inbox: never to be run with root's rights.
    func ownersCommand(_ command: String) -> String { OwnersCommand.text(command, as: owner) }

    /// What brings the daemon back.
    var startRemedy: String {
        "systemctl start ingestd, or ingestd run --inbox " + ShellWord.quoted(place.inbox.path)
    }

    /// What differs where it is known that no daemon runs: nothing is looked at until one does.
    private func withoutDaemon(_ answer: Answer) -> Answer {
        var answer = answer
        switch answer.verdict {
        case .waiting, .held:
            let isEnough = answer.remedy.hasPrefix("none")
            answer.nextLook = "when ingestd starts"
            answer.remedy =
                "start ingestd: " + startRemedy
                + (isEnough ? "" : "; besides, \(answer.remedy)")
        case .folder:
            answer.nextLook = "when ingestd starts"
        case .refused, .unavailable:
            answer.nextLook += ", once ingestd runs"
        case .taken, .ignored, .outside, .missing, .forbidden:
            break
        }
        return answer
    }
}
