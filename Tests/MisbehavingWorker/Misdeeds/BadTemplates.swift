import CLinux
import Glibc
import WorkerProtocol

/// Templates that are not what they should be.
enum BadTemplates {
    /// Ends at its first order.
    static func leave() {
        _ = OpenTemplate.nextOrder()
        exit(9)
    }

    /// Answers what was not asked.
    static func lie() {
        while OpenTemplate.nextOrder() != nil {
            OpenTemplate.send(.reaped(status: 0, cpuMicroseconds: 0))
        }
    }

    /// Has no process left to give.
    static func refuse() {
        while OpenTemplate.nextOrder() != nil {
            OpenTemplate.send(.notForked(errno: Int(EAGAIN)))
        }
    }

    /// Is killed while its child is at work, and leaves it behind.
    static func dieOverChild() {
        guard let (_, descriptors) = OpenTemplate.nextOrder() else { return }
        let child = OpenTemplate.fork(over: descriptors) {
            linux_prctl(PR_SET_PDEATHSIG, UInt(SIGKILL))
            _ = Wall.nextRequest()
            kill(getppid(), SIGKILL)
            while true { pause() }
        }
        OpenTemplate.announce(child)
        while OpenTemplate.nextOrder() != nil {}
    }
}
