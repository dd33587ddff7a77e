import Glibc
import Rules

/// A file without a name, in which rows wait for their commit: no database lock is held while a worker
/// takes its time.
///
/// Used by one thread at a time.
final class StagingFile {
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

    /// Sees to it that so many bytes more may come.
    func demandRoom(for count: Int) throws(ImportError) {
        guard length + count <= limit.bytes else { throw .stagingFull(limit: limit) }
    }

    func append(_ bytes: UnsafeRawBufferPointer) throws(ImportError) {
        try demandRoom(for: bytes.count)
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

    /// Fills `bytes` from a place on; the file must hold as many.
    func read(into bytes: UnsafeMutableRawBufferPointer, at offset: Int) throws(ImportError) {
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
