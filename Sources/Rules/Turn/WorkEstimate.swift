/// What a document may cost before anybody has looked into it, and where it stands in its account's line for that.
///
/// Rule: docs/design.md, "Turns".
public enum WorkEstimate {
    /// What the smallest document takes.
    private static let least = Duration.milliseconds(15)
    /// How long the small wait for a large one, and how long the large wait for them: so many times what it may take.
    private static let courtesy = 60
    /// Nothing that comes so much later is preferred, however small it is.
    public static let longestCourtesy = Duration.seconds(600)

    /// How long a worker may take over a document of this kind and size.
    ///
    /// From what usual files took (docs/benchmarks.md); what it really takes is charged afterwards.
    public static func time(_ kind: DropKind, size: ByteCount) -> Duration {
        least + .nanoseconds(size.bytes * nanosecondsPerByte(kind))
    }

    /// The place in line of what came at `moment`: the lower goes first.
    ///
    /// A document lets pass what is smaller and came a little later, the longer the more it may cost,
    /// and never what came more than ``longestCourtesy`` later: so none waits for ever.
    public static func place(
        _ kind: DropKind, size: ByteCount, at moment: Timestamp
    ) -> Timestamp {
        moment + min(longestCourtesy, (time(kind, size: size) - least) * courtesy)
    }

    private static func nanosecondsPerByte(_ kind: DropKind) -> Int64 {
        switch kind {
        case .pdf: 40
        case .csv, .xls, .xlsx: 80
        }
    }
}
