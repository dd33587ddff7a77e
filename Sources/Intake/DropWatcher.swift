import CLinux
import Glibc
import Rules
import SystemPackage

/// The kernel's reports on changes in all inboxes: one descriptor, read by one thread of its own.
///
/// Reports only mark names in each inbox's ``EventBox``; nothing is decided here.
public final class DropWatcher: Sendable {
    enum Answer: Sendable, Hashable {
        case watching
        /// No watch is left to be had, or not for us: the folder must be polled.
        case exhausted
        case failed(Errno)
    }

    /// What is asked for: every way a name can appear, be finished, or go. ATTRIB tells of a mended
    /// permission.
    private static let mask =
        UInt32(
            bitPattern: IN_CREATE | IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE
                | IN_DELETE_SELF | IN_MOVE_SELF | IN_ATTRIB | IN_ONLYDIR)

    /// What is asked for of a directory above inboxes, beside what an inbox asks for that is the
    /// same directory.
    private static let passageMask =
        UInt32(
            bitPattern: IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_DELETE_SELF
                | IN_MOVE_SELF | IN_ATTRIB | IN_ONLYDIR | IN_MASK_ADD)

    /// How many folders are watched at most.
    public let watchLimit: Int

    private let table = WatchTable()
    private let queue: FileDescriptor
    private let stop: FileDescriptor

    /// - Parameter watchLimit: nil takes half of what the system allows a user.
    /// - Throws: `Errno` where the kernel has no room for one more reader of watches.
    public init(watchLimit: Int? = nil) throws {
        self.watchLimit = watchLimit ?? Self.halfOfSystemLimit()
        let queue = inotify_init1(Int32(IN_CLOEXEC) | Int32(IN_NONBLOCK))
        guard queue >= 0 else { throw Errno(rawValue: errno) }
        var stop: [Int32] = [-1, -1]
        let kind = Int32(bitPattern: SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, kind, 0, &stop) == 0 else {
            let error = Errno(rawValue: errno)
            _ = Glibc.close(queue)
            throw error
        }
        self.queue = FileDescriptor(rawValue: queue)
        self.stop = FileDescriptor(rawValue: stop[1])
        do {
            let heard = FileDescriptor(rawValue: stop[0])
            try WatchReader(queue: self.queue, stop: heard, table: table).start()
        } catch {
            for descriptor in stop + [queue] { _ = Glibc.close(descriptor) }
            throw error
        }
    }

    /// The reader hears its peer close, and then closes what it polls itself.
    deinit { _ = Glibc.close(stop.rawValue) }

    /// How many folders are watched now.
    public var watchCount: Int { table.count }

    /// Watches an opened folder; must run as the inbox's owner, and before the folder is listed.
    ///
    /// - Parameter tellsRemovals: whether a name that is removed is news.
    func watch(
        _ folder: FileDescriptor, _ path: BeneathPath, for box: EventBox,
        tellsRemovals: Bool = true
    ) -> Answer {
        guard table.count < watchLimit else { return .exhausted }
        // By the descriptor, not by the path: whatever is renamed meanwhile, it is the folder that
        // is listed.
        let number = inotify_add_watch(
            queue.rawValue, "/proc/self/fd/\(folder.rawValue)",
            tellsRemovals ? Self.mask : Self.mask & ~UInt32(bitPattern: IN_DELETE))
        guard number >= 0 else {
            return errno == ENOSPC ? .exhausted : .failed(Errno(rawValue: errno))
        }
        table.insert(WatchTable.Watch(box: box, folder: path), number: number)
        return .watching
    }

    /// Watches an opened directory above inboxes; must run as its owner.
    ///
    /// - Returns: nil where no watch is to be had, else whether it had none of this holder's before.
    func watch(_ directory: FileDescriptor, for mark: PassageTable.Mark) -> Bool? {
        guard table.count < watchLimit else { return nil }
        let number = inotify_add_watch(
            queue.rawValue, "/proc/self/fd/\(directory.rawValue)", Self.passageMask)
        guard number >= 0 else { return nil }
        return table.passages.insert(mark, number: number)
    }

    /// Ends the watches on directories above inboxes that a holder had in earlier rounds.
    func forgetPassages(of holder: ObjectIdentifier, before round: UInt64) {
        for number in table.passages.forget(holder, before: round)
        where !table.isWatched(number) {
            // It fails where the folder is gone, and its watch with it.
            _ = inotify_rm_watch(queue.rawValue, number)
        }
    }

    /// Acts on a record as if the kernel had written it.
    func deliver(_ record: InotifyRecord) {
        for number in table.deliver(record) {
            // It fails where the folder is gone, and its watch with it.
            _ = inotify_rm_watch(queue.rawValue, number)
        }
    }

    /// Ends all watches of an inbox.
    func forget(_ box: EventBox) {
        for number in table.forget(BeneathPath(), of: box) {
            // It fails where the folder is gone, and its watch with it.
            _ = inotify_rm_watch(queue.rawValue, number)
        }
    }

    private static func halfOfSystemLimit() -> Int {
        let leastLimit = 4096
        let file = open("/proc/sys/fs/inotify/max_user_watches", O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return leastLimit }
        defer { _ = Glibc.close(file) }
        var bytes = [UInt8](repeating: 0, count: 32)
        let count = read(file, &bytes, bytes.count)
        let digits = bytes.prefix(max(0, count)).prefix { $0 != UInt8(ascii: "\n") }
        return max(leastLimit, (Int(String(decoding: digits, as: UTF8.self)) ?? 0) / 2)
    }
}

/// The thread that reads the watches' queue until it is told to stop.
private final class WatchReader: Sendable {
    /// The most that is read at once, in bytes: some 1,500 records.
    private static let readLength = 64 << 10
    /// How long records gather before the next read: it makes each ten times cheaper, and nobody
    /// notices.
    private static let gatherMilliseconds: Int32 = 2

    private let queue: FileDescriptor
    private let stop: FileDescriptor
    private let table: WatchTable

    init(queue: FileDescriptor, stop: FileDescriptor, table: WatchTable) {
        self.queue = queue
        self.stop = stop
        self.table = table
    }

    func start() throws {
        var thread = pthread_t()
        let reader = Unmanaged.passRetained(self)
        let code = pthread_create(&thread, nil, watchReaderMain, reader.toOpaque())
        guard code == 0 else {
            reader.release()
            throw Errno(rawValue: code)
        }
        pthread_detach(thread)
    }

    func run() {
        _ = clinux_thread_name("ingestd-watch")
        var signals = sigset_t()
        sigfillset(&signals)
        pthread_sigmask(SIG_BLOCK, &signals, nil)
        let buffer = UnsafeMutableRawBufferPointer.allocate(
            byteCount: Self.readLength, alignment: MemoryLayout<inotify_event>.alignment)
        defer {
            buffer.deallocate()
            _ = Glibc.close(queue.rawValue)
            _ = Glibc.close(stop.rawValue)
        }
        while !isStopped(waitingFor: queue, milliseconds: -1) {
            readOnce(into: buffer)
            if isStopped(waitingFor: nil, milliseconds: Self.gatherMilliseconds) { return }
        }
    }

    /// Waits for the queue, the word to stop, or the time to pass.
    private func isStopped(waitingFor queue: FileDescriptor?, milliseconds: Int32) -> Bool {
        var polled = [pollfd(fd: stop.rawValue, events: Int16(POLLIN), revents: 0)]
        if let queue {
            polled.append(pollfd(fd: queue.rawValue, events: Int16(POLLIN), revents: 0))
        }
        _ = poll(&polled, nfds_t(polled.count), milliseconds)
        return polled[0].revents != 0
    }

    private func readOnce(into buffer: UnsafeMutableRawBufferPointer) {
        let count = read(queue.rawValue, buffer.baseAddress, buffer.count)
        guard count > 0 else { return }
        let records = UnsafeRawBufferPointer(rebasing: buffer[..<count])
        InotifyRecord.forEach(in: records) { record in
            for number in table.deliver(record) {
                // It fails where the folder is gone, and its watch with it.
                _ = inotify_rm_watch(queue.rawValue, number)
            }
        }
    }
}

private func watchReaderMain(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let argument else { return nil }
    Unmanaged<WatchReader>.fromOpaque(argument).takeRetainedValue().run()
    return nil
}
