import Glibc
import WorkerProtocol

/// Starts a child that keeps all descriptors open for ever, and leaves without an answer.
enum LeavesChild {
    static func commit() {
        guard let request = Wall.nextRequest() else { return }
        var pid: pid_t = 0
        var arguments = [strdup(CommandLine.arguments[0]), strdup(Misdeed.lingers.rawValue), nil]
        var environment: [UnsafeMutablePointer<CChar>?] = [nil]
        guard posix_spawn(&pid, "/proc/self/exe", nil, nil, &arguments, &environment) == 0 else {
            exit(71)
        }
        Wall.send(artifact: Honest.artifact(of: request), "\(pid)")
        exit(3)
    }

    /// What the child does.
    static func linger() {
        while true { pause() }
    }
}
