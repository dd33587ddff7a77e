import Glibc
import Rules

/// The bytes of a table behind a descriptor, read by place: the descriptor's own position is never
/// moved.
struct TableSource {
    /// How much is read at once; memory is flat in the length of the file.
    static let chunkLength = 256 << 10

    let descriptor: Int32
    /// Bytes.
    let length: Int

    init(descriptor: Int32) throws(Failure) {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw Self.failure("ask the blob's size") }
        self.descriptor = descriptor
        length = Int(status.st_size)
    }

    /// Fills the buffer from a place on, as far as there are bytes; returns how many there were.
    func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws(Failure) -> Int {
        var filled = 0
        while filled < buffer.count {
            let count = pread(
                descriptor, buffer.baseAddress.map { $0 + filled }, buffer.count - filled,
                off_t(offset + filled))
            if count > 0 {
                filled += count
            } else if count == 0 {
                break
            } else if errno != EINTR {
                throw Self.failure("read the blob at \(offset + filled)")
            }
        }
        return filled
    }

    private static func failure(_ attempt: String) -> Failure {
        Failure(
            .storeIO,
            message: "The table could not be read from the store. It is tried again by itself.",
            detail: "\(attempt): \(String(cString: strerror(errno)))")
    }
}
