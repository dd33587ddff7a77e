import Foundation
import Rules
import Testing

/// The built daemon at work, and ways to await what it says.
struct DaemonProcess {
    let program: RunningProgram

    /// A daemon that another program started and became.
    init(program: RunningProgram) { self.program = program }

    init(arguments: [String]) throws {
        program = try RunningProgram("ingestd", arguments)
    }

    /// Starts it as systemd does: as a service user with the four capabilities of the unit file; nil
    /// starts it as an ordinary user without any.
    init(uid: uid_t, capabilities: String?, arguments: [String]) throws {
        let names = capabilities.map { $0.split(separator: " ").map { "+\($0)" } } ?? []
        let set = names.isEmpty ? [] : ["--inh-caps", "--ambient-caps"]
        let bounds = ["--bounding-set", (["-all"] + names).joined(separator: ",")]
        program = try RunningProgram(
            "/usr/bin/setpriv",
            ["--reuid", "\(uid)", "--regid", "\(uid)", "--clear-groups", "--no-new-privs"]
                + set.flatMap { [$0, (["-all"] + names).joined(separator: ",")] } + bounds
                + [RunningProgram.builtPrograms.appending(path: "ingestd").path] + arguments)
    }

    /// Awaits a line about a path below the inbox, or about anything; the n-th where it may come again.
    @discardableResult
    func line(
        _ event: JournalEvent, _ path: String? = nil, count: Int = 1,
        where isMeant: ([String: String]) -> Bool = { _ in true }
    ) async throws -> [String: String] {
        try await program.awaited("“\(event.rawValue)” about \(path ?? "anything")") { lines in
            let found = lines.map(\.members).filter { members in
                members["event"] == event.rawValue && (path == nil || members["path"] == path)
                    && isMeant(members)
            }
            return found.dropFirst(count - 1).first
        }
    }

    /// Awaits the end of each document, completed or failed.
    func ended(_ paths: [String]) async throws {
        for path in paths {
            _ = try await program.awaited("the end of \(path)") { lines in
                lines.first { line in
                    line.members["path"] == path
                        && (line.members["event"] == JournalEvent.documentCompleted.rawValue
                            || line.members["event"] == JournalEvent.documentFailed.rawValue)
                }
            }
        }
    }

    /// All lines so far that say this.
    func lines(_ event: JournalEvent) -> [[String: String]] {
        program.lines.map(\.members).filter { $0["event"] == event.rawValue }
    }

    /// Stops it as the service manager does, and expects it to end well; all it had to say is then written.
    func stop() async throws {
        program.send(SIGTERM)
        let end = try await program.ended()
        let log = program.lines.suffix(40).map(\.text).joined(separator: "\n")
        #expect(end == .exited(0), "\(log)")
    }
}
