/// How much an account may hold at once.
///
/// Rule: docs/design.md, "Quota".
public struct QuotaLimit: Sendable, Hashable {
    /// Nil where bytes are not limited.
    public var bytes: ByteCount?
    /// Nil where the number of files is not limited.
    public var files: Int?

    public init(bytes: ByteCount?, files: Int?) {
        self.bytes = bytes
        self.files = files
    }

    public static let unlimited = QuotaLimit(bytes: nil, files: nil)

    /// Whether nine tenths of the bytes or of the files are used: from there on owners are told.
    public func isScarce(beside held: QuotaUsage) -> Bool {
        // By division, since a limit may be as large as the numbers go.
        let isShortOfBytes = bytes.map { held.bytes.bytes >= $0.bytes - $0.bytes / 10 } ?? false
        let isShortOfFiles = files.map { held.files >= $0 - $0 / 10 } ?? false
        return isShortOfBytes || isShortOfFiles
    }

    /// Decides whether `request` fits beside what is held already, reservations included.
    ///
    /// A file exactly as large as the room that is left fits.
    public func decision(on request: QuotaUsage, beside held: QuotaUsage) -> QuotaDecision {
        if let bytes, request.bytes > bytes { return .tooLarge(limit: bytes) }
        let after = held + request
        let shortBytes = bytes.map { max(.zero, after.bytes - $0) } ?? .zero
        let shortFiles = files.map { max(0, after.files - $0) } ?? 0
        guard shortBytes == .zero, shortFiles == 0 else {
            return .held(shortBytes: shortBytes, shortFiles: shortFiles)
        }
        return .granted
    }
}

/// Bytes and files that are charged or asked for.
public struct QuotaUsage: Sendable, Hashable {
    public var bytes: ByteCount
    public var files: Int

    public init(bytes: ByteCount, files: Int) {
        self.bytes = bytes
        self.files = files
    }

    public static let zero = QuotaUsage(bytes: .zero, files: 0)

    /// What one file of this size asks for.
    public static func oneFile(_ size: ByteCount) -> QuotaUsage {
        QuotaUsage(bytes: size, files: 1)
    }

    public static func + (left: QuotaUsage, right: QuotaUsage) -> QuotaUsage {
        QuotaUsage(bytes: left.bytes + right.bytes, files: left.files + right.files)
    }
}

/// What becomes of a drop that asks for room.
public enum QuotaDecision: Sendable, Hashable {
    case granted
    /// It waits in its inbox until so much is given back or the limit is raised.
    case held(shortBytes: ByteCount, shortFiles: Int)
    /// It alone is larger than all the account may hold: no waiting helps.
    case tooLarge(limit: ByteCount)
}
