import Glibc
import Inbox
import Rules
import SystemPackage
import Testing

@testable import Publish

/// A fresh inbox for one test, gone with it.
final class PublishScene: Sendable {
    /// Whose sidecars are written.
    static let document = DocumentID(
        at: Timestamp(milliseconds: 1), random: .init(repeating: 1, count: 10))
    static let other = DocumentID(
        at: Timestamp(milliseconds: 2), random: .init(repeating: 2, count: 10))

    let folder: String
    let root: InboxRoot

    init() async throws {
        var template = Array("/tmp/ingestd-publish-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw Errno(rawValue: errno) }
        folder = template.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
        chmod(folder, 0o755)
        root = try await InboxRoot.open(folder, threads: OwnerThreads())
    }

    deinit {
        var child = pid_t()
        var words: [UnsafeMutablePointer<CChar>?] = [
            strdup("rm"), strdup("-rf"), strdup(folder), nil,
        ]
        defer { words.forEach { free($0) } }
        guard posix_spawnp(&child, "rm", nil, nil, &words, environ) == 0 else { return }
        waitpid(child, nil, 0)
    }

    func callAsFunction(_ name: String) -> String { folder + "/" + name }

    func path(_ text: String) throws -> BeneathPath {
        try #require(BeneathPath(bytes: Array(text.utf8)))
    }

    /// Writes a drop's status file; returns where something foreign went.
    @discardableResult
    func writeStatus(
        _ text: String = #"{"schema":"ingestd/status/1"}"#, of drop: BeneathPath
    ) async throws -> BeneathPath? {
        try await root.run {
            try SidecarWriter($0, drop: drop).writeStatus(text)
        }
    }

    /// Writes a drop's results, by name.
    @discardableResult
    func writeResults(
        _ texts: [String: String], of drop: BeneathPath, by document: DocumentID = document
    ) async throws -> BeneathPath? {
        let items = try texts.map { name, text in
            ResultItem(name: try path(name), source: try source(text))
        }
        defer { for item in items { close(item.source.rawValue) } }
        return try await root.run {
            try SidecarWriter($0, drop: drop).publish(of: document, items, status: nil).first
        }
    }

    /// Writes a drop's results in two steps: made ready, a few at a time, and published.
    func prepareResults(_ texts: [[String: String]], of drop: BeneathPath) async throws {
        let names = try texts.flatMap(\.keys).map(path)
        let prepared = try await root.run {
            try SidecarWriter($0, drop: drop).beginResults(of: Self.document, names)
        }
        for texts in texts {
            let items = try texts.map { name, text in
                ResultItem(name: try path(name), source: try source(text))
            }
            defer { for item in items { close(item.source.rawValue) } }
            try await root.run {
                try SidecarWriter($0, drop: drop).add(items, to: prepared)
            }
        }
        _ = try await root.run {
            try SidecarWriter($0, drop: drop).publish(
                of: Self.document, [], prepared, status: nil)
        }
    }

    private func source(_ text: String) throws -> FileDescriptor {
        var template = Array("/tmp/ingestd-source-XXXXXX".utf8CString)
        let file = FileDescriptor(rawValue: mkstemp(&template))
        unlink(template)
        try file.writeAll(text.utf8)
        return file
    }

    func write(_ text: String, to name: String) throws {
        let file = try FileDescriptor.open(
            FilePath(self(name)), .writeOnly, options: [.create, .truncate],
            permissions: FilePermissions(rawValue: 0o644))
        try file.closeAfter { _ = try file.writeAll(text.utf8) }
    }

    func read(_ name: String) throws -> String {
        let file = try FileDescriptor.open(FilePath(self(name)), .readOnly)
        return try file.closeAfter {
            var bytes: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: 64 << 10)
            while true {
                let count = try buffer.withUnsafeMutableBytes { try file.read(into: $0) }
                guard count > 0 else { return String(decoding: bytes, as: UTF8.self) }
                bytes += buffer[..<count]
            }
        }
    }

    func facts(_ name: String) throws -> stat {
        var facts = stat()
        guard lstat(self(name), &facts) == 0 else { throw Errno(rawValue: errno) }
        return facts
    }

    func kind(_ name: String) throws -> mode_t { try facts(name).st_mode & S_IFMT }

    /// The names in a folder of the inbox, hidden ones included but for the mark of results, in order.
    func names(in name: String = "") throws -> [String] {
        guard let folder = opendir(self(name)) else { throw Errno(rawValue: errno) }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let bytes = withUnsafeBytes(of: entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
            names.append(String(decoding: bytes, as: UTF8.self))
        }
        return names.filter { ![".", "..", "\(ResultsMark.name)"].contains($0) }.sorted()
    }
}
