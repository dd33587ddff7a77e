import CLinux
import Confinement
import Glibc
import Rules
import Stages
import WorkerProtocol

/// Forks a child for each order that comes on descriptor 1, and reaps it when it is told to; holds
/// nobody's bytes itself.
///
/// One child lives at a time. The template ends when the daemon closes the socket.
struct Template {
    private static let control: Int32 = 1
    /// What the program and its libraries take of the address space beside the document's share:
    /// the built-in fonts alone are 41 MB.
    private static let ownAddressSpace: UInt64 = 256 << 20

    private let filter: ChildFilter
    private let readiness: PDFReadiness?
    private let ownID = getpid()
    private var child: pid_t?

    /// - Parameter readiness: what children inherit of a reader that was tried out.
    init(filter: ChildFilter, readiness: PDFReadiness?) {
        self.filter = filter
        self.readiness = readiness
    }

    /// Returns when the socket is closed.
    ///
    /// - Throws: ``ChannelError``.
    mutating func serve() throws {
        while let (order, descriptors) = try nextOrder() {
            switch order {
            case .fork(let limits): try fork(over: descriptors, limits)
            case .reap: try reap()
            }
        }
    }

    private func nextOrder() throws -> (TemplateOrder, [Int32])? {
        var message = [UInt8](repeating: 0, count: TemplateOrder.lengthLimit)
        var descriptors = [Int32](repeating: -1, count: TemplateOrder.descriptorCount)
        var count: Int
        repeat {
            count = linux_receive(
                Self.control, &message, message.count, 0, &descriptors, Int32(descriptors.count))
        } while count == -Int(EINTR)
        guard count >= 0 else { throw ChannelError.io("read order", errno: Int32(-count)) }
        guard count > 0 else { return nil }
        do throws(WireError) {
            return (try TemplateOrder(message[..<count]), descriptors)
        } catch {
            throw ChannelError.malformed(error.reason)
        }
    }

    private mutating func fork(over descriptors: [Int32], _ limits: ChildLimits) throws {
        guard child == nil else { throw ChannelError.malformed("a second child") }
        guard !descriptors.contains(-1) else {
            throw ChannelError.malformed("a child came without its descriptors")
        }
        let pid = linux_fork()
        if pid == 0 { serveAsChild(descriptors, limits) }
        for descriptor in descriptors { close(descriptor) }
        guard pid > 0 else { return try send(.notForked(errno: Int(-pid)), []) }
        child = pid
        let pidfd = linux_pidfd_open(pid)
        // The child ends with the template.
        guard pidfd >= 0 else { throw ChannelError.io("watch over a child", errno: -pidfd) }
        defer { close(pidfd) }
        try send(.forked(pid: Int(pid)), [pidfd])
    }

    /// Waits for the child's end, which the daemon has seen.
    private mutating func reap() throws {
        guard let child else { throw ChannelError.malformed("no child to reap") }
        var status: Int32 = 0
        var usage = rusage()
        while wait4(child, &status, 0, &usage) < 0 {
            guard errno == EINTR else { throw ChannelError.io("reap a child", errno: errno) }
        }
        self.child = nil
        let microseconds = [usage.ru_utime, usage.ru_stime].reduce(0) { sum, time in
            sum + Int(time.tv_sec) * 1_000_000 + Int(time.tv_usec)
        }
        try send(
            .reaped(status: UInt32(bitPattern: status), cpuMicroseconds: microseconds), [])
    }

    private func send(_ reply: TemplateReply, _ descriptors: [Int32]) throws {
        let bytes = reply.encoded()
        let count = linux_send_descriptors(
            Self.control, bytes, bytes.count, descriptors, Int32(descriptors.count))
        guard count == bytes.count else {
            throw ChannelError.io("answer an order", errno: Int32(-count))
        }
    }

    /// What a child does all its life: bounds itself, then serves one account's documents.
    private func serveAsChild(_ descriptors: [Int32], _ limits: ChildLimits) -> Never {
        for (place, descriptor) in descriptors.enumerated() {
            // All three are open, and none is below 3: the template's own are there.
            _ = dup2(descriptor, Int32(place))
        }
        for descriptor in descriptors { close(descriptor) }
        let memory = UInt64(limits.memory.bytes)
        let bounds = ResourceLimits(
            addressSpace: memory + Self.ownAddressSpace, cpuSeconds: UInt64(limits.cpuSeconds))
        var filter = filter
        do {
            try filter.enter(limits: bounds, template: ownID)
        } catch {
            IngestWorker.say("confinement failed: \(error)")
            _exit(IngestWorker.ExitStatus.unconfined)
        }
        let stageLimits = StageLimits(
            softDeadline: .seconds(limits.softSeconds), memory: limits.memory)
        var server = StageServer(channel: 1, blob: 0, limits: stageLimits, readiness: readiness)
        _exit(IngestWorker.serve { try server.serve() })
    }
}
