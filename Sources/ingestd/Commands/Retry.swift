import ArgumentParser
import Rules

/// Run again what failed about a file.
struct Retry: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retry", abstract: "Run again what failed about a file.",
        discussion: RequestOptions.discussion)

    @OptionGroup var options: RequestOptions

    func run() async throws { try await options.ask(for: .retry) }
}
