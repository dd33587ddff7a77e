/// The bytes of a part that are read next, in one stretch.
///
/// Behind its last byte stands a zero, which no XML has: who looks for an end need not count.
final class PartWindow {
    private static let length = 128 << 10
    /// Zeros behind the last byte: eight may be looked at, at once.
    private static let margin = 8

    private let stream: ZipStream
    private let storage: UnsafeMutableRawPointer
    private var start = 0
    private var end = 0
    private var isStreamDone = false

    init(_ stream: ZipStream) {
        self.stream = stream
        storage = .allocate(byteCount: Self.length + Self.margin, alignment: 16)
        storage.storeBytes(of: 0, as: UInt64.self)
    }

    deinit { storage.deallocate() }

    /// Packed bytes read so far, and all there are.
    var progress: (done: Int, total: Int) { stream.progress }

    /// Whether nothing comes behind these bytes.
    var isLast: Bool { isStreamDone }

    /// What is there; valid until more is read.
    var bytes: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: storage + start, count: end - start)
    }

    /// Lets go of bytes from the beginning.
    func drop(_ count: Int) {
        precondition(count <= end - start, "nobody reads what is not there")
        start += count
    }

    /// Reads as much more as there is room for; false where nothing came.
    func fill() throws(WorkbookError) -> Bool {
        if start > 0 {
            storage.copyMemory(from: storage + start, byteCount: end - start)
            end -= start
            start = 0
        }
        let room = Self.length - end
        var count = 0
        if !isStreamDone, room > 0 {
            count = try stream.read(
                into: UnsafeMutableRawBufferPointer(start: storage + end, count: room))
            isStreamDone = count < room
        }
        end += count
        storage.storeBytes(of: 0, toByteOffset: end, as: UInt64.self)
        return count > 0
    }
}
