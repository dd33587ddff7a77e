import ArgumentParser
import Glibc
import Pipeline
import Rules

/// Reads everything stored again, resolves every reference, and repairs what can be.
struct Fsck: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fsck", abstract: "Read everything stored again and resolve every reference.",
        discussion: """
            Changes nothing, and may run beside the daemon. Exits with 65 if anything is lost or \
            wrong; what is merely left over is a note. With --repair no daemon may run (75 if one \
            does): what can be derived is derived anew, what is damaged or foreign goes into \
            quarantine/ below the state directory, and the exit code tells what is left.
            """)

    @OptionGroup var place: StatePlace

    @Flag(help: "Look at stored content without reading it.")
    var quick = false

    @Flag(help: "Put right what can be without losing anything.")
    var repair = false

    @Flag(help: "Print each finding as a line of JSON.")
    var json = false

    func run() async throws {
        let directory = try place.existingDirectory()
        let outcome: FsckOutcome
        do {
            let fsck = Pipeline.Fsck(
                stateDirectory: directory, isQuick: quick, inboxes: place.inboxes(of: directory))
            outcome = try await repair ? fsck.repair(now: .current) : fsck.inspect()
        } catch {
            throw CommandFailure.complain(error)
        }
        try Output.write(json ? lines(outcome) : report(outcome))
        if outcome.findings.contains(where: \.code.isHarm) { throw ExitCode.dataError }
    }

    private func lines(_ outcome: FsckOutcome) -> String {
        let findings =
            outcome.repaired.map { ($0, true) } + outcome.findings.map { ($0, false) }
        return findings.map { finding, isRepaired in
            JSONValue.object([
                .init("code", .string(finding.code.rawValue)),
                .init("subject", .string(finding.subject)),
                .init("detail", .string(finding.detail)),
                .init("harm", .bool(finding.code.isHarm)),
                .init("repaired", .bool(isRepaired)),
            ]).compact + "\n"
        }.joined()
    }

    private func report(_ outcome: FsckOutcome) -> String {
        var text = ""
        if !outcome.repaired.isEmpty { text += "repaired:\n" + table(outcome.repaired) + "\n" }
        if !outcome.findings.isEmpty { text += table(outcome.findings) + "\n" }
        let totals = outcome.totals
        let harms = outcome.findings.count { $0.code.isHarm }
        let notes = outcome.findings.count - harms
        text +=
            "\(totals.documents) documents, \(totals.blobs) blobs, \(totals.bytes): "
            + (harms == 0 ? "clean" : "\(harms) wrong")
            + (notes > 0 ? ", \(notes) noted" : "")
            + (outcome.repaired.isEmpty ? "" : ", \(outcome.repaired.count) repaired")
        return text + "\n"
    }

    private func table(_ findings: [FsckFinding]) -> String {
        var table = TextTable("CODE", "SUBJECT", "DETAIL")
        for finding in findings {
            table.add(finding.code.rawValue, finding.subject, finding.detail)
        }
        return table.text()
    }
}
