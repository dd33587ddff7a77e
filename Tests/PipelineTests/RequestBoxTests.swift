import Rules
import Synchronization
import Testing

@testable import Pipeline

@Suite struct RequestBoxTests {
    /// For whom there was room again.
    private final class Heard: Sendable {
        let askers = Mutex<[AskedFor.Asker]>([])
        var all: [AskedFor.Asker] { askers.withLock { $0 } }
    }

    let box = RequestBox()

    /// One of the owner's, about a document of its own.
    private func owners(_ number: Int) throws -> AskedFor {
        try asked(number) { .inbox($0.sibling(FileName(literal: "\(number).pdf.retry"))) }
    }

    /// One of an operator's; `age` tells two files of a name apart.
    private func operators(_ number: Int, age: Int64 = 1) throws -> AskedFor {
        try asked(number) { _ in
            .operators(
                OperatorRequests.File(
                    name: FileName(literal: "\(number)"),
                    identity: DropIdentity(
                        device: 1, inode: 2, size: ByteCount(3), modified: 4, changed: age)))
        }
    }

    private func asked(
        _ number: Int, by source: (BeneathPath) -> AskedFor.Source
    ) throws -> AskedFor {
        let name = FileName(literal: "\(number).pdf")
        let target = BeneathPath([name])
        return AskedFor(
            source: source(target), request: try #require(Request(.retry, about: name)),
            target: target)
    }

    @Test func `an operator's file is decided once, however often it is met`() throws {
        let asked = try operators(1)
        #expect(box.mark(asked) == .news)
        #expect(box.mark(asked) == .known)
        #expect(box.take() == asked)
        // While it is in hand the folder is read again.
        #expect(box.mark(asked) == .known)
        box.ended(.later)
        #expect(box.mark(asked) == .known)
        #expect(box.take() == nil)
        box.documentMoved(asked.target)
        #expect(box.take() == asked)
        box.ended(.trouble)
        #expect(box.mark(asked) == .known)
        #expect(box.take() == nil)
        #expect(box.mark(try operators(1, age: 2)) == .news)
    }

    @Test func `a file of the owner's that comes while its like is in hand is looked at`() throws {
        let asked = try owners(1)
        box.mark(asked)
        #expect(box.take() == asked)
        #expect(box.mark(asked) == .news)
        box.ended(.done)
        #expect(box.take() == asked)
        box.ended(.later)
        #expect(box.mark(asked) == .news)
        #expect(box.take() == asked)
        box.ended(.done)
        box.documentMoved(asked.target)
        #expect(box.take() == nil)
        #expect(box.isSettled)
    }

    @Test func `an owner who asks for much keeps no operator from asking, and waits for them`()
        throws
    {
        for number in 0..<RequestBox.limit { #expect(box.mark(try owners(number)) == .news) }
        #expect(box.mark(try owners(RequestBox.limit)) == .turnedAway)
        for number in 0..<RequestBox.limit { #expect(box.mark(try operators(number)) == .news) }
        #expect(box.mark(try operators(RequestBox.limit)) == .turnedAway)
        for number in 0..<RequestBox.limit {
            #expect(box.take() == (try operators(number)))
            box.ended(.done)
        }
        #expect(box.take() == (try owners(0)))
    }

    @Test func `who found no room is looked for when there is some`() throws {
        let heard = Heard()
        box.tellRoom { asker in heard.askers.withLock { $0.append(asker) } }
        for number in 0...RequestBox.limit { box.mark(try owners(number)) }
        for number in 0..<RequestBox.limit {
            #expect(heard.all == [])
            #expect(box.take() == (try owners(number)))
            box.ended(number == 7 ? .done : .unfit)
        }
        #expect(heard.all == [.owner])
        // A look that finds only what stays anyway is the last.
        for number in 0...RequestBox.limit { box.mark(try owners(number)) }
        while box.take() != nil { box.ended(.unfit) }
        #expect(heard.all == [.owner])
    }
}
