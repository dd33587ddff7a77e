import ArgumentParser
import Glibc
import Pipeline
import Rules

/// Removes what nothing refers to.
struct Gc: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gc", abstract: "Remove stored content that nothing refers to.",
        discussion: """
            May run beside the daemon; content that was stored within the last day is then left \
            alone, and so are the catalogue's rows. While no daemon runs all of it goes, and none \
            can start meanwhile.
            """)

    @OptionGroup var place: StatePlace

    @Flag(help: "Only count what would be removed.")
    var dryRun = false

    @Flag(help: "Print the outcome as JSON.")
    var json = false

    func run() async throws {
        let directory = try place.existingDirectory()
        let outcome: CollectorOutcome
        do {
            outcome = try await Collector(stateDirectory: directory)
                .run(isDry: dryRun, now: .current)
        } catch {
            throw CommandFailure.complain(error)
        }
        try Output.write(json ? object(outcome) : report(outcome))
    }

    private func object(_ outcome: CollectorOutcome) -> String {
        JSONValue.object([
            .init("dry_run", .bool(dryRun)),
            .init("beside_daemon", .bool(outcome.isBesideDaemon)),
            .init("blobs", .count(outcome.blobs)),
            .init("bytes", .integer(outcome.bytes.bytes)),
            .init("too_young", .count(outcome.youngBlobs)),
            .init("results", .count(outcome.results)),
            .init("rows", .count(outcome.rows)),
            .init("staged", .count(outcome.staged)),
        ]).keyPerLine
    }

    private func report(_ outcome: CollectorOutcome) -> String {
        var text = dryRun ? "would remove " : "removed "
        text += "\(outcome.blobs) blobs, \(outcome.bytes)"
        if outcome.isBesideDaemon {
            text +=
                "; a daemon runs: rows stay, and so do \(outcome.youngBlobs) blobs of the last day"
        } else {
            text += "; \(outcome.results) results and \(outcome.rows) rows of blobs in "
            text += "the catalogue; \(outcome.staged) copies that were cut off"
        }
        return text + "\n"
    }
}
