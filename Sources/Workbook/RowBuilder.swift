import CSV

/// The row at hand: the texts of its cells, by column.
///
/// Cells may come in any order; the last one wins. Rows without any text come to nothing.
final class RowBuilder {
    private let limits: CSVLimits
    private var storage: UnsafeMutableRawPointer
    private var capacity = 4096
    private var count = 0
    private var fieldStart = 0
    private let places: UnsafeMutablePointer<CSVRecord.Place>
    private var width = 0
    /// How the row is numbered; set before its cells come.
    private(set) var number = 0

    init(_ limits: CSVLimits) {
        self.limits = limits
        storage = .allocate(byteCount: capacity, alignment: 16)
        places = .allocate(capacity: limits.columns)
    }

    deinit {
        storage.deallocate()
        places.deallocate()
    }

    func begin(number: Int) {
        self.number = number
        count = 0
        fieldStart = 0
        width = 0
    }

    var isBlank: Bool { width == 0 }

    /// The row; valid until the next one begins.
    func record(number: Int) -> CSVRecord {
        CSVRecord(
            number: number, count: width, base: UnsafeRawPointer(storage),
            places: UnsafePointer(places))
    }

    /// Adds to the text of the cell at hand.
    func append(_ bytes: UnsafeRawBufferPointer) throws(WorkbookError) {
        try reserve(bytes.count)
        UnsafeMutableRawBufferPointer(start: storage + count, count: bytes.count)
            .copyMemory(from: bytes)
        count += bytes.count
    }

    func append(_ byte: UInt8) throws(WorkbookError) {
        try reserve(1)
        storage.storeBytes(of: byte, toByteOffset: count, as: UInt8.self)
        count += 1
    }

    func append(_ text: String) throws(WorkbookError) {
        for byte in text.utf8 { try append(byte) }
    }

    /// Ends the cell at hand; columns are counted from zero.
    func endField(column: Int) throws(WorkbookError) {
        let length = count - fieldStart
        guard length > 0 else { return }
        guard column < limits.columns else { throw .tooManyColumns(row: number) }
        while width <= column {
            places[width] = CSVRecord.Place(start: 0, length: 0)
            width += 1
        }
        places[column] = CSVRecord.Place(start: UInt32(fieldStart), length: UInt32(length))
        fieldStart = count
    }

    private func reserve(_ more: Int) throws(WorkbookError) {
        guard count + more - fieldStart <= limits.field else {
            throw .tooLarge(.cell(row: number))
        }
        guard count + more <= limits.record else { throw .tooLarge(.row(number)) }
        guard capacity - count < more else { return }
        capacity = max(2 * capacity, count + more)
        let larger = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 16)
        larger.copyMemory(from: storage, byteCount: count)
        storage.deallocate()
        storage = larger
    }
}
