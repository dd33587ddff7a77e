import Rules

/// The hidden names that ingestd uses for itself; the rule on dots keeps them from being drops.
public enum HiddenName {
    public static let prefix = ".ingestd-"

    /// A name that nothing has: 64 random bits.
    public static func random() -> FileName {
        let digits = String(UInt64.random(in: .min ... .max), radix: 16)
        return FileName(literal: prefix + digits)
    }

    /// Where the drop of a document waits between losing its name and being removed.
    public static func taken(_ document: DocumentID) -> FileName {
        FileName(literal: prefix + "taken-" + document.description)
    }
}
