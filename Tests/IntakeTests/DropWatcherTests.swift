import Glibc
import Rules
import Testing

@testable import Intake

@Suite struct DropWatcherTests {
    private let box = EventBox(rules: NameRules(), isRecursive: true, bell: Bell())
    private let table = WatchTable()

    private func path(_ text: String) throws -> BeneathPath {
        try #require(BeneathPath(bytes: Array(text.utf8)))
    }

    /// A record as it stands in the kernel's answer, its name padded with NULs.
    private func bytes(_ watch: Int32, _ mask: Int32, _ name: String, padding: Int = 3) -> [UInt8] {
        let name = name.isEmpty ? [] : Array(name.utf8) + [UInt8](repeating: 0, count: padding)
        var header = inotify_event()
        header.wd = watch
        header.mask = UInt32(bitPattern: mask)
        header.len = UInt32(name.count)
        return withUnsafeBytes(of: header) { Array($0.prefix(16)) } + name
    }

    private func records(_ bytes: [UInt8]) -> [InotifyRecord] {
        var records: [InotifyRecord] = []
        bytes.withUnsafeBytes { InotifyRecord.forEach(in: $0) { records.append($0) } }
        return records
    }

    @Test func `records of any length stand one behind the other`() {
        let all =
            bytes(1, IN_CREATE, "a.pdf", padding: 2) + bytes(2, IN_ATTRIB, "")
            + bytes(-1, IN_Q_OVERFLOW, "") + bytes(3, IN_CLOSE_WRITE, "가.csv", padding: 5)
        let found = records(all)
        #expect(found.map(\.watch) == [1, 2, -1, 3])
        #expect(
            found.map { String(decoding: $0.name, as: UTF8.self) } == ["a.pdf", "", "", "가.csv"])
        #expect(found[2].has(IN_Q_OVERFLOW))
        for cut in 1..<16 { #expect(records(all.dropLast(cut)).count <= 4) }
        #expect(records(all.dropLast(8)).count == 3)
    }

    private func deliver(_ mask: Int32, _ name: String, watch: Int32 = 2) -> [Int32] {
        table.deliver(
            InotifyRecord(watch: watch, mask: UInt32(bitPattern: mask), name: Array(name.utf8)))
    }

    private func watchTwoFolders() throws {
        table.insert(WatchTable.Watch(box: box, folder: BeneathPath()), number: 1)
        table.insert(WatchTable.Watch(box: box, folder: try path("a")), number: 2)
    }

    @Test func `an event marks the name below its folder, and only a closing proves anything`()
        throws
    {
        try watchTwoFolders()
        _ = deliver(IN_CLOSE_WRITE, "1.pdf")
        _ = deliver(IN_CREATE, "1.pdf")
        _ = deliver(IN_CREATE, "2.pdf")
        _ = deliver(IN_MOVED_TO, "3.pdf")
        let marks = box.take()
        #expect(
            marks.files == [
                try path("a/1.pdf"): true, try path("a/2.pdf"): false, try path("a/3.pdf"): true,
            ])
        #expect(box.isEmpty)
    }

    @Test(arguments: [".ingestd-1", "x.pdf.status.json", "x.pdf.part", "~x"])
    func `names that are no drops mark nothing`(name: String) throws {
        try watchTwoFolders()
        _ = deliver(IN_CLOSE_WRITE, name)
        #expect(box.isEmpty)
    }

    @Test func `requests are marked apart`() throws {
        try watchTwoFolders()
        _ = deliver(IN_CLOSE_WRITE, "x.pdf.retry")
        let marks = box.take()
        #expect(marks.requests == [try path("a/x.pdf.retry")])
        #expect(marks.files.isEmpty)
    }

    @Test func `a folder that leaves takes its watches and those below along`() throws {
        try watchTwoFolders()
        table.insert(WatchTable.Watch(box: box, folder: try path("a/b")), number: 3)
        table.insert(WatchTable.Watch(box: box, folder: try path("ab")), number: 4)
        let folder = Int32(bitPattern: UInt32(IN_ISDIR))
        #expect(Set(deliver(IN_MOVED_FROM | folder, "a", watch: 1)) == [2, 3])
        #expect(box.take().goneFolders == [try path("a")])
        #expect(table.count == 2)
        _ = deliver(IN_MOVED_TO | folder, "a", watch: 1)
        #expect(box.take().folders == [try path("a")])
    }

    @Test func `an overflow reaches every inbox, once`() throws {
        try watchTwoFolders()
        let other = EventBox(rules: NameRules(), isRecursive: true, bell: Bell())
        table.insert(WatchTable.Watch(box: other, folder: BeneathPath()), number: 9)
        _ = deliver(IN_Q_OVERFLOW, "", watch: -1)
        #expect(box.take().hasOverflowed && other.take().hasOverflowed)
    }

    @Test func `too many marks become one word`() throws {
        for number in 0...EventBox.markLimit {
            box.markFile(try path("\(number).pdf"), isClosing: false)
        }
        let marks = box.take()
        #expect(marks.hasOverflowed)
        #expect(marks.files.isEmpty)
    }

    @Test func `a queue of marks keeps each name once, in the order of arrival`() throws {
        var queue = MarkQueue()
        for number in 0..<10_000 { queue.insert(try path("\(number)"), isClosing: false) }
        queue.insert(try path("5"), isClosing: true)
        var taken: [(BeneathPath, Bool)] = []
        while let mark = queue.popFirst() { taken.append((mark.path, mark.isClosing)) }
        #expect(taken.map(\.0.description) == (0..<10_000).map(String.init))
        #expect(taken.filter(\.1).map(\.0.description) == ["5"])
        #expect(queue.isEmpty)
    }

    @Test func `a priority queue gives the least first`() {
        var queue = PriorityQueue<Int, Int>()
        for number in 0..<1000 { queue.insert(number, at: number * 7919 % 1000) }
        var order: [Int] = []
        while let first = queue.popFirst() { order.append(first.priority) }
        #expect(order == order.sorted() && order.count == 1000)
    }
}
