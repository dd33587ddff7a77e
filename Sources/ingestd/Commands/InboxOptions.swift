import ArgumentParser

/// How a command is told where the inboxes are that it works in.
struct InboxOptions: ParsableArguments {
    @Option(help: "The config file.", completion: .file(extensions: ["yaml", "yml"]))
    var config: String?

    @Option(
        help: "A folder that is an inbox with the defaults; may be given several times.",
        completion: .directory)
    var inbox: [String] = []

    /// What finds them; complains and ends the command where the config cannot be used.
    ///
    /// - Parameter state: the state directory that the command was given.
    func finder(
        state: String?, in surroundings: Configuration.Surroundings
    ) throws(ExitCode) -> InboxFinder {
        do {
            return try InboxFinder(
                config: config, inboxes: inbox, state: state, in: surroundings)
        } catch {
            Output.complain(error.description)
            throw ExitCode.badConfig
        }
    }
}
