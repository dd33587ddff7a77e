import ArgumentParser
import Glibc

/// Shows what became of one file.
struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show what became of one file, stage by stage.",
        discussion: """
            FILE is a dropped file's name, whether or not it still lies there, or its status file. \
            Reads nothing else: it needs no daemon.
            """)

    @Argument(help: "A dropped file, or its status file.", completion: .file())
    var file: String

    @Flag(help: "Print the status file as it is.")
    var json = false

    func run() async throws {
        let found: (status: StatusFile, json: [UInt8])
        do {
            found = try StatusFinder.find(file)
        } catch {
            Output.complain(error.message)
            throw error.exitCode
        }
        if json {
            try Output.write(TerminalText.json(String(decoding: found.json, as: UTF8.self)))
        } else {
            try Output.write(StatusView(found.status).text)
        }
    }
}
