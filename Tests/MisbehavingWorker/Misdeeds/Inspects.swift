import Glibc
import WorkerProtocol

/// Tells what it was started with: each line a fact about this process.
enum Inspects {
    static func serve() {
        while let request = Wall.nextRequest() {
            Wall.send(artifact: Honest.artifact(of: request), facts().joined(separator: "\n"))
            Honest.finish(request)
        }
    }

    private static func facts() -> [String] {
        let open = (Int32(0)..<1024).filter { fcntl($0, F_GETFD) >= 0 }
        var environment: [String] = []
        var entry = environ
        while let text = entry.pointee {
            environment.append(String(cString: text))
            entry += 1
        }
        var mask = sigset_t()
        sigprocmask(SIG_BLOCK, nil, &mask)
        let blocked = (Int32(1)...31).filter { sigismember(&mask, $0) == 1 }
        let ignored = (Int32(1)...31).filter { signal in
            var action = sigaction()
            sigaction(signal, nil, &action)
            return unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) == 1
        }
        var directory = [CChar](repeating: 0, count: Int(PATH_MAX))
        let path = getcwd(&directory, directory.count).map { String(cString: $0) } ?? "none"
        return [
            "open \(open)", "environment \(environment)", "blocked \(blocked)",
            "ignored \(ignored)",
            "leads session \(getsid(0) == getpid())", "leads group \(getpgrp() == getpid())",
            "directory \(path)", "blob access \(fcntl(0, F_GETFL) & O_ACCMODE)",
            "arguments \(CommandLine.arguments.dropFirst())",
        ]
    }
}
