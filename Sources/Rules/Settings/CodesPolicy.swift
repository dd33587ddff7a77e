/// Whether the tokens of a table's rows are drawn as codes that a camera reads.
public enum CodesPolicy: String, Sendable, Hashable, CaseIterable {
    case none
    /// QR codes, a picture each.
    case png
}

/// Which rows get a picture of their token.
public struct CodeSettings: Sendable, Hashable {
    /// How many at most, the first in the file: each is a file among the results.
    public var limit: Int

    public static let limitRange = 1...10_000
    public static let standardLimit = 1000

    public init(limit: Int = standardLimit) { self.limit = limit }

    var parameters: String { Self.opening + "\(limit)" }

    private static let opening = "png limit="

    /// Reads what a stage's parameters say; nil for what this version does not write.
    public init?(parameters: String) {
        guard parameters.hasPrefix(Self.opening),
            let limit = Int(parameters.dropFirst(Self.opening.count)),
            Self.limitRange.contains(limit)
        else { return nil }
        self.init(limit: limit)
    }
}
