import Glibc
import WorkerProtocol

/// Spins past a limit on processor time, which it lowers to a second.
enum Overspends {
    static func commit() {
        _ = Wall.nextRequest()
        var limits = rlimit(rlim_cur: 1, rlim_max: 5)
        setrlimit(Int32(RLIMIT_CPU.rawValue), &limits)
        var turns: UInt64 = 0
        while turns != .max { turns &+= 2 }
    }
}
