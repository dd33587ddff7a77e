import Rules

/// The hidden names that ingestd uses for itself; the rule on dots keeps them from being drops.
public enum HiddenName {
    public static let prefix = ".ingestd-"
    private static let takenPrefix = prefix + "taken-"
    /// How many digits a random name has: 64 bits.
    private static let digitCount = 16

    /// A name that nothing has: 64 random bits.
    public static func random() -> FileName {
        let digits = String(UInt64.random(in: .min ... .max), radix: 16)
        let zeros = String(repeating: "0", count: digitCount - digits.utf8.count)
        return FileName(literal: prefix + zeros + digits)
    }

    /// Whether something of this name is being made and, after a crash, never will be.
    ///
    /// Only the very shape of ``random()`` counts: what its owner called alike is not ours to remove.
    public static func isTemporary(_ name: FileName) -> Bool {
        guard name.bytes.starts(with: prefix.utf8) else { return false }
        let digits = name.bytes.dropFirst(prefix.utf8.count)
        return digits.count == digitCount
            && digits.allSatisfy { "0123456789abcdef".utf8.contains($0) }
    }

    /// Where the drop of a document waits between losing its name and being removed.
    public static func taken(_ document: DocumentID) -> FileName {
        FileName(literal: takenPrefix + document.description)
    }
}
