import CLinux
import Glibc
import Rules
import SystemPackage
import WorkerProtocol

/// A confined process that has seen nobody's document and forks a child for each that comes.
///
/// One child lives at a time. It dies with the thread that started it, and its child with it. Used by
/// one thread.
final class WorkerTemplate {
    /// How many children it has at most: each sees memory laid out like the one before.
    static let childLimit = 256
    /// How long an answer may take: to start and get ready is a matter of some ten milliseconds.
    private static let patience = Duration.seconds(10)
    /// How long it may take to leave in order before it is killed.
    private static let parting = Duration.seconds(2)

    let pid: pid_t
    private let exit: OwnedDescriptor
    private let control: OwnedDescriptor
    private let log: OwnedDescriptor
    private var words: WorkerLog
    private var childCount = 0
    private var hasChild = false
    private var end: WorkerEnd?

    init(
        pid: pid_t, exit: consuming OwnedDescriptor, control: consuming OwnedDescriptor,
        log: consuming OwnedDescriptor
    ) {
        self.pid = pid
        self.exit = exit
        self.control = control
        self.log = log
        words = WorkerLog(limit: WorkerLimits.standardLogLimit)
    }

    deinit { _ = leave() }

    /// Whether it may be asked for another child. Asks the kernel.
    var isFit: Bool { end == nil && childCount < Self.childLimit && !exit.isReadable }

    /// Forks a child over a blob, with a channel and a log of its own.
    func fork(
        over blob: FileDescriptor, under limits: WorkerLimits
    ) throws(WorkerError) -> WorkerProcess {
        precondition(!hasChild, "a template has one child at a time")
        let channel = try WorkerError.made(OwnedDescriptor.socketPair)
        let log = try WorkerError.made(OwnedDescriptor.pipe)
        let limits = (whole: limits, child: limits.ofChild)
        let (reply, pidfd) = try ask(
            .fork(limits.child), with: [blob.rawValue, channel.theirs.raw, log.theirs.raw])
        switch reply {
        case .forked(let pid) where pidfd >= 0:
            hasChild = true
            childCount += 1
            return WorkerProcess(
                pid: Self.number(of: pidfd) ?? pid_t(truncatingIfNeeded: pid), template: self,
                limits: limits.child, exit: OwnedDescriptor(pidfd), channel: channel.keepingOurs(),
                log: log.keepingOurs(), logLimit: limits.whole.logLimit)
        case .notForked(let errno):
            throw .launchFailed(what: "fork a worker", Errno(rawValue: Int32(clamping: errno)))
        case .forked, .reaped:
            if pidfd >= 0 { close(pidfd) }
            throw .templateGone("it answered what was not asked")
        }
    }

    /// Reaps the child, which has ended, and tells how; nil where the template itself is gone.
    func reap() -> WorkerEnd? {
        precondition(hasChild, "a child is reaped once")
        hasChild = false
        do {
            guard case .reaped(let status, let cpu) = try ask(.reap, with: []).reply else {
                return nil
            }
            return WorkerEnd(status: Int32(bitPattern: status), cpu: .microseconds(cpu))
        } catch {
            return nil
        }
    }

    /// Lets it go: it ends, and with it whatever it started. Returns how.
    func leave() -> WorkerEnd {
        if let end { return end }
        shutdown(control.raw, Int32(SHUT_RDWR))
        _ = exit.awaitReadable(atMost: Self.parting)
        // Until it is reaped its number is its own, and that of its session; a child that may not be
        // there any more cannot have left the session either.
        kill(-pid, SIGKILL)
        var status: Int32 = 0
        var usage = rusage()
        while wait4(pid, &status, 0, &usage) < 0 {
            precondition(errno == EINTR, "a template is reaped by nobody but its owner")
        }
        let reaped = WorkerEnd(status: status, usage: usage)
        end = reaped
        return reaped
    }

    /// What it wrote to its log since it was asked last.
    func newLines() -> [String] {
        words.drain(log.raw)
        defer { words = WorkerLog(limit: WorkerLimits.standardLogLimit) }
        return words.lines()
    }

    /// Sends an order and waits for the answer, and the descriptor that came with it or -1.
    private func ask(
        _ order: TemplateOrder, with descriptors: [Int32]
    ) throws(WorkerError) -> (reply: TemplateReply, descriptor: Int32) {
        let message = order.encoded()
        let sent = linux_send_descriptors(
            control.raw, message, message.count, descriptors, Int32(descriptors.count))
        guard sent == message.count else { throw gone("it does not listen") }
        guard control.awaitReadable(atMost: Self.patience) else {
            throw gone("it gave no answer within \(Self.patience)")
        }
        var answer = [UInt8](repeating: 0, count: TemplateOrder.lengthLimit)
        var descriptor: Int32 = -1
        let count = linux_receive(
            control.raw, &answer, answer.count, Int32(MSG_DONTWAIT), &descriptor, 1)
        guard count > 0 else { throw gone("it ended") }
        do throws(WireError) {
            return (try TemplateReply(answer[..<count]), descriptor)
        } catch {
            if descriptor >= 0 { close(descriptor) }
            throw gone(error.reason)
        }
    }

    /// Ends it, and says why with the help of its last words.
    private func gone(_ why: String) -> WorkerError {
        let end = leave()
        words.drain(log.raw)
        let how: String
        switch end {
        case .exited(let status): how = "exit status \(status)"
        case .signalled(let signal, _): how = WorkerEnd.name(of: signal)
        }
        let said = words.lines()
        return .templateGone(
            said.isEmpty ? "\(why), \(how)" : "\(said.joined(separator: "; ")) (\(how))")
    }

    /// The id by which this process, and whoever reads its log, knows the one behind a pidfd.
    private static func number(of pidfd: Int32) -> pid_t? {
        let file = open("/proc/self/fdinfo/\(pidfd)", O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: 512)
        let count = read(file, &bytes, bytes.count)
        let lines = String(decoding: bytes.prefix(max(0, count)), as: UTF8.self).split(
            separator: "\n")
        guard let line = lines.first(where: { $0.hasPrefix("Pid:") }) else { return nil }
        return pid_t(line.dropFirst(4).drop { $0 == "\t" || $0 == " " }).flatMap {
            $0 > 0 ? $0 : nil
        }
    }
}

extension WorkerError {
    /// Makes a pair of descriptors for a worker.
    static func made(
        _ make: () throws(Errno) -> DescriptorPair
    ) throws(WorkerError) -> DescriptorPair {
        do { return try make() } catch {
            throw .launchFailed(what: "make a worker's descriptors", error)
        }
    }
}
