import ArgumentParser
import SystemPackage

/// Where commands print: whole texts, written at once, with failures told by exit code.
enum Output {
    /// Writes to standard output.
    ///
    /// - Throws: `ExitCode` 74 where the text could not be written, for example to a full disk.
    static func write(_ text: String) throws(ExitCode) {
        do {
            try FileDescriptor.standardOutput.writeAll(text.utf8)
        } catch {
            complain("standard output cannot be written: \(error)")
            throw .inputOutput
        }
    }

    /// Writes `ingestd: MESSAGE` to standard error, a line of its own.
    static func complain(_ message: String) {
        let line = "ingestd: " + TerminalText.block(message) + "\n"
        do {
            try FileDescriptor.standardError.writeAll(line.utf8)
        } catch {
            // Nobody is left to be told; the exit code still says that something was wrong.
            return
        }
    }
}
