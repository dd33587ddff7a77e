import CSV
import Testing

/// Reads a whole text, given in pieces of one length.
func read(
    _ text: some Collection<UInt8>, delimiter: Character = ",", piece: Int = .max,
    limits: CSVLimits = CSVLimits()
) throws -> [[String]] {
    let bytes = Array(text)
    var reader = CSVReader(delimiter: delimiter.asciiValue ?? 0, limits: limits)
    var records: [[String]] = []
    var at = 0
    repeat {
        let count = min(piece, bytes.count - at)
        bytes[at..<(at + count)].withUnsafeBytes { reader.append($0) }
        at += count
        if at == bytes.count { reader.finish() }
        while let record = try reader.next() {
            records.append((0..<record.count).map { String(decoding: record[$0], as: UTF8.self) })
            #expect(record.number == records.count)
        }
    } while at < bytes.count
    return records
}

@Suite struct CSVReaderTests {
    static let cases: [(text: String, records: [[String]])] = [
        ("", []),
        ("\n", []),
        ("\r\n\r\n\n\r", []),
        ("a", [["a"]]),
        ("a\n", [["a"]]),
        ("a,b", [["a", "b"]]),
        ("a,b\nc,d\n", [["a", "b"], ["c", "d"]]),
        ("a,b\r\nc,d\r\n", [["a", "b"], ["c", "d"]]),
        ("a,b\rc,d\r", [["a", "b"], ["c", "d"]]),
        ("a\nb\r\nc\rd", [["a"], ["b"], ["c"], ["d"]]),
        ("a\n\n\r\n\rb\n", [["a"], ["b"]]),
        (",", [["", ""]]),
        (",\n,", [["", ""], ["", ""]]),
        ("a,", [["a", ""]]),
        (",a", [["", "a"]]),
        ("a,,b\n", [["a", "", "b"]]),
        (",,,\n", [["", "", "", ""]]),
        (" a , b \n", [[" a ", " b "]]),
        ("\"\"", [[""]]),
        ("\"\"\n", [[""]]),
        ("\"\",\"\"\n", [["", ""]]),
        ("\"a\"", [["a"]]),
        ("\"a\",\"b\"\r\n\"c\",\"d\"\r\n", [["a", "b"], ["c", "d"]]),
        ("\"a,b\",c", [["a,b", "c"]]),
        ("\"a\nb\",c\n", [["a\nb", "c"]]),
        ("\"a\r\nb\",c\r\n", [["a\r\nb", "c"]]),
        ("\"a\"\"b\"", [["a\"b"]]),
        ("\"\"\"\"", [["\""]]),
        ("\"\"\"\"\"\"", [["\"\""]]),
        ("\"\"\"a\"\",\"\"b\"\"\",c\n", [["\"a\",\"b\"", "c"]]),
        (
            "\"one \"\"two\"\" three\",\"four\"\"\"\nx,y",
            [["one \"two\" three", "four\""], ["x", "y"]]
        ),
        // Lenient: the quote is a character where the field did not begin with one.
        ("a\"b,c", [["a\"b", "c"]]),
        ("a\"b\"c,\"d\"", [["a\"b\"c", "d"]]),
        (" \"a\",b", [[" \"a\"", "b"]]),
        // Lenient: what follows a closing quote belongs to the field, quotes included.
        ("\"a\"b,c", [["ab", "c"]]),
        ("\"a\" ,c\n", [["a ", "c"]]),
        ("\"a\"b\"c\",d\n", [["ab\"c\"", "d"]]),
        ("\"a\"\"b\"c\"\"d,e", [["a\"bc\"\"d", "e"]]),
        // Ragged records are passed on.
        ("a,b,c\nd\ne,f\n", [["a", "b", "c"], ["d"], ["e", "f"]]),
        ("a\u{0}b,\u{0}\n", [["a\u{0}b", "\u{0}"]]),
        ("이름,메일\n\"홍,길동\",hong@example.com\n", [["이름", "메일"], ["홍,길동", "hong@example.com"]]),
        (
            "a long field of many words,another,\"and a quoted one, long as well\",z\n1,2,3,4",
            [
                ["a long field of many words", "another", "and a quoted one, long as well", "z"],
                ["1", "2", "3", "4"],
            ]
        ),
    ]

    @Test(arguments: cases, [1, 2, 3, 7, 8, 9, .max])
    func `a text gives the same records in pieces of any length`(
        example: (text: String, records: [[String]]), piece: Int
    ) throws {
        #expect(try read(example.text.utf8, piece: piece) == example.records)
    }

    @Test(arguments: [";", "\t", "|"] as [Character])
    func `only the delimiter given separates fields`(delimiter: Character) throws {
        let text = "a,b\(delimiter)\"c\(delimiter)d\"\n"
        #expect(try read(text.utf8, delimiter: delimiter) == [["a,b", "c\(delimiter)d"]])
    }

    @Test(arguments: [1, 5, .max])
    func `a quote that is never closed is told by its record and place`(piece: Int) {
        let text = "a,b\r\n\r\nc,\"d\ne,f\ng,\"\"h\n"
        #expect(throws: CSVError.unterminatedQuote(record: 2, offset: 9)) {
            try read(text.utf8, piece: piece)
        }
    }

    @Test(arguments: [1, 4, .max])
    func `the places of faults count text that was already given out`(piece: Int) {
        let text = String(repeating: "abc,def\n", count: 1000) + "\"x"
        #expect(throws: CSVError.unterminatedQuote(record: 1001, offset: 8000)) {
            try read(text.utf8, piece: piece)
        }
    }

    @Test(arguments: [1, 3, .max])
    func `a field may be as long as the limit and no longer`(piece: Int) throws {
        let limits = CSVLimits(field: 10, record: 100, columns: 3)
        let field = String(repeating: "x", count: 10)
        #expect(
            try read("a,\(field)\n\"\(field)\"\n".utf8, piece: piece, limits: limits) == [
                ["a", field], [field],
            ])
        #expect(throws: CSVError.fieldTooLong(record: 2, offset: 4)) {
            try read("a\nb,\(field)x\n".utf8, piece: piece, limits: limits)
        }
        #expect(throws: CSVError.fieldTooLong(record: 1, offset: 1)) {
            try read("\"\(field)x\"\n".utf8, piece: piece, limits: limits)
        }
        #expect(throws: CSVError.fieldTooLong(record: 1, offset: 1)) {
            try read("\"\(field)x".utf8, piece: piece, limits: limits)
        }
    }

    @Test(arguments: [1, 3, .max])
    func `a record may be as long as the limit and no longer`(piece: Int) throws {
        let limits = CSVLimits(field: 10, record: 20, columns: 9)
        let whole = "123456789,12345678"
        #expect(try read("\(whole)9\n".utf8, piece: piece, limits: limits).count == 1)
        #expect(throws: CSVError.recordTooLong(record: 2, offset: 2)) {
            try read("a\n\(whole),1\n".utf8, piece: piece, limits: limits)
        }
    }

    @Test(arguments: [1, .max])
    func `a record may have as many columns as the limit and no more`(piece: Int) throws {
        let limits = CSVLimits(columns: 3)
        #expect(try read("a,b,c\n,,\n".utf8, piece: piece, limits: limits).count == 2)
        #expect(throws: CSVError.tooManyColumns(record: 2, offset: 9)) {
            try read("a,b,c\n,,,\n".utf8, piece: piece, limits: limits)
        }
    }

    @Test func `fields written at random come back as they were`() throws {
        let seed = UInt64.random(in: .min ... .max)
        var chance = SplitMix(state: seed)
        let alphabet: [Character] = ["a", "b", ",", "\"", "\n", "\r", " ", "김", "é", "\u{0}", "😀"]
        for _ in 0..<300 {
            let records = (0..<Int.random(in: 1...6, using: &chance)).map { _ in
                (0..<Int.random(in: 1...5, using: &chance)).map { _ in
                    String(
                        (0..<Int.random(in: 0...12, using: &chance)).map { _ in
                            alphabet.randomElement(using: &chance) ?? "a"
                        })
                }
            }
            let text = records.map { record in
                record.map { "\"\($0.replacing("\"", with: "\"\""))\"" }.joined(separator: ",")
            }.joined(separator: "\r\n")
            let piece = Int.random(in: 1...20, using: &chance)
            #expect(try read(text.utf8, piece: piece) == records, "seed \(seed)")
        }
    }
}

/// A small generator whose seed can be printed.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var value = state
        value = (value ^ value >> 30) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ value >> 27) &* 0x94d0_49bb_1331_11eb
        return value ^ value >> 31
    }
}
