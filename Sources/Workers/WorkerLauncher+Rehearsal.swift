import CLinux
import Glibc
import Rules
import SystemPackage

extension WorkerLauncher {
    /// What a rehearsal answers where workers may have no namespaces of their own; all else holds without them.
    public static let missingNamespaces = WorkerLog.missingNamespaces

    /// Starts a template and a worker over nothing, asks nothing of it, and sees whether it confines itself and
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
        let template = try launchTemplate()
        defer { _ = template.leave() }
        let process: WorkerProcess
        do {
            process = try template.fork(over: nothing, under: limits)
        } catch .templateGone(let why) {
            throw .unfitToRun(why)
        }
        // To the worker this is the end of all requests.
        shutdown(process.channel.raw, Int32(SHUT_WR))
        let wasInTime = process.exit.awaitReadable(atMost: deadline)
        // The dead keep their identity until they are reaped: the kernel answers as it would later.
        let mayKill = linux_pidfd_signal(process.exit.raw, 0) == 0
        let end = process.reap()
        let words = template.newLines() + process.words.lines()
        guard wasInTime else { throw .unfitToRun("it did not end within \(deadline)") }
        guard mayKill else { throw .unfitToRun("it may not be killed, CAP_KILL is missing") }
        try demandOrder(end, words)
        try demandOrder(template.leave(), words)
        return words
    }

    private func demandOrder(_ end: WorkerEnd, _ words: [String]) throws(WorkerError) {
        switch end {
        case .exited(status: 0): return
        case .exited(let status): throw .unfitToRun(said(words, "exit status \(status)"))
        case .signalled(let signal, _): throw .unfitToRun(said(words, WorkerEnd.name(of: signal)))
        }
    }

    private func said(_ words: [String], _ end: String) -> String {
        words.isEmpty ? end : "\(words.joined(separator: "; ")) (\(end))"
    }
}
