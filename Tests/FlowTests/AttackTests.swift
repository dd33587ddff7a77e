import Foundation
import Glibc
import Rules
import Testing

/// What a user may try against the others, raced for a bounded number of rounds; `make attacks` has
/// every case, for longer and against the installed kind of daemon.
@Suite(.serialized, .timeLimit(.minutes(5)), .enabled(if: geteuid() == 0))
struct AttackTests {
    /// What nothing that an account can read may ever hold.
    private static let mark = Data("a-secret-of-somebody-else".utf8)
    private static let quick = "settle: 0s\n    settle_without_proof: 0s"
    private static let dropCount = 25
    /// How often the names change places at most while a drop is looked at.
    private static let mostChanges = 60

    let scene: FlowScene

    init() throws { scene = try FlowScene() }

    /// What takes the drop's place.
    enum Bait: CaseIterable, Sendable {
        case link, hardLink, pipe

        func make(at path: String, leadingTo secret: String) {
            switch self {
            case .link: symlink(secret, path)
            case .hardLink: Glibc.link(secret, path)
            case .pipe: mkfifo(path, 0o666)
            }
        }
    }

    @Test(arguments: Bait.allCases)
    func `a drop that changes places with a bait is taken, the bait never is`(
        bait: Bait
    ) async throws {
        let secret = try makeSecret()
        let daemon = try await scene.start(inbox: Self.quick)
        let changes = (1...Self.dropCount).map { _ in Int.random(in: 1...Self.mostChanges) }
        print("names change places so often: \(changes)")
        for (number, count) in changes.enumerated() {
            // One that the daemon gave back may have been replaced by the drop that came back.
            if !scene.exists(".bait") { bait.make(at: scene(".bait"), leadingTo: secret) }
            try place(number)
            for _ in 0..<count { changePlaces() }
            try await taken(by: daemon)
        }
        try scene.drop("pdf/english.pdf", as: "last.pdf")
        try await daemon.ended(["last.pdf"])
        try await daemon.stop()
        try expectNoLeak(of: secret)
        let kept = try contents(below: scene.state + "/blobs") + contents(below: scene.inbox)
        for number in changes.indices {
            #expect(kept.contains(Self.content(number)), "drop \(number) is lost")
        }
        try await scene.expectClean()
    }

    @Test func `a service user with four capabilities can do what the owner can, and no more`()
        async throws
    {
        // Others' folders on the way are passed through and not read.
        chmod(scene.folder, 0o711)
        try scene.drop("pdf/english.pdf", as: "a.pdf")
        try scene.put(pdf(), at: scene("roots.pdf"), owner: 0)
        chmod(scene("roots.pdf"), 0o600)
        try scene.put(pdf(), at: scene("closed/b.pdf"))
        chmod(scene("closed"), 0o500)
        let daemon = try await scene.start(
            over: [scene.inbox], as: FlowScene.serviceUID, capabilities: "setuid setgid lease kill")
        try await daemon.ended(["a.pdf"])
        try await daemon.line(.dropRefused, "roots.pdf") { $0["code"] == "not_readable" }
        try await daemon.line(.dropRefused, "closed/b.pdf") { $0["code"] == "not_removable" }
        try await daemon.stop()
        #expect(try scene.status("a.pdf").state == "completed")
        #expect(try scene.facts("a.pdf.results/text.txt").st_uid == FlowScene.uid)
        #expect(scene.exists("roots.pdf"))
        #expect(scene.exists("closed/b.pdf"))
        #expect(try RecordedState(scene).documents().map(\.path) == ["a.pdf"])
    }

    // MARK: - What is dropped and what is looked for

    private static func content(_ number: Int) -> Data {
        Data("%PDF-1.4\n% drop \(number)\n".utf8)
    }

    private func pdf() throws -> Data {
        try Data(contentsOf: FlowScene.fixture("pdf/english.pdf")) + Self.mark
    }

    private func makeSecret() throws -> String {
        let path = scene.folder + "/secret.pdf"
        try scene.put(pdf(), at: path, owner: 0)
        chmod(path, 0o600)
        return path
    }

    private func place(_ number: Int) throws {
        try scene.put(Self.content(number), at: scene(".new"))
        rename(scene(".new"), scene("drop.pdf"))
    }

    /// Returns once nothing stands at the drop's name any more.
    private func taken(by daemon: DaemonProcess) async throws {
        while true {
            let count = daemon.lines(.dropRemoved).count
            guard scene.exists("drop.pdf") else { return }
            // Its name goes before that is said.
            try await daemon.line(.dropRemoved, count: count + 1)
        }
    }

    /// Puts the bait where the drop is for a moment; whichever is gone was taken.
    private func changePlaces() {
        guard rename(scene("drop.pdf"), scene(".held")) == 0 else { return }
        rename(scene(".bait"), scene("drop.pdf"))
        sched_yield()
        rename(scene("drop.pdf"), scene(".bait"))
        rename(scene(".held"), scene("drop.pdf"))
    }

    /// The secret is as it was, and nothing the account or the store has speaks of it.
    private func expectNoLeak(of secret: String) throws {
        #expect(try Data(contentsOf: URL(filePath: secret)) == pdf())
        for content in try contents(below: scene.state + "/blobs") + contents(below: scene.inbox) {
            #expect(content.firstRange(of: Self.mark) == nil)
        }
    }

    /// What all files below hold but the bait, which is what it always was.
    private func contents(below folder: String) throws -> [Data] {
        try FileManager.default.subpathsOfDirectory(atPath: folder).compactMap { name in
            let path = folder + "/" + name
            var facts = stat()
            guard lstat(path, &facts) == 0, facts.st_mode & S_IFMT == S_IFREG,
                facts.st_nlink == 1
            else { return nil }
            return try Data(contentsOf: URL(filePath: path))
        }
    }
}
