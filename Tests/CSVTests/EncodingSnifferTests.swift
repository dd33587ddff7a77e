import Testing

@testable import CSV

func sniff(_ bytes: [UInt8], piece: Int = .max) -> EncodingVerdict? {
    var sniffer = EncodingSniffer()
    for start in stride(from: 0, to: bytes.count, by: min(piece, max(bytes.count, 1))) {
        let end = piece == .max ? bytes.count : min(start + piece, bytes.count)
        bytes[start..<end].withUnsafeBytes { sniffer.append($0) }
    }
    return sniffer.verdict(fallback: .windows1252)
}

func utf16(_ text: String, isBig: Bool = false) -> [UInt8] {
    text.utf16.flatMap {
        isBig ? [UInt8($0 >> 8), UInt8($0 & 0xff)] : [UInt8($0 & 0xff), UInt8($0 >> 8)]
    }
}

@Suite struct EncodingSnifferTests {
    /// `홍길동` and `똠`, the latter beyond KS X 1001.
    static let hong: [UInt8] = [0xc8, 0xab, 0xb1, 0xe6, 0xb5, 0xbf]
    static let ttom: [UInt8] = [0x8c, 0x63]
    static let plainRows = Array(String(repeating: "plain,row of ascii\n", count: 200).utf8)

    static let cases: [(String, [UInt8], EncodingVerdict?)] = [
        ("nothing", [], EncodingVerdict(encoding: .utf8, certainty: .proven)),
        ("ASCII", plainRows, EncodingVerdict(encoding: .utf8, certainty: .proven)),
        (
            "UTF-8 with a mark", [0xef, 0xbb, 0xbf, 0x61],
            EncodingVerdict(encoding: .utf8Marked, certainty: .proven, markLength: 3)
        ),
        (
            "UTF-16 with a mark", [0xff, 0xfe] + utf16("a,b\n"),
            EncodingVerdict(encoding: .utf16LittleEndian, certainty: .proven, markLength: 2)
        ),
        (
            "UTF-16 with the other mark", [0xfe, 0xff] + utf16("a,b\n", isBig: true),
            EncodingVerdict(encoding: .utf16BigEndian, certainty: .proven, markLength: 2)
        ),
        (
            "UTF-16 without a mark", utf16("이름,메일\n가가가가,hong@example.com\n"),
            EncodingVerdict(encoding: .utf16LittleEndian, certainty: .proven)
        ),
        (
            "the other UTF-16 without a mark", utf16("이름,메일\r\n가가,a@b.c\r\n", isBig: true),
            EncodingVerdict(encoding: .utf16BigEndian, certainty: .proven)
        ),
        (
            "ASCII with a NUL", Array("abc,def\nab\u{0}c,def\n".utf8),
            EncodingVerdict(encoding: .utf8, certainty: .proven)
        ),
        (
            "Korean in UTF-8", Array("이름\n홍길동\n".utf8),
            EncodingVerdict(encoding: .utf8, certainty: .proven)
        ),
        (
            "UTF-8 that was cut off", Array("이름\n홍길동\n".utf8.dropLast(2)),
            EncodingVerdict(encoding: .utf8, certainty: .damaged)
        ),
        (
            "UTF-8 with one bad byte", Array(String(repeating: "홍길동,", count: 50).utf8) + [0xff],
            EncodingVerdict(encoding: .utf8, certainty: .damaged)
        ),
        (
            "one Korean name in 200 rows of CP949", plainRows + hong + [0x0a],
            EncodingVerdict(encoding: .cp949, certainty: .proven)
        ),
        (
            "one syllable that only CP949 has", plainRows + ttom + [0x2c, 0x31, 0x0a],
            EncodingVerdict(encoding: .cp949, certainty: .proven)
        ),
        // "ÄrztÄrzt": each Ä with its r is a valid pair of CP949, in a word of Latin letters.
        (
            "Latin words whose umlauts make Korean pairs",
            Array("name\nB".utf8) + [0xc4, 0x72, 0x74, 0x0a, 0xc4, 0x72, 0x7a, 0x0a],
            EncodingVerdict(encoding: .windows1252, certainty: .guessed)
        ),
        (
            "French in Windows-1252", Array("caf".utf8) + [0xe9, 0x2c, 0x80, 0x0a],
            EncodingVerdict(encoding: .windows1252, certainty: .guessed)
        ),
        // ミクシィ in EUC-JP.
        (
            "Japanese in EUC-JP", [0xa5, 0xdf, 0xa5, 0xaf, 0xa5, 0xb7, 0xa5, 0xa3, 0x0a],
            EncodingVerdict(encoding: .windows1252, certainty: .guessed)
        ),
        // ありがとう in Shift JIS.
        (
            "Japanese in Shift JIS",
            [0x82, 0xa0, 0x82, 0xe8, 0x82, 0xaa, 0x82, 0xc6, 0x82, 0xa4, 0x0a],
            EncodingVerdict(encoding: .windows1252, certainty: .guessed)
        ),
        ("UTF-32 with a mark", [0xff, 0xfe, 0, 0, 0x61, 0, 0, 0], nil),
        ("bytes of no text", (0..<64).flatMap { [0xff, 0x00, 0x00, UInt8($0)] }, nil),
    ]

    @Test(arguments: cases, [1, 3, 8, 13, .max])
    func `each encoding is told apart in pieces of any length`(
        example: (name: String, bytes: [UInt8], verdict: EncodingVerdict?), piece: Int
    ) {
        #expect(sniff(example.bytes, piece: piece) == example.verdict, "\(example.name)")
    }

    @Test(arguments: [
        ("UTF-8", TextEncoding.utf8), ("euc-kr", .cp949), ("MS949", .cp949),
        ("Windows-1252", .windows1252), ("iso_8859-1", .latin1), ("latin-1", .latin1),
        ("UTF-16LE", .utf16LittleEndian), ("utf-8-sig", .utf8Marked),
    ])
    func `an encoding is known by its usual names`(name: String, encoding: TextEncoding) {
        #expect(TextEncoding(name: name) == encoding)
    }

    @Test(arguments: TextEncoding.allCases)
    func `the name in results is understood in settings`(encoding: TextEncoding) {
        #expect(TextEncoding(name: encoding.rawValue) == encoding)
    }

    @Test func `an encoding that cannot be read is not known by name`() {
        #expect(TextEncoding(name: "shift_jis") == nil)
    }
}
