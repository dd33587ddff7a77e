import CSV
import Glibc
import Rules
import Stages
import WorkerProtocol

// What reading a table costs by itself, without a process, a wall and a database behind it:
//
//     ReadingBench parse FILE     cuts the file, all of it in memory, into records and fields
//     ReadingBench import FILE    what the worker does: reads the file, tells its encoding, cuts it, judges each row by the
//                                 schema of participants, and packs rows and rejects as they would be sent
//
// Tells what it found, and the processor time that it took.

/// The schema that comes with ingestd. Rule: docs/formats.md, "Schemas".
let participants = TableSchema(
    name: "participants",
    columns: [
        .init(
            name: "name", isRequired: true,
            rule: ValueRule(transforms: [.trim], length: ValueBounds(least: 2, greatest: 100))),
        .init(
            name: "email", isRequired: true,
            rule: ValueRule(type: .email, transforms: [.trim, .lower])),
        .init(name: "phone", rule: ValueRule(transforms: [.trim])),
        .init(name: "department", rule: ValueRule(transforms: [.trim])),
        .init(name: "position", rule: ValueRule(transforms: [.trim])),
    ], key: ["email"], hasTokens: true)

func processorSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}

func parse(_ file: Int32) throws -> String {
    var facts = stat()
    fstat(file, &facts)
    let text = UnsafeMutableRawBufferPointer.allocate(
        byteCount: Int(facts.st_size), alignment: 16)
    defer { text.deallocate() }
    guard read(file, text.baseAddress, text.count) == text.count else { exit(74) }
    let begin = processorSeconds()
    var reader = CSVReader(delimiter: UInt8(ascii: ","))
    var (records, fields, bytes, offset) = (0, 0, 0, 0)
    while offset < text.count {
        // In pieces, as a worker has them.
        let end = min(offset + 256 << 10, text.count)
        reader.append(UnsafeRawBufferPointer(rebasing: text[offset..<end]))
        offset = end
        if offset == text.count { reader.finish() }
        while let record = try reader.next() {
            records += 1
            fields += record.count
            for index in 0..<record.count { bytes += record[index].count }
        }
    }
    let seconds = processorSeconds() - begin
    return "records=\(records) fields=\(fields) field_bytes=\(bytes) bytes=\(text.count) "
        + "cpu_s=\(seconds)"
}

func readTable(_ file: Int32) throws -> String {
    let begin = processorSeconds()
    var (rows, sent) = (0, 0)
    let request = TableRequest(
        choice: .auto, schemas: [participants], fallbackEncoding: "windows-1252",
        allowance: ErrorAllowance())
    let summary = try TableImport.run(request, descriptor: file) { reply in
        switch reply {
        case .rows(let batch):
            rows += batch.rowCount
            sent += batch.bytes.count
        case .artifactBytes(let bytes): sent += bytes.count
        case .progress, .artifactBegun, .artifactEnded, .tableBegun, .rejected, .warning, .finished,
            .failed:
            break
        }
    }
    let seconds = processorSeconds() - begin
    return "total=\(summary.totalRows) rejected=\(summary.errorCount) rows=\(rows) sent=\(sent) "
        + "cpu_s=\(seconds)"
}

let words = CommandLine.arguments
let file = words.count == 3 ? open(words[2], O_RDONLY | O_CLOEXEC) : -1
guard file >= 0 else { exit(64) }
let told =
    switch words[1] {
    case "parse": try parse(file)
    case "import": try readTable(file)
    default: exit(64)
    }
print(told)
