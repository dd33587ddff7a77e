import Foundation
import Testing

/// The daemon has no parser in it, the worker no database.
@Suite(.timeLimit(.minutes(5))) struct LinkageTests {
    @Test(arguments: [
        (
            "ingestd", ["fz_", "pdf_", "jpeg_", "FT_", "hb_", "opj_", "XML_Parse"],
            ["mupdf", "jpeg", "expat"]
        ),
        ("ingest-worker", ["sqlite3_"], ["sqlite"]),
    ])
    func `a program has nothing of what the other is for`(
        program: String, prefixes: [String], libraries: [String]
    ) throws {
        let symbols = try run("nm", program).split(separator: "\n").compactMap {
            $0.split(separator: " ").last.map(String.init)
        }
        // Programs of this size have many; else nothing was looked at.
        #expect(symbols.count > 1000)
        for prefix in prefixes {
            #expect(symbols.filter { $0.hasPrefix(prefix) } == [])
        }
        let needed = try run("readelf", "-d", program).split(separator: "\n").filter {
            $0.contains("NEEDED")
        }
        #expect(!needed.isEmpty)
        for library in libraries {
            #expect(needed.filter { $0.contains(library) } == [])
        }
    }

    @Test func `each has what it is for, or the test above would see nothing`() throws {
        let worker = try run("nm", "ingest-worker")
        #expect(worker.contains(" fz_") && worker.contains(" XML_ParseBuffer"))
        let daemon = try run("nm", "ingestd") + run("readelf", "-d", "ingestd")
        #expect(daemon.contains("sqlite3"))
    }

    /// What a tool says of a built program.
    private func run(_ tool: String, _ words: String...) throws -> String {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        let program = RunningProgram.builtPrograms.appending(path: words.last ?? "").path
        process.arguments = [tool] + words.dropLast() + [program]
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let text = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        return String(decoding: text, as: UTF8.self)
    }
}
