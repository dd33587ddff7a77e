import Foundation
import Testing

/// Sees each status file that appears in an inbox, for as long as it lives.
final class StatusWatch: Sendable {
    /// The versions of one document's status file, each as it was read when it appeared; ends with the
    /// first that says that all is over.
    let versions: AsyncStream<String>

    /// What the last version has on a line of its own.
    private static let ends = ["completed", "failed"].map { "\n  \"status\":\"\($0)\"" }

    /// - Parameter name: the drop's name in the inbox.
    init(_ scene: FlowScene, of name: String) throws {
        let descriptor = inotify_init1(Int32(IN_CLOEXEC))
        try #require(descriptor >= 0)
        try #require(inotify_add_watch(descriptor, scene.inbox, UInt32(IN_MOVED_TO)) >= 0)
        let (stream, continuation) = AsyncStream.makeStream(of: String.self)
        versions = stream
        Thread.detachNewThread {
            defer {
                close(descriptor)
                continuation.finish()
            }
            var buffer = [UInt8](repeating: 0, count: 64 << 10)
            // Ends with the last version, and else with the test's own time.
            while read(descriptor, &buffer, buffer.count) > 0 {
                guard let text = try? scene.text("\(name).status.json") else { continue }
                if case .terminated = continuation.yield(text) { return }
                if Self.ends.contains(where: text.contains) { return }
            }
        }
    }

    /// All versions until the document is over.
    func all() async throws -> [StatusFile] {
        var files: [StatusFile] = []
        for await text in versions { files.append(try StatusFile(text)) }
        return files
    }
}
