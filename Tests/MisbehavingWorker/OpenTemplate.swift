import CLinux
import Glibc
import WorkerProtocol

/// A template like the real one, but without walls.
enum OpenTemplate {
    private static let control: Int32 = 1

    /// What the child at hand was told that it may take.
    nonisolated(unsafe) private(set) static var limits: ChildLimits?

    /// Forks a child for each order, and has it do `work`; returns when the daemon has gone.
    static func serve(_ work: () -> Void) {
        var child: pid_t = 0
        while let (order, descriptors) = nextOrder() {
            switch order {
            case .fork(let limits):
                child = fork(over: descriptors) {
                    Self.limits = limits
                    work()
                }
                announce(child)
            case .reap:
                answerEnd(of: child)
            }
            for descriptor in descriptors where descriptor >= 0 { close(descriptor) }
        }
    }

    /// The next order and what came with it; nil once the socket is closed.
    static func nextOrder() -> (TemplateOrder, [Int32])? {
        var message = [UInt8](repeating: 0, count: TemplateOrder.lengthLimit)
        var descriptors: [Int32] = [-1, -1, -1]
        let count = linux_receive(control, &message, message.count, 0, &descriptors, 3)
        guard count > 0 else { return nil }
        do { return (try TemplateOrder(message[..<count]), descriptors) } catch { exit(65) }
    }

    /// Starts a child with these descriptors on 0, 1 and 2.
    static func fork(over descriptors: [Int32], _ work: () -> Void) -> pid_t {
        let pid = linux_fork()
        guard pid == 0 else { return pid }
        for (place, descriptor) in descriptors.enumerated() { dup2(descriptor, Int32(place)) }
        for descriptor in Int32(3)..<16 { close(descriptor) }
        Wall.log("at work")
        work()
        exit(0)
    }

    static func announce(_ child: pid_t) {
        let pidfd = linux_pidfd_open(child)
        send(.forked(pid: Int(child)), [pidfd])
        close(pidfd)
    }

    static func answerEnd(of child: pid_t) {
        var status: Int32 = 0
        var usage = rusage()
        wait4(child, &status, 0, &usage)
        let microseconds = [usage.ru_utime, usage.ru_stime].reduce(0) {
            $0 + Int($1.tv_sec) * 1_000_000 + Int($1.tv_usec)
        }
        send(.reaped(status: UInt32(bitPattern: status), cpuMicroseconds: microseconds))
    }

    static func send(_ reply: TemplateReply, _ descriptors: [Int32] = []) {
        let bytes = reply.encoded()
        let count = Int32(descriptors.count)
        if linux_send_descriptors(control, bytes, bytes.count, descriptors, count) < 0 { exit(74) }
    }
}
