import Glibc
import Rules
import SystemPackage
import WorkerProtocol

/// Why an exchange broke off; the worker it was with is of no further use.
enum ExchangeBreak: Error {
    case fault(WorkerError)
    /// The worker ended before its last word; how, it tells when it is reaped.
    case workerEnded
    case interrupted
    case sinkFailed(any Error)
}

/// One request to a worker and its replies, until the last word, a limit, or the worker's end.
struct StageExchange {
    /// How much is read from the socket at a time; small enough for the allocator to hand out the
    /// same memory again.
    private static let chunk = 64 << 10
    /// How long a worker whose socket has closed may take to be gone; the kernel closes it a
    /// moment earlier.
    private static let parting = Duration.seconds(2)
    /// Progress that comes faster is not passed on.
    private static let progressPause = Duration.milliseconds(50)

    private let process: WorkerProcess
    private let interruption: Interruption
    private let limits: WorkerLimits
    private var check: ReplyCheck
    private var unsent: ArraySlice<UInt8>
    private var channelIsClosed = false
    private var deadline: SuspendingClock.Instant
    private var nextProgress: SuspendingClock.Instant
    private let clock = SuspendingClock()

    init(
        _ request: StageRequest, with process: WorkerProcess, limits: WorkerLimits,
        interruption: Interruption
    ) {
        self.process = process
        self.interruption = interruption
        self.limits = limits
        check = ReplyCheck(request: request, outputLimit: limits.outputLimit)
        unsent = request.encoded()[...]
        deadline = clock.now + (limits.timeLeft ?? limits.hardDeadline)
        nextProgress = clock.now
    }

    /// Returns the worker's last word. Hands every other reply that passes the check to `onReply`.
    mutating func run(
        _ onReply: (StageReply) throws -> Void
    ) throws(ExchangeBreak) -> WorkerOutcome {
        while true {
            let ready = try wait()
            if ready.log { try readLog() }
            if ready.room { try send() }
            // A worker that ended may have left its last word, so the end is looked at last.
            if ready.ended { process.kill() }
            if ready.replies {
                if let outcome = try receive(onReply) { return outcome }
            } else if ready.ended {
                throw .workerEnded
            }
        }
    }

    private struct Readiness {
        var log = false
        var room = false
        var replies = false
        var ended = false
    }

    /// Sleeps until something can be done.
    ///
    /// - Throws: when the deadline passes or the interruption is raised, even with work at hand.
    private func wait() throws(ExchangeBreak) -> Readiness {
        let left = deadline - clock.now
        guard left > .zero else {
            throw .fault(
                channelIsClosed ? .fellSilent : .deadlinePassed(after: limits.hardDeadline))
        }
        var channelEvents = Int16(POLLIN)
        if !unsent.isEmpty { channelEvents |= Int16(POLLOUT) }
        // A descriptor below zero is skipped by poll.
        var watched = [
            pollfd(fd: interruption.descriptor, events: Int16(POLLIN), revents: 0),
            pollfd(fd: process.exit.raw, events: Int16(POLLIN), revents: 0),
            pollfd(
                fd: process.words.isClosed ? -1 : process.log.raw, events: Int16(POLLIN), revents: 0
            ),
            pollfd(
                fd: channelIsClosed ? -1 : process.channel.raw, events: channelEvents, revents: 0),
        ]
        let milliseconds = min(left.wholeMilliseconds + 1, Int64(Int32.max))
        guard poll(&watched, nfds_t(watched.count), Int32(milliseconds)) >= 0 else {
            // Of its errors only EINTR and ENOMEM can come about, and both pass.
            return Readiness()
        }
        guard watched[0].revents == 0 else { throw .interrupted }
        return Readiness(
            log: watched[2].revents != 0,
            room: watched[3].revents & Int16(POLLOUT) != 0,
            replies: watched[3].revents & ~Int16(POLLOUT) != 0,
            ended: watched[1].revents != 0)
    }

    private func readLog() throws(ExchangeBreak) {
        do { try process.readLog() } catch { throw .fault(error) }
    }

    /// Sends what the socket takes of the request.
    private mutating func send() throws(ExchangeBreak) {
        let flags = Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL)
        let count = unsent.withUnsafeBytes { bytes in
            Glibc.send(process.channel.raw, bytes.baseAddress, bytes.count, flags)
        }
        if count >= 0 {
            unsent.removeFirst(count)
        } else if errno != EAGAIN && errno != EINTR {
            // Its end of the socket is closed; what it said before may still be read.
            unsent = []
        }
    }

    /// Reads one chunk and goes through the replies that are whole; nil if none was the last.
    private mutating func receive(
        _ onReply: (StageReply) throws -> Void
    ) throws(ExchangeBreak) -> WorkerOutcome? {
        let count = withUnsafeTemporaryAllocation(byteCount: Self.chunk, alignment: 1) { buffer in
            let flags = Int32(MSG_DONTWAIT)
            let count = recv(process.channel.raw, buffer.baseAddress, buffer.count, flags)
            if count > 0 {
                process.hasReplied = true
                process.replies.append(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            }
            return count
        }
        guard count > 0 else {
            if count == 0 || errno != EAGAIN && errno != EINTR { channelClosed() }
            return nil
        }
        while let reply = try nextReply() {
            switch try judge(reply) {
            case .pass(let reply): try hand(reply, to: onReply)
            case .drop: continue
            case .last(let outcome):
                guard !process.replies.isMidFrame else {
                    throw .fault(.lied("words after the last word"))
                }
                return outcome
            }
        }
        return nil
    }

    private mutating func channelClosed() {
        channelIsClosed = true
        unsent = []
        deadline = min(deadline, clock.now + Self.parting)
    }

    private func nextReply() throws(ExchangeBreak) -> StageReply? {
        do {
            guard let (kind, payload) = try process.replies.next() else { return nil }
            return try StageReply(kind: kind, payload: payload)
        } catch {
            throw .fault(.lied(error.reason))
        }
    }

    private mutating func judge(_ reply: StageReply) throws(ExchangeBreak) -> ReplyCheck.Verdict {
        do { return try check.judge(reply) } catch { throw .fault(error) }
    }

    /// Hands a reply on. The daemon's own time with it is given back to the worker.
    private mutating func hand(
        _ reply: StageReply, to onReply: (StageReply) throws -> Void
    ) throws(ExchangeBreak) {
        let start = clock.now
        if case .progress = reply {
            guard start >= nextProgress else { return }
            nextProgress = start + Self.progressPause
        }
        do { try onReply(reply) } catch { throw .sinkFailed(error) }
        deadline += clock.now - start
    }
}
