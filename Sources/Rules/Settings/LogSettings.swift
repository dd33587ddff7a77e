/// How the daemon speaks to standard error.
///
/// Rule: etc/ingestd.yaml, `log`.
public struct LogSettings: Sendable, Hashable {
    /// How a line is written.
    public enum Format: String, Sendable, Hashable, CaseIterable {
        /// `info stage retrying  document=… account=…`
        case text
        /// One JSON object a line.
        case json
    }

    public var format: Format
    /// The least severity that is written.
    public var level: Severity

    public init(format: Format = .text, level: Severity = .info) {
        self.format = format
        self.level = level
    }
}
