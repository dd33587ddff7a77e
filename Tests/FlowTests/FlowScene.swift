import Foundation
import Rules
import Testing

/// A fresh inbox, a state directory and a config for the built daemon; gone with the test.
///
/// Run as root, the inbox belongs to an account that has no name.
final class FlowScene: Sendable {
    static let uid: uid_t = geteuid() == 0 ? 40_001 : geteuid()
    static let otherUID: uid_t = 40_002
    /// Somebody else, where there may be anybody else.
    static let strangerUID: uid_t = geteuid() == 0 ? otherUID : uid
    /// Whom a daemon runs as that is not root.
    static let serviceUID: uid_t = 40_003
    /// Lets a worker be at a page that no computer finishes for longer than any test takes.
    static let patience = "stages: {text: {soft: 10m, hard: 20m}}"
    static let oneBusyWorker = "\(patience)\nworkers: {count: 1}"

    let folder: String
    var inbox: String { folder + "/inbox" }
    var state: String { folder + "/state" }
    var config: String { folder + "/ingestd.yaml" }

    init() throws {
        var template = Array("/tmp/ingestd-flow-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw POSIXError(.EIO) }
        folder = template.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
        // Accounts pass through to their inboxes.
        chmod(folder, 0o755)
        try makeInbox("inbox")
    }

    deinit {
        // What a test locked away from its own user stays in the folder for temporary files.
        _ = try? FileManager.default.removeItem(atPath: folder)
    }

    func callAsFunction(_ name: String) -> String { inbox + "/" + name }

    /// Makes a further folder to watch; its path is what `start(others:)` takes.
    @discardableResult
    func makeInbox(_ name: String, owner: uid_t = uid) throws -> String {
        let path = folder + "/" + name
        // It appears with its owner: for the moment between, a daemon would serve it as root's.
        let aside = folder + ".aside"
        try FileManager.default.createDirectory(atPath: aside, withIntermediateDirectories: false)
        chown(aside, owner, owner)
        guard rename(aside, path) != 0 else { return path }
        // What is mounted there, for one, takes nothing from elsewhere.
        rmdir(aside)
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
        chown(path, owner, owner)
        return path
    }

    // MARK: - Drops

    /// Drops a fixture as its owner's program would: made, written, closed.
    func drop(_ fixture: String, as name: String? = nil) throws {
        let bytes = try Data(contentsOf: Self.fixture(fixture))
        try drop(bytes, as: name ?? URL(filePath: fixture).lastPathComponent)
    }

    /// Drops bytes under a name below the inbox, in folders of the owner's own.
    func drop(_ bytes: some DataProtocol, as name: String) throws {
        try put(bytes, at: self(name))
    }

    /// Drops bytes at a path in any inbox.
    func put(_ bytes: some DataProtocol, at path: String, owner: uid_t = uid) throws {
        try makeFolders(above: path, owner: owner)
        try Data(bytes).write(to: URL(filePath: path))
        Self.awaitUnwritten(path)
        chown(path, owner, owner)
    }

    /// Returns once no process has the file open for writing any more.
    ///
    /// A program that another test starts at this moment has all that is open here, up to its exec.
    static func awaitUnwritten(_ path: String) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        defer { close(descriptor) }
        // F_SETLEASE, which Glibc shows only to those who ask for GNU's extensions.
        while fcntl(descriptor, 1024, Int32(F_RDLCK)) != 0, errno == EAGAIN { sched_yield() }
    }

    /// Drops bytes under a name that need not be UTF-8.
    func drop(_ bytes: Data, asBytes name: [UInt8]) throws {
        let aside = folder + "/" + UUID().uuidString
        try bytes.write(to: URL(filePath: aside))
        Self.awaitUnwritten(aside)
        chown(aside, Self.uid, Self.uid)
        let path = Array(inbox.utf8) + [UInt8(ascii: "/")] + name + [0]
        guard Glibc.rename(aside, path.map(CChar.init(bitPattern:))) == 0 else {
            throw POSIXError(.EIO)
        }
    }

    /// Reads a file of the inbox whose name need not be UTF-8.
    func text(ofBytes name: [UInt8]) throws -> String {
        let path = Array(inbox.utf8) + [UInt8(ascii: "/")] + name + [0]
        let descriptor = open(path.map(CChar.init(bitPattern:)), O_RDONLY)
        let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        return String(decoding: try file.readToEnd() ?? Data(), as: UTF8.self)
    }

    func makeFolder(_ name: String) throws { try makeFolders(above: self(name) + "/x") }

    private func makeFolders(above path: String, owner: uid_t = uid) throws {
        let parent = URL(filePath: path).deletingLastPathComponent()
        guard !FileManager.default.fileExists(atPath: parent.path) else { return }
        try makeFolders(above: parent.path, owner: owner)
        try FileManager.default.createDirectory(at: parent, withIntermediateDirectories: false)
        chown(parent.path, owner, owner)
    }

    static func fixture(_ name: String) -> URL {
        URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Fixtures/\(name)")
    }

    // MARK: - Results

    func exists(_ name: String) -> Bool {
        var facts = stat()
        return lstat(self(name), &facts) == 0
    }

    func facts(_ name: String) throws -> stat {
        var facts = stat()
        guard lstat(self(name), &facts) == 0 else { throw POSIXError(.ENOENT) }
        return facts
    }

    func bytes(_ name: String) throws -> Data { try Data(contentsOf: URL(filePath: self(name))) }
    func text(_ name: String) throws -> String { String(decoding: try bytes(name), as: UTF8.self) }

    /// The names in a folder of the inbox, but for the mark of results, in order.
    func names(in folder: String = "") throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: self(folder))
            .filter { $0 != "\(ResultsMark.name)" }.sorted()
    }

    /// Every path below the inbox, but for marks of results.
    func allPaths() throws -> [String] {
        try FileManager.default.subpathsOfDirectory(atPath: inbox)
            .filter { !$0.hasSuffix("/\(ResultsMark.name)") }.sorted()
    }

    /// The status file of a drop; `version` is that of an older document of its name.
    func status(_ name: String, version: Int? = nil) throws -> StatusFile {
        let middle = version.map { ".~\($0)~" } ?? ""
        return try StatusFile(text(name + middle + ".status.json"))
    }

    // MARK: - The daemon

    /// Writes the config and starts the daemon on it; returns when it serves.
    ///
    /// - Parameters:
    ///   - inbox: further lines for the inbox, such as `schema: participants`.
    ///   - settings: further lines at the top level.
    ///   - others: further inboxes.
    ///   - isOnce: whether it only takes what is there.
    func start(
        inbox: String = "", settings: String = "", others: [String] = [], isOnce: Bool = false
    ) async throws -> DaemonProcess {
        try configure(inbox: inbox, settings: settings, others: others)
        let mode = isOnce ? ["--once"] : []
        let daemon = try DaemonProcess(arguments: ["run", "--config", config] + mode)
        try await daemon.line(.daemonReady)
        return daemon
    }

    /// Starts the daemon on these inboxes alone, as a service user with these capabilities, to whom
    /// the state then belongs.
    func start(
        over inboxes: [String], as uid: uid_t, capabilities: String?
    ) async throws -> DaemonProcess {
        try configure(only: inboxes)
        if mkdir(state, 0o711) == 0 { chown(state, uid, uid) }
        let daemon = try DaemonProcess(
            uid: uid, capabilities: capabilities, arguments: ["run", "--config", config])
        try await daemon.line(.daemonReady)
        return daemon
    }

    /// Starts the daemon on these inboxes alone.
    func start(over inboxes: [String]) async throws -> DaemonProcess {
        try configure(only: inboxes)
        let daemon = try DaemonProcess(arguments: ["run", "--config", config])
        try await daemon.line(.daemonReady)
        return daemon
    }

    /// Writes the config; a running daemon takes what it may from it on SIGHUP.
    func configure(inbox more: String = "", settings: String = "", others: [String] = []) throws {
        try configure(only: [inbox] + others, more, settings)
    }

    private func configure(
        only inboxes: [String], _ more: String = "", _ settings: String = ""
    ) throws {
        let inboxes = inboxes.map { path in
            let waits = ["settle", "settle_without_proof"].filter { !more.contains("\($0):") }
            let lines = ["path: '\(path)'"] + waits.map { "\($0): 50ms" } + [more]
            return "  - " + lines.filter { !$0.isEmpty }.joined(separator: "\n    ")
        }
        let text = """
            state: \(state)
            log: {format: json, level: debug}
            stop_timeout: 20s
            inboxes:
            \(inboxes.joined(separator: "\n"))
            \(settings)
            """
        try text.write(toFile: config, atomically: true, encoding: .utf8)
    }

    /// Takes what is there, finishes it, and expects that to go well.
    func runOnce(inbox: String = "", settings: String = "") async throws {
        try configure(inbox: inbox, settings: settings)
        let (end, output) = try await RunningProgram.run(
            "ingestd", ["run", "--once", "--config", config])
        #expect(end == .exited(0), "\(output)")
    }

    /// Reads every blob again, resolves every reference, and expects nothing wrong.
    ///
    /// - Parameter leftovers: whether blobs that nothing refers to may be there, as after a crash.
    func expectClean(leftovers: Bool = false) async throws {
        let (end, output) = try await RunningProgram.run("ingestd", ["fsck", "--state", state])
        #expect(end == .exited(0), "\(output)")
        let isClean = output.contains(leftovers ? ": clean" : ": clean\n")
        #expect(isClean, "\(output)")
    }
}
