import ArgumentParser
import Rules

/// Delete documents, with all that was made of them.
struct Delete: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete",
        abstract: "Delete a file that was taken, with its status file and results.",
        discussion: """
            Its quota is free at once. It is kept in the trash for a while, from which `ingestd \
            restore` brings it back. NAME.~1~ names an older document of NAME, as its sidecars do.

            """ + RequestOptions.discussion)

    @OptionGroup var options: RequestOptions

    func run() async throws { try await options.ask(for: .delete) }
}
