/// A moment in UTC, in whole milliseconds since 1970-01-01T00:00:00Z.
public struct Timestamp: Hashable, Comparable, Sendable, CustomStringConvertible {
    public var milliseconds: Int64

    public init(milliseconds: Int64) { self.milliseconds = milliseconds }

    public static func < (left: Timestamp, right: Timestamp) -> Bool {
        left.milliseconds < right.milliseconds
    }
    public static func + (moment: Timestamp, wait: Duration) -> Timestamp {
        Timestamp(milliseconds: moment.milliseconds + wait.wholeMilliseconds)
    }
    public static func - (later: Timestamp, earlier: Timestamp) -> Duration {
        .milliseconds(later.milliseconds - earlier.milliseconds)
    }

    /// RFC 3339 with milliseconds: `2026-01-02T03:04:05.678Z`.
    public var description: String {
        let dayLength: Int64 = 86_400_000
        var days = milliseconds / dayLength
        var rest = milliseconds % dayLength
        if rest < 0 {
            rest += dayLength
            days -= 1
        }
        let date = Self.civilDate(daysSinceEpoch: days)
        var text: [UInt8] = []
        text.reserveCapacity(24)
        Self.write(date.year, to: &text, width: 4, before: "-")
        Self.write(date.month, to: &text, width: 2, before: "-")
        Self.write(date.day, to: &text, width: 2, before: "T")
        Self.write(rest / 3_600_000, to: &text, width: 2, before: ":")
        Self.write(rest / 60_000 % 60, to: &text, width: 2, before: ":")
        Self.write(rest / 1000 % 60, to: &text, width: 2, before: ".")
        Self.write(rest % 1000, to: &text, width: 3, before: "Z")
        return String(decoding: text, as: UTF8.self)
    }

    /// Appends a number of so many digits at least, and what stands behind it; every line of the log has some.
    private static func write(
        _ number: Int64, to text: inout [UInt8], width: Int, before mark: Unicode.Scalar
    ) {
        if number < 0 { text.append(UInt8(ascii: "-")) }
        let begin = text.count
        var rest = number.magnitude
        while rest > 0 || text.count - begin < width {
            text.append(UInt8(ascii: "0") + UInt8(rest % 10))
            rest /= 10
        }
        text[begin...].reverse()
        text.append(UInt8(ascii: mark))
    }

    /// The proleptic Gregorian date of a day count.
    ///
    /// Years are counted from March, so that the leap day is a year's last day.
    private static func civilDate(daysSinceEpoch: Int64) -> (year: Int64, month: Int64, day: Int64)
    {
        let shifted = daysSinceEpoch + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
    }
}

extension Duration {
    /// The duration in milliseconds, the fraction cut off.
    public var wholeMilliseconds: Int64 {
        components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000
    }

    /// The duration in seconds.
    public var inSeconds: Double {
        Double(components.seconds) + Double(components.attoseconds) * 1e-18
    }
}
