import CLinux
import Glibc
import Synchronization

/// Standard error as a log: whole lines, one `write` each, and never a wait without end.
///
/// A reader that stopped reading costs lines, not the daemon: a line that cannot be written within ``patience`` is
/// dropped and counted, and the first line after that says how many are missing.
final class LineOutput: Sendable {
    /// What a pipe takes whole; longer lines could be torn by another writer.
    ///
    /// Rule: pipe(7), PIPE_BUF.
    static let lineLimit = 4096
    /// How long the first line waits for a reader that has fallen behind, in milliseconds; those after it do not wait.
    static let patience: Int32 = 500

    private struct State {
        var dropped = 0
    }

    private let descriptor: Int32
    private let state = Mutex(State())

    /// Writes to a descriptor that stays the caller's.
    init(descriptor: Int32 = STDERR_FILENO) {
        // A reader that has gone must answer EPIPE and not kill the daemon.
        signal(SIGPIPE, SIG_IGN)
        self.descriptor = descriptor
    }

    /// Whether the log goes to systemd's journal, which knows the time and wants priorities.
    ///
    /// Rule: systemd.exec(5), `$JOURNAL_STREAM`.
    static func isJournal(_ variable: String?, descriptor: Int32 = STDERR_FILENO) -> Bool {
        var entry = stat()
        guard let variable, fstat(descriptor, &entry) == 0 else { return false }
        return variable == "\(entry.st_dev):\(entry.st_ino)"
    }

    /// Writes a line, for which a line feed is added; one that is too long is cut between characters.
    ///
    /// Parameter `missing` makes the line that tells how many were dropped before.
    func write(_ line: String, missing: (Int) -> String) {
        state.withLock { state in
            if state.dropped > 0, send(missing(state.dropped), patience: 0) {
                state.dropped = 0
            }
            // While lines are missing, none may overtake the line that says so.
            if state.dropped > 0 || !send(line, patience: Self.patience) { state.dropped += 1 }
        }
    }

    /// False where the line could not be written.
    private func send(_ line: String, patience: Int32) -> Bool {
        var bytes = Array(line.utf8)
        if bytes.count >= Self.lineLimit {
            var end = Self.lineLimit - 1
            while end > 0, bytes[end] & 0xC0 == 0x80 { end -= 1 }
            bytes.removeSubrange(end...)
        }
        bytes.append(UInt8(ascii: "\n"))
        var ready = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        guard poll(&ready, 1, patience) == 1, ready.revents & Int16(POLLOUT) != 0 else {
            return false
        }
        return bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) > 0 }
    }
}
