import CLinux
import Glibc
import Rules
import WorkerProtocol

/// One worker process, from its start to its burial. Used by one thread.
final class WorkerProcess {
    let pid: pid_t
    /// The command line it was started with: it says under which limits it runs.
    let commandLine: [String]
    let cpuSeconds: Int64
    /// Its pidfd, readable once it has ended.
    let exit: OwnedDescriptor
    /// Our end of its socket: requests go out, replies come in.
    let channel: OwnedDescriptor
    /// Where its standard error is read.
    let log: OwnedDescriptor
    /// Cuts its replies out of what the socket gives.
    var replies = FrameReader()
    private(set) var words: WorkerLog
    /// Whether the other end of the log was closed; then there is nothing to watch.
    private(set) var logIsClosed = false
    private var end: WorkerEnd?
    private let logLimit: ByteCount
    /// How many documents it was given; zero while it stands by.
    private(set) var documentCount: Int
    /// When it was given the first.
    private var startedAt = SuspendingClock.now

    /// How many documents one process sees at most.
    static let documentLimit = 32
    /// How old a process is at most that is given another document.
    static let lifetime = Duration.seconds(20)

    /// How much is read from the log at a time.
    private static let logChunk = 16 << 10
    /// How many chunks a dead worker's log may still give; a pipe holds 64 KiB, but a child that
    /// it left may go on.
    private static let lastChunks = 8

    init(
        pid: pid_t, commandLine: [String], cpuSeconds: Int64, exit: consuming OwnedDescriptor,
        channel: consuming OwnedDescriptor, log: consuming OwnedDescriptor, logLimit: ByteCount,
        documentCount: Int
    ) {
        self.pid = pid
        self.commandLine = commandLine
        self.cpuSeconds = cpuSeconds
        self.exit = exit
        self.channel = channel
        self.log = log
        self.logLimit = logLimit
        self.documentCount = documentCount
        self.words = WorkerLog(limit: logLimit)
    }

    deinit { precondition(end != nil, "whoever starts a worker reaps it") }

    /// Whether it has ended, by whatever cause. Asks the kernel.
    var hasEnded: Bool { isReadable(exit.raw) }

    /// Whether it may still be given another document of the same account.
    ///
    /// Never for long: what one document leaves behind in it must not add up over many.
    var maySeeAnother: Bool {
        documentCount < Self.documentLimit
            && (documentCount == 0 || SuspendingClock.now - startedAt < Self.lifetime)
            && !hasEnded && !replies.isMidFrame && !isReadable(channel.raw)
    }

    /// Gives it the next document; returns whether it could be told.
    func turn(to blob: Int32) -> Bool {
        let frame = DocumentTurn.encoded()
        guard linux_send_descriptor(channel.raw, frame, frame.count, blob) == frame.count else {
            return false
        }
        if documentCount == 0 { startedAt = .now }
        documentCount += 1
        return true
    }

    /// Begins its log anew: what it said was reported.
    func forgetWords() { words = WorkerLog(limit: logLimit) }

    /// Kills it and every process of its group.
    func killGroup() {
        // Until it is reaped its number is its own, so this never hits a stranger.
        // It fails only where there is nobody left to kill.
        if end == nil { kill(-pid, SIGKILL) }
    }

    /// Kills it where it still lives, reaps it, and reads what it last wrote to its log.
    ///
    /// Waits for the kernel alone: SIGKILL cannot be put off by the process.
    func reap() -> WorkerEnd {
        if let end { return end }
        killGroup()
        var status: Int32 = 0
        var usage = rusage()
        while wait4(pid, &status, 0, &usage) < 0 {
            precondition(errno == EINTR, "a worker is reaped by nobody but its owner")
        }
        let reaped = WorkerEnd(status: status, usage: usage)
        end = reaped
        drainLog()
        return reaped
    }

    /// Reads what the log has at hand, a bounded piece; call it when the log is readable.
    func readLog() throws(WorkerError) {
        try withUnsafeTemporaryAllocation(byteCount: Self.logChunk, alignment: 1) {
            buffer throws(WorkerError) in
            let count = read(log.raw, buffer.baseAddress, buffer.count)
            guard count > 0 else {
                logIsClosed = count == 0 || errno != EINTR
                return
            }
            try words.append(UnsafeRawBufferPointer(buffer).prefix(count))
        }
    }

    private func drainLog() {
        for _ in 0..<Self.lastChunks where !logIsClosed && isReadable(log.raw) {
            do {
                try readLog()
            } catch {
                // It is dead already: that it said too much changes nothing any more.
                return
            }
        }
    }

    private func isReadable(_ descriptor: Int32) -> Bool {
        var watched = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&watched, 1, 0) == 1
    }
}
