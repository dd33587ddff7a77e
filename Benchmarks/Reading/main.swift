import CSV
import Glibc
import Rules
import Stages
import WorkerProtocol

// What reading a table costs by itself, without a process, a wall and a database behind it:
//
//     ReadingBench parse FILE     cuts the file, all of it in memory, into records and fields
//     ReadingBench judge FILE     the same, and judges each row by the schema of participants
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

/// Cuts the file, all of it in memory, into records; returns its length and the processor time.
func forEachRecord(
    _ file: Int32, _ body: (CSVRecord) throws -> Void
) throws -> (bytes: Int, seconds: Double) {
    var facts = stat()
    fstat(file, &facts)
    let text = UnsafeMutableRawBufferPointer.allocate(
        byteCount: Int(facts.st_size), alignment: 16)
    defer { text.deallocate() }
    guard read(file, text.baseAddress, text.count) == text.count else { exit(74) }
    let begin = processorSeconds()
    var reader = CSVReader(delimiter: UInt8(ascii: ","))
    var offset = 0
    while offset < text.count {
        // In pieces, as a worker has them.
        let end = min(offset + 256 << 10, text.count)
        reader.append(UnsafeRawBufferPointer(rebasing: text[offset..<end]))
        offset = end
        if offset == text.count { reader.finish() }
        while let record = try reader.next() { try body(record) }
    }
    return (text.count, processorSeconds() - begin)
}

func parse(_ file: Int32) throws -> String {
    var (records, fields, bytes) = (0, 0, 0)
    let all = try forEachRecord(file) { record in
        records += 1
        fields += record.count
        for index in 0..<record.count { bytes += record[index].count }
    }
    return "records=\(records) fields=\(fields) field_bytes=\(bytes) bytes=\(all.bytes) "
        + "cpu_s=\(all.seconds)"
}

func judge(_ file: Int32) throws -> String {
    let rules = participants.columns.map { column in
        guard let rule = QuickRule(column.rule, isKey: participants.key.contains(column.name))
        else {
            preconditionFailure("all of these rules are quick")
        }
        return (rule, column.isRequired)
    }
    var places: [Int]?
    var width = 0
    var scratch: [UInt8] = []
    var (rows, rejected) = (0, 0)
    let all = try forEachRecord(file) { record in
        guard let places else {
            let names = (0..<record.count).map { String(decoding: record[$0], as: UTF8.self) }
            places = participants.columns.map { names.firstIndex(of: $0.name) ?? record.count }
            width = record.count
            return
        }
        scratch.removeAll(keepingCapacity: true)
        var isSound = (min(width, record.count)..<record.count).allSatisfy { record[$0].isEmpty }
        for index in places.indices where isSound {
            let place = places[index]
            let field = place < record.count ? record[place] : .init(start: nil, count: 0)
            let (rule, isRequired) = rules[index]
            let verdict = rule.check(field, isRequired: isRequired, scratch: &scratch)
            if case .refused = verdict { isSound = false }
        }
        if isSound { rows += 1 } else { rejected += 1 }
    }
    return "rejected=\(rejected) rows=\(rows) cpu_s=\(all.seconds)"
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
    case "judge": try judge(file)
    case "import": try readTable(file)
    default: exit(64)
    }
print(told)
