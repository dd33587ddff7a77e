import Glibc
import Inbox
import Rules
import Testing

@testable import Publish

@Suite struct SidecarWriterTests {
    private static let ours = #"{"schema":"ingestd/status/1"}"#

    let scene: PublishScene
    let drop: BeneathPath

    init() async throws {
        scene = try await PublishScene()
        drop = try scene.path("a.pdf")
    }

    @Test func `a status file is replaced as a whole, and nothing is left beside it`() async throws
    {
        #expect(try await scene.writeStatus(of: drop) == nil)
        let former = open(scene("a.pdf.status.json"), O_RDONLY | O_CLOEXEC)
        defer { close(former) }
        let longer = Self.ours + String(repeating: " ", count: 100_000)
        #expect(try await scene.writeStatus(longer, of: drop) == nil)
        #expect(try scene.read("a.pdf.status.json") == longer)
        // Written anew and renamed: whoever has the former open reads on in that.
        var facts = stat()
        #expect(fstat(former, &facts) == 0)
        #expect(facts.st_size == off_t(Self.ours.utf8.count))
        #expect(facts.st_nlink == 0)
        #expect(try scene.names() == ["a.pdf.status.json"])
        #expect(try scene.facts("a.pdf.status.json").st_mode & 0o777 == 0o644)
    }

    enum Foreign: String, CaseIterable, Sendable {
        case file, folder, link, fifo

        func make(at path: String) {
            switch self {
            case .file:
                let file = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0o600)
                write(file, "foreign", 7)
                close(file)
            case .folder: mkdir(path, 0o755)
            case .link: symlink("victim", path)
            case .fifo: mkfifo(path, 0o644)
            }
        }

        var mode: mode_t {
            switch self {
            case .file: S_IFREG
            case .folder: S_IFDIR
            case .link: S_IFLNK
            case .fifo: S_IFIFO
            }
        }
    }

    @Test(arguments: Foreign.allCases)
    func `what is not ours at a status file's name is moved aside and not followed`(
        foreign: Foreign
    ) async throws {
        try scene.write("untouched", to: "victim")
        try scene.write("taken", to: "a.pdf.~1~.status.json")
        foreign.make(at: scene("a.pdf.status.json"))
        let moved = try await scene.writeStatus(of: drop)
        #expect(moved?.description == "a.pdf.~2~.status.json")
        #expect(try scene.kind("a.pdf.~2~.status.json") == foreign.mode)
        #expect(try scene.kind("a.pdf.status.json") == S_IFREG)
        #expect(try scene.read("a.pdf.status.json") == Self.ours)
        #expect(try scene.read("victim") == "untouched")
        #expect(try scene.read("a.pdf.~1~.status.json") == "taken")
    }

    @Test(arguments: ["", String(repeating: "\0", count: 1132)])
    func `what a power cut left of a status file is written over`(content: String) async throws {
        try scene.write(content, to: "a.pdf.status.json")
        #expect(try await scene.writeStatus(of: drop) == nil)
        #expect(try scene.read("a.pdf.status.json") == Self.ours)
        #expect(try scene.names() == ["a.pdf.status.json"])
    }

    @Test func `zero bytes before somebody's content are not ours`() async throws {
        let foreign = String(repeating: "\0", count: 100) + "content"
        try scene.write(foreign, to: "a.pdf.status.json")
        #expect(try await scene.writeStatus(of: drop)?.description == "a.pdf.~1~.status.json")
        #expect(try scene.read("a.pdf.~1~.status.json") == foreign)
    }

    @Test func `a file that only looks like JSON is not ours`() async throws {
        try scene.write(#"{"schema":"somebody/else/1"}"#, to: "a.pdf.status.json")
        let moved = try await scene.writeStatus(of: drop)
        #expect(moved?.description == "a.pdf.~1~.status.json")
    }

    @Test func `only our own status file is removed`() async throws {
        func remove() async throws {
            try await scene.root.run { [drop] in try SidecarWriter($0, drop: drop).removeStatus() }
        }
        try scene.write("mine", to: "a.pdf.status.json")
        try await remove()
        #expect(try scene.read("a.pdf.status.json") == "mine")
        try scene.write(Self.ours, to: "a.pdf.status.json")
        try await remove()
        #expect(try scene.names().isEmpty)
        // Nothing there is as good as removed.
        try await remove()
    }

    @Test func `results move to the proposed version, or to the next that is free`() async throws {
        func move() async throws -> Int {
            try await scene.root.run { [drop] in
                try SidecarWriter($0, drop: drop).moveResults(toVersion: 1)
            }
        }
        #expect(try await move() == 1)
        #expect(try scene.names().isEmpty)
        try scene.write("the owner's", to: "a.pdf.~1~.results")
        try await scene.writeResults(["text.txt": "one"], of: drop)
        #expect(try await move() == 2)
        #expect(try scene.names() == ["a.pdf.~1~.results", "a.pdf.~2~.results"])
        #expect(try scene.read("a.pdf.~2~.results/text.txt") == "one")
    }

    @Test(arguments: [
        String(repeating: "n", count: 251) + ".pdf", String(repeating: "한", count: 83) + ".pdf",
    ])
    func `a name too long for its sidecars has both under one shorter name`(name: String)
        async throws
    {
        let long = try scene.path(name)
        try await scene.writeStatus(of: long)
        try await scene.writeResults(["text.txt": "one"], of: long)
        let names = try scene.names()
        #expect(names.count == 2)
        #expect(names.allSatisfy { $0.utf8.count <= 255 && !$0.contains("\u{fffd}") })
        let stems = Set(
            names.map {
                $0.replacing(".status.json", with: "").replacing(".results", with: "")
            })
        #expect(stems.count == 1)
        #expect(stems.first?.firstMatch(of: /~[0-9a-f]{8}$/) != nil)
    }

    @Test func `the status file of an inbox never takes the place of a file of its owner`()
        async throws
    {
        let status = InboxStatus(
            account: Account(uid: 1, name: nil), asOf: Timestamp(milliseconds: 0),
            counts: [("held", 2)],
            quota: InboxStatus.Quota(
                used: .zero, reserved: .zero, limit: .unlimited, kinds: [:],
                derived: DerivedUsage(), asOf: Timestamp(milliseconds: 0)),
            held: .zero, waiting: [])
        func write() async throws -> Bool {
            try await scene.root.run { try InboxStatusFile.write(status, $0) }
        }
        try scene.write("mine", to: "inbox.status.json")
        #expect(try await write() == false)
        #expect(try scene.read("inbox.status.json") == "mine")
        unlink(scene("inbox.status.json"))
        #expect(try await write())
        #expect(try await write())
        let text = try scene.read("inbox.status.json")
        #expect(text.hasPrefix(#"{"schema":"ingestd/status/inbox/1","#))
        #expect(text.contains(#""counts":{"held":2}"#))
    }
}
