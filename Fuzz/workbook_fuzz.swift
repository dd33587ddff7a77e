// Looks for bytes that bring the readers of workbooks down.
//
// The first byte chooses the limits; the rest is the file. A file that begins with `[` is no archive but one sheet's XML,
// which is put into one: else few changes would reach what lies behind zlib's checksums. Such a sheet must read the same
// where its rows are scanned as where expat reads them all. Built together with the sources of room Workbook by
// scripts/fuzz.
import CSV
import CWorkbook

private func require(_ holds: Bool, _ what: StaticString) {
    guard holds else { fatalError("\(what)") }
}

/// Reads the first sheets; returns the rows, and whether they came to their end.
@discardableResult
private func readAll(_ file: [UInt8], limits: WorkbookLimits) -> (rows: [[[UInt8]]], isWhole: Bool) {
    var rows: [[[UInt8]]] = []
    let bytes = WorkbookBytes(length: file.count) { offset, buffer in
        require(offset >= 0 && offset + buffer.count <= file.count, "a read beyond the file")
        buffer.copyBytes(from: file[offset..<(offset + buffer.count)])
        return buffer.count
    }
    do throws(WorkbookError) {
        let workbook = try Workbook(bytes, limits: limits, codePage: .cp949)
        for sheet in workbook.sheets.prefix(4) {
            let reader = try workbook.open(sheet)
            var last = 0
            while let record = try reader.next() {
                require(record.number > last, "rows that do not go upwards")
                require(
                    record.count > 0 && record.count <= limits.record.columns, "a row too wide")
                for index in 0..<record.count {
                    let field = record[index]
                    require(field.count <= limits.record.field, "a cell too long")
                    require(
                        String(validating: field, as: UTF8.self) != nil, "a cell that is no UTF-8")
                }
                last = record.number
                rows.append((0..<record.count).map { Array(record[$0]) })
                let progress = reader.progress
                require(progress.done >= 0 && progress.done <= progress.total, "progress past its end")
            }
        }
        return (rows, true)
    } catch {
        // A refusal is an answer like any other.
        return (rows, false)
    }
}

/// The sheet with its rows where nobody but expat finds them.
private func disguised(_ sheet: [UInt8]) -> [UInt8] {
    let tag = Array("<sheetData>".utf8)
    var changed: [UInt8] = []
    var place = 0
    while place < sheet.count {
        if sheet[place...].starts(with: tag) {
            changed += tag.dropLast() + Array(" >".utf8)
            place += tag.count
        } else {
            changed.append(sheet[place])
            place += 1
        }
    }
    return changed
}

private func readSheet(_ sheet: [UInt8], limits: WorkbookLimits) {
    let usual = readAll(archived(sheet), limits: limits)
    // In a section of characters the disguise would show.
    guard sheet.firstRange(of: Array("<![CDATA[".utf8)) == nil else { return }
    let byExpat = readAll(archived(disguised(sheet)), limits: limits)
    require(usual.rows == byExpat.rows, "scanned rows that differ")
    require(usual.isWhole == byExpat.isWhole, "a sheet that is refused one way only")
}

/// An archive of stored files around a sheet, a table of shared texts and styles.
private func archived(_ xml: [UInt8]) -> [UInt8] {
    let parts = xml.split(separator: 0, maxSplits: 2, omittingEmptySubsequences: false)
    let relation = #"<Relationship Type="x/"#
    let files: [(String, [UInt8])] = [
        (
            "xl/workbook.xml",
            Array(#"<w><p/><sheets><sheet name="a" id="1"/></sheets></w>"#.utf8)
        ),
        (
            "xl/_rels/workbook.xml.rels",
            Array(
                ("<R>" + relation + #"worksheet" Id="1" Target="s"/>"# + relation
                    + #"sharedStrings" Id="2" Target="t"/>"# + relation
                    + #"styles" Id="3" Target="y"/></R>"#).utf8)
        ),
        ("xl/s", Array(parts[0])),
        ("xl/t", parts.count > 1 ? Array(parts[1]) : Array("<sst><si><t>x</t></si></sst>".utf8)),
        ("xl/y", parts.count > 2 ? Array(parts[2]) : Array("<y/>".utf8)),
    ]
    var bytes: [UInt8] = []
    var directory: [UInt8] = []
    func put(_ value: Int, _ width: Int, to list: inout [UInt8]) {
        for byte in 0..<width { list.append(UInt8(truncatingIfNeeded: value >> (8 * byte))) }
    }
    for (name, content) in files {
        var fields: [UInt8] = []
        put(0, 10, to: &fields)
        put(Int(crc32(0, content, UInt32(content.count))), 4, to: &fields)
        put(content.count, 4, to: &fields)
        put(content.count, 4, to: &fields)
        put(name.utf8.count, 2, to: &fields)
        put(0, 2, to: &fields)
        directory += [0x50, 0x4b, 1, 2, 0, 0] + fields
        put(0, 10, to: &directory)
        put(bytes.count, 4, to: &directory)
        directory += Array(name.utf8)
        bytes += [0x50, 0x4b, 3, 4] + fields + Array(name.utf8) + content
    }
    let start = bytes.count
    bytes += directory + [0x50, 0x4b, 5, 6, 0, 0, 0, 0]
    put(files.count, 2, to: &bytes)
    put(files.count, 2, to: &bytes)
    put(directory.count, 4, to: &bytes)
    put(start, 4, to: &bytes)
    put(0, 2, to: &bytes)
    return bytes
}

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOne(_ bytes: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    guard count > 2 else { return 0 }
    let file = Array(UnsafeBufferPointer(start: bytes + 1, count: count - 1))
    var limits = WorkbookLimits(sharedText: 1 << 20, part: 1 << 20, parts: 2 << 20)
    if bytes[0] & 1 != 0 {
        limits.record = CSVLimits(field: 100, record: 400, columns: 8)
        limits.unordered = 10
    }
    if file[0] == UInt8(ascii: "[") {
        readSheet(Array(file.dropFirst()), limits: limits)
    } else {
        readAll(file, limits: limits)
    }
    return 0
}
