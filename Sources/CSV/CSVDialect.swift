/// How a text separates its fields, told from its beginning.
///
/// Rule: docs/formats.md, "Delimiters".
public struct CSVDialect: Sendable, Hashable {
    /// The delimiters that are told apart, the likelier ones first.
    public static let delimiters: [UInt8] = [
        UInt8(ascii: ","), UInt8(ascii: ";"), UInt8(ascii: "\t"), UInt8(ascii: "|"),
    ]

    public var delimiter: UInt8
    /// Bytes of a `sep=` line before the first record; it is no record itself.
    public var prefixLength: Int
    /// The most fields that a record of the beginning has; zero where there is no record.
    public var widest: Int

    public init(delimiter: UInt8, prefixLength: Int = 0, widest: Int = 0) {
        self.delimiter = delimiter
        self.prefixLength = prefixLength
        self.widest = widest
    }

    /// As results name it: the character itself, or `tab`.
    public var name: String {
        delimiter == UInt8(ascii: "\t") ? "tab" : String(UnicodeScalar(delimiter))
    }

    /// Tells the delimiter from the beginning of a text.
    ///
    /// - Parameters:
    ///   - sample: UTF-8 without a mark.
    ///   - isWhole: whether the sample is all there is; if not, its last record is not looked at.
    public static func sniff(
        _ sample: UnsafeRawBufferPointer, isWhole: Bool, limits: CSVLimits = CSVLimits()
    ) -> CSVDialect {
        let (declared, prefixLength) = separatorLine(sample)
        let text = UnsafeRawBufferPointer(rebasing: sample[prefixLength...])
        if let declared {
            let shape = Shape(text, delimiter: declared, isWhole: isWhole, limits: limits)
            return CSVDialect(
                delimiter: declared, prefixLength: prefixLength, widest: shape.widest)
        }
        let shapes = delimiters.map {
            Shape(text, delimiter: $0, isWhole: isWhole, limits: limits)
        }
        var best = shapes[0]
        for shape in shapes.dropFirst() where shape.isLikelier(than: best) { best = shape }
        return CSVDialect(delimiter: best.delimiter, widest: best.widest)
    }

    /// Reads the line by which spreadsheets declare a delimiter: `sep=;`, quoted or not, in any
    /// case.
    private static func separatorLine(_ sample: UnsafeRawBufferPointer) -> (UInt8?, length: Int) {
        let line = sample.prefix(8).prefix { !CSVReader.endsLine($0) }
        var content = line[...]
        if content.count >= 2, content.first == CSVReader.quote, content.last == CSVReader.quote {
            content = content.dropFirst().dropLast()
        }
        let lowered = content.prefix(4).map { $0 | 0x20 }
        guard lowered.prefix(3).elementsEqual("sep".utf8), content.count == 5,
            content.dropFirst(3).first == UInt8(ascii: "="), let delimiter = content.last,
            delimiters.contains(delimiter)
        else { return (nil, 0) }
        var length = line.count
        if length < sample.count, sample[length] == UInt8(ascii: "\r") { length += 1 }
        if length < sample.count, sample[length] == UInt8(ascii: "\n") { length += 1 }
        return (delimiter, length)
    }
}

/// What a text looks like when cut at one delimiter.
private struct Shape {
    let delimiter: UInt8
    private(set) var widest = 0
    private var columns = 1
    private var score = 0.0

    init(_ text: UnsafeRawBufferPointer, delimiter: UInt8, isWhole: Bool, limits: CSVLimits) {
        self.delimiter = delimiter
        var reader = CSVReader(delimiter: delimiter, limits: limits)
        reader.append(text)
        if isWhole { reader.finish() }
        var counts = [Int](repeating: 0, count: limits.columns + 1)
        var header = 0
        var isBroken = false
        do throws(CSVError) {
            while let record = try reader.next() {
                if header == 0 { header = record.count }
                counts[record.count] += 1
                widest = max(widest, record.count)
            }
        } catch {
            // The records before the fault still tell; the fault speaks against this delimiter.
            isBroken = true
        }
        let records = reader.recordCount
        guard records > 0 else { return }
        for (width, count) in counts.enumerated() where width > 1 && count > 0 {
            // Of two widths equally frequent the greater one is that of the table.
            if columns == 1 || count >= counts[columns] { columns = width }
        }
        guard columns > 1 else { return }
        score = Double(counts[columns]) / Double(records)
        if header == columns { score += 0.25 }
        score -= Double(reader.tailCount) / Double(records)
        if isBroken { score -= 0.25 }
    }

    /// Whether this cut makes the better table: more consistent, then wider.
    func isLikelier(than other: Shape) -> Bool {
        (score, columns) > (other.score, other.columns)
    }
}
