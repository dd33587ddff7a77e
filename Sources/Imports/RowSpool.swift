import Rules
import WorkerProtocol

/// The rows of an import that is not committed yet: as they came, or sorted by their keys while they come.
///
/// Used by one thread at a time.
final class RowSpool {
    private static let prefixLength = MemoryLayout<UInt32>.size

    /// Rows held.
    private(set) var rowCount = 0
    private let file: StagingFile
    /// Sorts the rows; nil where they stay as they came, each batch behind its 32-bit length.
    private let runs: KeyedRuns?

    /// Makes an empty one in `folder`.
    ///
    /// - Parameters:
    ///   - document: whose rows they are.
    ///   - limit: how many bytes it may hold.
    ///   - order: in which rows are read; nil for that in which they come.
    ///   - shape: what every row must be like that is to be sorted.
    ///   - runLength: how many bytes are sorted in memory.
    init(
        in folder: String, for document: DocumentID, limit: ByteCount, order: KeyOrder?,
        shape: RowShape, runLength: Int = KeyedRuns.runLength
    ) throws(ImportError) {
        file = try StagingFile(in: folder, for: document, limit: limit)
        runs = order.map { KeyedRuns(by: $0, shape: shape, runLength: runLength) }
    }

    /// Bytes.
    var length: Int { file.length + (runs?.heldLength ?? 0) }

    /// Whether rows are read in the order of their keys, once all are there.
    var isSorted: Bool { runs.map { !$0.isTooWide } ?? false }

    /// Whether they are read in the order in which they came.
    var isInFileOrder: Bool { runs == nil }

    func append(_ batch: RowBatch) throws(ImportError) {
        guard batch.rowCount > 0 else { return }
        if let runs {
            try runs.append(batch, to: file)
        } else {
            try file.demandRoom(for: Self.prefixLength + batch.bytes.count)
            try withUnsafeBytes(of: UInt32(batch.bytes.count)) { prefix throws(ImportError) in
                try file.append(prefix)
            }
            try batch.bytes.withUnsafeBufferPointer { bytes throws(ImportError) in
                try file.append(UnsafeRawBufferPointer(bytes))
            }
        }
        rowCount += batch.rowCount
    }

    /// Makes the rows ready to be read; called once, behind the last.
    func finish() throws(ImportError) { try runs?.finish(to: file) }

    /// Begins a pass over the rows in the order of their keys; nil where they are not sorted.
    func merge() throws(ImportError) -> RunMerge? {
        guard let runs, !runs.isTooWide else { return nil }
        return try RunMerge(of: runs.places, in: file, by: runs.order)
    }

    /// Reads the batch that lies at `offset` into `buffer` and moves `offset` behind it; nil at the
    /// end.
    func batch(
        at offset: inout Int, into buffer: inout UnsafeMutableRawBufferPointer
    ) throws(ImportError) -> UnsafeRawBufferPointer? {
        guard offset < file.length else { return nil }
        var count: UInt32 = 0
        try withUnsafeMutableBytes(of: &count) { bytes throws(ImportError) in
            try file.read(into: bytes, at: offset)
        }
        offset += Self.prefixLength
        guard Int(count) <= file.length - offset else {
            throw .rowsRefused(reason: "the staged rows have changed on disk")
        }
        if buffer.count < Int(count) {
            buffer.deallocate()
            buffer = .allocate(byteCount: Int(count), alignment: 1)
        }
        let batch = UnsafeMutableRawBufferPointer(rebasing: buffer[..<Int(count)])
        try file.read(into: batch, at: offset)
        offset += Int(count)
        return UnsafeRawBufferPointer(batch)
    }
}
