/// One text that comes in pieces, until it is whole.
final class TextCollector {
    private let limit: Int
    private var storage: UnsafeMutableRawPointer
    private var capacity = 256
    private(set) var count = 0

    /// - Parameter limit: bytes.
    init(limit: Int) {
        self.limit = limit
        storage = .allocate(byteCount: capacity, alignment: 16)
    }

    deinit { storage.deallocate() }

    /// The text so far; valid until more is added.
    var text: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: storage, count: count) }

    func begin() { count = 0 }

    /// Adds a piece of UTF-8; false where the text would become too long.
    func append(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard reserve(bytes.count) else { return false }
        UnsafeMutableRawBufferPointer(start: storage + count, count: bytes.count)
            .copyMemory(from: bytes)
        count += bytes.count
        return true
    }

    /// Adds a character; false where the text would become too long.
    func append(_ scalar: Unicode.Scalar) -> Bool {
        guard reserve(4) else { return false }
        count += Self.write(scalar, to: storage + count)
        return true
    }

    /// Takes white space away from both ends of what was added from a place on.
    func trim(from start: Int) {
        var first = start
        while first < count, byte(first).isXMLBlank { first += 1 }
        while count > first, byte(count - 1).isXMLBlank { count -= 1 }
        guard first > start else { return }
        (storage + start).copyMemory(from: storage + first, byteCount: count - first)
        count -= first - start
    }

    /// Turns each `_xHHHH_` into the UTF-16 unit that it stands for.
    ///
    /// Rule: ECMA-376 part 1, section 22.9.2.19.
    func unescape() {
        var place = 0
        while place < count, byte(place) != UInt8(ascii: "_") { place += 1 }
        guard place < count else { return }
        var write = place
        while place < count {
            guard let unit = escape(at: place) else {
                storage.storeBytes(of: byte(place), toByteOffset: write, as: UInt8.self)
                write += 1
                place += 1
                continue
            }
            place += Self.escapeLength
            var value = unit
            if unit & 0xfc00 == 0xd800, let low = escape(at: place), low & 0xfc00 == 0xdc00 {
                value = 0x10000 + (unit & 0x3ff) << 10 + (low & 0x3ff)
                place += Self.escapeLength
            }
            // Half a pair is no character.
            let scalar = Unicode.Scalar(value) ?? "\u{fffd}"
            write += Self.write(scalar, to: storage + write)
        }
        count = write
    }

    /// `_x000D_`.
    private static let escapeLength = 7

    private func escape(at place: Int) -> UInt32? {
        guard place + Self.escapeLength <= count, byte(place) == UInt8(ascii: "_"),
            byte(place + 1) == UInt8(ascii: "x"), byte(place + 6) == UInt8(ascii: "_")
        else { return nil }
        var unit: UInt32 = 0
        for digit in (place + 2)..<(place + 6) {
            let value: UInt8
            switch byte(digit) {
            case let byte where byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9"):
                value = byte - UInt8(ascii: "0")
            case let byte where byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "F"):
                value = byte - UInt8(ascii: "A") + 10
            case let byte where byte >= UInt8(ascii: "a") && byte <= UInt8(ascii: "f"):
                value = byte - UInt8(ascii: "a") + 10
            default: return nil
            }
            unit = unit << 4 | UInt32(value)
        }
        return unit
    }

    @inline(__always)
    private func byte(_ place: Int) -> UInt8 {
        storage.load(fromByteOffset: place, as: UInt8.self)
    }

    /// Returns how many bytes it took: four at most.
    private static func write(_ scalar: Unicode.Scalar, to place: UnsafeMutableRawPointer) -> Int {
        var length = 0
        for byte in UTF8.encode(scalar).unsafelyUnwrapped {
            place.storeBytes(of: byte, toByteOffset: length, as: UInt8.self)
            length += 1
        }
        return length
    }

    private func reserve(_ more: Int) -> Bool {
        guard capacity - count < more else { return true }
        guard count + more <= limit else { return false }
        capacity = min(max(2 * capacity, count + more), limit)
        let larger = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 16)
        larger.copyMemory(from: storage, byteCount: count)
        storage.deallocate()
        storage = larger
        return true
    }
}
