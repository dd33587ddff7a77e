import ArgumentParser
import Glibc
import Rules

/// What all commands have in common that ask for something about files.
struct RequestOptions: ParsableArguments {
    /// What their help says of it.
    static let discussion = """
        FILE is a dropped file's name, in its inbox, whether or not it still lies there. The \
        command leaves a request for the daemon, which does the work and tells of it in the status \
        file: in the inbox as its owner, or in the state directory for root and the daemon's user. \
        Reads --config, else /etc/ingestd/ingestd.yaml if it may, else takes the nearest folder \
        above FILE that has an inbox.status.json for the inbox.

        Exits with 0 once the request lies there, also where no daemon runs: it is carried out \
        when one starts. 65 if nothing can be asked about such a file, 66 if it is in no inbox or \
        was never taken, 74 or 77 if the request cannot be left, 78 if the config cannot be used.
        """

    @Argument(help: "A dropped file.", completion: .file())
    var files: [String]

    @OptionGroup var inboxes: InboxOptions

    @Option(help: "The state directory of the daemon that serves it.", completion: .directory)
    var state: String?

    @Flag(help: "Print a JSON array with an object for each file.")
    var json = false

    /// Asks for this about each of the files.
    func ask(for verb: Request.Verb) async throws {
        let surroundings = Configuration.Surroundings.current()
        let finder = try inboxes.finder(state: state, in: surroundings)
        let sender = RequestSender(finder: finder, surroundings: surroundings)
        var exit = ExitCode.success
        var left: [LeftRequest] = []
        for file in files {
            do throws(RequestSender.Obstacle) {
                left.append(try await sender.ask(for: verb, about: file))
            } catch {
                Output.complain(error.message)
                if exit == .success { exit = error.exitCode }
            }
        }
        try Output.write(
            json
                ? TerminalText.json(JSONValue.array(left.map(\.json)).compact) + "\n"
                : left.map { $0.text + "\n" }.joined())
        if exit != .success { throw exit }
    }
}
