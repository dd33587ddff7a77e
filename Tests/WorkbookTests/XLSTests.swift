import CSV
import Testing

@testable import Workbook

@Suite struct XLSTests {
    private typealias Maker = XLSMaker

    @Test func `cells of every kind become the texts that a person sees`() throws {
        var maker = XLSMaker(
            Maker.shared(0, 0, 0), Maker.shared(0, 1, 1), Maker.label(0, 3, "한글"),
            Maker.number(1, 0, 42), Maker.number(1, 1, 0.1),
            Maker.record(
                0x27e, Maker.words(1, 2, 0) + Maker.packed(UInt32(bitPattern: -7 << 2) | 2)),
            Maker.record(0x27e, Maker.words(1, 3, 0) + Maker.packed(1234 << 2 | 3)),
            Maker.record(
                0xbd,
                Maker.words(2, 1, 0) + Maker.packed(5 << 2 | 2) + Maker.words(0)
                    + Maker.packed(6 << 2 | 2) + Maker.words(2)),
            Maker.record(0x205, Maker.words(3, 0, 0) + [1, 0]),
            Maker.record(0x205, Maker.words(3, 1, 0) + [0x2a, 1]),
            Maker.record(0x201, Maker.words(4, 0, 0)))
        maker.tail = Maker.texts(
            count: 2, Maker.words(2) + [1] + Maker.wide("이름"),
            Maker.words(5) + [0] + Array("email".utf8))
        for isSmall in [false, true] {
            maker.isSmall = isSmall
            #expect(
                try fields(of: maker.bytes) == [
                    ["이름", "email", "", "한글"], ["42", "0.1", "-7", "12.34"], ["", "5", "6"],
                    ["TRUE", "#N/A"],
                ])
        }
    }

    @Test func `formulas give the value that was calculated last`() throws {
        func formula(_ column: Int, _ value: [UInt8]) -> [UInt8] {
            Maker.record(0x06, Maker.words(0, column, 0) + value + [0, 0, 0, 0, 0, 0])
        }
        let text = Maker.record(0x207, Maker.words(2) + [1] + Maker.wide("합계"))
        let maker = XLSMaker(
            formula(0, Maker.double(1.5)),
            formula(1, [0, 0, 0, 0, 0, 0, 0xff, 0xff]) + text,
            formula(2, [0, 0, 0, 0, 0, 0, 0xff, 0xff]) + Maker.record(0x4bc, [0]) + text,
            formula(3, [1, 0, 1, 0, 0, 0, 0xff, 0xff]),
            formula(4, [2, 0, 7, 0, 0, 0, 0xff, 0xff]),
            formula(5, [3, 0, 0, 0, 0, 0, 0xff, 0xff]),
            formula(6, [0, 0, 0, 0, 0, 0, 0xff, 0xff]), Maker.number(0, 7, 8))
        #expect(
            try fields(of: maker.bytes) == [
                ["1.5", "합계", "합계", "TRUE", "#DIV/0!", "", "", "8"]
            ])
    }

    @Test func `shared texts go on in further records, narrow here and wide there`() throws {
        let cells = (0..<6).map { Maker.shared(0, $0, $0) }
        var maker = XLSMaker(cells.flatMap { $0 })
        // Runs, and how it is spoken, lie behind a text and cross records too.
        let rich = Maker.words(4) + [0x0d] + Maker.words(2, 5, 0)
        maker.tail = Maker.texts(
            count: 6,
            Maker.words(6) + [0] + Array("abc".utf8),
            [1] + Maker.wide("가나다") + Maker.words(3) + [1] + Maker.wide("라"),
            [0] + Array("yz".utf8) + Maker.words(1) + [1],
            [1] + Maker.wide("마") + Maker.words(2) + [1] + Maker.words(0xd83d),
            [1] + Maker.words(0xde00) + rich + Maker.wide("서울시청") + [1, 2, 3],
            [4, 5, 6, 7, 8, 9, 9, 9, 9] + [9] + Maker.words(1) + [0, 0xe9])
        #expect(
            try fields(of: maker.bytes) == [["abc가나다", "라yz", "마", "😀", "서울시청", "é"]])
    }

    @Test func `dates go by the format of their cell`() throws {
        var maker = XLSMaker(
            Maker.number(0, 0, 45322, format: 1), Maker.number(0, 1, 45322.520833333336, format: 2),
            Maker.number(0, 2, 1.25, format: 3), Maker.number(0, 3, 45322))
        let code = #"yyyy"년" m"월" d"일" h:mm"#
        maker.globals =
            Maker.record(0x41e, Maker.words(164, code.utf16.count) + [1] + Maker.wide(code))
            + [0, 14, 164, 46].flatMap { Maker.record(0xe0, Maker.words(0, $0) + [0, 0]) }
        #expect(
            try fields(of: maker.bytes) == [
                ["2024-01-31", "2024-01-31T12:30:00", "30:00:00", "45322"]
            ])
        maker.globals += Maker.record(0x22, [1, 0])
        #expect(try fields(of: maker.bytes)[0][0] == "2028-02-01")
    }

    @Test func `texts of old workbooks are read by their code page`() throws {
        // "이름" in CP949, told by the workbook or, where that is unknown, by the caller.
        let korean: [UInt8] = [0xc0, 0xcc, 0xb8, 0xa7]
        var maker = XLSMaker(
            Maker.record(0x204, Maker.words(0, 0, 0, 4) + korean),
            Maker.record(0xd6, Maker.words(0, 1, 0, 4) + korean + [1, 0, 0]))
        maker.version = 0x0500
        maker.streamName = "Book"
        maker.globals = Maker.record(0x42, Maker.words(949))
        #expect(try fields(of: maker.bytes) == [["이름", "이름"]])
        maker.globals = Maker.record(0x42, Maker.words(932))
        #expect(try rows(of: maker.bytes, codePage: .cp949).map(\.fields) == [["이름", "이름"]])
        let workbook = try Workbook(WorkbookBytes(maker.bytes))
        #expect(workbook.unknownCodePage == 932)
    }

    @Test func `sheets are named in their order, and charts are none`() throws {
        var maker = XLSMaker()
        maker.sheets = [
            XLSMaker.Sheet(name: "Chart", records: [], kind: 2),
            XLSMaker.Sheet(name: "참가자", records: Maker.number(5, 0, 1) + Maker.number(8, 0, 2)),
            XLSMaker.Sheet(name: "old", records: [], visibility: 1),
        ]
        let workbook = try Workbook(WorkbookBytes(maker.bytes))
        #expect(workbook.sheets.map(\.name) == ["참가자", "old"])
        #expect(workbook.sheets.map(\.isVisible) == [true, false])
        let found = try rows(of: maker.bytes)
        #expect(found.map(\.number) == [1, 4])
    }

    @Test func `cells may come in any order, and charts among them are left out`() throws {
        let chart =
            Maker.record(0x809, Maker.words(0x600, 0x20, 0, 0)) + Maker.number(0, 0, 99)
            + Maker.record(0x0a, [])
        let maker = XLSMaker(
            Maker.label(0, 0, "a"), Maker.number(1, 0, 1), Maker.number(2, 0, 2), chart,
            Maker.label(0, 1, "b"), Maker.number(1, 1, 3), Maker.number(2, 1, 4))
        #expect(try fields(of: maker.bytes) == [["a", "b"], ["1", "3"], ["2", "4"]])
        var limits = WorkbookLimits(unordered: 6)
        #expect(ending(of: maker.bytes, limits: limits) == .whole)
        limits.unordered = 5
        #expect(ending(of: maker.bytes, limits: limits) == .unordered)
    }

    @Test func `a sheet that was written column by column is read row by row`() throws {
        let rows = 20_000
        let cells = (0..<4).flatMap { column in
            (0..<rows).flatMap { Maker.number($0, column, Double(4 * $0 + column)) }
        }
        let found = try fields(of: XLSMaker(cells).bytes)
        #expect(found.count == rows)
        let wrongRow = found.indices.first { row in
            found[row] != (0..<4).map { "\(4 * row + $0)" }
        }
        #expect(wrongRow == nil)
    }

    @Test func `a sheet may be opened again and again`() throws {
        let maker = XLSMaker(
            (0..<2000).flatMap { Maker.number($0, 0, 1) }, Maker.number(1, 1, 2))
        let workbook = try Workbook(WorkbookBytes(maker.bytes))
        for _ in 0..<20 {
            let reader = try workbook.open(workbook.sheets[0])
            var count = 0
            while try reader.next() != nil { count += 1 }
            #expect(count == 2000)
        }
    }

    @Test func `long cells that are out of order are not read many times over`() throws {
        let long = String(repeating: "가", count: 1000)
        let bytes = XLSMaker((0..<500).reversed().flatMap { Maker.label($0, 0, long) }).bytes
        var count = 0
        let source = WorkbookBytes(bytes)
        let counting = WorkbookBytes(length: bytes.count) { offset, buffer in
            count += buffer.count
            return try source.read(at: offset, into: buffer)
        }
        let workbook = try Workbook(counting)
        let reader = try workbook.open(workbook.sheets[0])
        while try reader.next() != nil {}
        #expect(count < 10 * bytes.count)
    }

    @Test func `many sectors and many tables of them are followed`() throws {
        // More than 109 tables of sectors would take 7 MB; a large one has its list go on.
        let cells = (0..<30_000).flatMap {
            Maker.label($0, 0, "행 \($0) \(String(repeating: "x", count: 120))")
        }
        let found = try fields(of: XLSMaker(cells).bytes)
        #expect(found.count == 30_000)
        #expect(found[29_999][0].hasPrefix("행 29999 x"))
    }
}

@Suite struct XLSRefusalTests {
    private typealias Maker = XLSMaker

    private static let small = XLSMaker(Maker.number(0, 0, 1))

    private static func contained(_ change: (inout CompoundMaker) -> Void) -> [UInt8] {
        var maker = CompoundMaker([("Workbook", small.stream)])
        change(&maker)
        return maker.bytes
    }

    @Test func `what needs a password is told so`() {
        var maker = Self.small
        maker.globals = Maker.record(0x2f, Maker.words(1, 1, 1))
        #expect(ending(of: maker.bytes) == .encrypted)
        let package = CompoundMaker([
            ("EncryptionInfo", [1, 2, 3]), ("EncryptedPackage", [UInt8](repeating: 7, count: 5000)),
        ])
        #expect(ending(of: package.bytes) == .encrypted)
    }

    @Test func `chains that loop, end too early or lead nowhere are damage`() {
        #expect(ending(of: Self.contained { _ in }) == .whole)
        for next in [0, 1, 5000, 0xffff_ffff] {
            #expect(ending(of: Self.contained { $0.changeTable = { $0[1] = next } }) == .damaged)
        }
        #expect(ending(of: Self.contained { $0.changeTable = { $0[0] = 0xffff_fffe } }) == .damaged)
        #expect(
            ending(of: Self.contained { $0.entries[1].claimedLength = 0x7fff_ffff }) == .damaged)
        #expect(ending(of: Self.contained { $0.entries[1].right = 1 }) == .damaged)
        #expect(ending(of: Self.contained { $0.entries[1].left = 900 }) == .damaged)
        #expect(ending(of: Self.contained { $0.entries[1].name = "Elsewhere" }) == .damaged)
    }

    @Test func `a workbook within a document within the workbook is not the workbook`() {
        let bytes = Self.contained { maker in
            maker.entries[1].name = "Inner"
            maker.entries[1].kind = 1
            maker.entries[1].child = 2
            maker.entries.append(CompoundMaker.Entry(name: "Workbook", content: Self.small.stream))
        }
        #expect(ending(of: bytes) == .damaged)
    }

    @Test func `a file that is cut anywhere is no shorter table`() {
        let cells = (0..<300).flatMap { Maker.number($0, 0, 1) }
        var maker = XLSMaker(cells)
        maker.isSmall = true
        let whole = CompoundMaker([("Workbook", maker.stream)]).bytes
        #expect(ending(of: whole) == .whole)
        for length in stride(from: 0, to: whole.count - 512, by: 97) {
            #expect(ending(of: Array(whole[..<length])) == .damaged, "\(length)")
        }
        for length in stride(from: 20, to: maker.stream.count, by: 101) {
            let cut = CompoundMaker([("Workbook", Array(maker.stream[..<length]))])
            #expect(ending(of: cut.bytes) == .damaged, "\(length)")
        }
    }

    @Test func `records that are too short or name what is not there are damage`() {
        for cell in [
            Maker.shared(0, 0, 0), Maker.record(0xfd, Maker.words(0, 0)),
            Maker.record(0x203, Maker.words(0, 0, 0)), Maker.record(0x204, Maker.words(0, 0, 0, 9)),
            Maker.record(0x204, Maker.words(0, 0, 0, 0xffff) + [1, 0x41]),
            Maker.record(0x06, Maker.words(0, 0, 0)), Maker.record(0x205, Maker.words(0, 0, 0)),
            Maker.record(0x27e, Maker.words(0, 0, 0)), Maker.record(0x203, []),
        ] {
            #expect(ending(of: XLSMaker(cell).bytes) == .damaged)
        }
        #expect(ending(of: XLSMaker(Maker.number(0, 2000, 1)).bytes) == .tooManyColumns)
        var maker = Self.small
        maker.version = 0x0400
        #expect(ending(of: maker.bytes) == .damaged)
    }

    @Test func `sheets that lie over each other are looked through only so often`() {
        func nested(_ count: Int) -> [UInt8] {
            let begin = Maker.record(0x809, Maker.words(0x600, 0x10, 0, 0))
            let end = Maker.record(0x0a, [])
            let cells = (0..<5000).flatMap { Maker.number($0, 0, 1) }
            var maker = XLSMaker(
                Array(repeating: begin, count: count - 1).flatMap { $0 } + cells
                    + Array(repeating: end, count: count - 1).flatMap { $0 })
            maker.sheets += (1..<count).map { XLSMaker.Sheet(name: "\($0)", records: []) }
            maker.changePlaces = { places in
                for index in places.indices { places[index] = places[0] + index * begin.count }
            }
            return maker.bytes
        }
        #expect(ending(of: nested(4)) == .whole)
        #expect(ending(of: nested(6)) == .damaged)
    }

    @Test func `two sheets at one place are damage`() {
        var maker = Self.small
        maker.sheets.append(XLSMaker.Sheet(name: "b", records: []))
        #expect(ending(of: maker.bytes) == .whole)
        maker.changePlaces = { $0[1] = $0[0] }
        #expect(ending(of: maker.bytes) == .damaged)
    }

    @Test func `a text that is too long is told so`() {
        let limits = WorkbookLimits(record: CSVLimits(field: 1000))
        var maker = XLSMaker(Maker.shared(0, 0, 0))
        for (length, expected) in [(996, Ending.whole), (1001, .text)] {
            let label = XLSMaker(Maker.label(0, 0, String(repeating: "x", count: length)))
            #expect(ending(of: label.bytes, limits: limits) == expected)
            maker.tail = Maker.texts(
                count: 1, Maker.words(length) + [0] + [UInt8](repeating: 0x41, count: length))
            #expect(ending(of: maker.bytes, limits: limits) == expected)
        }
        var old = XLSMaker(
            Maker.record(0x204, Maker.words(0, 0, 0, 1001) + [UInt8](repeating: 0x41, count: 1001)))
        old.version = 0x0500
        old.streamName = "Book"
        #expect(ending(of: old.bytes, limits: limits) == .text)
    }

    @Test func `a table of texts is believed only as far as it goes`() {
        var maker = XLSMaker(Maker.shared(0, 0, 0))
        maker.tail = Maker.texts(count: 0x7fff_ffff, Maker.words(1) + [0, 0x41])
        #expect(ending(of: maker.bytes) == .whole)
        maker.tail = Maker.texts(count: 1, Maker.words(2) + [0, 0x41])
        #expect(ending(of: maker.bytes) == .damaged)
        maker.tail = Maker.texts(count: 1, Maker.words(1) + [4, 0xff, 0xff, 0xff, 0x7f, 0x41])
        #expect(ending(of: maker.bytes) == .damaged)
        maker.tail = Maker.texts(
            count: 50, Array(repeating: Maker.words(1) + [0, 0x41], count: 50).flatMap { $0 })
        #expect(ending(of: maker.bytes, limits: WorkbookLimits(sharedText: 252)) == .whole)
        #expect(ending(of: maker.bytes, limits: WorkbookLimits(sharedText: 248)) == .sharedText)
    }
}
