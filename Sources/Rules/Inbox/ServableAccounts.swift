/// Whose directories a pattern may serve: those of people, as the system tells them from its own.
///
/// Rule: docs/formats.md, "Patterns of inboxes"; login.defs(5), `UID_MIN`.
public struct ServableAccounts: Sendable, Hashable {
    /// Where the system says nothing.
    static let usualLeastUID: UInt32 = 1000
    /// nobody, the same in 16 bits, and what stands for "no user" in calls.
    private static let nobodies: Set<UInt32> = [65_534, 65_535, .max - 1, .max]

    /// The lowest uid of a person.
    public let leastUID: UInt32

    /// - Parameter loginDefinitions: the content of `/etc/login.defs`.
    public init(loginDefinitions: [UInt8]) {
        var least: UInt32?
        for line in loginDefinitions.split(separator: UInt8(ascii: "\n")) {
            let words = line.split { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
            guard words.count >= 2, words[0].elementsEqual("UID_MIN".utf8) else { continue }
            // The last one counts, as it does for the programs that make users.
            least = Self.number(String(decoding: words[1], as: UTF8.self)) ?? least
        }
        leastUID = least ?? Self.usualLeastUID
    }

    /// Why an inbox of this account is not served when a pattern found it; nil where it is.
    public func refusal(of account: Account) -> InboxRefusal? {
        if account.uid == 0 { return .rootAccount }
        if Self.nobodies.contains(account.uid) { return .nobody(account) }
        guard account.uid >= leastUID else {
            return .systemAccount(account, leastUID: leastUID)
        }
        return nil
    }

    /// Reads a number as C does: decimal, octal behind `0`, hexadecimal behind `0x`.
    private static func number(_ text: String) -> UInt32? {
        if text.lowercased().hasPrefix("0x") { return UInt32(text.dropFirst(2), radix: 16) }
        return UInt32(text, radix: text.hasPrefix("0") ? 8 : 10)
    }
}
