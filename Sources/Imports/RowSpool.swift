import Glibc
import Rules
import WorkerProtocol

/// The rows of an import that is not committed yet, in a file without a name: no database lock is
/// held while a worker takes its time.
///
/// Each batch lies behind its 32-bit length. Used by one thread at a time.
final class RowSpool {
    private static let prefixLength = MemoryLayout<UInt32>.size

    /// Rows held.
    private(set) var rowCount = 0
    private(set) var length = 0
    private let limit: ByteCount
    private let file: Int32

    /// Makes the file in `folder`.
    ///
    /// - Parameters:
    ///   - document: whose rows they are; gives the file its name for the moment that it has one.
    ///   - limit: how much it may hold; a worker that never ends must not fill the disk.
    init(
        in folder: String, for document: DocumentID, limit: ByteCount
    ) throws(ImportError) {
        self.limit = limit
        let path = "\(folder)/.rows-\(document)"
        // What a crash within that moment left behind.
        guard unlink(path) == 0 || errno == ENOENT else {
            throw .system(attempt: "unlink staged rows", errno: errno)
        }
        file = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw .system(attempt: "stage rows", errno: errno) }
        guard unlink(path) == 0 else {
            throw .system(attempt: "unlink staged rows", errno: errno)
        }
    }

    deinit { close(file) }

    func append(_ batch: RowBatch) throws(ImportError) {
        guard batch.rowCount > 0 else { return }
        let added = Self.prefixLength + batch.bytes.count
        guard length + added <= limit.bytes else { throw .stagingFull(limit: limit) }
        try withUnsafeBytes(of: UInt32(batch.bytes.count)) { prefix throws(ImportError) in
            try write(prefix)
        }
        try batch.bytes.withUnsafeBufferPointer { bytes throws(ImportError) in
            try write(UnsafeRawBufferPointer(bytes))
        }
        rowCount += batch.rowCount
    }

    private func write(_ bytes: UnsafeRawBufferPointer) throws(ImportError) {
        var written = 0
        while written < bytes.count {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[written...])
            let count = pwrite(file, rest.baseAddress, rest.count, off_t(length))
            guard count > 0 else {
                // A nearly full file system has been seen to write nothing and call it success.
                throw .system(attempt: "stage rows", errno: count == 0 ? ENOSPC : errno)
            }
            written += count
            length += count
        }
    }

    /// Reads the batch that lies at `offset` into `buffer` and moves `offset` behind it; nil at the
    /// end.
    func batch(
        at offset: inout Int, into buffer: inout UnsafeMutableRawBufferPointer
    ) throws(ImportError) -> UnsafeRawBufferPointer? {
        guard offset < length else { return nil }
        var count: UInt32 = 0
        try withUnsafeMutableBytes(of: &count) { bytes throws(ImportError) in
            try read(into: bytes, at: offset)
        }
        offset += Self.prefixLength
        guard Int(count) <= length - offset else {
            throw .rowsRefused(reason: "the staged rows have changed on disk")
        }
        if buffer.count < Int(count) {
            buffer.deallocate()
            buffer = .allocate(byteCount: Int(count), alignment: 1)
        }
        let batch = UnsafeMutableRawBufferPointer(rebasing: buffer[..<Int(count)])
        try read(into: batch, at: offset)
        offset += Int(count)
        return UnsafeRawBufferPointer(batch)
    }

    private func read(
        into bytes: UnsafeMutableRawBufferPointer, at offset: Int
    ) throws(ImportError) {
        var filled = 0
        while filled < bytes.count {
            let rest = UnsafeMutableRawBufferPointer(rebasing: bytes[filled...])
            let count = pread(file, rest.baseAddress, rest.count, off_t(offset + filled))
            guard count > 0 else {
                throw .system(attempt: "read staged rows", errno: count == 0 ? EIO : errno)
            }
            filled += count
        }
    }
}
