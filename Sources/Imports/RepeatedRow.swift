/// A row that was not taken because its key is there already.
public struct RepeatedRow: Sendable, Hashable {
    /// The record's number in the file, the header being 1.
    public var row: Int
    /// The canonical name of the key's column; empty where the key has several.
    public var field: String
    public var message: String
    /// The record as `rejects.csv` has it, up to the reason.
    public var record: [UInt8]
}
