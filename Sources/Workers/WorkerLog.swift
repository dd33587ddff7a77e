import Rules

/// What a worker wrote to its standard error: the beginning is kept, the rest counted.
struct WorkerLog {
    /// Past this a worker does nothing but write: it is stopped.
    static let endurance = ByteCount.mebibytes(64)
    static let lineLimit = 20
    static let lineLengthLimit = 400
    /// What a worker writes when the kernel offers it no Landlock.
    static let reducedConfinement = "landlock unavailable"

    /// What Swift's runtime writes before it gives up for want of memory.
    private static let refusedMemory = "Fatal error: failed to allocate "

    private let limit: Int
    private var kept: [UInt8] = []
    private var total: Int64 = 0

    init(limit: ByteCount) { self.limit = Int(limit.bytes) }

    /// - Throws: when the worker has said more than anyone would listen to.
    mutating func append(_ bytes: Slice<UnsafeRawBufferPointer>) throws(WorkerError) {
        kept += bytes.prefix(max(0, limit - kept.count))
        total += Int64(bytes.count)
        guard total <= Self.endurance.bytes else { throw .logTooLong(limit: Self.endurance) }
    }

    /// Whether the worker died of memory that it was refused.
    var tellsOfRefusedMemory: Bool { lines().contains { $0.hasPrefix(Self.refusedMemory) } }

    /// The lines for the journal, without control characters; the last one tells what is missing.
    func lines() -> [String] {
        let all = kept.split(separator: UInt8(ascii: "\n"))
        let shown = all.prefix(Self.lineLimit).map { line in
            String(decoding: line, as: UTF8.self).onOneLine.clipped(toBytes: Self.lineLengthLimit)
        }
        guard total > Int64(kept.count) || all.count > shown.count else { return shown }
        return shown + ["and more, \(total) bytes in all"]
    }
}
