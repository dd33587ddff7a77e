/// The bytes of a workbook, wherever they are: read by place, in any order.
public struct WorkbookBytes {
    /// How many there are.
    public let length: Int
    private let source: (Int, UnsafeMutableRawBufferPointer) throws -> Int

    /// - Parameter source: fills the buffer from a place on as far as there are bytes, and returns
    ///   how many there were.
    public init(
        length: Int, source: @escaping (Int, UnsafeMutableRawBufferPointer) throws -> Int
    ) {
        self.length = length
        self.source = source
    }

    /// Fills the buffer from a place on, as far as there are bytes; returns how many there were.
    func read(
        at offset: Int, into buffer: UnsafeMutableRawBufferPointer
    ) throws(WorkbookError) -> Int {
        guard offset >= 0, offset < length, !buffer.isEmpty else { return 0 }
        let wanted = UnsafeMutableRawBufferPointer(
            rebasing: buffer[..<min(buffer.count, length - offset)])
        do {
            return min(max(0, try source(offset, wanted)), wanted.count)
        } catch {
            throw .unreadable(error)
        }
    }

    /// So many bytes from a place on.
    ///
    /// - Parameter count: small, and not a number that the file names.
    func bytes(
        at offset: Int, count: Int, attempt: @autoclosure () -> String
    ) throws(WorkbookError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        let found = try bytes.withUnsafeMutableBufferPointer { buffer throws(WorkbookError) in
            try read(at: offset, into: UnsafeMutableRawBufferPointer(buffer))
        }
        guard found == count else { throw .damaged(attempt: attempt()) }
        return bytes
    }
}

/// Numbers as the formats of workbooks write them: the lowest byte first.
extension [UInt8] {
    func u16(_ offset: Int) -> Int { Int(self[offset]) | Int(self[offset + 1]) << 8 }

    func u32(_ offset: Int) -> Int { u16(offset) | u16(offset + 2) << 16 }

    /// Nil for what no file can be long.
    func u64(_ offset: Int) -> Int? {
        let high = u32(offset + 4)
        return high < 1 << 30 ? u32(offset) | high << 32 : nil
    }
}
