import Rules

/// The hidden names that ingestd uses for itself; the rule on dots keeps them from being drops.
public enum HiddenName {
    public static let prefix = ".ingestd-"
    private static let takenPrefix = prefix + "taken-"

    /// A name that nothing has: 64 random bits.
    public static func random() -> FileName {
        let digits = String(UInt64.random(in: .min ... .max), radix: 16)
        return FileName(literal: prefix + digits)
    }

    /// Whether something of this name is being made and, after a crash, never will be.
    public static func isTemporary(_ name: FileName) -> Bool {
        name.bytes.starts(with: prefix.utf8) && !name.bytes.starts(with: takenPrefix.utf8)
    }

    /// Where the drop of a document waits between losing its name and being removed.
    public static func taken(_ document: DocumentID) -> FileName {
        FileName(literal: takenPrefix + document.description)
    }
}
