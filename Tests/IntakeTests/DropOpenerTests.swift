import Glibc
import Inbox
import Rules
import Synchronization
import TestSupport
import Testing

@testable import Intake

private let page = "%PDF-1.4\n" + String(repeating: "x", count: 10_000) + "\n%%EOF\n"

@Suite(.timeLimit(.minutes(5))) struct DropOpenerTests {
    let folder: TemporaryFolder
    let root: InboxRoot
    let opener = DropOpener(settings: InboxSettings(pdfSizeLimit: ByteCount(page.utf8.count)))
    let path = BeneathPath([FileName(literal: "a.pdf")])

    init() async throws {
        folder = try TemporaryFolder()
        root = try await InboxRoot.open(folder.path, threads: OwnerThreads())
    }

    private func settled() async throws -> SettledDrop {
        let found = try await root.run { [path] files in try files.entry(path) }
        let entry = try #require(found)
        return SettledDrop(
            sighted: SightedDrop(
                path: path, identity: entry.identity, firstSeen: Timestamp(milliseconds: 0)),
            admission: Admission(kind: .pdf, proof: .lease))
    }

    private func open(_ drop: SettledDrop) async throws -> OpenedDrop {
        try await root.run { [opener] files in try opener.open(drop, in: files) }
    }

    /// What opening throws.
    private func error(_ drop: SettledDrop) async -> IntakeError? {
        await #expect(throws: IntakeError.self) { try await open(drop) }
    }

    /// Opens for writing without waiting for the lease's end: EWOULDBLOCK, and the lease is asked
    /// back.
    private func knock() -> Int32 {
        Glibc.open(folder("a.pdf"), O_WRONLY | O_NONBLOCK)
    }

    @Test func `a whole drop is read to its end, under a lease`() async throws {
        try folder.write("a.pdf", page)
        let opened = try await open(try await settled())
        #expect(opened.proof == .lease)
        #expect(opened.kind == .pdf)
        var bytes: [UInt8] = []
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 4000, alignment: 16)
        defer { buffer.deallocate() }
        while case let count = try opened.read(into: buffer), count > 0 {
            bytes += buffer.prefix(count)
        }
        #expect(bytes == Array(page.utf8))
        try opened.confirmUnchanged()
        opened.close()
        opened.close()
        let writer = knock()
        #expect(writer >= 0)
        close(writer)
    }

    @Test func `a writer that comes back ends the reading`() async throws {
        try folder.write("a.pdf", page)
        let opened = try await open(try await settled())
        #expect(knock() == -1)
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 100, alignment: 16)
        defer { buffer.deallocate() }
        #expect(throws: IntakeError.writerReturned) { try opened.read(into: buffer) }
        #expect(throws: IntakeError.writerReturned) { try opened.confirmUnchanged() }
    }

    @Test func `a file with a writer is not opened`() async throws {
        try folder.write("a.pdf", page)
        let drop = try await settled()
        let writer = knock()
        defer { close(writer) }
        #expect(await error(drop) == .stillWritten)
    }

    @Test func `what is not what was looked at is not opened`() async throws {
        try folder.write("a.pdf", page)
        let drop = try await settled()
        link(folder("a.pdf"), folder("second"))
        #expect(await error(drop) == .changed)
        unlink(folder("second"))
        unlink(folder("a.pdf"))
        #expect(await error(drop) == .vanished)
        symlink("/etc/hostname", folder("a.pdf"))
        #expect(await error(drop) == .changed)
        unlink(folder("a.pdf"))
        mkfifo(folder("a.pdf"), 0o644)
        #expect(await error(drop) == .changed)
    }

    @Test func `changed times are a change`() async throws {
        try folder.write("a.pdf", page)
        let opened = try await open(try await settled())
        #expect(utimes(folder("a.pdf"), nil) == 0)
        #expect(throws: IntakeError.changed) { try opened.confirmUnchanged() }
    }

    @Test(arguments: [0, 1])
    func `a drop of the limit's size is taken, of one byte more is not`(excess: Int) async throws {
        try folder.write("a.pdf", page + String(repeating: "y", count: excess))
        let drop = try await settled()
        if excess == 0 {
            try await open(drop).close()
        } else {
            #expect(await error(drop)?.failure.code == .tooLarge)
        }
    }

    @Test func `content that does not fit the name is refused`() async throws {
        try folder.write("a.pdf", "<html>")
        #expect(await error(try await settled())?.failure.code == .typeMismatch)
    }
}
