import Glibc
import Inbox
import Rules
import Synchronization

/// Which folder of which inbox each watch stands for, and what its records mean there.
final class WatchTable: Sendable {
    struct Watch: Sendable {
        let box: EventBox
        let folder: BeneathPath
    }

    private let watches = Mutex<[Int32: Watch]>([:])
    let passages = PassageTable()

    var count: Int { watches.withLock(\.count) + passages.count }

    func insert(_ watch: Watch, number: Int32) { watches.withLock { $0[number] = watch } }

    /// Forgets the watches on a folder and below it; the caller takes them back from the kernel.
    func forget(_ folder: BeneathPath, of box: EventBox) -> [Int32] {
        watches.withLock { watches in
            let numbers = watches.filter { _, watch in
                watch.box === box && watch.folder.isAtOrBelow(folder)
            }.map(\.key)
            for number in numbers { watches[number] = nil }
            return numbers
        }.filter { !passages.isWatched($0) }
    }

    /// Whether a watch stands for a folder of an inbox.
    func isWatched(_ number: Int32) -> Bool { watches.withLock { $0[number] != nil } }

    /// Marks what a record speaks of.
    ///
    /// - Returns: watches of folders that left the inbox, which the caller takes back from the
    ///   kernel.
    func deliver(_ record: InotifyRecord) -> [Int32] {
        passages.deliver(record)
        if record.has(IN_Q_OVERFLOW) {
            let boxes = watches.withLock {
                Dictionary(grouping: $0.values) { ObjectIdentifier($0.box) }
            }
            for group in boxes.values { group.first?.box.markOverflow() }
            return []
        }
        if record.has(IN_IGNORED) {
            watches.withLock { $0[record.watch] = nil }
            return []
        }
        guard let watch = watches.withLock({ $0[record.watch] }) else { return [] }
        guard !record.name.isEmpty else {
            deliverOnFolder(record, watch)
            return []
        }
        // No drop's name begins with a dot, and ingestd's own temporary files are the most of what
        // comes.
        guard record.name.first != UInt8(ascii: "."), let name = FileName(record.name) else {
            deliverHidden(record, watch)
            return []
        }
        let path = watch.folder.appending(name)
        guard record.has(Int32(bitPattern: UInt32(IN_ISDIR))) else {
            watch.box.markFile(path, isClosing: record.has(IN_CLOSE_WRITE | IN_MOVED_TO))
            return []
        }
        let isGone = record.has(IN_MOVED_FROM | IN_DELETE)
        watch.box.markFolder(path, isGone: isGone)
        return isGone ? forget(path, of: watch.box) : []
    }

    /// A canary that came; all else that is hidden is nobody's business.
    private func deliverHidden(_ record: InotifyRecord, _ watch: Watch) {
        guard watch.folder.isRoot, record.has(IN_CREATE | IN_MOVED_TO),
            HiddenName.isCanary(record.name), let name = FileName(record.name)
        else { return }
        watch.box.markCanary(name)
    }

    private func deliverOnFolder(_ record: InotifyRecord, _ watch: Watch) {
        if record.has(IN_ATTRIB) {
            // Its permissions may have changed, and with them what can be read or removed.
            watch.box.markFolder(watch.folder, isGone: false)
        } else if watch.folder.isRoot, record.has(IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT) {
            watch.box.markRootDoubtful()
        }
    }
}
