import CLinux
import GRDBSQLite
import Glibc
import Synchronization

/// Connections to the accounts' databases that do nothing but stay, so that no import is ever alone.
///
/// Whoever opens a database that nobody else has open makes its shared memory anew, from all of the log of writes and under
/// locks; a reader who comes meanwhile is told that the database is locked. Beside one of these that never happens.
/// See docs/decisions/0019-readers.md.
final class KeptConnections: Sendable {
    /// Accounts whose databases stay open: those that imported last, with three descriptors each, and those of
    /// as many connections as were ever open beside it at a time, which SQLite keeps to use them again.
    private static let limit = 64

    /// A connection, as SQLite knows it; closed with its last reference.
    private final class Connection: Sendable {
        /// Touched by whoever makes it and by whoever lets go of it last.
        private nonisolated(unsafe) let handle: OpaquePointer

        /// Reads from the database, so that its shared memory is in use from then on.
        init(to path: String) throws(ImportError) {
            var opened: OpaquePointer?
            let code = sqlite3_open_v2(
                path, &opened, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, nil)
            guard let opened else {
                throw .database(attempt: "keep imports database open", resultCode: code, reason: "")
            }
            handle = opened
            try attempting("keep imports database open") {
                try ImportDatabase.check(code)
                try ImportDatabase.check(linux_sqlite_close_without_checkpoint(opened))
                // Does without the schema, which may be long.
                try ImportDatabase.check(
                    sqlite3_exec(opened, "PRAGMA user_version", nil, nil, nil))
            }
        }

        deinit { sqlite3_close(handle) }
    }

    private struct Kept {
        let connection: Connection
        let device: UInt
        let inode: UInt
        var lastUse: Int

        func isOf(_ facts: stat) -> Bool { device == facts.st_dev && inode == facts.st_ino }
    }

    private struct State {
        var kept: [UInt32: Kept] = [:]
        var uses = 0
    }

    private let state = Mutex(State())

    /// The accounts whose databases are kept open, by uid.
    var accounts: [UInt32] { state.withLock { $0.kept.keys.sorted() } }

    /// Closes the database of an account in whose place an operator has put another; to be asked before `path`
    /// is opened. Closed afterwards it would take the locks along that the other has on the same `-shm`.
    func releaseReplaced(_ path: String, of uid: UInt32) throws(ImportError) {
        let facts = try Self.facts(of: path)
        _ = state.withLock { state -> Kept? in
            guard let kept = state.kept[uid], !kept.isOf(facts) else { return nil }
            return state.kept.removeValue(forKey: uid)
        }
    }

    private static func facts(of path: String) throws(ImportError) -> stat {
        var facts = stat()
        guard stat(path, &facts) == 0 else {
            throw .system(attempt: "keep imports database open", errno: errno)
        }
        return facts
    }

    /// Keeps the database of an account open from now on; `path` is open already, for whoever asks.
    func keep(_ path: String, of uid: UInt32) throws(ImportError) {
        let facts = try Self.facts(of: path)
        let isKept = state.withLock { state in
            guard let kept = state.kept[uid], kept.isOf(facts) else { return false }
            state.uses += 1
            state.kept[uid]?.lastUse = state.uses
            return true
        }
        if isKept { return }
        let connection = try Connection(to: path)
        // What gives way is closed outside of the lock, as closing touches files.
        _ = state.withLock { state -> [Kept] in
            state.uses += 1
            let former = state.kept.updateValue(
                Kept(
                    connection: connection, device: facts.st_dev, inode: facts.st_ino,
                    lastUse: state.uses), forKey: uid)
            var leaving = former.map { [$0] } ?? []
            if state.kept.count > Self.limit,
                let oldest = state.kept.min(by: { $0.value.lastUse < $1.value.lastUse })
            {
                leaving += state.kept.removeValue(forKey: oldest.key).map { [$0] } ?? []
            }
            return leaving
        }
    }

    /// Closes all of them.
    func close() {
        _ = state.withLock { state -> [UInt32: Kept] in
            defer { state.kept = [:] }
            return state.kept
        }
    }
}
