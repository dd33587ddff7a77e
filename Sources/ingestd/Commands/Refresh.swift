import ArgumentParser
import Rules

/// Make the results of a file anew.
struct Refresh: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "refresh", abstract: "Make the results of a file anew.",
        discussion: RequestOptions.discussion)

    @OptionGroup var options: RequestOptions

    func run() async throws { try await options.ask(for: .refresh) }
}
