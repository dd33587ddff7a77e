import ArgumentParser
import Rules

/// Why one file is where it is: a sentence, and the facts behind it.
struct Explanation: Sendable {
    /// What a script wants to know.
    enum Verdict: String, Sendable, CaseIterable {
        /// It is a document.
        case taken
        /// It is taken by itself, as things stand.
        case waiting
        /// It waits for room in the account.
        case held
        /// A folder whose files are taken, or an inbox.
        case folder
        /// It stays where it is until somebody mends something.
        case refused
        /// A rule passes it over.
        case ignored
        /// It stands in no inbox.
        case outside
        case missing
        /// Its inbox cannot be reached.
        case unavailable
        /// Whoever asks may not look.
        case forbidden

        /// Rule: sysexits(3).
        var exitCode: ExitCode {
            switch self {
            case .taken, .waiting, .held, .folder: .success
            case .refused, .ignored, .outside: .dataError
            case .missing: .noInput
            case .unavailable: .unavailable
            case .forbidden: .noPermission
            }
        }
    }

    /// As it was given.
    let path: String
    let verdict: Verdict
    let sentence: String
    /// In the order in which they are shown.
    let facts: [Fact]

    var text: String { TerminalText.line(sentence) + "\n" + facts.lines }

    var json: JSONValue {
        .object(
            [
                .init("path", .string(path)), .init("verdict", .string(verdict.rawValue)),
                .init("sentence", .string(sentence)),
            ] + facts.map { .init($0.key, $0.json) })
    }
}
