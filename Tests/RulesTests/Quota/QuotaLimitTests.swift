import Rules
import Testing

@Suite struct QuotaLimitTests {
    let limit = QuotaLimit(bytes: ByteCount(100), files: 3)

    @Test(arguments: [
        (held: (60, 1), size: 40, QuotaDecision.granted),
        (held: (60, 1), size: 41, .held(shortBytes: ByteCount(1), shortFiles: 0)),
        (held: (0, 2), size: 100, .granted),
        (held: (0, 2), size: 101, .tooLarge(limit: ByteCount(100))),
        (held: (0, 3), size: 1, .held(shortBytes: .zero, shortFiles: 1)),
        (held: (100, 3), size: 5, .held(shortBytes: ByteCount(5), shortFiles: 1)),
        (held: (100, 2), size: 0, .granted),
        // A limit that was lowered below what is there already.
        (held: (250, 9), size: 10, .held(shortBytes: ByteCount(160), shortFiles: 7)),
    ])
    func `a file fits up to the last byte and the last file`(
        held: (Int, Int), size: Int, decision: QuotaDecision
    ) {
        let usage = QuotaUsage(bytes: ByteCount(held.0), files: held.1)
        #expect(limit.decision(on: .oneFile(ByteCount(size)), beside: usage) == decision)
    }

    @Test(arguments: [
        (QuotaLimit.unlimited, QuotaDecision.granted),
        (QuotaLimit(bytes: nil, files: 1), .held(shortBytes: .zero, shortFiles: 1)),
        (QuotaLimit(bytes: ByteCount(0), files: nil), .tooLarge(limit: .zero)),
    ])
    func `what is not limited is never short`(limit: QuotaLimit, decision: QuotaDecision) {
        let usage = QuotaUsage(bytes: ByteCount(Int64.max / 2), files: 1)
        #expect(limit.decision(on: .oneFile(ByteCount(1)), beside: usage) == decision)
    }

    @Test(arguments: [
        (held: (89, 0), false), (held: (90, 0), true), (held: (0, 8), false), (held: (0, 9), true),
    ])
    func `room is scarce from nine tenths of either on`(held: (Int, Int), isScarce: Bool) {
        let limit = QuotaLimit(bytes: ByteCount(100), files: 10)
        let usage = QuotaUsage(bytes: ByteCount(held.0), files: held.1)
        #expect(limit.isScarce(beside: usage) == isScarce)
        #expect(!QuotaLimit.unlimited.isScarce(beside: usage))
    }
}
