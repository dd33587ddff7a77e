import ArgumentParser
import Rules

/// Write the status file, the results and the original of a file again.
struct Restore: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore",
        abstract:
            "Write the status file, the results and the original of a file again, out of the trash too.",
        discussion: RequestOptions.discussion)

    @OptionGroup var options: RequestOptions

    func run() async throws { try await options.ask(for: .restore) }
}
