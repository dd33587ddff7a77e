import Rules

/// The hidden names that ingestd uses for itself; the rule on dots keeps them from being drops.
public enum HiddenName {
    public static let prefix = ".ingestd-"
    private static let takenPrefix = prefix + "taken-"
    private static let canaryPrefix = prefix + "canary-"
    /// How many digits a random name has: 64 bits.
    private static let digitCount = 16

    /// A name that nothing has: 64 random bits.
    public static func random() -> FileName { random(after: prefix) }

    /// The name of a new canary: an empty file by which `ingestd doctor` sees whether a daemon
    /// notices what appears in an inbox.
    ///
    /// Rule: docs/formats.md, "Canaries".
    public static func canary() -> FileName { random(after: canaryPrefix) }

    /// Whether a name has the very shape of ``canary()``.
    public static func isCanary(_ name: some Collection<UInt8>) -> Bool {
        isRandom(name, after: canaryPrefix)
    }

    /// Whether something of this name is being made and, after a crash, never will be.
    ///
    /// Only the very shape of ``random()`` counts: what its owner called alike is not ours to remove.
    public static func isTemporary(_ name: FileName) -> Bool { isRandom(name.bytes, after: prefix) }

    /// Where the drop of a document waits between losing its name and being removed.
    public static func taken(_ document: DocumentID) -> FileName {
        FileName(literal: takenPrefix + document.description)
    }

    private static func random(after prefix: String) -> FileName {
        let digits = String(UInt64.random(in: .min ... .max), radix: 16)
        let zeros = String(repeating: "0", count: digitCount - digits.utf8.count)
        return FileName(literal: prefix + zeros + digits)
    }

    private static func isRandom(_ name: some Collection<UInt8>, after prefix: String) -> Bool {
        guard name.count == prefix.utf8.count + digitCount, name.starts(with: prefix.utf8) else {
            return false
        }
        return name.dropFirst(prefix.utf8.count)
            .allSatisfy { "0123456789abcdef".utf8.contains($0) }
    }
}
