import Glibc
import Rules
import WorkerProtocol

/// Takes memory until its own limit, that of its order, refuses it more.
enum Hoards {
    static func commit() {
        _ = Wall.nextRequest()
        guard let limit = OpenTemplate.limits.map({ UInt($0.memory.bytes) }) else { exit(64) }
        var limits = rlimit(rlim_cur: limit, rlim_max: limit)
        setrlimit(Int32(RLIMIT_AS.rawValue), &limits)
        var hoard: [[UInt8]] = []
        while true { hoard.append([UInt8](repeating: 1, count: 16 << 20)) }
    }
}
