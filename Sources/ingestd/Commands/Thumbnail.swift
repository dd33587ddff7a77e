import ArgumentParser
import Rules

/// Makes the cover of a PDF anew, from any of its pages.
struct Thumbnail: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "thumbnail", abstract: "Make the cover of a PDF anew, from any of its pages.",
        discussion: RequestOptions.discussion)

    @OptionGroup var options: RequestOptions

    @Option(help: "The page, counted from 1; without it the one that the inbox's settings name.")
    var page: Int?

    func validate() throws {
        if let page, page < 1 { throw ValidationError("pages are counted from 1") }
    }

    func run() async throws { try await options.ask(for: .thumbnail(page: page)) }
}
