import ArgumentParser
import Rules

/// Make pictures of all pages of a PDF.
struct Pages: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pages", abstract: "Make pictures of all pages of a PDF.",
        discussion: RequestOptions.discussion)

    @OptionGroup var options: RequestOptions

    func run() async throws { try await options.ask(for: .pages) }
}
