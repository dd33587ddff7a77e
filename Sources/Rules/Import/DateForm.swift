/// Days and moments as people write them in tables, and the one way in which each is kept: ISO 8601.
///
/// The year comes first: what begins with a day or a month may mean either.
enum DateForm {
    /// Appends a day as `2024-01-31`; false where the text is none, or no calendar has it.
    ///
    /// Of a moment it is the day: programs write midnight behind days, and a workbook's cell may hold a
    /// time that nobody sees. With a zone only midnight is taken, since any other time may be that of
    /// another day where its writer is.
    static func date(_ value: UnsafeRawBufferPointer, into bytes: inout [UInt8]) -> Bool {
        var cursor = DateCursor(value)
        guard cursor.day(into: &bytes) else { return false }
        if cursor.isAtEnd { return true }
        var time: [UInt8] = []
        guard cursor.timeBehindDay(into: &time) else { return false }
        if cursor.isAtEnd { return true }
        let isMidnight = time.allSatisfy { !(UInt8(ascii: "1")...UInt8(ascii: "9")).contains($0) }
        return isMidnight && cursor.zone(into: &time) && cursor.isAtEnd
    }

    /// Appends a moment as `2024-01-31T15:30:00`, with its fraction and its zone as they came; a day
    /// alone begins at midnight.
    static func moment(_ value: UnsafeRawBufferPointer, into bytes: inout [UInt8]) -> Bool {
        var cursor = DateCursor(value)
        guard cursor.day(into: &bytes) else { return false }
        bytes.append(UInt8(ascii: "T"))
        if cursor.isAtEnd {
            bytes.append(contentsOf: "00:00:00".utf8)
            return true
        }
        return cursor.timeBehindDay(into: &bytes) && cursor.zone(into: &bytes) && cursor.isAtEnd
    }

    /// Whether a text is a day exactly as it would be kept.
    static func isPlainDate(_ value: UnsafeRawBufferPointer) -> Bool {
        guard value.count == 10, value[4] == UInt8(ascii: "-"), value[7] == UInt8(ascii: "-") else {
            return false
        }
        var bytes: [UInt8] = []
        return date(value, into: &bytes)
    }

    /// Whether a text is a moment in the form of ISO 8601, with `T` or a space before the hour.
    static func isPlainMoment(_ value: UnsafeRawBufferPointer) -> Bool {
        guard value.count >= 16, isPlainDate(UnsafeRawBufferPointer(rebasing: value[..<10])),
            value[10] == UInt8(ascii: "T") || value[10] == UInt8(ascii: " "),
            value[13] == UInt8(ascii: ":")
        else { return false }
        var bytes: [UInt8] = []
        var cursor = DateCursor(UnsafeRawBufferPointer(rebasing: value[11...]))
        return cursor.time(into: &bytes) && cursor.zone(into: &bytes) && cursor.isAtEnd
    }
}

/// Walks over a text that may be a day or a moment.
private struct DateCursor {
    private let text: UnsafeRawBufferPointer
    private var at = 0

    init(_ text: UnsafeRawBufferPointer) { self.text = text }

    var isAtEnd: Bool { at == text.count }

    /// Steps over a byte; small letters are as good as capitals.
    mutating func take(_ byte: UInt8) -> Bool {
        guard at < text.count, text[at] == byte || text[at] == byte | 0x20 && byte > 0x40 else {
            return false
        }
        at += 1
        return true
    }

    mutating func take(_ word: String) -> Bool {
        let word = word.utf8
        guard text.count - at >= word.count, text[at..<(at + word.count)].elementsEqual(word) else {
            return false
        }
        at += word.count
        return true
    }

    /// Steps over spaces; false where there are none.
    mutating func skipSpaces() -> Bool {
        let start = at
        while at < text.count, text[at] == UInt8(ascii: " ") { at += 1 }
        return at > start
    }

    /// A number of as many digits; nil where there are fewer, or more.
    private mutating func number(_ lengths: ClosedRange<Int>) -> Int? {
        var value = 0
        let start = at
        while at < text.count, at - start <= lengths.upperBound,
            text[at] >= UInt8(ascii: "0"), text[at] <= UInt8(ascii: "9")
        {
            value = value * 10 + Int(text[at] - UInt8(ascii: "0"))
            at += 1
        }
        return lengths.contains(at - start) ? value : nil
    }

    mutating func day(into bytes: inout [UInt8]) -> Bool {
        let start = at
        if let whole = number(8...8) {
            return put(year: whole / 10_000, whole / 100 % 100, whole % 100, into: &bytes)
        }
        at = start
        guard let year = number(4...4) else { return false }
        var month: Int?
        var day: Int?
        if take("년") {
            _ = skipSpaces()
            month = number(1...2)
            guard take("월") else { return false }
            _ = skipSpaces()
            day = number(1...2)
            guard take("일") else { return false }
        } else {
            guard let separator = ["-", "/", "."].first(where: { take($0) }) else { return false }
            let isLoose = separator == "."
            if isLoose { _ = skipSpaces() }
            month = number(1...2)
            guard take(separator) else { return false }
            if isLoose { _ = skipSpaces() }
            day = number(1...2)
            // Korean writes one behind the day, too.
            if isLoose { _ = take(separator) }
        }
        guard let month, let day else { return false }
        return put(year: year, month, day, into: &bytes)
    }

    private func put(year: Int, _ month: Int, _ day: Int, into bytes: inout [UInt8]) -> Bool {
        guard year > 0, (1...12).contains(month) else { return false }
        let isLeap =
            year.isMultiple(of: 4) && (!year.isMultiple(of: 100) || year.isMultiple(of: 400))
        let lengths = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        guard (1...lengths[month - 1]).contains(day) else { return false }
        Self.put(year, digits: 4, into: &bytes)
        bytes.append(UInt8(ascii: "-"))
        Self.put(month, digits: 2, into: &bytes)
        bytes.append(UInt8(ascii: "-"))
        Self.put(day, digits: 2, into: &bytes)
        return true
    }

    private static func put(_ number: Int, digits: Int, into bytes: inout [UInt8]) {
        var rest = number
        let start = bytes.count
        for _ in 0..<digits {
            bytes.insert(UInt8(ascii: "0") + UInt8(rest % 10), at: start)
            rest /= 10
        }
    }

    /// Whether the hour is one of the afternoon; nil where nobody says.
    private mutating func half() -> Bool? {
        if take("오전") { return false }
        if take("오후") { return true }
        let start = at
        let isAfternoon = take(UInt8(ascii: "P"))
        guard isAfternoon || take(UInt8(ascii: "A")), take(UInt8(ascii: "M")) else {
            at = start
            return nil
        }
        return isAfternoon
    }

    /// A time with what parts it from the day before it.
    mutating func timeBehindDay(into bytes: inout [UInt8]) -> Bool {
        let hasGap = skipSpaces()
        guard take(UInt8(ascii: "T")) || hasGap else { return false }
        return time(into: &bytes)
    }

    mutating func time(into bytes: inout [UInt8]) -> Bool {
        var isAfternoon = half()
        _ = skipSpaces()
        guard var hour = number(1...2), take(UInt8(ascii: ":")), let minute = number(2...2) else {
            return false
        }
        var second = 0
        var fraction: Range<Int>?
        if take(UInt8(ascii: ":")) {
            guard let seconds = number(2...2) else { return false }
            second = seconds
            if take(UInt8(ascii: ".")) {
                let start = at
                guard number(1...9) != nil else { return false }
                fraction = start..<at
            }
        }
        let end = at
        _ = skipSpaces()
        if isAfternoon == nil { isAfternoon = half() }
        if isAfternoon == nil { at = end }
        if let isAfternoon {
            guard (1...12).contains(hour) else { return false }
            hour = hour % 12 + (isAfternoon ? 12 : 0)
        }
        guard hour < 24, minute < 60, second < 60 else { return false }
        Self.put(hour, digits: 2, into: &bytes)
        for part in [minute, second] {
            bytes.append(UInt8(ascii: ":"))
            Self.put(part, digits: 2, into: &bytes)
        }
        if let fraction {
            bytes.append(UInt8(ascii: "."))
            bytes.append(contentsOf: text[fraction])
        }
        return true
    }

    /// `Z`, or hours and minutes from it; nothing is as good.
    mutating func zone(into bytes: inout [UInt8]) -> Bool {
        if isAtEnd { return true }
        _ = skipSpaces()
        if take(UInt8(ascii: "Z")) {
            bytes.append(UInt8(ascii: "Z"))
            return true
        }
        let isEast = take(UInt8(ascii: "+"))
        guard isEast || take(UInt8(ascii: "-")) else { return false }
        let start = at
        var hours = 0
        var minutes = 0
        if let both = number(4...4) {
            (hours, minutes) = both.quotientAndRemainder(dividingBy: 100)
        } else {
            at = start
            guard let first = number(2...2), take(UInt8(ascii: ":")), let second = number(2...2)
            else { return false }
            (hours, minutes) = (first, second)
        }
        guard hours < 24, minutes < 60 else { return false }
        bytes.append(UInt8(ascii: isEast ? "+" : "-"))
        Self.put(hours, digits: 2, into: &bytes)
        bytes.append(UInt8(ascii: ":"))
        Self.put(minutes, digits: 2, into: &bytes)
        return true
    }
}
