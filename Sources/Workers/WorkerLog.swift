import Glibc
import Rules

/// What a worker wrote to its standard error: the beginning is kept, the rest counted.
struct WorkerLog {
    /// Past this a worker does nothing but write: it is stopped.
    static let endurance = ByteCount.mebibytes(64)
    static let lineLimit = 20
    static let lineLengthLimit = 400
    /// What a worker writes when the kernel offers it no Landlock.
    static let reducedConfinement = "landlock unavailable"
    /// What it writes where it may have no namespaces of its own, which is said once, at the daemon's start.
    static let missingNamespaces = "namespaces not allowed"

    /// What Swift's runtime writes before it gives up for want of memory.
    private static let refusedMemory = "Fatal error: failed to allocate "

    /// How much is read at a time.
    private static let chunk = 16 << 10
    /// How many chunks a dead worker's log may still give; a pipe holds 64 KiB, but a child that
    /// it left may go on.
    private static let lastChunks = 8

    private let limit: Int
    private var kept: [UInt8] = []
    private var total: Int64 = 0
    /// Whether the other end was closed; then there is nothing to watch.
    private(set) var isClosed = false

    init(limit: ByteCount) { self.limit = Int(limit.bytes) }

    /// Reads what the log has at hand, a bounded piece; call it when `log` is readable.
    ///
    /// - Throws: when the worker has said more than anyone would listen to.
    mutating func read(_ log: Int32) throws(WorkerError) {
        try withUnsafeTemporaryAllocation(byteCount: Self.chunk, alignment: 1) {
            buffer throws(WorkerError) in
            let count = Glibc.read(log, buffer.baseAddress, buffer.count)
            guard count > 0 else {
                isClosed = count == 0 || errno != EINTR
                return
            }
            try append(UnsafeRawBufferPointer(buffer).prefix(count))
        }
    }

    /// Reads what is at hand of the last words.
    mutating func drain(_ log: Int32) {
        for _ in 0..<Self.lastChunks where !isClosed {
            var watched = pollfd(fd: log, events: Int16(POLLIN), revents: 0)
            guard poll(&watched, 1, 0) == 1 else { return }
            do {
                try read(log)
            } catch {
                // That it said too much changes nothing any more.
                return
            }
        }
    }

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
