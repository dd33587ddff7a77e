import Glibc
import WorkerProtocol

/// Takes memory until its own limit, that of the command line, refuses it more.
enum Hoards {
    static func commit() {
        _ = Wall.nextRequest()
        guard let place = CommandLine.arguments.firstIndex(of: "--memory"),
            let limit = UInt(CommandLine.arguments[place + 1])
        else { exit(64) }
        var limits = rlimit(rlim_cur: limit, rlim_max: limit)
        setrlimit(Int32(RLIMIT_AS.rawValue), &limits)
        var hoard: [[UInt8]] = []
        while true { hoard.append([UInt8](repeating: 1, count: 16 << 20)) }
    }
}
