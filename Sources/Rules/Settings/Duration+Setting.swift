extension Duration {
    /// The units a duration may have, in milliseconds.
    private static let units: [String: Int64] = [
        "ms": 1, "s": 1000, "m": 60_000, "min": 60_000, "h": 3_600_000, "d": 86_400_000,
    ]

    /// Reads a duration as a person writes it: `500ms`, `2s`, `10m`, `1.5h`, `7d`.
    ///
    /// A number without a unit is refused, since nobody can tell whether seconds were meant; only `0` needs none.
    ///
    /// - Throws: ``SettingError`` for anything else, and for parts of a millisecond.
    /// Rule: docs/formats.md, "Sizes and durations".
    public init(setting text: String) throws(SettingError) {
        guard let quantity = Quantity(text) else {
            throw SettingError(
                "“\(text)” is not a duration; write one such as 500ms, 2s, 10m or 1h")
        }
        if quantity.unit.isEmpty {
            guard quantity.thousandths == 0 else {
                throw SettingError("“\(text)” has no unit; did you mean \(text)s?")
            }
            self = .zero
            return
        }
        guard let size = Self.units[quantity.unit.lowercased()] else {
            throw SettingError("“\(quantity.unit)” is no unit of time; use ms, s, m, h or d")
        }
        guard let milliseconds = quantity.times(size) else {
            throw SettingError("“\(text)” is no whole number of milliseconds, or too many of them")
        }
        self = .milliseconds(milliseconds)
    }

    /// The duration as a setting would be written, in the largest unit that leaves no fraction: `2s`, `10m`, `1500ms`.
    public var setting: String {
        let milliseconds = wholeMilliseconds
        let units: [(name: String, size: Int64)] = [
            ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000),
        ]
        guard milliseconds != 0 else { return "0s" }
        for unit in units where milliseconds.isMultiple(of: unit.size) {
            return "\(milliseconds / unit.size)\(unit.name)"
        }
        return "\(milliseconds)ms"
    }
}
