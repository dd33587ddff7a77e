// Looks for bytes that bring the CSV reader down, or that it reads otherwise in pieces than as a whole.
//
// The first byte chooses how long the pieces are and which encoding is assumed, the second the limits; the rest is the
// file. Built together with the sources of room CSV by scripts/fuzz.

/// What came out of a file: its records, and how the reading ended.
private struct Reading: Equatable {
    var records: [[[UInt8]]] = []
    /// The record that could not be read. Which of two limits it is past is told by the piece that shows it.
    var faultyRecord: Int?
    var replacementCount = 0
}

private func require(_ holds: Bool, _ what: StaticString) {
    guard holds else { fatalError("\(what)") }
}

private func read(
    _ file: UnsafeRawBufferPointer, _ verdict: EncodingVerdict, pieceLength: Int, limits: CSVLimits
) -> Reading {
    var reading = Reading()
    var transcoder = Transcoder(verdict.encoding)
    let body = UnsafeRawBufferPointer(rebasing: file.dropFirst(verdict.markLength))
    let text = transcode(body, with: &transcoder, pieceLength: pieceLength)
    reading.replacementCount = transcoder.replacementCount
    text.withUnsafeBytes { text in
        let dialect = CSVDialect.sniff(text, isWhole: true, limits: limits)
        require(dialect.prefixLength <= text.count, "a prefix that is longer than the text")
        var reader = CSVReader(delimiter: dialect.delimiter, limits: limits)
        var rest = UnsafeRawBufferPointer(rebasing: text.dropFirst(dialect.prefixLength))
        do throws(CSVError) {
            while true {
                while let record = try reader.next() {
                    require(record.count > 0 && record.count <= limits.columns, "a record too wide")
                    reading.records.append((0..<record.count).map { Array(record[$0]) })
                }
                if rest.isEmpty { break }
                reader.append(UnsafeRawBufferPointer(rebasing: rest.prefix(pieceLength)))
                rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(pieceLength))
                if rest.isEmpty { reader.finish() }
            }
        } catch {
            reading.faultyRecord = error.record
        }
    }
    return reading
}

private func transcode(
    _ body: UnsafeRawBufferPointer, with transcoder: inout Transcoder, pieceLength: Int
) -> [UInt8] {
    var text: [UInt8] = []
    var rest = body
    repeat {
        let piece = UnsafeRawBufferPointer(rebasing: rest.prefix(pieceLength))
        rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(pieceLength))
        var output = [UInt8](repeating: 0, count: Transcoder.room(for: piece.count))
        let count = output.withUnsafeMutableBytes {
            transcoder.transcode(piece, isLast: rest.isEmpty, into: $0)
        }
        text += output[..<count]
    } while !rest.isEmpty
    require(String(validating: text, as: UTF8.self) != nil, "a text that is no UTF-8")
    return text
}

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOne(_ bytes: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    guard count > 2 else { return 0 }
    let file = UnsafeRawBufferPointer(start: bytes + 2, count: count - 2)
    let encodings = TextEncoding.allCases
    let assumed = encodings[Int(bytes[0]) % encodings.count]
    let limits =
        bytes[1] & 1 == 0
        ? CSVLimits() : CSVLimits(field: Int(bytes[1]), record: 4 * Int(bytes[1]), columns: 8)
    var sniffer = EncodingSniffer()
    sniffer.append(file)
    guard let verdict = sniffer.verdict(fallback: assumed) else { return 0 }
    require(verdict.markLength <= file.count, "a mark that is longer than the file")
    let whole = read(file, verdict, pieceLength: count, limits: limits)
    let pieces = read(file, verdict, pieceLength: 1 + Int(bytes[0] >> 3), limits: limits)
    require(whole == pieces, "pieces that read otherwise than the whole")
    return 0
}
