import ArgumentParser
import Glibc
import Pipeline
import Rules

/// Looks whether everything is as ingestd needs it, and proves that new files are noticed.
struct Doctor: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor", abstract: "Look whether everything is as ingestd needs it.",
        discussion: """
            Checks kernel, limits, state directory and each inbox, and puts an empty hidden file \
            into each inbox to see whether the kernel reports it and a running ingestd notices it. \
            Reads --config, else /etc/ingestd/ingestd.yaml if it may. Root looks as the inboxes' \
            owners; everybody else sees what they may.

            Exits with 0 if nothing is worse than a warning, 69 if there is an error, 78 if the \
            config cannot be used.
            """)

    @OptionGroup var inboxes: InboxOptions

    @Option(help: "The state directory.", completion: .directory)
    var state: String?

    @Flag(help: "Print the outcome as JSON.")
    var json = false

    func run() async throws {
        // The kernel tells a lease's holder of a writer by a signal that would end this process.
        signal(SIGIO, SIG_IGN)
        let finder = try inboxes.finder(state: state, in: .current())
        let checkup = await checkup(finder)
        try Output.write(
            json ? TerminalText.json(checkup.json.keyPerLine) : checkup.text)
        if checkup.count(.error) > 0 { throw ExitCode.unavailable }
    }

    private func checkup(_ finder: InboxFinder) async -> Checkup {
        let settings = finder.settings
        let holder = StateHolder(of: settings.stateDirectory)
        var checkup = SystemChecks(settings: settings, holder: holder).checkup
        if settings.inboxes.isEmpty {
            checkup.warn(
                "config", "inboxes",
                finder.configFile.map { "\($0) names no inbox" } ?? "there is no config",
                remedy: "name one under “inboxes:” in the config, or with --inbox DIR")
        } else {
            let count = settings.inboxes.count
            checkup.fine(
                "config", "inboxes",
                (finder.configFile ?? "the command line") + " names "
                    + (count == 1 ? "one inbox" : "\(count) inboxes"))
        }
        let daemon = Self.identity(of: holder)
        checkup.append(
            StateChecks(path: settings.stateDirectory, holder: holder, daemon: daemon).checkup)
        var round = InboxRound(
            holder: holder, daemon: daemon, stateDirectory: settings.stateDirectory)
        await round.go(settings.inboxes)
        WatchLimits.current()
            .check(folders: round.folders.count, isWhole: round.folders.isWhole, &checkup)
        checkup.append(round.checkup)
        return checkup
    }

    /// Who the running daemon is.
    private static func identity(of holder: StateHolder) -> ProcessIdentity? {
        guard case .daemon(let pid) = holder, pid > 0 else { return nil }
        return ProcFile.text("/proc/\(pid)/status").flatMap(ProcessIdentity.init)
    }
}
