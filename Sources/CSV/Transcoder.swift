/// Turns text of any ``TextEncoding`` into valid UTF-8, piece by piece.
///
/// Characters that are damaged or unknown become U+FFFD, one for each place, and are counted.
public struct Transcoder: Sendable {
    /// How many bytes may come out for each that goes in; ``pendingLimit`` bytes more may have been
    /// waiting.
    public static let expansion = 3
    public static let pendingLimit = 4

    public let encoding: TextEncoding
    public private(set) var replacementCount = 0

    /// The beginning of a character whose end has not come.
    private var pending: [UInt8] = []

    public init(_ encoding: TextEncoding) {
        self.encoding = encoding
    }

    /// Room enough for what `count` bytes become.
    public static func room(for count: Int) -> Int { (count + pendingLimit) * expansion }

    /// Transcodes a piece.
    ///
    /// - Parameters:
    ///   - isLast: whether no more follows, so that an unfinished character is damage.
    ///   - output: ``room(for:)`` bytes or more.
    /// - Returns: how many bytes were written.
    public mutating func transcode(
        _ input: UnsafeRawBufferPointer, isLast: Bool, into output: UnsafeMutableRawBufferPointer
    ) -> Int {
        var sink = UTF8Sink(output: output)
        var rest = input
        // A character in two pieces is put together first; it wants at most three bytes more.
        while !pending.isEmpty, let byte = rest.first {
            pending.append(byte)
            rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst())
            drainPending(isLast: false, into: &sink)
        }
        let used = run(rest, isLast: isLast, into: &sink)
        if used < rest.count { pending.append(contentsOf: rest[used...]) }
        if isLast { drainPending(isLast: true, into: &sink) }
        replacementCount += sink.replacementCount
        return sink.count
    }

    private mutating func drainPending(isLast: Bool, into sink: inout UTF8Sink) {
        let used = pending.withUnsafeBytes { run($0, isLast: isLast, into: &sink) }
        pending.removeFirst(used)
    }

    /// Takes as many whole characters as there are; returns how many bytes they were.
    private func run(
        _ input: UnsafeRawBufferPointer, isLast: Bool, into sink: inout UTF8Sink
    ) -> Int {
        switch encoding {
        case .utf8, .utf8Marked: sink.takeUTF8(input, isLast: isLast)
        case .utf16LittleEndian: sink.takeUTF16(input, highByte: 1, isLast: isLast)
        case .utf16BigEndian: sink.takeUTF16(input, highByte: 0, isLast: isLast)
        case .cp949: sink.takeCP949(input, isLast: isLast)
        case .windows1252: sink.takeSingleBytes(input, controls: Self.windows1252Controls)
        case .latin1: sink.takeSingleBytes(input, controls: nil)
        }
    }

    /// The characters of 0x80–0x9f. Where Microsoft's table has none, the control stays: nothing is
    /// lost.
    private static let windows1252Controls: [UInt16] = [
        0x20ac, 0x0081, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021,
        0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, 0x008d, 0x017d, 0x008f,
        0x0090, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014,
        0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0x009d, 0x017e, 0x0178,
    ]
}
