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

/// Windows-1252 for text whose characters it shares with Unicode.
func latin(_ text: String) -> [UInt8] { text.unicodeScalars.map { UInt8($0.value) } }

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

    /// A header and a row of which one character in thirty is of ASCII; `一` has a zero byte.
    static let chinese: String = {
        let text = String(repeating: "春眠不觉晓处处闻啼鸟夜来风雨声花落知多少", count: 5)
        return "\(text.prefix(40)),\(text)\n一\(text),\(text.suffix(40))二\n"
    }()

    static func names(_ count: Int) -> [UInt8] { (0..<count).flatMap { _ in hong + [0x0a] } }
    static func zeros(_ count: Int) -> [UInt8] { [UInt8](repeating: 0, count: count) }

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
        (
            "CP949 in which a program has cut a name", names(50) + [0xbc, 0x2c, 0x31, 0x0a],
            EncodingVerdict(encoding: .cp949, certainty: .damaged)
        ),
        (
            "CP949 of which every second name is cut",
            (0..<50).flatMap { _ in hong + [0xbc, 0x2c, 0x0a] },
            EncodingVerdict(encoding: .windows1252, certainty: .guessed)
        ),
        (
            "CP949 that was cut off", names(2) + [0xc8],
            EncodingVerdict(encoding: .cp949, certainty: .damaged)
        ),
        (
            "CP949 with a character of a company's own",
            [[UInt8]](repeating: hong, count: 34).flatMap(\.self) + [0xc9, 0xa1, 0x0a],
            EncodingVerdict(encoding: .cp949, certainty: .damaged)
        ),
        // 品名 and 部品, whose 部 and 品 have such bytes in EUC-JP.
        (
            "Japanese in EUC-JP, in Han alone",
            [
                0xc9, 0xca, 0xcc, 0xbe, 0x2c, 0x31, 0x0a, 0xc9, 0xf4, 0xc9, 0xca, 0x2c, 0xbb, 0xb0,
                0x0a,
            ],
            EncodingVerdict(encoding: .windows1252, certainty: .guessed)
        ),
        (
            "degrees in Windows-1252",
            Array("Temp (".utf8) + [0xb0, 0x43] + Array(")\n1".utf8) + [0xb0, 0x43]
                + Array(",5".utf8)
                + [0xb5, 0x6d, 0x0a, 0x33, 0xba, 0x41, 0x0a, 0x22, 0xa7, 0x41, 0x22, 0x0a],
            EncodingVerdict(encoding: .windows1252, certainty: .guessed)
        ),
        (
            "a last character that is cut off, and zeros behind it",
            hong + [0x2c] + [0xc8] + [UInt8](repeating: 0, count: 50),
            EncodingVerdict(encoding: .cp949, certainty: .damaged, paddingLength: 50)
        ),
        (
            "the same in UTF-8",
            Array("이름\n홍".utf8).dropLast() + [UInt8](repeating: 0, count: 50),
            EncodingVerdict(encoding: .utf8, certainty: .damaged, paddingLength: 50)
        ),
        // IT팀, A동, 김B, K팝 and A동B.
        (
            "Korean beside Latin letters",
            Array("code,x\nIT".utf8) + [0xc6, 0xc0, 0x2c, 0x41, 0xb5, 0xbf, 0x0a, 0xb1, 0xe8, 0x42]
                + [0x2c, 0x4b, 0xc6, 0xcb, 0x0a, 0x41, 0xb5, 0xbf, 0x42, 0x0a],
            EncodingVerdict(encoding: .cp949, certainty: .proven)
        ),
        (
            "Portuguese in capitals", latin("CONCEIÇÃO,JOÃO\nPRODUÇÃO,OPERAÇÕES\nMAÇÃ,NÃO\n"),
            EncodingVerdict(encoding: .windows1252, certainty: .guessed)
        ),
        (
            "one word of Portuguese in capitals", plainRows + latin("OPERAÇÕES\n"),
            EncodingVerdict(encoding: .windows1252, certainty: .guessed)
        ),
        (
            "UTF-8 whose only other character is cut off", plainRows + [0xea, 0xb0],
            EncodingVerdict(encoding: .utf8, certainty: .damaged)
        ),
        (
            "a letter at the end", plainRows + [0xea],
            EncodingVerdict(encoding: .windows1252, certainty: .guessed)
        ),
        (
            "UTF-16 with hardly any ASCII", utf16(chinese),
            EncodingVerdict(encoding: .utf16LittleEndian, certainty: .proven)
        ),
        (
            "the other UTF-16 with hardly any ASCII", utf16(chinese, isBig: true),
            EncodingVerdict(encoding: .utf16BigEndian, certainty: .proven)
        ),
        ("what might be UTF-16 but for its zeros", utf16(chinese + "\u{1}\u{2}\n"), nil),
        (
            "French with a few stray zeros", latin("été\n\0à\n\0la\n\0plage\n\0"),
            EncodingVerdict(encoding: .windows1252, certainty: .guessed, paddingLength: 1)
        ),
        ("French full of zeros", latin(String(repeating: "été\n\0\0", count: 40) + "!"), nil),
        (
            "UTF-8 filled up", plainRows + zeros(512),
            EncodingVerdict(encoding: .utf8, certainty: .proven, paddingLength: 512)
        ),
        (
            "French filled up", latin("été\n") + zeros(511),
            EncodingVerdict(encoding: .windows1252, certainty: .guessed, paddingLength: 511)
        ),
        (
            "UTF-16 filled up", utf16("a,b\n1,2") + zeros(513),
            EncodingVerdict(encoding: .utf16LittleEndian, certainty: .proven, paddingLength: 513)
        ),
        (
            "the other UTF-16 filled up", utf16("a,b\n1,가", isBig: true) + zeros(512),
            EncodingVerdict(encoding: .utf16BigEndian, certainty: .proven, paddingLength: 512)
        ),
        (
            "UTF-16 with a mark and hardly any ASCII, filled up",
            [0xff, 0xfe] + utf16(chinese) + zeros(64),
            EncodingVerdict(
                encoding: .utf16LittleEndian, certainty: .proven, markLength: 2, paddingLength: 64)
        ),
        (
            "UTF-16 with hardly any ASCII, filled up", utf16(chinese) + zeros(64),
            EncodingVerdict(encoding: .utf16LittleEndian, certainty: .proven, paddingLength: 64)
        ),
        (
            "nothing but zeros", zeros(100),
            EncodingVerdict(encoding: .utf8, certainty: .proven, paddingLength: 100)
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
