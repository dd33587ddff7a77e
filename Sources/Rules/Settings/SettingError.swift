/// Why a setting's text has no meaning: what was read, and what should have been written.
public struct SettingError: Error, Sendable, Hashable, CustomStringConvertible {
    /// One sentence for the operator, without the place where the text stands and without a full stop.
    public let description: String

    public init(_ description: String) { self.description = description }
}
