import ArgumentParser
import Glibc
import Rules

/// Groups what can be done with the configuration without running it.
struct Config: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config", abstract: "Look at the configuration.",
        subcommands: [ConfigCheck.self])
}

/// Says whether a config file can be used, and what it comes to.
struct ConfigCheck: AsyncParsableCommand {
    /// Where the unit file of systemd expects the config.
    static let standardFile = "/etc/ingestd/ingestd.yaml"

    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Check a config file and show what it comes to.",
        discussion: "Every problem is printed with its line and column; the exit code is then 78.")

    @Argument(help: "The config file.", completion: .file(extensions: ["yaml", "yml"]))
    var file = ConfigCheck.standardFile

    @Flag(help: "Print the outcome as JSON.")
    var json = false

    func run() async throws {
        let settings: DaemonSettings
        do {
            settings = try Configuration.settings(
                from: Configuration.Sources(configFile: file), in: .current())
        } catch {
            if json {
                try Output.write(ConfigSummary.json(error).keyPerLine)
            } else {
                Output.complain(
                    "\(file) cannot be used; mend this:\n" + error.description)
            }
            throw ExitCode.badConfig
        }
        let summary = ConfigSummary(
            settings, warnings: ConfigSummary.warnings(about: settings))
        try Output.write(json ? summary.json.keyPerLine : "ok\n\n" + summary.text)
    }
}
