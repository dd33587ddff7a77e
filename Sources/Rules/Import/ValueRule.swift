/// What a value must be, and the form in which it is kept.
///
/// Rule: docs/formats.md, "Schemas".
public enum ValueRule: Sendable, Hashable {
    /// Anything, trimmed.
    case text
    /// 2–100 characters, trimmed.
    case personName
    /// `^[^\s@]+@[^\s@]+\.[^\s@]+$`, trimmed, lower-cased.
    case email

    static let nameLengths = 2...100
}

extension ValueRule {
    /// Judges one field of a row.
    ///
    /// - Parameters:
    ///   - field: valid UTF-8.
    ///   - isRequired: whether a value must be there.
    ///   - scratch: where a value goes that is kept in another form than it came in.
    public func check(
        _ field: UnsafeRawBufferPointer, isRequired: Bool, scratch: inout [UInt8]
    ) -> ValueVerdict {
        let place = UnicodeWhitespace.trimmed(field)
        guard !place.isEmpty else { return isRequired ? .refused(.missing) : .empty }
        switch self {
        case .text: return .kept(place)
        case .personName: return Self.checkName(field, place)
        case .email: return Self.checkAddress(field, place, scratch: &scratch)
        }
    }
}

extension ValueRule {
    fileprivate static func checkName(
        _ field: UnsafeRawBufferPointer, _ place: Range<Int>
    ) -> ValueVerdict {
        let value = UnsafeRawBufferPointer(rebasing: field[place])
        let length = plainLength(value) ?? String(decoding: value, as: UTF8.self).count
        if length < nameLengths.lowerBound { return .refused(.tooShort) }
        if length > nameLengths.upperBound { return .refused(.tooLong) }
        return .kept(place)
    }

    /// The number of characters where each is known to be one scalar value: ASCII, Latin letters,
    /// CJK ideographs and Hangul syllables. Nil where Unicode's rules for combining must be asked.
    private static func plainLength(_ value: UnsafeRawBufferPointer) -> Int? {
        var length = 0
        var index = 0
        while index < value.count {
            let lead = value[index]
            switch lead {
            case 0x20..<0x7f:
                index += 1
            case 0xc3...0xcb:
                index += 2
            case 0xe4...0xe9, 0xeb, 0xec:
                index += 3
            case 0xea, 0xed:
                guard index + 1 < value.count else { return nil }
                let second = value[index + 1]
                // U+AC00 and above; below U+D780.
                guard lead == 0xea ? second >= 0xb0 : second <= 0x9d else { return nil }
                index += 3
            default:
                return nil
            }
            length += 1
        }
        return length
    }

    fileprivate static func checkAddress(
        _ field: UnsafeRawBufferPointer, _ place: Range<Int>, scratch: inout [UInt8]
    ) -> ValueVerdict {
        var at: Int?
        var hasInnerDot = false
        var hasCapitals = false
        var isASCII = true
        for index in place {
            let byte = field[index]
            switch byte {
            case UInt8(ascii: "@"):
                guard at == nil else { return .refused(.notAnAddress) }
                at = index
            case UInt8(ascii: "."):
                // A label must stand on either side.
                if let at, index > at + 1, index + 1 < place.upperBound { hasInnerDot = true }
            case UInt8(ascii: "A")...UInt8(ascii: "Z"):
                hasCapitals = true
            default:
                if byte >= 0x80 { isASCII = false }
                guard UnicodeWhitespace.length(in: field, at: index, end: place.upperBound) == 0
                else { return .refused(.notAnAddress) }
            }
        }
        guard let at, at > place.lowerBound, hasInnerDot else { return .refused(.notAnAddress) }
        if isASCII && !hasCapitals { return .kept(place) }

        let start = scratch.count
        if isASCII {
            for index in place {
                let byte = field[index]
                let isCapital = byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z")
                scratch.append(isCapital ? byte | 0x20 : byte)
            }
        } else {
            let value = UnsafeRawBufferPointer(rebasing: field[place])
            scratch.append(contentsOf: String(decoding: value, as: UTF8.self).lowercased().utf8)
        }
        return .rewritten(start..<scratch.count)
    }
}
