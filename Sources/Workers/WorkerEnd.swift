import Glibc

/// How a worker process came to its end, as the kernel tells it.
enum WorkerEnd: Sendable, Hashable {
    case exited(status: Int32)
    /// `cpu` is the processor time that it had used, in both modes.
    case signalled(Int32, cpu: Duration)

    /// Reads what `wait4` filled in. Rule: wait(2); a stopped process is never asked for.
    init(status: Int32, usage: rusage) {
        let cpu = [usage.ru_utime, usage.ru_stime].reduce(Duration.zero) { sum, time in
            sum + .seconds(time.tv_sec) + .microseconds(time.tv_usec)
        }
        self.init(status: status, cpu: cpu)
    }

    /// Reads a status as wait(2) tells it.
    init(status: Int32, cpu: Duration) {
        let signal = status & 0x7f
        guard signal != 0 else {
            self = .exited(status: status >> 8 & 0xff)
            return
        }
        self = .signalled(signal, cpu: cpu)
    }

    /// The name of a signal as signal(7) has it, for those programs die of; else its number.
    static func name(of signal: Int32) -> String {
        switch signal {
        case SIGSEGV: "SIGSEGV"
        case SIGBUS: "SIGBUS"
        case SIGILL: "SIGILL"
        case SIGTRAP: "SIGTRAP"
        case SIGABRT: "SIGABRT"
        case SIGFPE: "SIGFPE"
        case SIGSYS: "SIGSYS"
        case SIGXCPU: "SIGXCPU"
        case SIGXFSZ: "SIGXFSZ"
        case SIGKILL: "SIGKILL"
        case SIGTERM: "SIGTERM"
        case SIGPIPE: "SIGPIPE"
        default: "signal \(signal)"
        }
    }
}
