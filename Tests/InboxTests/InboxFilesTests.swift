import Glibc
import Rules
import SystemPackage
import TestSupport
import Testing

@testable import Inbox

@Suite struct InboxFilesTests {
    let folder: TemporaryFolder
    let root: InboxRoot

    init() async throws {
        folder = try TemporaryFolder()
        root = try await InboxRoot.open(folder.path, threads: OwnerThreads())
    }

    private func path(_ text: String) throws -> BeneathPath {
        try #require(BeneathPath(bytes: Array(text.utf8)))
    }

    @Test func `a look tells what stands there and follows no link`() async throws {
        try folder.write("file", "content")
        mkdir(folder("folder"), 0o755)
        symlink("/etc/passwd", folder("link"))
        mkfifo(folder("fifo"), 0o644)
        link(folder("file"), folder("second"))
        let paths = try ["file", "folder", "link", "fifo", "nothing", "file/below"].map(path)
        let entries = try await root.run { files in try paths.map { try files.entry($0) } }
        #expect(entries.map { $0?.kind } == [.file, .folder, .link, .special, nil, nil])
        #expect(entries[0]?.linkCount == 2)
        #expect(entries[0]?.identity.size == ByteCount(7))
        #expect(entries[0]?.mode == 0o644)
    }

    @Test func `a file that somebody keeps to themselves has a writer`() async throws {
        try folder.write("file", "")
        let path = try path("file")
        let file = open(folder("file"), O_RDWR | O_CLOEXEC)
        defer { close(file) }
        #expect(try await root.run { try $0.withoutWriters(of: path) {} } == false)
        // What they are told when somebody else opens it.
        signal(SIGIO, SIG_IGN)
        // F_SETLEASE, which Glibc shows only to those who ask for GNU's extensions.
        try #require(fcntl(file, 1024, Int32(F_WRLCK)) == 0)
        #expect(try await root.run { try $0.withoutWriters(of: path) {} } == false)
        _ = fcntl(file, 1024, Int32(F_UNLCK))
    }

    @Test(arguments: ["out", "out/passwd", "loop/file"])
    func `no link leads anywhere`(name: String) async throws {
        symlink("/etc", folder("out"))
        symlink(".", folder("loop"))
        try folder.write("file", "content")
        let path = try path(name)
        let error = await #expect(throws: InboxError.self) {
            try await root.run { try $0.openForReading(path).close() }
        }
        #expect(error?.errno == .tooManySymbolicLinkLevels)
        #expect(error?.failure.code == .linkRefused)
    }

    @Test func `a FIFO is opened without waiting for anybody`() async throws {
        mkfifo(folder("fifo"), 0o644)
        let fifo = try path("fifo")
        try await root.run { try $0.openForReading(fifo).close() }
        #expect(try await root.run { try $0.readSmall(fifo, limit: 10) } == nil)
    }

    @Test func `a folder's names are all told, whatever their bytes`() async throws {
        let odd = try #require(FileName([0xff, 0xfe, 0x0a]))
        let made = withCString(odd.bytes) { name in
            let directory = open(folder.path, O_RDONLY | O_DIRECTORY)
            defer { close(directory) }
            return openat(directory, name, O_CREAT | O_WRONLY, 0o644)
        }
        close(made)
        try folder.write("a", "")
        let names = try await root.run { files in
            var names: Set<FileName> = []
            try files.list(BeneathPath()) { name, _ in names.insert(name).inserted }
            return names
        }
        #expect(names == [odd, FileName(literal: "a")])
    }

    @Test func `renaming never replaces what it should not`() async throws {
        try folder.write("a", "new")
        try folder.write("b", "old")
        let (a, b) = (try path("a"), try path("b"))
        let error = await #expect(throws: InboxError.self) {
            try await root.run { try $0.rename(a, to: b, replacing: false) }
        }
        #expect(error?.errno == .fileExists)
        #expect(try await root.run { try $0.readSmall(b, limit: 3) } == Array("old".utf8))
        try await root.run { try $0.rename(a, to: b, replacing: true) }
        #expect(try await root.run { try $0.readSmall(b, limit: 3) } == Array("new".utf8))
    }

    @Test(arguments: ["full", "empty", "file", "link", "fifo"])
    func `where the file system promises nothing, a folder replaces nothing either`(
        name: String
    ) async throws {
        for made in ["source", "full", "empty"] { mkdir(folder(made), 0o755) }
        try folder.write("full/inner", "x")
        try folder.write("file", "x")
        symlink("empty", folder("link"))
        mkfifo(folder("fifo"), 0o644)
        let (source, target, free) = (try path("source"), try path(name), try path("free"))
        let error = await #expect(throws: InboxError.self) {
            try await root.run { try $0.renameFolder(source, to: target) }
        }
        #expect(error?.errno == .fileExists)
        try await root.run { try $0.renameFolder(source, to: free) }
        #expect(folder.exists("free") && !folder.exists("source"))
    }

    @Test func `a small file past its limit is an error, at the limit it is not`() async throws {
        try folder.write("f", "12345")
        let file = try path("f")
        #expect(try await root.run { try $0.readSmall(file, limit: 5)?.count } == 5)
        await #expect(throws: InboxError.tooLong(path: file, limit: 4)) {
            try await root.run { try $0.readSmall(file, limit: 4) }
        }
        #expect(try await root.run { try $0.readPrefix(file, limit: 2) } == Array("12".utf8))
    }

    @Test(arguments: [S_IFSOCK, S_IFIFO])
    func `what is no regular file has no content, and opening it waits for nobody`(
        kind: mode_t
    ) async throws {
        mknod(folder("f"), kind | 0o600, 0)
        let file = try path("f")
        #expect(try await root.run { try $0.readPrefix(file, limit: 1) } == nil)
    }

    @Test(arguments: [
        (0o755 as mode_t, 0o644 as mode_t, 0o755 as mode_t), (0o700, 0o600, 0o700),
        (0o750, 0o640, 0o750),
    ])
    func `new files are open to those to whom the folder is`(
        mode: mode_t, fileMode: mode_t, folderMode: mode_t
    ) async throws {
        chmod(folder.path, mode)
        let inner = try path("inner")
        let file = try await root.run { files in
            try files.makeFolder(inner)
            let file = try files.createTemporary(in: BeneathPath())
            try file.descriptor.close()
            return file.path
        }
        #expect(file.description.hasPrefix(HiddenName.prefix))
        #expect(try folder.facts(file.description).st_mode & 0o7777 == fileMode)
        #expect(try folder.facts("inner").st_mode & 0o7777 == folderMode)
    }

    @Test func `a tree is removed with all that is in it, and links are not followed`() async throws
    {
        mkdir(folder("kept"), 0o755)
        try folder.write("kept/file", "x")
        mkdir(folder("tree"), 0o755)
        mkdir(folder("tree/inner"), 0o755)
        for number in 0..<1200 { try folder.write("tree/inner/\(number)", "") }
        symlink("../kept", folder("tree/link"))
        let tree = try path("tree")
        try await root.run { try $0.removeTree(tree) }
        #expect(!folder.exists("tree"))
        #expect(folder.exists("kept/file"))
    }

    @Test func `the inbox itself is nobody's to change`() async throws {
        let error = await #expect(throws: InboxError.self) {
            try await root.run { try $0.removeFolder(BeneathPath()) }
        }
        #expect(error?.errno == .resourceBusy)
    }

    @Test(.enabled(if: geteuid() == 0))
    func `what stands in the way of a removal is found before it is tried`() async throws {
        for name in ["writable", "closed", "sticky"] { mkdir(folder(name), 0o755) }
        for name in ["writable/f", "closed/f", "sticky/f"] { try folder.write(name, "x") }
        chmod(folder("sticky"), 0o1777)
        chown(folder("writable"), 65_501, 65_501)
        chown(folder.path, 65_501, 65_501)
        let root = try await InboxRoot.open(folder.path, threads: OwnerThreads())
        let paths = try ["writable/f", "closed/f", "sticky/f", "writable/nothing"].map(path)
        let obstacles = try await root.run { files in
            try paths.map { try files.obstacleToRemoving($0) }
        }
        #expect(obstacles == [nil, .folderNotWritable, .stickyFolder, nil])
    }
}
