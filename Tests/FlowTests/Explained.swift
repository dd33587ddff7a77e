import Foundation
import Testing

/// What `ingestd explain --json` said of one path.
struct Explained {
    let end: RunningProgram.End
    let output: String
    let members: [String: Any]

    subscript(key: String) -> String { members[key] as? String ?? "" }
    var verdict: String { self["verdict"] }

    /// Asks with these arguments; `uid` asks as that user.
    init(_ arguments: [String], as uid: uid_t? = nil) async throws {
        let command = ["explain", "--json"] + arguments
        (end, output) =
            if let uid {
                try await RunningProgram.run(
                    "/usr/bin/setpriv",
                    ["--reuid=\(uid)", "--regid=\(uid)", "--clear-groups"]
                        + [RunningProgram.builtPrograms.appending(path: "ingestd").path] + command)
            } else {
                try await RunningProgram.run("ingestd", command)
            }
        let value = try? JSONSerialization.jsonObject(with: Data(output.utf8))
        members = (value as? [[String: Any]])?.first ?? [:]
    }
}
