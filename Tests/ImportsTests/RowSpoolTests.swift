import Rules
import TestSupport
import Testing
import WorkerProtocol

@testable import Imports

/// Rows that are sorted while they come.
@Suite struct RowSpoolTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func spool(
        _ parts: [KeyOrder.Part]?, fields: Int, runLength: Int = 600, limit: Int64 = 1 << 30
    ) throws -> RowSpool {
        try RowSpool(
            in: folder.path, for: try #require(DocumentID([UInt8](repeating: 1, count: 16))),
            limit: ByteCount(limit), order: parts.map { KeyOrder(parts: $0) },
            shape: RowShape(fieldCount: fields, required: [], carriesRecord: false),
            runLength: runLength)
    }

    /// The numbers of the rows in the order in which they are read, and what they have.
    private func read(_ spool: RowSpool, fields: Int) throws -> [(row: Int, fields: [String?])] {
        try spool.finish()
        let scan = RowScan(
            of: spool,
            shape: RowShape(fieldCount: fields, required: [], carriesRecord: false), minter: nil)
        var rows: [(Int, [String?])] = []
        // A pass can be made again.
        for _ in 0..<2 {
            rows = []
            #expect(scan.begin())
            while !scan.isAtEnd {
                rows.append(
                    (scan.row, (0..<fields).map { scan.value(of: $0).map(text) }))
                #expect(scan.advance(), "\(String(describing: scan.failure))")
            }
            #expect(scan.count == spool.rowCount)
        }
        return rows
    }

    private static let byText = KeyOrder.Part(field: 0, isInteger: false)
    private static let byNumber = KeyOrder.Part(field: 0, isInteger: true)

    @Test func `rows too wide to hold one of each run are read as they lie there`() throws {
        let wide = String(repeating: "w", count: 3 << 20)
        let keys = ["g", "c", "e", "a", "f", "b", "d", "c", "h", "i", "k", "c"]
        // A run has two of them; one of each takes less than what is held, and then more.
        for (count, isSorted) in [(4, true), (12, false)] {
            let spool = try spool([Self.byText], fields: 2, runLength: KeyedRuns.runLength)
            for (index, key) in keys.prefix(count).enumerated() {
                try spool.append(
                    batch([[key, wide]], from: index + 2))
            }
            let rows = try read(spool, fields: 2)
            #expect(spool.isSorted == isSorted)
            #expect(rows.map(\.row).sorted() == Array(2..<(count + 2)))
            #expect(rows.allSatisfy { $0.fields[1]?.utf8.count ?? 0 >= wide.utf8.count })
            // Equal keys follow each other as they came.
            #expect(
                rows.filter { $0.fields[0] == "c" }.map(\.row) == (isSorted ? [3] : [3, 9, 13]))
        }
    }

    @Test(arguments: ["", "a-long-beginning-that-all-keys-have-", "참가자"], [1, 40, 4000])
    func `keys come in order, and equal ones as they came`(beginning: String, kinds: Int) throws {
        let seed = UInt64.random(in: 0 ... .max)
        var dice = Dice(seed: seed)
        let keys = (0..<1500).map { _ -> String in
            let number = Int.random(in: 0..<kinds, using: &dice)
            // Of all lengths, one the beginning of the other.
            return beginning + String(repeating: "가a", count: number % 7) + "\(number)"
        }
        let spool = try spool([Self.byText], fields: 2)
        for (index, key) in keys.enumerated() {
            try spool.append(batch([[key, "value \(index)"]], from: index + 2))
        }
        let rows = try read(spool, fields: 2)
        let expected = keys.indices.sorted { left, right in
            let (a, b) = (Array(keys[left].utf8), Array(keys[right].utf8))
            return a == b ? left < right : a.lexicographicallyPrecedes(b)
        }
        #expect(rows.map(\.row) == expected.map { $0 + 2 }, "seed \(seed)")
        #expect(rows.map { $0.fields[1] } == expected.map { "value \($0)" }, "seed \(seed)")
    }

    @Test func `whole numbers come in the order of numbers`() throws {
        let seed = UInt64.random(in: 0 ... .max)
        var dice = Dice(seed: seed)
        var numbers = (0..<400).map { _ in Int64.random(in: -50...50, using: &dice) }
        numbers += [.min, .max, 0, .min + 1, 10, 9, -10, -9]
        let spool = try spool([Self.byNumber], fields: 1)
        try spool.append(batch(numbers.map { ["\($0)"] }))
        let rows = try read(spool, fields: 1)
        let expected = numbers.indices.sorted {
            numbers[$0] == numbers[$1] ? $0 < $1 : numbers[$0] < numbers[$1]
        }
        #expect(rows.map(\.row) == expected.map { $0 + 2 }, "seed \(seed)")
    }

    @Test func `keys of several columns are compared column by column`() throws {
        let seed = UInt64.random(in: 0 ... .max)
        var dice = Dice(seed: seed)
        let keys = (0..<600).map { _ in
            (
                ["a", "ab", "b"][Int.random(in: 0...2, using: &dice)],
                Int.random(in: -3...3, using: &dice)
            )
        }
        let spool = try spool(
            [.init(field: 2, isInteger: false), .init(field: 0, isInteger: true)], fields: 3)
        for start in stride(from: 0, to: keys.count, by: 7) {
            let rows = keys[start..<min(start + 7, keys.count)].map { ["\($0.1)", nil, $0.0] }
            try spool.append(batch(rows, from: start + 2))
        }
        let rows = try read(spool, fields: 3)
        let expected = keys.indices.sorted {
            (keys[$0].0, keys[$0].1, $0) < (keys[$1].0, keys[$1].1, $1)
        }
        #expect(rows.map(\.row) == expected.map { $0 + 2 }, "seed \(seed)")
        #expect(rows.allSatisfy { $0.fields[1] == nil })
    }

    @Test func `a row may be longer than what is sorted at a time, and than a piece of a run`()
        throws
    {
        let long = String(repeating: "x", count: 200_000)
        let spool = try spool([Self.byText], fields: 2)
        for (index, key) in ["c", "a", "b", "a"].enumerated() {
            try spool.append(batch([[key, "\(key)\(long)"], [key, nil]], from: 2 * index + 2))
        }
        let rows = try read(spool, fields: 2)
        #expect(rows.map(\.row) == [4, 5, 8, 9, 6, 7, 2, 3])
        #expect(
            rows.compactMap { $0.fields[1]?.utf8.count } == [200_001, 200_001, 200_001, 200_001])
    }

    @Test func `without an order rows come as they came, and none are none`() throws {
        let unsorted = try spool(nil, fields: 1)
        try unsorted.append(batch([["b"], ["a"]]))
        try unsorted.append(batch([["c"]], from: 4))
        #expect(try read(unsorted, fields: 1).map { $0.fields[0] } == ["b", "a", "c"])
        for parts in [nil, [Self.byText]] {
            let empty = try spool(parts, fields: 1)
            try empty.append(RowBatch())
            #expect(try read(empty, fields: 1).isEmpty)
            #expect(empty.length == 0)
        }
    }

    @Test func `no more is staged than may be, sorted or not`() throws {
        for parts in [nil, [Self.byText]] {
            let spool = try spool(parts, fields: 1, limit: 2000)
            let error = #expect(throws: ImportError.self) {
                for row in 0..<200 { try spool.append(batch([["a\(row)"]], from: row + 2)) }
            }
            #expect(error == .stagingFull(limit: ByteCount(2000)))
            #expect(spool.length <= 2000 && spool.length > 1900)
        }
    }
}
