import CWorkbook

/// A ZIP archive of our own making.
struct Zip {
    struct File {
        var name: String
        var content: [UInt8]
        var isDeflated = true
        /// What the archive says of it, where that is not the truth.
        var claimedLength: Int?
        var claimedChecksum: UInt32?
        var claimedPackedLength: Int?
        var flags: UInt16 = 0
    }

    var files: [File] = []
    var comment: [UInt8] = []
    /// Lengths and places are told in 64 bits, and behind each file: as programs write that do not know
    /// how long it becomes.
    var isStreamed = false

    mutating func add(_ name: String, _ text: String) {
        files.append(File(name: name, content: Array(text.utf8)))
    }

    var bytes: [UInt8] {
        var bytes: [UInt8] = []
        var directory: [UInt8] = []
        for file in files {
            let packed = file.isDeflated ? Self.deflated(file.content) : file.content
            let name = Array(file.name.utf8)
            let checksum = file.claimedChecksum ?? Self.checksum(file.content)
            var fields: [UInt8] = []
            fields.put16(isStreamed ? 45 : 20)
            fields.put16(Int(file.flags) | (isStreamed ? 8 : 0))
            fields.put16(file.isDeflated ? 8 : 0)
            fields.put32(0)
            fields.put32(Int(checksum))
            fields.put32(file.claimedPackedLength ?? packed.count)
            fields.put32(file.claimedLength ?? file.content.count)
            fields.put16(name.count)
            fields.put16(0)
            let offset = bytes.count
            if isStreamed {
                let extra = Self.largeFields(
                    length: file.content.count, packedLength: packed.count, offset: offset)
                // Checksum and lengths are not known yet.
                let local = fields[..<10] + Array(repeating: 0, count: 12) + fields[22...]
                bytes += [0x50, 0x4b, 0x03, 0x04] + local + name + packed + [0x50, 0x4b, 7, 8]
                bytes.put32(Int(checksum))
                bytes.put64(packed.count)
                bytes.put64(file.content.count)
                directory += [0x50, 0x4b, 0x01, 0x02, 45, 0] + fields[..<14]
                directory += Array(repeating: 0xff, count: 8)
                directory.put16(name.count)
                directory.put16(extra.count)
                directory += Array(repeating: 0, count: 10) + Array(repeating: 0xff, count: 4)
                directory += name + extra
                continue
            }
            bytes += [0x50, 0x4b, 0x03, 0x04] + fields + name + packed
            directory += [0x50, 0x4b, 0x01, 0x02, 20, 0] + fields
            directory.put16(0)
            directory.put16(0)
            directory.put16(0)
            directory.put32(0)
            directory.put32(offset)
            directory += name
        }
        let start = bytes.count
        if isStreamed {
            bytes += directory + largeEnd(start: start, length: directory.count)
            bytes += [0x50, 0x4b, 0x05, 0x06, 0, 0, 0, 0]
            bytes += Array(repeating: 0xff, count: 12)
            bytes.put16(comment.count)
            return bytes + comment
        }
        bytes += directory + [0x50, 0x4b, 0x05, 0x06, 0, 0, 0, 0]
        bytes.put16(files.count)
        bytes.put16(files.count)
        bytes.put32(directory.count)
        bytes.put32(start)
        bytes.put16(comment.count)
        return bytes + comment
    }

    /// An extra field that says when the file was changed, and the one with what 32 bits do not hold.
    private static func largeFields(length: Int, packedLength: Int, offset: Int) -> [UInt8] {
        var extra: [UInt8] = [0x55, 0x54, 5, 0, 1, 0, 0, 0, 0, 1, 0, 24, 0]
        extra.put64(length)
        extra.put64(packedLength)
        extra.put64(offset)
        return extra
    }

    /// The end of the directory in 64 bits, and where that stands.
    private func largeEnd(start: Int, length: Int) -> [UInt8] {
        var end: [UInt8] = [0x50, 0x4b, 6, 6]
        end.put64(44)
        end += [45, 0, 45, 0] + Array(repeating: 0, count: 8)
        end.put64(files.count)
        end.put64(files.count)
        end.put64(length)
        end.put64(start)
        end += [0x50, 0x4b, 6, 7, 0, 0, 0, 0]
        end.put64(start + length)
        end.put32(1)
        return end
    }

    private static func checksum(_ content: [UInt8]) -> UInt32 {
        UInt32(crc32(0, content, UInt32(content.count)))
    }

    private static func deflated(_ content: [UInt8]) -> [UInt8] {
        var stream = z_stream()
        deflateInit2_(
            &stream, 6, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
            Int32(MemoryLayout<z_stream>.size))
        var content = content
        var output = [UInt8](repeating: 0, count: content.count + content.count / 1000 + 64)
        let length = content.withUnsafeMutableBufferPointer { input in
            output.withUnsafeMutableBufferPointer { output in
                stream.next_in = input.baseAddress
                stream.avail_in = UInt32(input.count)
                stream.next_out = output.baseAddress
                stream.avail_out = UInt32(output.count)
                deflate(&stream, Z_FINISH)
                return output.count - Int(stream.avail_out)
            }
        }
        deflateEnd(&stream)
        return Array(output[..<length])
    }
}

extension [UInt8] {
    mutating func put16(_ value: Int) {
        append(UInt8(truncatingIfNeeded: value))
        append(UInt8(truncatingIfNeeded: value >> 8))
    }

    mutating func put32(_ value: Int) {
        put16(value)
        put16(value >> 16)
    }

    mutating func put64(_ value: Int) {
        put32(value)
        put32(value >> 32)
    }
}
