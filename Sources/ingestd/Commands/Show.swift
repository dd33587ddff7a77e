import ArgumentParser
import Glibc

/// Shows what became of one file.
struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show what became of one file, stage by stage.",
        discussion: """
            FILE is a dropped file's name, whether or not it still lies there, or its status file. \
            It needs no daemon. Where the config has the results of an inbox elsewhere, the status \
            file is found there: reads --config, else /etc/ingestd/ingestd.yaml if it may.
            """)

    @Argument(help: "A dropped file, or its status file.", completion: .file())
    var file: String

    @Option(help: "The config file.", completion: .file(extensions: ["yaml", "yml"]))
    var config: String?

    @Flag(help: "Print the status file as it is.")
    var json = false

    func run() async throws {
        let place = try ResultsFinder.path(for: file, config: config)
        let found: (status: StatusFile, json: [UInt8])
        do {
            found = try StatusFinder.find(place)
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
