import Rules
import Testing

@testable import Inbox
@testable import Intake

@Suite struct SettlingTests {
    private static let waits = Settling.Waits(
        settle: .seconds(2), settleWithoutProof: .seconds(10), openWriter: nil,
        patience: Patience())

    private var settling = Settling(waits: waits)

    private func file(
        size: Int64 = 100, modified: Int64 = 1, changed: Int64 = 1, inode: UInt64 = 7,
        links: Int = 1
    ) -> Entry {
        Entry(
            kind: .file,
            identity: DropIdentity(
                device: 1, inode: inode, size: ByteCount(size), modified: modified, changed: changed
            ),
            linkCount: links)
    }

    @Test mutating func `a closed file rests for the settle time, any other for the long one`() {
        settling.noticed(isClosing: true)
        #expect(settling.looked(file(), at: .seconds(5)) == .lookAgain(at: .seconds(7), .settling))
        #expect(settling.looked(file(), at: .seconds(7)) == .probe)
        var unclosed = Settling(waits: Self.waits)
        #expect(unclosed.looked(file(), at: .zero) == .lookAgain(at: .seconds(10), .settling))
        #expect(unclosed.looked(file(), at: .seconds(9)) == .lookAgain(at: .seconds(10), .settling))
        #expect(unclosed.looked(file(), at: .seconds(10)) == .probe)
    }

    @Test(arguments: [(ByteCount(101), UInt64(7)), (ByteCount(100), UInt64(8))])
    mutating func `another length or file starts the wait anew, and the closing no longer counts`(
        size: ByteCount, inode: UInt64
    ) {
        settling.noticed(isClosing: true)
        _ = settling.looked(file(), at: .zero)
        let changed = file(size: size.bytes, modified: 2, changed: 2, inode: inode)
        #expect(
            settling.looked(changed, at: .seconds(1)) == .lookAgain(at: .seconds(11), .settling))
    }

    @Test(arguments: [Int64(1), 0, 9])
    mutating func `permissions and times set later start the wait anew, but the closing counts`(
        modified: Int64
    ) {
        settling.noticed(isClosing: true)
        _ = settling.looked(file(), at: .zero)
        #expect(
            settling.looked(file(modified: modified, changed: 2), at: .seconds(1))
                == .lookAgain(at: .seconds(3), .settling))
    }

    @Test mutating func `without a lease the long wait is the proof`() {
        settling.noticed(isClosing: true)
        _ = settling.looked(file(), at: .zero)
        #expect(settling.looked(file(), at: .seconds(2)) == .probe)
        #expect(
            settling.probed(.admitted(.pdf, .settle), at: .seconds(2))
                == .lookAgain(at: .seconds(10), .settling))
        #expect(settling.looked(file(), at: .seconds(10)) == .probe)
        #expect(
            settling.probed(.admitted(.pdf, .settle), at: .seconds(10)) == .ready(.pdf, .settle))
        #expect(settling.looked(file(), at: .seconds(11)) == .unchanged)
    }

    @Test mutating func `a writer is waited for ever longer, up to a bound`() {
        _ = settling.looked(file(), at: .zero)
        var waits: [Duration] = []
        for _ in 0..<6 {
            #expect(settling.looked(file(), at: .seconds(100)) == .probe)
            guard
                case .lookAgain(let moment, .stillWritten) = settling.probed(
                    .stillWritten(.pdf), at: .seconds(100))
            else { continue }
            waits.append(moment - .seconds(100))
        }
        #expect(waits == [1, 2, 4, 8, 10, 10].map { Duration.seconds($0) })
    }

    @Test mutating func `a file rests from its closing on, however long ago its last byte came`() {
        _ = settling.looked(file(), at: .zero)
        #expect(settling.looked(file(), at: .seconds(60)) == .probe)
        _ = settling.probed(.stillWritten(nil), at: .seconds(60))
        settling.noticed(isClosing: true)
        #expect(
            settling.looked(file(), at: .seconds(63)) == .lookAgain(at: .seconds(65), .settling))
        #expect(settling.looked(file(), at: .seconds(65)) == .probe)
        #expect(
            settling.probed(.admitted(.pdf, .lease), at: .seconds(65)) == .ready(.pdf, .lease))
    }

    @Test mutating func `a writer that ended unnoticed is followed by a rest, too`() {
        _ = settling.looked(file(), at: .zero)
        #expect(settling.looked(file(), at: .seconds(60)) == .probe)
        _ = settling.probed(.stillWritten(nil), at: .seconds(60))
        #expect(settling.looked(file(), at: .seconds(61)) == .probe)
        #expect(
            settling.probed(.admitted(.pdf, .lease), at: .seconds(61))
                == .lookAgain(at: .seconds(63), .settling))
        #expect(settling.looked(file(), at: .seconds(63)) == .probe)
        #expect(
            settling.probed(.admitted(.pdf, .lease), at: .seconds(63)) == .ready(.pdf, .lease))
    }

    @Test mutating func `a file kept open is taken after the timeout, if it could be`() {
        let waits = Settling.Waits(
            settle: .seconds(2), settleWithoutProof: .seconds(10), openWriter: .seconds(25),
            patience: Patience())
        for kind in [DropKind.csv, nil] {
            settling = Settling(waits: waits)
            _ = settling.looked(file(), at: .zero)
            #expect(settling.looked(file(), at: .seconds(24)) == .probe)
            #expect(
                settling.probed(.stillWritten(kind), at: .seconds(24))
                    == .lookAgain(at: .seconds(25), .stillWritten))
            #expect(settling.looked(file(), at: .seconds(25)) == .probe)
            let decision = settling.probed(.stillWritten(kind), at: .seconds(25))
            #expect(
                decision
                    == (kind.map { .ready($0, .openWriterTimeout) }
                        ?? .lookAgain(at: .seconds(27), .stillWritten)))
        }
    }

    @Test mutating func `an empty file is waited for, then refused once`() {
        let end = Duration.seconds(600)
        for (now, next) in [(0, 1), (1, 2), (2, 4), (4, 8), (8, 16), (100, 110), (598, 600)] {
            #expect(
                settling.looked(file(size: 0), at: .seconds(now))
                    == .lookAgain(at: .seconds(next), .empty))
        }
        #expect(settling.looked(file(size: 0), at: end) == .refused(Refusal.empty))
        #expect(settling.looked(file(size: 0), at: .seconds(900)) == .unchanged)
        #expect(
            settling.looked(file(size: 1, modified: 2), at: .seconds(901))
                == .lookAgain(at: .seconds(911), .settling))
    }

    @Test mutating func `a second link is waited for from its first sight on`() {
        #expect(
            settling.looked(file(links: 2), at: .zero) == .lookAgain(at: .seconds(1), .secondLink))
        #expect(
            settling.looked(file(changed: 2, links: 3), at: .seconds(9))
                == .lookAgain(at: .seconds(10), .secondLink))
        #expect(
            settling.looked(file(changed: 2, links: 3), at: .seconds(10))
                == .refused(Refusal.secondLink))
        #expect(
            settling.looked(file(changed: 3), at: .seconds(11))
                == .lookAgain(at: .seconds(21), .settling))
    }

    @Test mutating func `a mismatch is told only after a while`() {
        let failure = Failure(.typeMismatch, message: "m", detail: "d")
        _ = settling.looked(file(), at: .zero)
        #expect(settling.looked(file(), at: .seconds(10)) == .probe)
        #expect(
            settling.probed(.mismatch(failure), at: .seconds(10))
                == .lookAgain(at: .seconds(60), .mismatch))
        #expect(settling.looked(file(), at: .seconds(60)) == .probe)
        #expect(settling.probed(.mismatch(failure), at: .seconds(60)) == .refused(failure))
        #expect(settling.looked(file(), at: .seconds(70)) == .unchanged)
    }

    @Test mutating func `a refusal that hangs on permissions is tried again, without another word`()
    {
        let failure = Failure(.notRemovable, message: "m", detail: "d")
        _ = settling.looked(file(), at: .zero)
        #expect(settling.looked(file(), at: .seconds(10)) == .probe)
        #expect(settling.probed(.refused(failure), at: .seconds(10)) == .refused(failure))
        #expect(settling.looked(file(), at: .seconds(20)) == .probe)
        #expect(settling.probed(.refused(failure), at: .seconds(20)) == .unchanged)
        #expect(settling.looked(file(), at: .seconds(30)) == .probe)
        #expect(settling.probed(.admitted(.csv, .lease), at: .seconds(30)) == .ready(.csv, .lease))
    }

    @Test mutating func `whoever could not claim it yet finds it ready again at once`() {
        _ = settling.looked(file(), at: .zero)
        _ = settling.looked(file(), at: .seconds(10))
        _ = settling.probed(.admitted(.csv, .lease), at: .seconds(10))
        settling.reopen()
        #expect(settling.looked(file(), at: .seconds(11)) == .probe)
        _ = settling.probed(.admitted(.csv, .lease), at: .seconds(11))
        settling.refuse(Failure(.tooLarge, message: "m", detail: "d"))
        #expect(settling.looked(file(), at: .seconds(12)) == .unchanged)
    }

    @Test mutating func `links and special files are refused at sight, once`() {
        for (kind, failure) in [(EntryKind.link, Refusal.link), (.special, Refusal.special)] {
            var settling = Settling(waits: Self.waits)
            let entry = Entry(kind: kind, identity: file().identity, linkCount: 1)
            #expect(settling.looked(entry, at: .zero) == .refused(failure))
            #expect(settling.looked(entry, at: .seconds(1)) == .unchanged)
        }
        #expect(settling.looked(nil, at: .zero) == .gone)
        let folder = Entry(kind: .folder, identity: file().identity, linkCount: 2)
        #expect(settling.looked(folder, at: .zero) == .folder)
    }
}

extension Entry {
    init(kind: EntryKind, identity: DropIdentity, linkCount: Int) {
        self.init(
            kind: kind, identity: identity, linkCount: linkCount, uid: 0, gid: 0, mode: 0o644,
            isImmutable: false)
    }
}
