import Testing

@testable import CSV

/// Transcodes a whole text, given in pieces of one length.
func transcode(_ bytes: [UInt8], _ encoding: TextEncoding, piece: Int = .max) -> (
    text: String?, replacements: Int
) {
    var transcoder = Transcoder(encoding)
    var text: [UInt8] = []
    var at = 0
    repeat {
        let count = min(piece, bytes.count - at)
        var output = [UInt8](repeating: 0, count: Transcoder.room(for: count))
        let isLast = at + count == bytes.count
        let written = output.withUnsafeMutableBytes { output in
            bytes[at..<(at + count)].withUnsafeBytes {
                transcoder.transcode($0, isLast: isLast, into: output)
            }
        }
        text += output[..<written]
        at += count
    } while at < bytes.count
    return (String(validating: text, as: UTF8.self), transcoder.replacementCount)
}

@Suite struct TranscoderTests {
    static let korean = "이름,비고\n홍길동,\"뷁 §℃ 漢字\"\nabcdefghijkl,가힣똠방각하\n"

    static let texts: [(TextEncoding, [UInt8], String)] = [
        (.utf8, Array(korean.utf8), korean),
        (.utf8Marked, Array("é😀\n".utf8), "é😀\n"),
        (
            .utf16LittleEndian, "a,한😀\n".utf16.flatMap { [UInt8($0 & 0xff), UInt8($0 >> 8)] },
            "a,한😀\n"
        ),
        (.utf16BigEndian, "a,한😀\n".utf16.flatMap { [UInt8($0 >> 8), UInt8($0 & 0xff)] }, "a,한😀\n"),
        (
            .cp949, [0xc8, 0xab, 0xb1, 0xe6, 0xb5, 0xbf, 0x2c, 0x94, 0xee, 0x8c, 0x63, 0xca, 0xab],
            "홍길동,뷁똠家"
        ),
        (.windows1252, [0x93, 0x63, 0x61, 0x66, 0xe9, 0x94, 0x80, 0x81, 0xff], "“café”€\u{81}ÿ"),
        (.latin1, [0x63, 0x61, 0x66, 0xe9, 0x80, 0xff], "café\u{80}ÿ"),
    ]

    @Test(arguments: texts, [1, 2, 3, 5, .max])
    func `a text comes out the same in pieces of any length`(
        example: (TextEncoding, [UInt8], String), piece: Int
    ) {
        let result = transcode(example.1, example.0, piece: piece)
        #expect(result.text == example.2)
        #expect(result.replacements == 0)
    }

    static let damaged: [(TextEncoding, [UInt8], String, Int)] = [
        (.utf8, [0x61, 0xff, 0x62], "a\u{fffd}b", 1),
        (.utf8, [0xed, 0xa0, 0x80], "\u{fffd}\u{fffd}\u{fffd}", 3),
        (.utf8, [0xe2, 0x82, 0x2c, 0x61], "\u{fffd},a", 1),
        (.utf8, [0x61, 0xea, 0xb0], "a\u{fffd}", 1),
        (.utf8, [0xc0, 0xaf], "\u{fffd}\u{fffd}", 2),
        (.utf16LittleEndian, [0x00, 0xd8, 0x61, 0x00], "\u{fffd}a", 1),
        (.utf16LittleEndian, [0x61, 0x00, 0x00, 0xdc], "a\u{fffd}", 1),
        (.utf16LittleEndian, [0x61, 0x00, 0x3d], "a\u{fffd}", 1),
        (.utf16BigEndian, [0x00, 0x61, 0xd8, 0x3d], "a\u{fffd}", 1),
        (.cp949, [0xb0, 0x2c, 0x61], "\u{fffd},a", 1),
        (.cp949, [0x61, 0xb0], "a\u{fffd}", 1),
        (.cp949, [0xc9, 0xa1, 0x61], "\u{fffd}a", 1),
    ]

    @Test(arguments: damaged, [1, 2, .max])
    func `what is damaged is replaced, counted, and takes no neighbour along`(
        example: (TextEncoding, [UInt8], String, Int), piece: Int
    ) {
        let result = transcode(example.1, example.0, piece: piece)
        #expect(result.text == example.2)
        #expect(result.replacements == example.3)
    }

    @Test func `cp949 is what Python's codec says, cell by cell`() {
        // FNV-1a over both bytes of each character, zero for none; computed by Python 3.11.
        var digest: UInt64 = 0xcbf2_9ce4_8422_2325
        for lead in UInt8(0x80)...0xff {
            for trail in UInt8(0)...0xff {
                let character = CP949Table.shared.character(lead, trail)
                for byte in [UInt64(character >> 8), UInt64(character & 0xff)] {
                    digest = (digest ^ byte) &* 0x100_0000_01b3
                }
            }
        }
        #expect(digest == 0x7e31_0709_b295_5370)
    }

    @Test func `cp949 knows every Hangul syllable, and each once`() {
        var seen = Set<UInt16>()
        var assigned = 0
        for lead in UInt8(0x80)...0xff {
            for trail in UInt8(0)...0xff {
                let character = CP949Table.shared.character(lead, trail)
                guard character != 0 else { continue }
                assigned += 1
                seen.insert(character)
            }
        }
        #expect(assigned == 17_048)
        #expect(seen.count == assigned)
        #expect((0xac00...0xd7a3).allSatisfy { seen.contains($0) })
    }
}
