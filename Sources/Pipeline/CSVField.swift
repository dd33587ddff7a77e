/// A field of a table that ingestd itself writes for people.
struct CSVField {
    let text: String

    init(ours value: String, delimiter: Character = ",") {
        var bytes: [UInt8] = []
        var value = value
        value.withUTF8 { value in
            Self.append(
                ours: UnsafeRawBufferPointer(value),
                delimiter: delimiter.asciiValue ?? UInt8(ascii: ","), to: &bytes)
        }
        text = String(decoding: bytes, as: UTF8.self)
    }

    /// Appends the field, where there are millions of them: quotes what needs it, and keeps a spreadsheet
    /// program from taking the value for a formula.
    ///
    /// Rule: RFC 4180, section 2.
    static func append(
        ours value: UnsafeRawBufferPointer, delimiter: UInt8 = UInt8(ascii: ","),
        to bytes: inout [UInt8]
    ) {
        let quote = UInt8(ascii: "\"")
        let needsQuotes = value.contains {
            $0 == delimiter || $0 == quote || $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r")
        }
        if needsQuotes { bytes.append(quote) }
        if let first = value.first, isFormulaSign(first) { bytes.append(UInt8(ascii: "'")) }
        guard needsQuotes else {
            bytes.append(contentsOf: value)
            return
        }
        for byte in value {
            if byte == quote { bytes.append(quote) }
            bytes.append(byte)
        }
        bytes.append(quote)
    }

    private static func isFormulaSign(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "="), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "@"),
            UInt8(ascii: "\t"), UInt8(ascii: "\r"):
            true
        default: false
        }
    }
}
