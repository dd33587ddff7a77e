import Rules

/// A status file as a person reads it.
struct StatusView {
    /// Result files that are named one by one.
    private static let fileLimit = 20

    private let status: StatusFile

    init(_ status: StatusFile) { self.status = status }

    var text: String {
        var text = TerminalText.line(status.fileName) + "\n"
        for (label, value) in facts { text += row(label, value) }
        if let stages { text += "\n" + stages.text() }
        let files = status.result?.files ?? []
        if !files.isEmpty { text += "\n" + table(of: files) }
        return text
    }

    private var facts: [(String, String)] {
        var facts: [(String, String)] = [("status", status.standing)]
        func add(_ label: String, _ value: String?) {
            if let value, !value.isEmpty { facts.append((label, value)) }
        }
        if status.status == "processing" { add("progress", status.progress.map { "\($0)%" }) }
        add("time left", status.etaSeconds.map { "about \($0) s" })
        for sign in status.signsOfLife { add("working", "\(sign.stage): \(sign.words)") }
        add("message", status.error?.message ?? status.message)
        add("next step", nextStep)
        add("error", status.error.map { $0.code + ($0.stage.map { " in stage \($0)" } ?? "") })
        add("detail", status.error?.detail)
        for warning in status.warnings ?? [] { add("warning", warning) }
        add("document", status.documentId)
        add("kind", kind)
        add("owner", owner)
        add("collection", status.collection)
        add("received", status.receivedAt)
        add("completed", status.completedAt)
        add("attempts", attempts)
        add("taken by", admission)
        addResult { add($0, $1) }
        return facts
    }

    private var kind: String {
        [status.kind, status.size.map { ByteCount($0).description }].compactMap { $0 }
            .joined(separator: ", ")
    }

    private var owner: String? {
        guard let name = status.owner else { return status.uid.map { "uid \($0)" } }
        return status.uid.map { "\(name) (uid \($0))" } ?? name
    }

    private var attempts: String? {
        guard let attempt = status.attempt, attempt > 0 else { return nil }
        let limit = status.maxAttempts.map { " of at most \($0)" } ?? ""
        return "\(attempt)\(limit)" + (status.nextAttemptAt.map { ", the next at \($0)" } ?? "")
    }

    private var admission: String? {
        switch status.admittedBy {
        case "lease": "lease: nobody had it open for writing"
        case "settle": "settle: it had not changed for a while"
        default: status.admittedBy
        }
    }

    private func addResult(_ add: (String, String?) -> Void) {
        guard let result = status.result else { return }
        add("title", result.metadata?.title)
        add("author", result.metadata?.author)
        add("pages", result.pages.map(String.init))
        add("characters", result.textCharacters.map(String.init))
        if let total = result.totalRows {
            let parts = [
                result.processedCount.map { "\($0) imported" },
                result.errorCount.map { "\($0) rejected" },
                result.duplicatesSkipped.map { "\($0) there already" },
            ]
            add("rows", "\(total): " + parts.compactMap { $0 }.joined(separator: ", "))
        }
        add("encoding", result.encoding)
        add("sheet", result.sheet)
    }

    private var stages: TextTable? {
        guard let stages = status.stages, !stages.isEmpty else { return nil }
        var table = TextTable("STAGE", "STATUS", "PROGRESS", "ATTEMPT", "TIME", "ERROR")
        for stage in stages {
            table.add(
                stage.name, stage.status, stage.progress.map { "\($0)%" } ?? "",
                stage.attempt.map { $0 > 0 ? String($0) : "" } ?? "",
                stage.seconds.map(Self.seconds) ?? "",
                stage.error.map { "\($0.code): \($0.message)" } ?? "")
        }
        return table
    }

    private func table(of files: [StatusFile.Result.File]) -> String {
        var table = TextTable("FILE", "SIZE")
        for file in files.prefix(Self.fileLimit) {
            table.add(file.name, file.size.map { ByteCount($0).description } ?? "")
        }
        let rest = files.count - Self.fileLimit
        return table.text() + (rest > 0 ? "… and \(rest) more\n" : "")
    }

    /// What the owner can do now.
    private var nextStep: String? {
        switch status.state {
        case "waiting": "none: it is taken by itself once nobody writes to it any more"
        case "held": "make room, or ask the operator for a higher limit; then it is taken by itself"
        case "queued", "running", "retrying": "none: it goes on by itself"
        case "completed", "completed_with_warnings":
            "none: the results are in \(status.fileName).results"
        case "refused": "mend what the message says; the file is looked at again when it changes"
        case "failed":
            "mend what the message says, then `ingestd retry`, or an empty \(status.fileName).retry"
        default: nil
        }
    }

    private func row(_ label: String, _ value: String) -> String {
        let gap = String(repeating: " ", count: max(1, 12 - label.count))
        return "  " + label + gap + TerminalText.line(value) + "\n"
    }

    /// `0.35 s`, `12 s`: two decimals below ten seconds.
    private static func seconds(_ seconds: Double) -> String {
        guard seconds.isFinite, (0..<1e9).contains(seconds) else { return "" }
        guard seconds < 10 else { return "\(Int(seconds.rounded())) s" }
        let hundredths = Int((seconds * 100).rounded())
        let fraction = String(hundredths % 100)
        return "\(hundredths / 100).\(fraction.count == 1 ? "0" : "")\(fraction) s"
    }
}
