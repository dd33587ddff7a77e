import ArgumentParser
import Rules

/// Says why a file is not, or not yet, taken.
struct Explain: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain", abstract: "Say why a file is not, or not yet, taken.",
        discussion: """
            Works from files and rules alone: it needs no daemon. Reads --config, else \
            /etc/ingestd/ingestd.yaml if it may, else takes the nearest folder above PATH that has \
            an inbox.status.json for the inbox. Root looks as the inbox's owner would, everybody \
            else as who they are.

            Exits with 0 if the file was taken or will be by itself, 65 if it stays where it is, \
            66 if it does not exist, 69 if its inbox is not there, 77 if you may not look, 78 if \
            the config cannot be used; of several files, as the first that is not 0.
            """)

    @Argument(help: "A file or folder, there or not.", completion: .file())
    var paths: [String]

    @OptionGroup var inboxes: InboxOptions

    @Option(help: "The state directory of the daemon that serves it.", completion: .directory)
    var state: String?

    @Flag(help: "Print a JSON array with an object for each path.")
    var json = false

    func run() async throws {
        let surroundings = Configuration.Surroundings.current()
        let finder = try inboxes.finder(state: state, in: surroundings)
        let explainer = Explainer(finder: finder, surroundings: surroundings)
        var exit = ExitCode.success
        for (index, path) in paths.enumerated() {
            let explanation = await explainer.explain(path)
            if exit == .success { exit = explanation.verdict.exitCode }
            if json {
                let text = TerminalText.json(explanation.json.compact)
                try Output.write((index == 0 ? "[\n" : ",\n") + text)
            } else {
                try Output.write((index == 0 ? "" : "\n") + explanation.text)
            }
        }
        if json { try Output.write("\n]\n") }
        if exit != .success { throw exit }
    }
}
