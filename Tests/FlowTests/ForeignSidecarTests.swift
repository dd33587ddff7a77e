import Foundation
import Glibc
import Rules
import Testing

/// What stands at a sidecar's name and is not ingestd's is moved aside, never followed, never lost.
@Suite(.serialized, .timeLimit(.minutes(5))) struct ForeignSidecarTests {
    enum Foreign: CaseIterable, Sendable {
        case file, folder, link, fifo, socket
        /// One that its owner may not read.
        case closedFile
        /// A name of somebody else's file, closed to the owner.
        case hardLink

        var mode: mode_t {
            switch self {
            case .file, .closedFile, .hardLink: S_IFREG
            case .socket: S_IFSOCK
            case .folder: S_IFDIR
            case .link: S_IFLNK
            case .fifo: S_IFIFO
            }
        }

        func make(at path: String, leadingTo target: String) throws {
            switch self {
            case .file: try Data("mine".utf8).write(to: URL(filePath: path))
            case .folder: mkdir(path, 0o755)
            case .link: symlink(target, path)
            case .fifo: mkfifo(path, 0o644)
            case .socket: mknod(path, S_IFSOCK | 0o644, 0)
            case .closedFile: mknod(path, S_IFREG, 0)
            case .hardLink:
                chmod(target, 0o600)
                Glibc.link(target, path)
                return
            }
            lchown(path, FlowScene.uid, FlowScene.uid)
        }
    }

    let scene: FlowScene

    init() throws { scene = try FlowScene() }

    @Test(arguments: Foreign.allCases)
    func `a stranger at the status file's name is moved aside`(foreign: Foreign) async throws {
        let victim = scene.folder + "/victim"
        try scene.put(Data("untouched".utf8), at: victim, owner: FlowScene.strangerUID)
        try foreign.make(at: scene("a.pdf.status.json"), leadingTo: victim)
        try scene.drop("pdf/english.pdf", as: "a.pdf")
        try await scene.runOnce()
        #expect(try scene.status("a.pdf").state == "completed")
        let aside = try scene.facts("a.pdf.~1~.status.json")
        #expect(aside.st_mode & S_IFMT == foreign.mode)
        #expect(try Data(contentsOf: URL(filePath: victim)) == Data("untouched".utf8))
    }

    @Test(arguments: [Foreign.file, .link, .fifo])
    func `a stranger at the results' name is moved aside`(foreign: Foreign) async throws {
        let victim = scene.folder + "/victim"
        try scene.put(Data("untouched".utf8), at: victim + "/file")
        try foreign.make(at: scene("a.pdf.results"), leadingTo: victim)
        try scene.drop("pdf/english.pdf", as: "a.pdf")
        try await scene.runOnce()
        let results = try scene.names(in: "a.pdf.results")
        #expect(results == ["info.json", "original.pdf", "text.txt", "thumbnail.jpg"])
        #expect(try scene.facts("a.pdf.~1~.results").st_mode & S_IFMT == foreign.mode)
        #expect(try FileManager.default.contentsOfDirectory(atPath: victim) == ["file"])
    }

    @Test func `a folder at the results' name is shared with what its owner put there`()
        async throws
    {
        try scene.drop(Data("mine".utf8), as: "a.pdf.results/notes.txt")
        try scene.drop("pdf/english.pdf", as: "a.pdf")
        try await scene.runOnce()
        #expect(try scene.text("a.pdf.results/notes.txt") == "mine")
        #expect(try scene.names(in: "a.pdf.results").count == 5)
    }

    @Test func `a folder below that becomes a link leads nowhere`() async throws {
        let victim = scene.folder + "/victim"
        try scene.put(
            try Data(contentsOf: FlowScene.fixture("pdf/english.pdf")), at: victim + "/a.pdf")
        symlink(victim, scene("sub"))
        try await scene.runOnce()
        #expect(try FileManager.default.contentsOfDirectory(atPath: victim) == ["a.pdf"])
        #expect(RecordedState(scene).isEmpty)
    }
}
