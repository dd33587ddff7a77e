import Glibc
import Rules
import SystemPackage

extension WorkerLauncher {
    /// Starts a worker over nothing, asks nothing of it, and sees whether it confines itself and
    /// leaves in order.
    ///
    /// A daemon does this once before it takes a drop: a program that is missing or cannot be
    /// confined here would fail one document after the other. Blocks the calling thread for at most
    /// `deadline`.
    ///
    /// - Returns: what the worker wrote to its log, such as `landlock unavailable`.
    /// - Throws: `internal`, with what is wrong as its detail.
    public func rehearse(
        under limits: WorkerLimits, deadline: Duration = .seconds(10)
    ) throws(Failure) -> [String] {
        do {
            return try rehearsed(under: limits, deadline: deadline)
        } catch {
            throw error.failure
        }
    }

    private func rehearsed(
        under limits: WorkerLimits, deadline: Duration
    ) throws(WorkerError) -> [String] {
        let nothing: FileDescriptor
        do {
            nothing = try FileDescriptor.open("/dev/null", .readOnly, options: .closeOnExec)
        } catch {
            throw .launchFailed(what: "open /dev/null", error as? Errno ?? .ioError)
        }
        defer { Glibc.close(nothing.rawValue) }
        let process = try launch(over: nothing, under: limits)
        // To the worker this is the end of all requests.
        shutdown(process.channel.raw, Int32(SHUT_WR))
        var watched = pollfd(fd: process.exit.raw, events: Int16(POLLIN), revents: 0)
        let milliseconds = Int32(clamping: deadline.wholeMilliseconds)
        while poll(&watched, 1, milliseconds) < 0 && errno == EINTR {}
        let wasInTime = watched.revents != 0
        // The dead keep their identity until they are reaped: the kernel answers as it would later.
        let mayKill = kill(process.pid, 0) == 0
        let end = process.reap()
        let words = process.words.lines()
        guard wasInTime else { throw .unfitToRun("it did not end within \(deadline)") }
        guard mayKill else { throw .unfitToRun("it may not be killed, CAP_KILL is missing") }
        switch end {
        case .exited(status: 0): return words
        case .exited(let status): throw .unfitToRun(said(words, "exit status \(status)"))
        case .signalled(let signal, _): throw .unfitToRun(said(words, WorkerEnd.name(of: signal)))
        }
    }

    private func said(_ words: [String], _ end: String) -> String {
        words.isEmpty ? end : "\(words.joined(separator: "; ")) (\(end))"
    }
}
