import Rules

/// One pass over all rows of several runs, in the order of their keys, and equal ones as they came.
///
/// Holds a piece of each run. Used by one thread at a time.
final class RunMerge {
    /// Bytes of all pieces together, and of one at least and at most.
    private static let pieceLengths = 8 << 20
    private static let leastPiece = 4 << 10
    private static let greatestPiece = 64 << 10

    private let file: StagingFile
    private let order: KeyOrder
    private let runs: UnsafeMutableBufferPointer<Run>
    /// Runs that have a row left, as a heap: the one whose row comes first is its first, and none comes
    /// before that at half its place.
    private let heap: UnsafeMutableBufferPointer<Int>
    private var heapCount = 0
    private var isBegun = false

    /// - Parameter places: where each run lies in the file, those of earlier rows first.
    init(of places: [Range<Int>], in file: StagingFile, by order: KeyOrder) throws(ImportError) {
        self.file = file
        self.order = order
        runs = .allocate(capacity: places.count)
        heap = .allocate(capacity: places.count)
        let share = Self.pieceLengths / max(1, places.count)
        let length = min(max(share, Self.leastPiece), Self.greatestPiece)
        for (index, place) in places.enumerated() {
            runs.initializeElement(at: index, to: Run(place: place, pieceLength: length))
        }
        for index in runs.indices where try runs[index].advance(in: file, by: order) {
            heap.initializeElement(at: heapCount, to: index)
            heapCount += 1
        }
        for index in (0..<heapCount).reversed() { sink(index) }
    }

    deinit {
        for run in runs { run.piece.deallocate() }
        runs.deinitialize()
        runs.deallocate()
        heap.deallocate()
    }

    /// The next row, which lives until the next call; nil behind the last.
    func next() throws(ImportError) -> UnsafeRawBufferPointer? {
        if isBegun, heapCount > 0 {
            if try !runs[heap[0]].advance(in: file, by: order) {
                heapCount -= 1
                heap[0] = heap[heapCount]
            }
            sink(0)
        }
        isBegun = true
        return heapCount > 0 ? runs[heap[0]].row.bytes : nil
    }

    /// Lets what stands at a place of the heap go down to where it belongs.
    private func sink(_ place: Int) {
        let count = heapCount
        guard place < count else { return }
        var place = place
        let run = heap[place]
        while true {
            var below = 2 * place + 1
            guard below < count else { break }
            if below + 1 < count, isBefore(heap[below + 1], heap[below]) { below += 1 }
            guard isBefore(heap[below], run) else { break }
            heap[place] = heap[below]
            place = below
        }
        heap[place] = run
    }

    private func isBefore(_ left: Int, _ right: Int) -> Bool {
        if runs[left].prefix != runs[right].prefix {
            return runs[left].prefix < runs[right].prefix
        }
        if order.isLess(runs[left].row, runs[right].row) { return true }
        if order.isLess(runs[right].row, runs[left].row) { return false }
        return left < right
    }
}

extension RunMerge {
    /// One run, read piece by piece.
    fileprivate struct Run {
        /// What of it has not been read yet.
        private var place: Range<Int>
        private(set) var piece: UnsafeMutableRawBufferPointer
        private(set) var row = StagedRow(bytes: UnsafeRawBufferPointer(start: nil, count: 0))
        private(set) var prefix: UInt64 = 0
        /// What of the piece lies before us.
        private var start = 0
        private var end = 0

        init(place: Range<Int>, pieceLength: Int) {
            self.place = place
            piece = .allocate(byteCount: pieceLength, alignment: 16)
        }

        /// Goes to the next row; false behind the last.
        mutating func advance(
            in file: StagingFile, by order: KeyOrder
        ) throws(ImportError) -> Bool {
            guard start < end || !place.isEmpty else { return false }
            try demand(KeyedRuns.prefixLength, in: file)
            let told = piece.loadUnaligned(fromByteOffset: start, as: UInt32.self)
            start += KeyedRuns.prefixLength
            try demand(Int(told), in: file)
            row = StagedRow(
                bytes: UnsafeRawBufferPointer(rebasing: piece[start..<(start + Int(told))]))
            start += Int(told)
            prefix = order.prefix(of: row, skipping: 0)
            return true
        }

        /// Sees to it that so many bytes lie before us.
        private mutating func demand(_ count: Int, in file: StagingFile) throws(ImportError) {
            guard end - start < count else { return }
            guard count <= end - start + place.count else {
                throw .rowsRefused(reason: "the staged rows have changed on disk")
            }
            let rest = UnsafeRawBufferPointer(rebasing: piece[start..<end])
            if piece.count < count {
                let larger = UnsafeMutableRawBufferPointer.allocate(
                    byteCount: count, alignment: 16)
                larger.copyMemory(from: rest)
                piece.deallocate()
                piece = larger
            } else {
                piece.copyMemory(from: rest)
            }
            (start, end) = (0, rest.count)
            let more = min(piece.count - end, place.count)
            try file.read(
                into: UnsafeMutableRawBufferPointer(rebasing: piece[end..<(end + more)]),
                at: place.lowerBound)
            place = (place.lowerBound + more)..<place.upperBound
            end += more
        }
    }
}
