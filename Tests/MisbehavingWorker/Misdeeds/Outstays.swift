import Glibc
import WorkerProtocol

/// Serves well, but hears neither the end of its socket nor any polite signal.
enum Outstays {
    static func serve() {
        for signal in [SIGTERM, SIGINT, SIGHUP] { Glibc.signal(signal, SIG_IGN) }
        Honest.serve()
        while true { pause() }
    }
}
