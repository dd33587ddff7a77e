import CSV
import Rules

/// A table's text: the bytes of a source from behind its mark, as UTF-8, piece by piece.
struct TableText {
    let source: TableSource
    let verdict: EncodingVerdict
    private var transcoder: Transcoder
    /// The raw bytes of the piece at hand, where they must be transcoded.
    private var raw: [UInt8]
    /// Where the text that is read begins in the source: behind the mark and what was skipped.
    private var beginning: Int
    /// Where the next piece begins in the source.
    private(set) var offset: Int
    /// Where the text ends in the source: before the zeros that fill it up.
    let end: Int

    /// Reads the whole source once to tell its encoding.
    ///
    /// - Throws: `csv_encoding` for what is no text.
    init(_ source: TableSource, fallback: TextEncoding) throws(Failure) {
        var sniffer = EncodingSniffer()
        var raw = [UInt8](repeating: 0, count: TableSource.chunkLength)
        var offset = 0
        while offset < source.length {
            let count = try source.read(at: offset, into: &raw)
            guard count > 0 else { break }
            raw.withUnsafeBytes { sniffer.append(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
            offset += count
        }
        guard let verdict = sniffer.verdict(fallback: fallback) else {
            throw TableError.notText.failure
        }
        self.source = source
        self.verdict = verdict
        self.raw = raw
        transcoder = Transcoder(verdict.encoding)
        beginning = verdict.markLength
        self.offset = verdict.markLength
        end = source.length - verdict.paddingLength
    }

    /// Whether all of the text has been given out.
    var isAtEnd: Bool { offset >= end }

    /// Characters that could not be read so far.
    var replacementCount: Int { transcoder.replacementCount }

    /// The beginning of the text; what is read later begins there again.
    mutating func sample() throws(Failure) -> [UInt8] {
        let unread = self
        var sample = [UInt8](repeating: 0, count: Transcoder.room(for: TableSource.chunkLength))
        let count = try sample.withUnsafeMutableBufferPointer { buffer throws(Failure) in
            try readPiece(into: UnsafeMutableRawBufferPointer(buffer))
        }
        sample.removeSubrange(count...)
        self = unread
        return sample
    }

    /// Skips bytes of ASCII at the beginning.
    mutating func skipPrefix(_ length: Int) {
        switch verdict.encoding {
        case .utf16LittleEndian, .utf16BigEndian: offset += 2 * length
        case .utf8, .utf8Marked, .cp949, .windows1252, .latin1: offset += length
        }
        beginning = offset
    }

    /// Gives the reader the next piece, and the end with the last one.
    mutating func feed(_ reader: inout CSVReader) throws(Failure) {
        let room =
            needsTranscoding
            ? Transcoder.room(for: TableSource.chunkLength) : TableSource.chunkLength
        try reader.fill(room: room) { buffer throws(Failure) in try readPiece(into: buffer) }
        if isAtEnd { reader.finish() }
    }

    /// What the first reading proved to be UTF-8 goes straight into the reader.
    private var needsTranscoding: Bool {
        switch verdict.encoding {
        case .utf8, .utf8Marked: verdict.certainty != .proven
        case .utf16LittleEndian, .utf16BigEndian, .cp949, .windows1252, .latin1: true
        }
    }

    /// Where in the source a byte of the text comes from, which is counted from what
    /// ``feed(_:)`` gave first.
    ///
    /// What was transcoded is transcoded once more up to there.
    func place(ofTextByte wanted: Int) throws(Failure) -> Int {
        guard needsTranscoding else { return beginning + wanted }
        var transcoder = Transcoder(verdict.encoding)
        var raw = [UInt8](repeating: 0, count: TableSource.chunkLength)
        var output = [UInt8](repeating: 0, count: Transcoder.room(for: raw.count))
        var place = beginning
        var written = 0
        while place < end {
            let count = min(try source.read(at: place, into: &raw), end - place)
            guard count > 0 else { break }
            var ahead = transcoder
            let more = ahead.transcode(raw[..<count], isLast: place + count == end, into: &output)
            guard written + more >= wanted else {
                transcoder = ahead
                written += more
                place += count
                continue
            }
            for index in 0..<count where written < wanted {
                written += transcoder.transcode(
                    raw[index...index], isLast: place + 1 == end, into: &output)
                place += 1
            }
            break
        }
        return place
    }

    private mutating func readPiece(
        into buffer: UnsafeMutableRawBufferPointer
    ) throws(Failure) -> Int {
        guard needsTranscoding else {
            let piece = UnsafeMutableRawBufferPointer(
                rebasing: buffer[..<min(buffer.count, TableSource.chunkLength, end - offset)])
            return advance(try source.read(at: offset, into: piece))
        }
        let left = end - offset
        let count = advance(min(try source.read(at: offset, into: &raw), left))
        let isLast = isAtEnd
        return raw.withUnsafeBytes { raw in
            transcoder.transcode(
                UnsafeRawBufferPointer(rebasing: raw[..<count]), isLast: isLast, into: buffer)
        }
    }

    /// Moves on; a source that ends before its length has ended for good.
    private mutating func advance(_ count: Int) -> Int {
        offset = count > 0 ? offset + count : end
        return count
    }
}

extension TableSource {
    /// Fills an array from a place on; returns how many bytes there were.
    func read(at offset: Int, into bytes: inout [UInt8]) throws(Failure) -> Int {
        try bytes.withUnsafeMutableBufferPointer { buffer throws(Failure) in
            try read(at: offset, into: UnsafeMutableRawBufferPointer(buffer))
        }
    }
}

extension Transcoder {
    /// Transcodes a piece from array to array; returns how many bytes were written.
    fileprivate mutating func transcode(
        _ input: ArraySlice<UInt8>, isLast: Bool, into output: inout [UInt8]
    ) -> Int {
        input.withUnsafeBytes { input in
            output.withUnsafeMutableBytes { transcode(input, isLast: isLast, into: $0) }
        }
    }
}
