import ArgumentParser
import Glibc
import Imports
import Pipeline
import Rules

/// Groups what can be done with participants' tokens.
struct Token: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token", abstract: "Check tokens, and change the key that signs them.",
        subcommands: [TokenVerify.self, TokenRotate.self])

    /// Says why a key cannot be used, and returns what the shell is told.
    static func complain(_ error: ImportError) -> ExitCode {
        Output.complain(error.failure.detail)
        switch error {
        case .system(_, EACCES), .system(_, EPERM): return .noPermission
        case .system(_, ENOENT): return .noInput
        default: return .inputOutput
        }
    }
}

/// Says of texts whether they are tokens of this installation.
struct TokenVerify: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Say whether this installation gave a token out.",
        discussion: """
            Whoever can read the key can check: root, and the user of the daemon. Whether the row \
            is still there is not looked at. The exit code is 65 where one is not genuine.
            """)

    @OptionGroup var place: StatePlace

    @Flag(help: "Print a JSON object for each token.")
    var json = false

    @Argument(help: "Tokens, as tokens.csv has them.")
    var tokens: [String]

    func run() throws {
        let keys: TokenKeys
        do {
            keys = try TokenKeys(
                readingFrom: StateDirectory.tokenKey(in: try place.existingDirectory()))
        } catch let error as ImportError {
            throw Token.complain(error)
        }
        var text = ""
        var areGenuine = true
        for token in tokens {
            let (verdict, key) = keys.verify(token)
            areGenuine = areGenuine && verdict == .genuine
            let isCurrent = key.map { $0.name == keys.current.name }
            text +=
                json ? object(token, verdict, key, isCurrent) : line(token, verdict, key, isCurrent)
        }
        try Output.write(text)
        if !areGenuine { throw ExitCode.dataError }
    }

    private func line(
        _ token: String, _ verdict: TokenVerdict, _ key: TokenKey?, _ isCurrent: Bool?
    ) -> String {
        let sentence =
            switch verdict {
            case .genuine:
                "genuine, signed with the \(isCurrent == true ? "current" : "former") key "
                    + (key?.name ?? "")
            case .forged: "forged: it names the key \(key?.name ?? "") and was not signed with it"
            case .unknownKey(let id): "unknown: it names the key \(id), which is not here"
            case .malformed: "no token"
            }
        return "\(TerminalText.line(token)): \(sentence)\n"
    }

    private func object(
        _ token: String, _ verdict: TokenVerdict, _ key: TokenKey?, _ isCurrent: Bool?
    ) -> String {
        let (word, id): (String, String?) =
            switch verdict {
            case .genuine: ("genuine", key?.name)
            case .forged: ("forged", key?.name)
            case .unknownKey(let id): ("unknown_key", id)
            case .malformed: ("malformed", nil)
            }
        return JSONValue.object([
            .init("token", .string(token)), .init("verdict", .string(word)),
            .init("key", .text(id)),
            .init("is_current", isCurrent.map { .bool($0) } ?? .null),
        ]).compact + "\n"
    }
}

/// Changes the key that signs.
struct TokenRotate: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rotate", abstract: "Make a new key for tokens to come.",
        discussion: """
            The former key stays beside it, so that tokens in print are still genuine. A daemon \
            that runs signs with the former one until it is restarted.
            """)

    @OptionGroup var place: StatePlace

    func run() throws {
        do {
            let (old, new) = try TokenKeys.change(
                at: StateDirectory.tokenKey(in: try place.existingDirectory()))
            try Output.write(
                "new tokens are signed with the key \(new.name) from the daemon's next start on\n"
                    + "those of the key \(old.name) stay genuine\n")
        } catch let error as ImportError {
            throw Token.complain(error)
        }
    }
}
