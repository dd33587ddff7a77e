import Glibc
import Rules
import Synchronization

/// Which directories above inboxes are watched, and who wants to know of changes there.
final class PassageTable: Sendable {
    /// Somebody's interest in a directory.
    struct Mark: Sendable {
        let holder: ObjectIdentifier
        /// Counts up with each set of directories that the holder watches.
        let round: UInt64
        /// Which entries matter. A mark keeps no descriptor of the directory.
        let step: InboxPattern.Step
        let bell: Bell
    }

    private let marks = Mutex<[Int32: [Mark]]>([:])

    var count: Int { marks.withLock(\.count) }

    func isWatched(_ number: Int32) -> Bool { marks.withLock { $0[number] != nil } }

    /// Returns whether the holder did not watch it before.
    func insert(_ mark: Mark, number: Int32) -> Bool {
        marks.withLock { marks in
            let others = marks[number, default: []].filter {
                // Two patterns may lead through one directory; of one holder the newest round counts.
                $0.holder != mark.holder || $0.round == mark.round
            }
            let isNew = !marks[number, default: []].contains { $0.holder == mark.holder }
            marks[number] = others + [mark]
            return isNew
        }
    }

    /// Forgets a holder's marks of earlier rounds; returns the watches that nobody here wants any
    /// more.
    func forget(_ holder: ObjectIdentifier, before round: UInt64) -> [Int32] {
        marks.withLock { marks in
            var unwanted: [Int32] = []
            for (number, all) in marks {
                let kept = all.filter { $0.holder != holder || $0.round >= round }
                marks[number] = kept.isEmpty ? nil : kept
                if kept.isEmpty { unwanted.append(number) }
            }
            return unwanted
        }
    }

    /// Wakes those whom a record concerns.
    ///
    /// A home directory is a busy place: what speaks of a file is dropped before anything else.
    func deliver(_ record: InotifyRecord) {
        guard record.name.isEmpty || record.has(Int32(bitPattern: UInt32(IN_ISDIR))) else { return }
        let isGone = record.has(IN_IGNORED)
        let concerned = marks.withLock { marks -> [Mark] in
            if record.has(IN_Q_OVERFLOW) { return marks.values.flatMap { $0 } }
            defer { if isGone { marks[record.watch] = nil } }
            return marks[record.watch] ?? []
        }
        for mark in concerned {
            if let name = FileName(record.name), !mark.step.admits(name) { continue }
            mark.bell.ring()
        }
    }
}
