import Foundation
import Synchronization

/// A program that was started, and the lines it has printed so far on both of its outputs.
///
/// Killed when nobody holds it any more, so that a failed test leaves no daemon behind.
final class RunningProgram: Sendable {
    /// How a program ended.
    enum End: Equatable {
        case exited(Int32)
        case killed(signal: Int32)
    }

    /// What was waited for did not come.
    struct Unheard: Error, CustomStringConvertible {
        let reason: String
        let lines: [OutputLine]

        var description: String {
            "\(reason); its last lines:\n" + lines.suffix(40).map(\.text).joined(separator: "\n")
        }
    }

    let pid: pid_t
    private let hearing = Hearing()

    /// - Parameter name: a program of this package, or the path of another.
    convenience init(_ name: String, _ arguments: [String]) throws {
        let isPath = name.hasPrefix("/")
        try self.init(
            path: isPath ? name : Self.builtPrograms.appending(path: name).path, arguments)
    }

    /// Starts a program of the system's.
    init(path program: String, _ arguments: [String]) throws {
        var ends: [Int32] = [0, 0]
        // Not a pipe: only a socket is closed on exec from its first moment, so that no program that is
        // started by another test at the same time keeps it open.
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, kind, 0, &ends) == 0 else { throw POSIXError(.EMFILE) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, ends[1], 1)
        posix_spawn_file_actions_adddup2(&actions, ends[1], 2)
        var words = ([program] + arguments).map { strdup($0) } + [nil]
        defer { words.forEach { free($0) } }
        var child = pid_t()
        let code = posix_spawn(&child, program, &actions, nil, &words, environ)
        close(ends[1])
        guard code == 0 else {
            close(ends[0])
            throw POSIXError(POSIXErrorCode(rawValue: code) ?? .EINVAL)
        }
        pid = child
        let output = ends[0]
        Thread.detachNewThread { [hearing, child] in hearing.listen(to: output, of: child) }
    }

    deinit { hearing.ifRunning { kill(pid, SIGKILL) } }

    /// Where the build puts programs: beside the bundle of tests that is running.
    static var builtPrograms: URL {
        URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
    }

    /// All lines so far.
    var lines: [OutputLine] { hearing.lines }

    /// Sends a signal, unless the program has ended.
    func send(_ signal: Int32) { hearing.ifRunning { kill(pid, signal) } }

    /// Returns what `find` makes of the lines, once it makes anything of them.
    ///
    /// The test's time limit ends the wait, as does the program's end.
    func awaited<Value>(
        _ what: String, _ find: ([OutputLine]) -> Value?
    ) async throws -> Value {
        while true {
            let (lines, end) = hearing.state
            if let value = find(lines) { return value }
            guard end == nil else { throw Unheard(reason: "ended before \(what)", lines: lines) }
            await hearing.change(after: lines.count)
            guard !Task.isCancelled else {
                throw Unheard(reason: "in vain awaited \(what)", lines: hearing.lines)
            }
        }
    }

    /// Waits for the end.
    func ended() async throws -> End {
        while true {
            let (lines, end) = hearing.state
            if let end { return end }
            await hearing.change(after: lines.count)
            guard !Task.isCancelled else {
                throw Unheard(reason: "in vain awaited the end", lines: hearing.lines)
            }
        }
    }

    /// Runs a program to its end; gives its end and its output.
    static func run(_ name: String, _ arguments: [String]) async throws -> (End, String) {
        let program = try RunningProgram(name, arguments)
        let end = try await program.ended()
        return (end, program.lines.map { $0.text + "\n" }.joined())
    }
}

/// One line of a program's output; of a JSON object of texts, such as a log line, its members as well.
struct OutputLine: Sendable {
    let text: String
    let members: [String: String]

    init(_ text: String) {
        self.text = text
        members =
            text.hasPrefix("{")
            ? (try? JSONDecoder().decode([String: String].self, from: Data(text.utf8))) ?? [:] : [:]
    }
}

/// What was heard of a program, and who waits to hear more.
private final class Hearing: Sendable {
    private struct State {
        var lines: [OutputLine] = []
        var end: RunningProgram.End?
        var nextTicket = 0
        var waiters: [Int: CheckedContinuation<Void, Never>] = [:]
    }

    private let current = Mutex(State())

    var lines: [OutputLine] { current.withLock { $0.lines } }
    var state: ([OutputLine], RunningProgram.End?) { current.withLock { ($0.lines, $0.end) } }

    /// Calls `body` while the process cannot be reaped, so that its number is its own.
    func ifRunning(_ body: () -> Void) {
        current.withLock { if $0.end == nil { body() } }
    }

    /// Reads to the end of the output, then reaps.
    func listen(to output: Int32, of pid: pid_t) {
        var rest: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = read(output, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { break }
            rest += buffer[..<count]
            var pieces = rest.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            rest = Array(pieces.removeLast())
            take(pieces.map { OutputLine(String(decoding: $0, as: UTF8.self)) })
        }
        close(output)
        if !rest.isEmpty { take([OutputLine(String(decoding: rest, as: UTF8.self))]) }
        // Waits without reaping: the number stays the program's own until `end` is known.
        var facts = siginfo_t()
        while waitid(P_PID, id_t(pid), &facts, WEXITED | WNOWAIT) != 0, errno == EINTR {}
        let waiters = current.withLock { state in
            var status: Int32 = 0
            waitpid(pid, &status, 0)
            state.end =
                status & 0x7f == 0
                ? .exited(status >> 8 & 0xff) : .killed(signal: status & 0x7f)
            defer { state.waiters = [:] }
            return state.waiters.values
        }
        waiters.forEach { $0.resume() }
    }

    private func take(_ lines: [OutputLine]) {
        guard !lines.isEmpty else { return }
        let waiters = current.withLock { state in
            state.lines += lines
            defer { state.waiters = [:] }
            return state.waiters.values
        }
        waiters.forEach { $0.resume() }
    }

    /// Returns once there are more lines than `count`, or the program or the task has ended.
    func change(after count: Int) async {
        let ticket = current.withLock { state in
            state.nextTicket += 1
            return state.nextTicket
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { waiter in
                let isDue = current.withLock { state in
                    guard state.lines.count == count, state.end == nil, !Task.isCancelled else {
                        return true
                    }
                    state.waiters[ticket] = waiter
                    return false
                }
                if isDue { waiter.resume() }
            }
        } onCancel: {
            current.withLock { $0.waiters.removeValue(forKey: ticket) }?.resume()
        }
    }
}
