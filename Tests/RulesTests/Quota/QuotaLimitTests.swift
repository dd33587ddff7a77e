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
        (QuotaLimit(bytes: ByteCount(7), files: nil), ByteCount(70)),
        (QuotaLimit(bytes: nil, files: 7), nil),
        (QuotaLimit(bytes: ByteCount(Int64.max / 2), files: nil), ByteCount(Int64.max)),
        (QuotaLimit(bytes: nil, files: nil, derivedCap: .bytes(ByteCount(5))), ByteCount(5)),
        (QuotaLimit(bytes: ByteCount(7), files: nil, derivedCap: .unlimited), nil),
    ])
    func `what is made of files may be ten times as much, unless something else is said`(
        limit: QuotaLimit, cap: ByteCount?
    ) {
        #expect(limit.derivedBytes == cap)
    }

    @Test func `of two limits the wider one holds for bytes and files each`() {
        let one = QuotaLimit(bytes: ByteCount(10), files: 9)
        let another = QuotaLimit(bytes: ByteCount(20), files: 3)
        #expect(one.widened(by: another).bytes == ByteCount(20))
        #expect(one.widened(by: another).files == 9)
        #expect(one.widened(by: another).derivedBytes == ByteCount(200))
        #expect(one.widened(by: .unlimited).bytes == nil)
        #expect(one.widened(by: .unlimited).derivedBytes == nil)
        let capped = QuotaLimit(bytes: nil, files: nil, derivedCap: .bytes(ByteCount(5)))
        #expect(one.widened(by: capped).derivedBytes == ByteCount(100))
    }

    @Test(arguments: [
        (QuotaDecision.granted, QuotaDecision.granted, QuotaDecision.granted),
        (.granted, .held(shortBytes: ByteCount(1), shortFiles: 0), .inbox),
        (.held(shortBytes: ByteCount(2), shortFiles: 0), .granted, .account),
        (
            .held(shortBytes: ByteCount(2), shortFiles: 0),
            .held(shortBytes: ByteCount(1), shortFiles: 0), .account
        ),
        (
            .held(shortBytes: ByteCount(2), shortFiles: 0), .tooLarge(limit: ByteCount(1)),
            .hopeless
        ),
    ])
    func `an account's limit and an inbox's hold side by side`(
        ofAccount: QuotaDecision, ofInbox: QuotaDecision, expected: QuotaDecision
    ) {
        #expect(ofAccount.and(ofInbox.ofInbox) == expected)
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

extension QuotaDecision {
    fileprivate static let inbox = held(shortBytes: ByteCount(1), shortFiles: 0, of: .inbox)
    fileprivate static let account = held(shortBytes: ByteCount(2), shortFiles: 0)
    fileprivate static let hopeless = tooLarge(limit: ByteCount(1), of: .inbox)
}
