import Rules

/// What one look at the system showed.
struct CheckResult: Sendable, Hashable {
    /// How bad it is; an error stands between files and their being taken.
    enum Level: String, Sendable, Comparable {
        case ok, warning, error

        static func < (left: Level, right: Level) -> Bool {
            left != right && (left == .ok || right == .error)
        }
    }

    /// `kernel`, `state`, or an inbox's path.
    let subject: String
    /// A stable word for programs.
    let check: String
    let level: Level
    let finding: String
    /// What to do; nil where all is well.
    let remedy: String?
    /// What was measured or counted, for programs.
    let figures: [JSONValue.Member]
}

/// All that was looked at, in order.
struct Checkup: Sendable {
    private(set) var results: [CheckResult] = []

    /// Notes that all is well.
    mutating func fine(
        _ subject: String, _ check: String, _ finding: String, figures: [JSONValue.Member] = []
    ) {
        add(subject, check, .ok, finding, remedy: nil, figures: figures)
    }

    /// Notes what is worth a word; files are taken all the same.
    mutating func warn(
        _ subject: String, _ check: String, _ finding: String, remedy: String?,
        figures: [JSONValue.Member] = []
    ) {
        add(subject, check, .warning, finding, remedy: remedy, figures: figures)
    }

    /// Notes what keeps files from being taken.
    mutating func fail(
        _ subject: String, _ check: String, _ finding: String, remedy: String,
        figures: [JSONValue.Member] = []
    ) {
        add(subject, check, .error, finding, remedy: remedy, figures: figures)
    }

    private mutating func add(
        _ subject: String, _ check: String, _ level: CheckResult.Level, _ finding: String,
        remedy: String?, figures: [JSONValue.Member]
    ) {
        results.append(
            CheckResult(
                subject: subject, check: check, level: level, finding: finding, remedy: remedy,
                figures: figures))
    }

    mutating func append(_ other: Checkup) { results += other.results }

    func count(_ level: CheckResult.Level) -> Int { results.count { $0.level == level } }

    /// A table, and below it what to do about each line that is not ok.
    var text: String {
        var table = TextTable("RESULT", "ABOUT", "CHECK", "FINDING")
        for result in results {
            table.add(result.level.rawValue, result.subject, result.check, result.finding)
        }
        var text = table.text()
        let remedies = results.filter { $0.remedy != nil }
        if !remedies.isEmpty { text += "\n" }
        for result in remedies {
            text +=
                "\(result.level.rawValue): "
                + TerminalText.line("\(result.subject), \(result.check): \(result.finding)")
                + "\n    " + TerminalText.line(result.remedy ?? "") + "\n"
        }
        let (errors, warnings) = (count(.error), count(.warning))
        return text + "\n\(errors) error\(errors == 1 ? "" : "s"), "
            + "\(warnings) warning\(warnings == 1 ? "" : "s")\n"
    }

    /// `ok` and the results, for programs.
    var json: JSONValue {
        .object([
            .init("ok", .bool(count(.error) == 0)),
            .init("errors", .count(count(.error))),
            .init("warnings", .count(count(.warning))),
            .init("checks", .array(results.map(\.json))),
        ])
    }
}

extension CheckResult {
    var json: JSONValue {
        .object(
            [
                .init("about", .string(subject)), .init("check", .string(check)),
                .init("result", .string(level.rawValue)), .init("finding", .string(finding)),
                .init("remedy", .text(remedy)),
            ] + figures)
    }
}
