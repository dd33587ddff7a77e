/// Words for a shell: what a person copies from a remedy must mean the same there.
public enum ShellWord {
    private static let plain = Set(
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-+,:@%".utf8)

    /// The text as one word; quoted where it has anything that a shell might read otherwise.
    public static func quoted(_ text: String) -> String {
        guard text.isEmpty || !text.utf8.allSatisfy(plain.contains) else { return text }
        let pieces = text.split(separator: "'", omittingEmptySubsequences: false)
        return "'" + pieces.joined(separator: "'\\''") + "'"
    }

    /// A path of an inbox, for a shell that stands in the inbox; never read as an option.
    public static func quoted(_ path: BeneathPath) -> String {
        guard !path.isRoot else { return "." }
        let text = path.description
        return quoted(text.hasPrefix("-") ? "./" + text : text)
    }
}
