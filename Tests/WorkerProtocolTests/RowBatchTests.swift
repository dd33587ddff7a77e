import Testing

@testable import WorkerProtocol

@Suite struct RowBatchTests {
    /// The rows of a batch as plain values; nil is no value.
    private func rows(of batch: RowBatch) -> [(row: Int, fields: [[UInt8]?])] {
        var rows: [(Int, [[UInt8]?])] = []
        batch.forEachRow { row, fields in rows.append((row, fields.map { $0.map { Array($0) } })) }
        return rows
    }

    @Test func `rows are read as they were written`() throws {
        let batch = try RowBatch(validating: RoundTripTests.sampleBatch().bytes[...])
        #expect(batch.rowCount == 3)
        let rows = rows(of: batch)
        #expect(rows.map(\.row) == [2, 1 << 53, 4])
        #expect(rows.map(\.fields) == [[Array("a".utf8), [], Array("가나다".utf8)], [nil], []])
    }

    @Test func `a batch may end behind any row, and nowhere else`() throws {
        let bytes = RoundTripTests.sampleBatch().bytes
        // Rows of 10 + (4 + 1) + 4 + (4 + 9), 10 + 4 and 10 bytes.
        let ends = [0, 32, 46, 56]
        #expect(bytes.count == ends.last)
        for length in 0...bytes.count {
            if let rowCount = ends.firstIndex(of: length) {
                #expect(try RowBatch(validating: bytes.prefix(length)).rowCount == rowCount)
            } else {
                #expect(throws: WireError.self, "\(length) bytes") {
                    try RowBatch(validating: bytes.prefix(length))
                }
            }
        }
    }

    @Test(
        arguments: [
            ("more fields than bytes", [2, 0, 0, 0, 0, 0, 0, 0, 255, 255]),
            ("a field beyond the end", [2, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0]),
            ("a field of almost 4 GiB", [2, 0, 0, 0, 0, 0, 0, 0, 1, 0, 254, 255, 255, 255]),
            ("a record number beyond 2^53", [1, 0, 0, 0, 0, 0, 32, 0, 0, 0]),
            ("a negative record number", [255, 255, 255, 255, 255, 255, 255, 255, 0, 0]),
        ] as [(String, [UInt8])])
    func `a batch that lies is refused`(lie: String, bytes: [UInt8]) {
        #expect(throws: WireError.self, "\(lie)") { try RowBatch(validating: bytes[...]) }
    }

    @Test func `a slice of a longer buffer is read from its own start`() throws {
        let bytes = RoundTripTests.sampleBatch().bytes
        let padded = [1, 2, 3] + bytes + [4]
        let batch = try RowBatch(validating: padded[3..<(3 + bytes.count)])
        #expect(batch == RoundTripTests.sampleBatch())
    }

    @Test func `any change of one byte is refused or read within bounds`() throws {
        let bytes = RoundTripTests.sampleBatch().bytes
        for index in bytes.indices {
            for value in [0, 1, 127, 128, 255] as [UInt8] {
                var changed = bytes
                changed[index] = value
                do {
                    let batch = try RowBatch(validating: changed[...])
                    let read = rows(of: batch).flatMap(\.fields).compactMap { $0?.count }
                    #expect(read.reduce(0, +) <= changed.count)
                } catch {
                    #expect(!error.reason.isEmpty)
                }
            }
        }
    }

    @Test func `a packer makes the batches that are made row by row, one after the other`() {
        let packer = RowPacker()
        let long = [UInt8](repeating: 1, count: 3 * RowBatch.fullLength)
        let rows: [[[UInt8]?]] = [[Array("a".utf8), nil, []], [], [long, nil], [[2]]]
        for _ in 0..<2 {
            #expect(packer.rowCount == 0 && !packer.isFull)
            var batch = RowBatch()
            for (index, fields) in rows.enumerated() {
                packer.begin(row: index + 2, fieldCount: fields.count)
                batch.begin(row: index + 2, fieldCount: fields.count)
                for field in fields {
                    if let field {
                        field.withUnsafeBytes { packer.append(field: $0) }
                        batch.append(field: field)
                    } else {
                        packer.appendNoValue()
                        batch.appendNoValue()
                    }
                }
            }
            #expect(packer.isFull)
            #expect(packer.take() == batch)
        }
        packer.begin(row: 1, fieldCount: 1)
        [UInt8](repeating: 1, count: RowBatch.fullLength - 15).withUnsafeBytes {
            packer.append(field: $0)
        }
        #expect(!packer.isFull)
        packer.begin(row: 2, fieldCount: 0)
        #expect(packer.isFull)
    }

    @Test func `a batch knows how many fields its rows have`() throws {
        let batch = RoundTripTests.sampleBatch()
        #expect(batch.leastFieldCount == 0 && batch.greatestFieldCount == 3)
        var even = RowBatch()
        even.append(row: 1, fields: [[1], [2]] as [[UInt8]])
        even.append(row: 2, fields: [[], [2]] as [[UInt8]])
        let read = try RowBatch(validating: even.bytes[...])
        #expect(read.leastFieldCount == 2 && read.greatestFieldCount == 2)
    }
}
