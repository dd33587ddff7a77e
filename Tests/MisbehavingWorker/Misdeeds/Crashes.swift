import Glibc
import WorkerProtocol

/// Dies by a signal, each time by another one.
enum Crashes {
    static func trap() {
        _ = Wall.nextRequest()
        let empty = CommandLine.arguments.filter { $0.isEmpty }
        Wall.log(empty[CommandLine.arguments.count])
    }

    static func fault() {
        _ = Wall.nextRequest()
        signal(SIGSEGV, SIG_DFL)
        raise(SIGSEGV)
    }

    /// Dies as it would if the kernel ran out of memory.
    static func beKilled() {
        _ = Wall.nextRequest()
        raise(SIGKILL)
    }

    /// Serves a request as it should, and dies before the next.
    static func afterLastWord() {
        guard let request = Wall.nextRequest() else { return }
        Honest.answer(request)
        raise(SIGABRT)
    }
}
