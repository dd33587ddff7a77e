extension ByteCount {
    /// The units a size may have; `k` and the like are powers of ten, `Ki` and the like powers of two.
    private static let units: [(names: [String], size: Int64)] = [
        (["", "b"], 1),
        (["k", "kb"], 1000), (["ki", "kib"], 1 << 10),
        (["m", "mb"], 1_000_000), (["mi", "mib"], 1 << 20),
        (["g", "gb"], 1_000_000_000), (["gi", "gib"], 1 << 30),
        (["t", "tb"], 1_000_000_000_000), (["ti", "tib"], 1 << 40),
    ]

    /// Reads a size as a person writes it: `10MB`, `1GiB`, `1.5 GB`, or a plain number of bytes.
    ///
    /// - Throws: ``SettingError`` for anything else, for parts of a byte and for sizes past 2^63.
    /// Rule: docs/formats.md, "Sizes and durations".
    public init(setting text: String) throws(SettingError) {
        guard let quantity = Quantity(text) else {
            throw SettingError("“\(text)” is not a size; write one such as 10MB, 1.5GiB or 4096")
        }
        let unit = quantity.unit.lowercased()
        guard let size = Self.units.first(where: { $0.names.contains(unit) })?.size else {
            throw SettingError(
                "“\(quantity.unit)” is no unit of size; use B, kB, MB, GB, TB, KiB, MiB, GiB or TiB"
            )
        }
        guard let bytes = quantity.times(size) else {
            throw SettingError("“\(text)” is no whole number of bytes, or too many of them")
        }
        self.init(bytes)
    }
}
