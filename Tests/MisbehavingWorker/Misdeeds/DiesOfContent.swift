import CLinux
import Glibc
import WorkerProtocol

/// Forks a child that ends by a signal over a document with the word “deadly” in it, and else hands the
/// order on to the real worker, whose program the second argument names.
///
/// It looks at a child's first document alone.
enum DiesOfContent {
    nonisolated(unsafe) private static var realWorker: Int32 = -1

    static func commit() {
        realWorker = startRealWorker()
        var child: pid_t?
        while let (order, descriptors) = OpenTemplate.nextOrder() {
            switch order {
            case .fork where holdsDeath(descriptors[0]):
                let deadly = OpenTemplate.fork(over: descriptors) { abort() }
                child = deadly
                OpenTemplate.announce(deadly)
            case .fork:
                child = nil
                handOn(order, descriptors)
            case .reap:
                if let child { OpenTemplate.answerEnd(of: child) } else { handOn(order, []) }
            }
            for descriptor in descriptors where descriptor >= 0 { close(descriptor) }
        }
    }

    /// Starts it with a socket of ours; it ends when that is closed, with this process.
    private static func startRealWorker() -> Int32 {
        var ends: [Int32] = [-1, -1]
        let kind = Int32(SOCK_SEQPACKET.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, kind, 0, &ends) == 0 else { exit(71) }
        let pid = linux_fork()
        if pid == 0 {
            dup2(ends[1], 1)
            let line = Array(CommandLine.arguments.dropFirst(2))
            execv(line[0], line.map { strdup($0) } + [nil])
            _exit(71)
        }
        close(ends[1])
        return ends[0]
    }

    /// Passes an order to the real worker, and its answer back.
    private static func handOn(_ order: TemplateOrder, _ descriptors: [Int32]) {
        let message = order.encoded()
        let count = Int32(descriptors.count)
        guard
            linux_send_descriptors(realWorker, message, message.count, descriptors, count) > 0
        else { exit(74) }
        var answer = [UInt8](repeating: 0, count: TemplateOrder.lengthLimit)
        var pidfd: Int32 = -1
        let length = linux_receive(realWorker, &answer, answer.count, 0, &pidfd, 1)
        guard length > 0 else { exit(74) }
        linux_send_descriptors(1, answer, length, [pidfd], pidfd >= 0 ? 1 : 0)
        close(pidfd)
    }

    private static func holdsDeath(_ document: Int32) -> Bool {
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = pread(document, &bytes, bytes.count, 0)
        return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self).contains("deadly")
    }
}
