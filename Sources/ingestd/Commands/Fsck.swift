import ArgumentParser
import Catalog
import Glibc
import Pipeline
import Rules
import Synchronization

/// Reads every blob again and resolves every reference.
struct Fsck: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fsck", abstract: "Read every blob again and resolve every reference.",
        discussion: """
            Changes nothing, and may run beside the daemon. Exits with 65 if anything is lost or \
            wrong; what is merely left over is a note.
            """)

    @Option(help: "The config file that names the state.", completion: .file())
    var config: String?

    @Option(help: "The state directory.", completion: .directory)
    var state: String?

    @Flag(help: "Print each finding as a line of JSON.")
    var json = false

    func run() async throws {
        let directory: String
        do {
            directory = try Configuration.settings(
                from: Configuration.Sources(configFile: config, stateDirectory: state),
                in: .current(), need: .nothing
            ).stateDirectory
        } catch {
            Output.complain(error.description)
            throw ExitCode.badConfig
        }
        let findings = Mutex<[FsckFinding]>([])
        let total: (blobs: Int, bytes: ByteCount)
        do {
            total = try await Pipeline.Fsck(stateDirectory: directory).run { finding in
                findings.withLock { $0.append(finding) }
            }
        } catch let error as any DocumentError {
            Output.complain(error.failure.detail)
            throw ExitCode.inputOutput
        }
        let found = findings.withLock { $0 }
        try Output.write(json ? lines(found) : report(found, total))
        if found.contains(where: \.code.isHarm) { throw ExitCode.dataError }
    }

    private func lines(_ findings: [FsckFinding]) -> String {
        findings.map { finding in
            JSONValue.object([
                .init("code", .string(finding.code.rawValue)),
                .init("subject", .string(finding.subject)),
                .init("detail", .string(finding.detail)),
                .init("harm", .bool(finding.code.isHarm)),
            ]).compact + "\n"
        }.joined()
    }

    private func report(
        _ findings: [FsckFinding], _ total: (blobs: Int, bytes: ByteCount)
    ) -> String {
        var table = TextTable("CODE", "SUBJECT", "DETAIL")
        for finding in findings {
            table.add(finding.code.rawValue, finding.subject, finding.detail)
        }
        let harms = findings.count { $0.code.isHarm }
        let summary =
            "\(total.blobs) blobs, \(total.bytes): "
            + (harms == 0 ? "clean" : "\(harms) wrong")
            + (findings.count > harms ? ", \(findings.count - harms) left over" : "") + "\n"
        return findings.isEmpty ? summary : table.text() + "\n" + summary
    }
}
