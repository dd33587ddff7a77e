import Glibc
import Imports
import Rules

/// The program `sqlite3`, run by an account with no rights but its own, which waits for nobody.
final class PlainReader {
    private let stream: UnsafeMutablePointer<FILE>
    private let ending: String
    /// Whether a pipe is to be opened for the end to come.
    private let isAwaited: Bool

    /// Opens the database and asks, again and again, until ``end()``.
    ///
    /// A database that is not there yet is no complaint.
    static func asking(_ scene: ImportScene, as account: Account) throws -> PlainReader {
        let ending = scene.folder + "/asked-enough"
        return try PlainReader(
            "while [ ! -e \(ending) ]; do sqlite3 \(scene.databasePath(account)) "
                + "'SELECT count(*) FROM import' 2>&1 >/dev/null; done | grep -v 'unable to open'",
            as: account, until: ending, isAwaited: false)
    }

    /// Begins to read, and is not at an end with it before ``end()``.
    static func holding(_ scene: ImportScene, as account: Account) throws -> PlainReader {
        let ending = scene.folder + "/held-enough"
        guard mkfifo(ending, 0o644) == 0 else {
            throw ImportError.system(attempt: "mkfifo", errno: errno)
        }
        return try PlainReader(
            "(echo 'BEGIN; SELECT 1 FROM import LIMIT 1;'; cat \(ending)) | "
                + "sqlite3 \(scene.databasePath(account))",
            as: account, until: ending, isAwaited: true)
    }

    private init(
        _ command: String, as account: Account, until ending: String, isAwaited: Bool
    ) throws {
        let user = "setpriv --reuid \(account.uid) --regid \(account.uid) --clear-groups"
        guard let stream = popen("\(user) sh -c \"\(command)\"", "r") else {
            throw ImportError.system(attempt: "popen", errno: errno)
        }
        self.stream = stream
        self.ending = ending
        self.isAwaited = isAwaited
        guard isAwaited else { return }
        guard getc(stream) == Int32(UInt8(ascii: "1")), getc(stream) == 10 else {
            throw ImportError.rowsRefused(reason: "sqlite3 has not begun to read")
        }
    }

    /// Returns what it complained of.
    func end() throws -> String {
        let file = open(ending, isAwaited ? O_WRONLY : O_WRONLY | O_CREAT, 0o644)
        guard file >= 0 else { throw ImportError.system(attempt: "open", errno: errno) }
        close(file)
        var output: [UInt8] = []
        defer { unlink(ending) }
        while case let character = getc(stream), character >= 0 { output.append(UInt8(character)) }
        pclose(stream)
        return String(decoding: output, as: UTF8.self)
    }
}
