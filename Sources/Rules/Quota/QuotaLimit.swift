/// How much an account may hold at once.
///
/// Rule: docs/design.md, "Quota".
public struct QuotaLimit: Sendable, Hashable {
    /// Nil where bytes are not limited.
    public var bytes: ByteCount?
    /// Nil where the number of files is not limited.
    public var files: Int?
    /// How much ingestd itself may make of that.
    public var derivedCap: DerivedCap

    /// A bound on what is made of an account's files: results, imported rows, what waits in the trash.
    public enum DerivedCap: Sendable, Hashable {
        /// Ten times the bytes that the account may hold; none where those are not limited.
        case tenfold
        case bytes(ByteCount)
        case unlimited
    }

    public init(bytes: ByteCount?, files: Int?, derivedCap: DerivedCap = .tenfold) {
        self.bytes = bytes
        self.files = files
        self.derivedCap = derivedCap
    }

    public static let unlimited = QuotaLimit(bytes: nil, files: nil)

    /// How many bytes may be made of the account's files; nil where that is not limited.
    public var derivedBytes: ByteCount? {
        switch derivedCap {
        case .unlimited: return nil
        case .bytes(let bytes): return bytes
        case .tenfold:
            return bytes.map { bytes in
                let (tenfold, isTooMuch) = bytes.bytes.multipliedReportingOverflow(by: 10)
                return ByteCount(isTooMuch ? Int64.max : tenfold)
            }
        }
    }

    /// The more generous of two limits, for bytes, files and derived bytes each by itself.
    public func widened(by other: QuotaLimit) -> QuotaLimit {
        func wider<Value: Comparable>(_ one: Value?, _ another: Value?) -> Value? {
            guard let one, let another else { return nil }
            return max(one, another)
        }
        let derived = wider(derivedBytes, other.derivedBytes)
        return QuotaLimit(
            bytes: wider(bytes, other.bytes), files: wider(files, other.files),
            derivedCap: derived.map(DerivedCap.bytes) ?? .unlimited)
    }

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

/// Whose limit it is that a drop meets.
public enum QuotaScope: Sendable, Hashable {
    /// That of all the account's inboxes together.
    case account
    /// That of the one inbox.
    case inbox
}

/// What becomes of a drop that asks for room.
public enum QuotaDecision: Sendable, Hashable {
    case granted
    /// It waits in its inbox until so much is given back or the limit is raised.
    case held(shortBytes: ByteCount, shortFiles: Int, of: QuotaScope = .account)
    /// It alone is larger than all that may be held: no waiting helps.
    case tooLarge(limit: ByteCount, of: QuotaScope = .account)

    /// The same decision by the limit of an inbox.
    public var ofInbox: QuotaDecision {
        switch self {
        case .granted: .granted
        case .held(let bytes, let files, _):
            .held(shortBytes: bytes, shortFiles: files, of: .inbox)
        case .tooLarge(let limit, _): .tooLarge(limit: limit, of: .inbox)
        }
    }

    /// What both limits together come to: one that no waiting helps goes first, then the account's own.
    public func and(_ other: QuotaDecision) -> QuotaDecision {
        switch (self, other) {
        case (.tooLarge, _): self
        case (_, .tooLarge): other
        case (.held, _): self
        case (.granted, _): other
        }
    }
}
