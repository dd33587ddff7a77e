/// Numbers as a person expects to meet them in a CSV file.
///
/// Rule: docs/formats.md, "Workbooks".
struct CellNumber {
    /// Days are counted from 1904 rather than 1900.
    let countsFrom1904: Bool

    /// The last second that Excel shows is that of the year 9999.
    private static let dayLimit = 2_958_466.0
    /// Numbers below are written without an exponent.
    private static let plainLimit = 1e21
    /// Whole numbers below are exact.
    private static let wholeLimit = 1e15
    private static let secondsOfDay = 86_400

    /// Appends a number to the cell at hand.
    func write(
        _ value: Double, as format: CellFormat, to row: RowBuilder
    ) throws(WorkbookError) {
        guard format.kind == .number || value < 0 || !(value < Self.dayLimit) else {
            return try writeTime(value, format, to: row)
        }
        guard value.isFinite else { return try row.append("#NUM!") }
        if abs(value) < Self.wholeLimit, value == value.rounded(.towardZero) {
            try row.append(String(Int(value)))
        } else {
            try row.append(Self.plain(value))
        }
    }

    /// The shortest digits that read back as the same number, without an exponent where that is no
    /// longer than a person would write it.
    static func plain(_ value: Double) -> String {
        let text = value.description
        guard let mark = text.firstIndex(of: "e"), abs(value) < plainLimit, abs(value) >= 1e-7,
            let exponent = Int(text[text.index(after: mark)...])
        else { return text.hasSuffix(".0") ? String(text.dropLast(2)) : text }
        let mantissa = text[..<mark].drop { $0 == "-" }
        let digits = mantissa.filter { $0 != "." }
        let sign = value < 0 ? "-" : ""
        guard exponent >= 0 else {
            return "\(sign)0.\(String(repeating: "0", count: -exponent - 1))\(digits)"
        }
        // Of an exponent this large no digit is behind the point.
        return sign + digits + String(repeating: "0", count: max(0, exponent + 1 - digits.count))
    }

    // MARK: - Times

    private func writeTime(
        _ value: Double, _ format: CellFormat, to row: RowBuilder
    ) throws(WorkbookError) {
        // A day has so many units; a time is rounded to the unit that its format shows.
        let perSecond = format.showsFraction ? 1000 : 1
        let perDay = Self.secondsOfDay * perSecond
        let units = Int((value * Double(perDay)).rounded())
        let day = units / perDay
        let isDayless = day == 0 && !countsFrom1904
        switch format.kind {
        case .elapsed:
            try writeClock(units, perSecond, to: row)
        case .time:
            try writeClock(units % perDay, perSecond, to: row)
        case .dateTime where isDayless:
            try writeClock(units, perSecond, to: row)
        case .dateTime:
            try writeDate(day, to: row)
            try row.append(UInt8(ascii: "T"))
            try writeClock(units % perDay, perSecond, to: row)
        case .date where isDayless, .number:
            // Excel itself has no day for it.
            try row.append(Self.plain(value))
        case .date:
            try writeDate(Int(value.rounded(.down)), to: row)
        }
    }

    private func writeClock(
        _ units: Int, _ perSecond: Int, to row: RowBuilder
    ) throws(WorkbookError) {
        let seconds = units / perSecond
        try Self.write(seconds / 3600, width: 2, to: row)
        try row.append(UInt8(ascii: ":"))
        try Self.write(seconds / 60 % 60, width: 2, to: row)
        try row.append(UInt8(ascii: ":"))
        try Self.write(seconds % 60, width: 2, to: row)
        guard units % perSecond > 0 else { return }
        try row.append(UInt8(ascii: "."))
        try Self.write(units % perSecond, width: 3, to: row)
    }

    private func writeDate(_ day: Int, to row: RowBuilder) throws(WorkbookError) {
        let (year, month, dayOfMonth) = date(day)
        try Self.write(year, width: 4, to: row)
        try row.append(UInt8(ascii: "-"))
        try Self.write(month, width: 2, to: row)
        try row.append(UInt8(ascii: "-"))
        try Self.write(dayOfMonth, width: 2, to: row)
    }

    /// The date of a day as workbooks count them.
    ///
    /// Excel takes 1900 for a leap year, so its day 60 never was; it is told as Excel shows it.
    private func date(_ day: Int) -> (year: Int, month: Int, day: Int) {
        if countsFrom1904 { return Self.civil(day - 24_107) }
        if day == 60 { return (1900, 2, 29) }
        return Self.civil(day - (day < 60 ? 25_568 : 25_569))
    }

    /// The date of a day counted from 1970, by years that begin in March.
    private static func civil(_ days: Int) -> (year: Int, month: Int, day: Int) {
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra =
            (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return (year, month, dayOfYear - (153 * monthFromMarch + 2) / 5 + 1)
    }

    private static func write(
        _ number: Int, width: Int, to row: RowBuilder
    ) throws(WorkbookError) {
        var divisor = 1
        var digits = 1
        while digits < width || number / divisor >= 10 {
            divisor *= 10
            digits += 1
        }
        while divisor > 0 {
            try row.append(UInt8(ascii: "0") + UInt8(number / divisor % 10))
            divisor /= 10
        }
    }
}
