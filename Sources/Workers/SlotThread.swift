import CLinux
import Glibc
import Synchronization
import SystemPackage

/// One named thread that runs jobs handed to it, one at a time, however long they block.
///
/// It is a thread and not a task since it blocks in `poll` and its callers in writes, and since
/// a worker dies with the thread that started it.
final class SlotThread: Sendable {
    /// Does the work and returns what tells the waiting caller; that is called once the thread is
    /// free again.
    typealias Job = @Sendable () -> @Sendable () -> Void

    private enum State {
        case idle
        case waiting(Job)
        case busy
        case ending
    }

    private let state = Mutex(State.idle)
    /// An eventfd: above zero when the state was changed from outside.
    private let doorbell: Int32

    /// - Parameter name: at most 15 bytes; what `top -H` shows.
    /// - Throws: the error of `eventfd` or `pthread_create`.
    init(name: String) throws(Errno) {
        doorbell = linux_eventfd()
        guard doorbell >= 0 else { throw Errno(rawValue: -doorbell) }
        let own = Unmanaged.passRetained(self)
        var thread = pthread_t()
        let code = pthread_create(
            &thread, nil,
            { argument in
                guard let argument else { return nil }
                let thread = Unmanaged<SlotThread>.fromOpaque(argument)
                thread.takeUnretainedValue().work()
                thread.release()
                return nil
            }, own.toOpaque())
        guard code == 0 else {
            own.release()
            throw Errno(rawValue: code)
        }
        pthread_setname_np(thread, name)
        pthread_detach(thread)
    }

    deinit { Glibc.close(doorbell) }

    /// Hands over a job. The thread must be free: a slot has one document at a time.
    func start(_ job: @escaping Job) {
        state.withLock { state in
            switch state {
            case .idle: state = .waiting(job)
            case .waiting, .busy, .ending: preconditionFailure("a slot runs one document at a time")
            }
        }
        ring()
    }

    /// Lets the thread end. It must be free.
    func end() {
        state.withLock { state in
            switch state {
            case .idle: state = .ending
            case .waiting, .busy, .ending: preconditionFailure("a busy slot is kept")
            }
        }
        ring()
    }

    private func work() {
        while true {
            awaitRing()
            let job: Job
            switch state.withLock({ state in
                let found = state
                if case .waiting = found { state = .busy }
                return found
            }) {
            case .waiting(let found): job = found
            case .ending: return
            case .idle, .busy: continue
            }
            let tellCaller = job()
            state.withLock { $0 = .idle }
            tellCaller()
        }
    }

    private func ring() {
        var one: UInt64 = 1
        // The counter cannot overflow: it is read before the next ring.
        _ = write(doorbell, &one, MemoryLayout<UInt64>.size)
    }

    private func awaitRing() {
        var count: UInt64 = 0
        while read(doorbell, &count, MemoryLayout<UInt64>.size) < 0 {
            precondition(errno == EINTR, "a doorbell can be waited for")
        }
    }
}
