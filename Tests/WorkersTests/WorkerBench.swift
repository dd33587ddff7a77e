import CLinux
import Glibc
import Rules
import Synchronization
import SystemPackage
import Testing
import WorkerProtocol

@testable import Workers

/// A slot whose worker is the misbehaving one, a blob to read, and a journal that remembers.
final class WorkerBench: Sendable {
    static let blobText = "%PDF-1.7 of sorts"

    let slot: WorkerSlot
    private let blob: FileDescriptor
    private let journal = RecordedJournal()

    /// - Parameter blobSize: how many bytes the blob has; nil for ``blobText`` alone.
    init(misdeed: String, blobSize: Int64? = nil) throws {
        let program = try ownDirectory().appending("MisbehavingWorker")
        slot = try WorkerSlot(
            number: 0, launcher: WorkerLauncher(executable: program, arguments: [misdeed]),
            journal: journal.line)
        blob = try Self.makeBlob(size: blobSize)
    }

    deinit { Glibc.close(blob.rawValue) }

    var lines: [JournalLine] { journal.lines }

    /// Runs a session over the blob, as a document of the account's where one is named.
    func run<Value: Sendable>(
        of account: Account? = nil,
        _ body: @escaping @Sendable (WorkerSession) throws -> Value
    ) async throws -> Value {
        try await slot.run(over: blob, of: account, subject: [.document: "0194"], body)
    }

    /// Runs one stage in a session of its own.
    func outcome(
        of request: StageRequest = .text(pageLimit: 10, byteLimit: 1000),
        limits: WorkerLimits = .ample
    ) async throws -> WorkerOutcome {
        try await run { $0.run(request, limits: limits) { _ in } }
    }

    /// The workers that spoke up and are still there, dead or alive; every worker speaks up at its
    /// start.
    var remains: [pid_t] {
        lines.compactMap { $0.fields[.pid].flatMap { pid_t($0) } }.filter { kill($0, 0) == 0 }
    }

    private static func makeBlob(size: Int64?) throws -> FileDescriptor {
        var template = Array("/tmp/ingestd-blob-XXXXXX".utf8CString)
        let writer = FileDescriptor(rawValue: mkstemp(&template))
        defer { unlink(template) }
        try writer.closeAfter {
            _ = try writer.writeAll(blobText.utf8)
            if let size { ftruncate(writer.rawValue, off_t(size)) }
        }
        return try FileDescriptor.open(FilePath(platformString: template), .readOnly)
    }
}

/// The directory that this test program, and so the worker beside it, was built into.
func ownDirectory() throws -> FilePath {
    var path = [CChar](repeating: 0, count: Int(PATH_MAX))
    let length = readlink("/proc/self/exe", &path, path.count - 1)
    guard length > 0 else { throw Errno(rawValue: errno) }
    return FilePath(platformString: path).removingLastComponent()
}

/// Returns once the process is gone, or waits to be reaped.
func awaitEnd(of pid: pid_t) throws {
    let descriptor = linux_pidfd_open(pid)
    guard descriptor >= 0 else {
        #expect(descriptor == -ESRCH)
        return
    }
    defer { close(descriptor) }
    var watched = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    #expect(poll(&watched, 1, 10_000) == 1)
}

/// A journal that tests read.
final class RecordedJournal: Sendable {
    private let recorded = Mutex<[JournalLine]>([])

    var lines: [JournalLine] { recorded.withLock { $0 } }

    func line(_ line: JournalLine) { recorded.withLock { $0.append(line) } }
}

extension WorkerLimits {
    /// More than any stage of these tests takes.
    static let ample = WorkerLimits(
        softDeadline: .seconds(600), hardDeadline: .seconds(600), memory: .mebibytes(512),
        outputLimit: .mebibytes(8))

    static func hard(_ deadline: Duration) -> WorkerLimits {
        WorkerLimits(
            softDeadline: deadline, hardDeadline: deadline, memory: .mebibytes(512),
            outputLimit: .mebibytes(8))
    }
}

extension WorkerOutcome {
    var code: ErrorCode? {
        switch self {
        case .failed(let failure), .notStarted(let failure): failure.code
        case .finished, .interrupted, .sinkFailed: nil
        }
    }

    var detail: String? {
        switch self {
        case .failed(let failure), .notStarted(let failure): failure.detail
        case .finished, .interrupted, .sinkFailed: nil
        }
    }

    var result: StageResult? {
        switch self {
        case .finished(let result): result
        case .failed, .notStarted, .interrupted, .sinkFailed: nil
        }
    }

    var isInterrupted: Bool {
        switch self {
        case .interrupted: true
        case .finished, .failed, .notStarted, .sinkFailed: false
        }
    }
}

/// Puts together the artifacts out of a stage's replies.
struct ArtifactCollector {
    private(set) var texts: [String: String] = [:]
    private(set) var replies: [StageReply] = []
    private var current = ""

    /// What a worker without misdeed says of itself, whatever the stage.
    var honestPid: String? {
        texts.values.first?.split(separator: "\n").first.map(String.init)
    }

    mutating func take(_ reply: StageReply) {
        replies.append(reply)
        if case .artifactBegun(let name, _) = reply { current = name }
        if case .artifactBytes(let bytes) = reply {
            texts[current, default: ""] += String(decoding: bytes, as: UTF8.self)
        }
    }
}
