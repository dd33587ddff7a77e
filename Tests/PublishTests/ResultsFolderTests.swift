import Glibc
import Inbox
import Rules
import SystemPackage
import Testing

@testable import Publish

@Suite struct ResultsFolderTests {
    let scene: PublishScene
    let drop: BeneathPath

    init() async throws {
        scene = try await PublishScene()
        drop = try scene.path("sub/a.pdf")
        mkdir(scene("sub"), 0o755)
    }

    @Test func `results appear with all their files, one folder deep at most`() async throws {
        let moved = try await scene.writeResults(
            ["text.txt": "one", "pages/0001.jpg": "first", "pages/0002.jpg": "second"], of: drop)
        #expect(moved == nil)
        #expect(try scene.names(in: "sub") == ["a.pdf.results"])
        #expect(try scene.names(in: "sub/a.pdf.results") == ["pages", "text.txt"])
        #expect(try scene.names(in: "sub/a.pdf.results/pages") == ["0001.jpg", "0002.jpg"])
        #expect(try scene.read("sub/a.pdf.results/pages/0002.jpg") == "second")
        #expect(try scene.facts("sub/a.pdf.results").st_mode & 0o777 == 0o755)
        #expect(try scene.facts("sub/a.pdf.results/text.txt").st_mode & 0o777 == 0o644)
    }

    @Test func `what was made ready appears whole, or over what is there`() async throws {
        try await scene.prepareResults(
            [["text.txt": "one", "pages/0001.jpg": "first"], ["pages/0002.jpg": "second"]], of: drop
        )
        #expect(try scene.names(in: "sub") == ["a.pdf.results"])
        #expect(try scene.names(in: "sub/a.pdf.results/pages") == ["0001.jpg", "0002.jpg"])
        try scene.write("mine", to: "sub/a.pdf.results/pages/notes.txt")
        unlink(scene("sub/a.pdf.results/pages/0001.jpg"))
        mkdir(scene("sub/a.pdf.results/pages/0001.jpg"), 0o755)
        try await scene.prepareResults(
            [["pages/0002.jpg": "newer"], ["pages/0001.jpg": "again", "info.json": "{}"]], of: drop)
        #expect(try scene.names(in: "sub") == ["a.pdf.results"])
        #expect(
            try scene.names(in: "sub/a.pdf.results") == ["info.json", "pages", "text.txt"])
        let pages = try scene.names(in: "sub/a.pdf.results/pages")
        #expect(pages.starts(with: ["0001.jpg"]) && pages.suffix(2) == ["0002.jpg", "notes.txt"])
        #expect(try scene.read("sub/a.pdf.results/pages/0001.jpg") == "again")
        #expect(try scene.read("sub/a.pdf.results/pages/0002.jpg") == "newer")
        #expect(try scene.read("sub/a.pdf.results/text.txt") == "one")
    }

    @Test func `a large file arrives with every byte`() async throws {
        let text = String(repeating: "0123456789abcdef", count: 100_000)
        try await scene.writeResults(["text.txt": text], of: drop)
        #expect(try scene.read("sub/a.pdf.results/text.txt") == text)
    }

    @Test func `what its owner put there stays, and what is ours is renewed`() async throws {
        try await scene.writeResults(["text.txt": "one"], of: drop)
        try scene.write("mine", to: "sub/a.pdf.results/notes.txt")
        let moved = try await scene.writeResults(["text.txt": "two", "info.json": "{}"], of: drop)
        #expect(moved == nil)
        #expect(
            try scene.names(in: "sub/a.pdf.results") == ["info.json", "notes.txt", "text.txt"])
        #expect(try scene.read("sub/a.pdf.results/notes.txt") == "mine")
        #expect(try scene.read("sub/a.pdf.results/text.txt") == "two")
    }

    @Test func `a folder or link at the name of a result is moved aside and not followed`()
        async throws
    {
        try scene.write("untouched", to: "victim")
        mkdir(scene("elsewhere"), 0o755)
        mkdir(scene("sub/a.pdf.results"), 0o755)
        symlink("../../victim", scene("sub/a.pdf.results/text.txt"))
        symlink("../../elsewhere", scene("sub/a.pdf.results/pages"))
        mkdir(scene("sub/a.pdf.results/info.json"), 0o755)
        try scene.write("mine", to: "sub/a.pdf.results/info.json/notes")
        try await scene.writeResults(
            ["text.txt": "one", "info.json": "{}", "pages/0001.jpg": "first"], of: drop)
        #expect(try scene.read("victim") == "untouched")
        #expect(try scene.names(in: "elsewhere").isEmpty)
        #expect(try scene.kind("sub/a.pdf.results/text.txt") == S_IFREG)
        #expect(try scene.kind("sub/a.pdf.results/pages") == S_IFDIR)
        #expect(try scene.read("sub/a.pdf.results/info.json") == "{}")
        // Nothing of the owner's is gone.
        let names = try scene.names(in: "sub/a.pdf.results")
        #expect(names.count == 6)
        let aside = try #require(names.first { $0.hasPrefix("info.json.") })
        #expect(try scene.read("sub/a.pdf.results/\(aside)/notes") == "mine")
    }

    @Test func `something foreign at the folder's name is moved aside under a free number`()
        async throws
    {
        mkdir(scene("elsewhere"), 0o755)
        symlink("../elsewhere", scene("sub/a.pdf.results"))
        mkdir(scene("sub/a.pdf.~1~.results"), 0o755)
        let moved = try await scene.writeResults(["text.txt": "one"], of: drop)
        #expect(moved?.description == "sub/a.pdf.~2~.results")
        #expect(try scene.kind("sub/a.pdf.~2~.results") == S_IFLNK)
        #expect(try scene.kind("sub/a.pdf.results") == S_IFDIR)
        #expect(try scene.names(in: "elsewhere").isEmpty)
    }

    @Test func `another document's results are moved aside, and never mixed with these`()
        async throws
    {
        try await scene.writeResults(["text.txt": "one"], of: drop)
        #expect(
            try scene.read("sub/a.pdf.results/\(ResultsMark.name)")
                == ResultsMark.text(of: PublishScene.document))
        let moved = try await scene.writeResults(
            ["info.json": "{}"], of: drop, by: PublishScene.other)
        #expect(moved?.description == "sub/a.pdf.~1~.results")
        #expect(try scene.names(in: "sub/a.pdf.results") == ["info.json"])
        #expect(try scene.read("sub/a.pdf.~1~.results/text.txt") == "one")
    }

    @Test func `a mark that lost its bytes is written anew, and one that went comes back`()
        async throws
    {
        try await scene.writeResults(["text.txt": "one"], of: drop)
        let mark = "sub/a.pdf.results/\(ResultsMark.name)"
        for spoil in [{ truncate(self.scene(mark), 0) }, { unlink(self.scene(mark)) }] {
            _ = spoil()
            #expect(try await scene.writeResults(["text.txt": "two"], of: drop) == nil)
            #expect(try scene.read(mark) == ResultsMark.text(of: PublishScene.document))
        }
    }

    @Test func `a deletion takes the mark along, and leaves another document's folder`()
        async throws
    {
        try await scene.writeResults(["text.txt": "one"], of: drop)
        let made = [MadeResult(name: try scene.path("text.txt"), size: ByteCount(3))]
        func remove(_ document: DocumentID) async throws {
            _ = try await scene.root.run { [drop] in
                try SidecarWriter($0, drop: drop).removeAll(
                    of: document, made, keepsStatus: false)
            }
        }
        try await remove(PublishScene.other)
        #expect(try scene.read("sub/a.pdf.results/text.txt") == "one")
        try await remove(PublishScene.document)
        #expect(try scene.names(in: "sub").isEmpty)
    }

    @Test func `a folder that cannot be filled is not there at all`() async throws {
        let text = try scene.path("text.txt")
        let closed = FileDescriptor(rawValue: -1)
        await #expect(throws: PublishError.self) {
            try await scene.root.run { [drop] in
                try SidecarWriter($0, drop: drop).publish(
                    of: PublishScene.document,
                    [ResultItem(name: text, source: closed)], status: "")
            }
        }
        #expect(try scene.names(in: "sub").isEmpty)
    }
}
