import Foundation
import Logging
import Rules
import Testing

@testable import ingestd

@Suite struct LineFormatTests {
    private func format(
        _ format: LogSettings.Format, isJournal: Bool = false
    ) -> LineFormat {
        LineFormat(format: format, isJournal: isJournal) {
            Timestamp(milliseconds: 1_767_323_045_678)
        }
    }
    private let fields = [
        "wait_s": "120", "account": "alice", "document": "0194c2", "zeta": "library",
        "alpha": "library",
    ]

    @Test func `text has level, event and the fields in their order`() {
        #expect(
            format(.text).line(.info, "stage retrying", fields)
                == "2026-01-02T03:04:05.678Z info stage retrying  document=0194c2 account=alice "
                + "wait_s=120 alpha=library zeta=library")
    }

    @Test func `the journal gets a priority and no time`() {
        #expect(
            format(.text, isJournal: true).line(.warning, "worker killed", [:])
                == "<4>warning worker killed")
    }

    @Test func `JSON has the same on one line`() {
        #expect(
            format(.json).line(.error, "blob damaged", ["path": "a \"b\"\n"])
                == #"{"time":"2026-01-02T03:04:05.678Z", "level":"error", "event":"blob damaged", "#
                + #""path":"a \"b\"\n"}"#)
    }

    @Test(arguments: [
        ("plain-1.pdf", "path=plain-1.pdf"), ("two words", #"path="two words""#), ("", #"path="""#),
        ("a=b", #"path="a=b""#), ("q\"", #"path="q\"""#), ("\u{1b}[2J", #"path="\u{1b}[2J""#),
        ("a\nerror forged", #"path="a\nerror forged""#), ("\u{202e}fdp", #"path="\u{202e}fdp""#),
        ("한국어", "path=한국어"),
    ])
    func `a value can neither end its line nor its quotes`(value: String, written: String) {
        let line = format(.text, isJournal: true).line(.info, "drop noticed", ["path": value])
        #expect(line == "<6>info drop noticed  " + written)
    }

    @Test(arguments: LogSettings.Format.allCases, ["x", "\u{1}", "한", "\""])
    func `a line with every field full still fits into one write`(
        form: LogSettings.Format, filler: String
    ) {
        var full: [String: String] = [:]
        for field in JournalField.allCases {
            full[field.rawValue] = String(repeating: filler, count: 5000)
        }
        let line = format(form).line(.info, "stage retrying", full)
        #expect(line.utf8.count < LineOutput.lineLimit)
        #expect(form != .json || line.hasSuffix("\"}"))
    }
}

@Suite struct LineOutputTests {
    /// A pipe whose reader takes nothing unless asked.
    private final class StuckReader {
        let pipe = Pipe()
        var writer: Int32 { pipe.fileHandleForWriting.fileDescriptor }

        func fill() {
            let flags = fcntl(writer, F_GETFL)
            _ = fcntl(writer, F_SETFL, flags | O_NONBLOCK)
            let block = [UInt8](repeating: UInt8(ascii: "\n"), count: 4096)
            while write(writer, block, block.count) > 0 {}
            _ = fcntl(writer, F_SETFL, flags)
        }

        func drain() -> String {
            let reader = pipe.fileHandleForReading.fileDescriptor
            _ = fcntl(reader, F_SETFL, fcntl(reader, F_GETFL) | O_NONBLOCK)
            var bytes = [UInt8](repeating: 0, count: 1 << 20)
            let count = read(reader, &bytes, bytes.count)
            return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
                .trimmingCharacters(in: .newlines)
        }
    }

    @Test func `lines that a stuck reader does not take are dropped, counted and told`() {
        let reader = StuckReader()
        let output = LineOutput(descriptor: reader.writer)
        reader.fill()
        for number in 1...3 { output.write("lost \(number)") { "missing \($0)" } }
        #expect(!reader.drain().contains("lost"))
        output.write("back") { "missing \($0)" }
        output.write("again") { "missing \($0)" }
        #expect(reader.drain() == "missing 3\nback\nagain")
    }

    @Test func `a reader that has gone costs nothing but the lines`() throws {
        let pipe = Pipe()
        let output = LineOutput(descriptor: pipe.fileHandleForWriting.fileDescriptor)
        try pipe.fileHandleForReading.close()
        for _ in 1...3 { output.write("line") { "missing \($0)" } }
    }

    @Test func `a line that is too long is cut between characters`() {
        let reader = StuckReader()
        let output = LineOutput(descriptor: reader.writer)
        output.write(String(repeating: "한", count: 2000)) { "missing \($0)" }
        let line = reader.drain()
        #expect(line == String(repeating: "한", count: (LineOutput.lineLimit - 1) / 3))
    }

    @Test func `the journal is recognised by device and inode`() throws {
        let pipe = Pipe()
        let descriptor = pipe.fileHandleForWriting.fileDescriptor
        var entry = stat()
        #expect(fstat(descriptor, &entry) == 0)
        let name = "\(entry.st_dev):\(entry.st_ino)"
        #expect(LineOutput.isJournal(name, descriptor: descriptor))
        #expect(!LineOutput.isJournal(name + "0", descriptor: descriptor))
        #expect(!LineOutput.isJournal(nil, descriptor: descriptor))
    }
}

@Suite struct JournalLogTests {
    @Test func `rooms speak through swift-log, as loud as the settings allow`() throws {
        let pipe = Pipe()
        let output = LineOutput(descriptor: pipe.fileHandleForWriting.fileDescriptor)
        let format = LineFormat(format: .text, isJournal: true) { Timestamp(milliseconds: 0) }
        let logger = Logger(label: "test") { _ in
            LineLogHandler(output: output, format: format, logLevel: .info)
        }
        let journal = JournalLog.journal(logger)
        journal(JournalLine(.dropNoticed, [.path: "quiet"]))
        journal(JournalLine(.stageRetrying, [.attempt: "2", .document: "0194c2"]))
        try pipe.fileHandleForWriting.close()
        let said = try pipe.fileHandleForReading.readToEnd() ?? Data()
        #expect(
            String(decoding: said, as: UTF8.self)
                == "<6>info stage retrying  document=0194c2 attempt=2\n")
    }
}
