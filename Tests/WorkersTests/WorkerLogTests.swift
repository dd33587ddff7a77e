import Rules
import Testing

@testable import Workers

@Suite struct WorkerLogTests {
    private func log(_ pieces: [String], limit: Int = 1000) throws -> WorkerLog {
        var log = WorkerLog(limit: ByteCount(limit))
        for piece in pieces {
            try Array(piece.utf8).withUnsafeBytes { try log.append($0[...]) }
        }
        return log
    }

    @Test func `lines are put together from pieces`() throws {
        #expect(try log(["one\ntw", "o\n", "\nthree"]).lines() == ["one", "two", "three"])
    }

    @Test func `control characters and broken text do no harm`() throws {
        var log = WorkerLog(limit: ByteCount(100))
        try [UInt8]([0x1b, 0x5b, 0x32, 0x4a, 0xff, 0x0d, 0x41]).withUnsafeBytes {
            try log.append($0[...])
        }
        #expect(log.lines() == [" [2J\u{fffd} A"])
    }

    @Test func `what is too much is left out and said so`() throws {
        #expect(
            try log(["abcdef\n", "ghi"], limit: 4).lines() == ["abcd", "and more, 10 bytes in all"])
        let many = (1...30).map { "\($0)\n" }
        let lines = try log(many).lines()
        #expect(lines.count == WorkerLog.lineLimit + 1)
        #expect(lines.last == "and more, 81 bytes in all")
    }

    @Test func `a long line is cut between characters`() throws {
        let line = try log([String(repeating: "한", count: 200)]).lines()
        #expect(line == [String(repeating: "한", count: 133)])
    }

    @Test func `nobody listens for ever`() throws {
        let piece = String(repeating: "x", count: 1 << 20)
        #expect(try log([String](repeating: piece, count: 64)).lines().count == 2)
        #expect(throws: WorkerError.logTooLong(limit: WorkerLog.endurance)) {
            try log([String](repeating: piece, count: 64) + ["x"])
        }
    }
}
