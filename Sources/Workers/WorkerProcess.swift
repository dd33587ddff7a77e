import CLinux
import Glibc
import Rules
import WorkerProtocol

/// One worker process, a template's child, from its start to its burial. Used by one thread.
final class WorkerProcess {
    let pid: pid_t
    /// The limits that it runs under.
    let limits: ChildLimits
    /// Its pidfd, readable once it has ended.
    let exit: OwnedDescriptor
    /// Our end of its socket: requests go out, replies come in.
    let channel: OwnedDescriptor
    /// Where its standard error is read.
    let log: OwnedDescriptor
    /// Cuts its replies out of what the socket gives.
    var replies = FrameReader()
    private(set) var words: WorkerLog
    private let template: WorkerTemplate
    private var end: WorkerEnd?
    private let logLimit: ByteCount
    private let startedAt = SuspendingClock.now
    /// How many documents it was given.
    private(set) var documentCount = 1
    /// The bytes of all of them.
    private var documentBytes: Int64 = 0
    /// Whether its template was gone when it was to be reaped: then that took it along, and nothing it
    /// had in hand is to blame.
    private(set) var diedWithTemplate = false
    /// Whether it has said anything of the document at hand.
    var hasReplied = false

    /// How many documents one process sees at most.
    static let documentLimit = 32
    /// How many bytes of documents one process sees at most: for a larger one a fork is cheap.
    static let byteLimit = ByteCount.mebibytes(8)
    /// How old a process is at most that is given another document.
    static let lifetime = Duration.seconds(20)

    /// How old a process with these limits is at most that is given another document: what those before
    /// it took must not be missing from its processor time.
    static func lifetime(under limits: ChildLimits) -> Duration {
        min(lifetime, .seconds(Int64(limits.cpuSeconds) / WorkerLimits.cpuShares))
    }

    /// The exit status of one that has grown too large for the document that it was given, and has not
    /// looked at it. Rule: `IngestWorker.ExitStatus.grown`.
    static let grownStatus: Int32 = 75

    init(
        pid: pid_t, template: WorkerTemplate, limits: ChildLimits, exit: consuming OwnedDescriptor,
        channel: consuming OwnedDescriptor, log: consuming OwnedDescriptor, logLimit: ByteCount
    ) {
        self.pid = pid
        self.template = template
        self.limits = limits
        self.exit = exit
        self.channel = channel
        self.log = log
        self.logLimit = logLimit
        self.words = WorkerLog(limit: logLimit)
    }

    deinit { precondition(end != nil, "whoever starts a worker reaps it") }

    /// Whether it has ended, by whatever cause. Asks the kernel.
    var hasEnded: Bool { exit.isReadable }

    /// Whether it may be given another document of the same account, of so many bytes.
    ///
    /// Never for long: what one document leaves behind in it must not add up over many.
    func maySeeAnother(of bytes: ByteCount) -> Bool {
        documentCount < Self.documentLimit && documentBytes + bytes.bytes <= Self.byteLimit.bytes
            && SuspendingClock.now - startedAt < Self.lifetime(under: limits)
            && !hasEnded && !replies.isMidFrame && !channel.isReadable
    }

    /// Whether it declined the document at hand, not the first, before it looked at it.
    func declinedDocument(by end: WorkerEnd) -> Bool {
        documentCount > 1 && !hasReplied && end == .exited(status: Self.grownStatus)
    }

    /// Notes the size of the document that it has in hand.
    func charge(_ bytes: ByteCount) { documentBytes += bytes.bytes }

    /// Gives it the next document; returns whether it could be told.
    func turn(to blob: Int32) -> Bool {
        let frame = DocumentTurn.encoded()
        guard linux_send_descriptors(channel.raw, frame, frame.count, [blob], 1) == frame.count
        else { return false }
        documentCount += 1
        hasReplied = false
        return true
    }

    /// Begins its log anew: what it said was reported.
    func forgetWords() { words = WorkerLog(limit: logLimit) }

    /// Kills it where it still lives. It cannot have started another.
    func kill() {
        // It fails only where there is nobody left to kill.
        if end == nil { _ = linux_pidfd_signal(exit.raw, SIGKILL) }
    }

    /// Kills it where it still lives, has it reaped, and reads what it last wrote to its log.
    ///
    /// Waits for the kernel alone: SIGKILL cannot be put off by the process.
    func reap() -> WorkerEnd {
        if let end { return end }
        kill()
        _ = exit.awaitReadable(atMost: nil)
        let ownEnd = template.reap()
        diedWithTemplate = ownEnd == nil
        let reaped = ownEnd ?? template.leave()
        end = reaped
        words.drain(log.raw)
        return reaped
    }

    /// Reads what the log has at hand, a bounded piece; call it when the log is readable.
    func readLog() throws(WorkerError) { try words.read(log.raw) }
}
