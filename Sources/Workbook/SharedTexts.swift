/// The texts that cells refer to by number.
///
/// Texts grow from the front of one stretch of memory and their places from its back, so that no
/// growth ever copies; what is never written takes no memory.
final class SharedTexts {
    private let limit: Int
    private let storage: UnsafeMutableRawPointer
    private var length = 0
    private(set) var count = 0

    /// - Parameter limit: bytes, the places at four each among them.
    init(limit: Int) {
        self.limit = limit & ~3
        storage = .allocate(byteCount: max(4, self.limit), alignment: 16)
    }

    deinit { storage.deallocate() }

    func append(_ text: UnsafeRawBufferPointer) throws(WorkbookError) {
        guard length + text.count + 4 * (count + 1) <= limit else { throw .tooLarge(.sharedText) }
        storage.storeBytes(of: UInt32(length), toByteOffset: place(count), as: UInt32.self)
        UnsafeMutableRawBufferPointer(start: storage + length, count: text.count)
            .copyMemory(from: text)
        length += text.count
        count += 1
    }

    /// Counted from zero; nil for one that there is not.
    subscript(index: Int) -> UnsafeRawBufferPointer? {
        guard index >= 0, index < count else { return nil }
        let start = Int(storage.load(fromByteOffset: place(index), as: UInt32.self))
        let end =
            index + 1 < count
            ? Int(storage.load(fromByteOffset: place(index + 1), as: UInt32.self)) : length
        return UnsafeRawBufferPointer(start: storage + start, count: end - start)
    }

    private func place(_ index: Int) -> Int { limit - 4 * (index + 1) }
}
