import ArgumentParser
import Rules

/// Shows what accounts hold and may hold.
struct Quota: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "quota", abstract: "Show what an account holds and may hold.",
        discussion: """
            Of USER, a name or a uid; without one, of all accounts. Whoever may not read the state \
            directory sees their own account, as inbox.status.json tells it in the inboxes that \
            the config or --inbox names.

            USED is what is charged, RESERVED what claims in flight hold, HELD the files that wait \
            for room. DERIVED is what was made of the files: results, imported rows, what waits in \
            the trash; it has a cap of its own. Limits are those that the config says now: a \
            daemon goes by them once it was reloaded.

            Reads --config, else /etc/ingestd/ingestd.yaml if it may. Exits with 66 for a user \
            whom the system does not know and where there is no state, 77 for another's account \
            that only root may see, 78 if the config cannot be used.
            """)

    @Argument(help: "A user's name or number.")
    var user: String?

    @OptionGroup var inboxes: InboxOptions

    @Option(help: "The state directory.", completion: .directory)
    var state: String?

    @Flag(help: "Print a JSON array with an object for each account.")
    var json = false

    func run() async throws {
        let finder = try inboxes.finder(state: state, in: .current())
        let reports: [AccountReport]
        do {
            reports = try await QuotaFinder(settings: finder.settings).reports(of: user)
        } catch let obstacle as QuotaFinder.Obstacle {
            Output.complain(obstacle.message)
            throw obstacle.exitCode
        } catch {
            throw CommandFailure.complain(error)
        }
        try Output.write(json ? JSONValue.array(reports.map(\.json)).keyPerLine : text(of: reports))
    }

    private func text(of reports: [AccountReport]) -> String {
        if user != nil, let report = reports.first { return report.text }
        guard !reports.isEmpty else { return "nothing has been taken yet\n" }
        return AccountReport.table(of: reports)
    }
}
