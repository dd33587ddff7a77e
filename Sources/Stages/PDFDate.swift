/// The dates of PDF: `D:20240131093000+09'00'`, of which everything after the year may be missing.
///
/// Rule: ISO 32000-1, section 7.9.4.
enum PDFDate {
    /// The same moment in the form of RFC 3339, in the zone in which it was written; nil for
    /// anything else.
    ///
    /// A date without a zone is taken as UTC, as PDF 2.0 has it.
    static func rfc3339(_ text: String) -> String? {
        var rest = Substring(text)
        if rest.hasPrefix("D:") { rest = rest.dropFirst(2) }
        guard let year = take(4, from: &rest, in: 0...9999) else { return nil }
        var parts = [1, 1, 0, 0, 0]
        let ranges = [1...12, 1...31, 0...23, 0...59, 0...60]
        for index in parts.indices {
            guard let first = rest.utf8.first, isDigit(first) else { break }
            guard let part = take(2, from: &rest, in: ranges[index]) else { return nil }
            parts[index] = part
        }
        guard parts[1] <= dayCount(year: year, month: parts[0]), let zone = zone(&rest) else {
            return nil
        }
        let fields = parts.map { pad($0, to: 2) }
        return "\(pad(year, to: 4))-\(fields[0])-\(fields[1])"
            + "T\(fields[2]):\(fields[3]):\(fields[4])\(zone)"
    }

    private static func zone(_ rest: inout Substring) -> String? {
        guard let sign = rest.popFirst() else { return "Z" }
        // `Z00'00'` is written by some programs.
        if sign == "Z" || sign == "z" { return "Z" }
        guard sign == "+" || sign == "-", let hours = take(2, from: &rest, in: 0...23) else {
            return nil
        }
        if rest.first == "'" || rest.first == ":" { rest = rest.dropFirst() }
        let minutes = rest.isEmpty ? 0 : take(2, from: &rest, in: 0...59)
        guard let minutes else { return nil }
        return "\(sign)\(pad(hours, to: 2)):\(pad(minutes, to: 2))"
    }

    private static func take(
        _ count: Int, from rest: inout Substring, in range: ClosedRange<Int>
    ) -> Int? {
        let digits = rest.prefix(count)
        guard digits.utf8.count == count, digits.utf8.allSatisfy(isDigit),
            let number = Int(digits), range.contains(number)
        else { return nil }
        rest = rest.dropFirst(count)
        return number
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    private static func dayCount(year: Int, month: Int) -> Int {
        let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        return [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1]
    }

    private static func pad(_ number: Int, to width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}
