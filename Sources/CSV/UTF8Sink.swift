/// Writes characters of other encodings as UTF-8. Each `take` says how many bytes of its input were
/// whole.
struct UTF8Sink {
    private let base: UnsafeMutableRawPointer?
    private let capacity: Int
    private(set) var count = 0
    private(set) var replacementCount = 0

    init(output: UnsafeMutableRawBufferPointer) {
        base = output.baseAddress
        capacity = output.count
    }

    mutating func takeUTF8(_ input: UnsafeRawBufferPointer, isLast: Bool) -> Int {
        var at = 0
        while at < input.count {
            at += copyASCII(input, from: at)
            guard at < input.count else { break }
            let (length, isWhole, wantsMore) = Self.character(input, at)
            if wantsMore && !isLast { return at }
            if isWhole {
                put(bytes: UnsafeRawBufferPointer(rebasing: input[at..<(at + length)]))
            } else {
                putReplacement()
            }
            at += length
        }
        return at
    }

    /// - Parameter highByte: which byte of a unit is the high one, 0 or 1.
    mutating func takeUTF16(
        _ input: UnsafeRawBufferPointer, highByte: Int, isLast: Bool
    ) -> Int {
        var at = 0
        while at + 1 < input.count {
            let unit = UInt32(input[at + highByte]) << 8 | UInt32(input[at + 1 - highByte])
            guard unit & 0xf800 == 0xd800 else {
                put(unit)
                at += 2
                continue
            }
            guard unit < 0xdc00 else {
                putReplacement()
                at += 2
                continue
            }
            guard at + 3 < input.count else { break }
            let second = UInt32(input[at + 2 + highByte]) << 8 | UInt32(input[at + 3 - highByte])
            guard second & 0xfc00 == 0xdc00 else {
                putReplacement()
                at += 2
                continue
            }
            put(0x10000 + (unit & 0x3ff) << 10 + (second & 0x3ff))
            at += 4
        }
        guard isLast, at < input.count else { return at }
        putReplacement()
        return input.count
    }

    mutating func takeCP949(_ input: UnsafeRawBufferPointer, isLast: Bool) -> Int {
        let table = CP949Table.shared
        var at = 0
        while at < input.count {
            at += copyASCII(input, from: at)
            guard at < input.count else { break }
            guard at + 1 < input.count else {
                guard isLast else { return at }
                putReplacement()
                return input.count
            }
            let trail = input[at + 1]
            let character = table.character(input[at], trail)
            if character != 0 {
                put(UInt32(character))
                at += 2
            } else {
                putReplacement()
                // A trail byte in ASCII may well be a comma: it is not lost with its lead.
                at += trail < 0x80 ? 1 : 2
            }
        }
        return at
    }

    /// - Parameter controls: the characters of 0x80–0x9f; nil where they are themselves.
    mutating func takeSingleBytes(_ input: UnsafeRawBufferPointer, controls: [UInt16]?) -> Int {
        var at = 0
        while at < input.count {
            at += copyASCII(input, from: at)
            guard at < input.count else { break }
            let byte = input[at]
            if byte < 0xa0, let controls {
                put(UInt32(controls[Int(byte) - 0x80]))
            } else {
                put(UInt32(byte))
            }
            at += 1
        }
        return at
    }

    // MARK: - Writing

    /// Copies the ASCII at a place, eight bytes at a time where it can; returns how much there was.
    private mutating func copyASCII(_ input: UnsafeRawBufferPointer, from start: Int) -> Int {
        guard let source = input.baseAddress, let base else { return 0 }
        precondition(input.count - start <= capacity - count, "no room for the text")
        var at = start
        var to = count
        while at + 8 <= input.count {
            let word = WordScan.load(source, at)
            guard WordScan.isASCII(word) else { break }
            base.storeBytes(of: word.littleEndian, toByteOffset: to, as: UInt64.self)
            at += 8
            to += 8
        }
        while at < input.count, input[at] < 0x80 {
            base.storeBytes(of: input[at], toByteOffset: to, as: UInt8.self)
            at += 1
            to += 1
        }
        count = to
        return at - start
    }

    private mutating func putReplacement() {
        put(0xfffd)
        replacementCount += 1
    }

    /// Writes one scalar value.
    private mutating func put(_ scalar: UInt32) {
        switch scalar {
        case 0..<0x80:
            put(byte: scalar)
        case 0x80..<0x800:
            put(byte: 0xc0 | scalar >> 6)
            put(byte: 0x80 | scalar & 0x3f)
        case 0x800..<0x10000:
            put(byte: 0xe0 | scalar >> 12)
            put(byte: 0x80 | scalar >> 6 & 0x3f)
            put(byte: 0x80 | scalar & 0x3f)
        default:
            put(byte: 0xf0 | scalar >> 18)
            put(byte: 0x80 | scalar >> 12 & 0x3f)
            put(byte: 0x80 | scalar >> 6 & 0x3f)
            put(byte: 0x80 | scalar & 0x3f)
        }
    }

    private mutating func put(bytes: UnsafeRawBufferPointer) {
        for byte in bytes { put(byte: UInt32(byte)) }
    }

    @inline(__always)
    private mutating func put(byte: UInt32) {
        precondition(count < capacity, "no room for the text")
        base?.storeBytes(of: UInt8(truncatingIfNeeded: byte), toByteOffset: count, as: UInt8.self)
        count += 1
    }

    /// The length of the UTF-8 character at a place that is not ASCII, or of what is damaged there.
    private static func character(
        _ input: UnsafeRawBufferPointer, _ start: Int
    ) -> (length: Int, isWhole: Bool, wantsMore: Bool) {
        var walk = UTF8Walk()
        walk.append(input[start])
        guard walk.damageCount == 0 else { return (1, false, false) }
        var at = start + 1
        while at < input.count {
            walk.append(input[at])
            guard walk.damageCount == 0 else { return (at - start, false, false) }
            at += 1
            if walk.isBetweenCharacters { return (at - start, true, false) }
        }
        return (at - start, false, true)
    }
}
