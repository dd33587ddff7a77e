import Glibc
import Inbox
import Rules
import SystemPackage
import TestSupport
import Testing

@testable import Intake

@Suite struct DropRemoverTests {
    let folder: TemporaryFolder
    let root: InboxRoot
    let path = BeneathPath([FileName(literal: "a.pdf")])
    let hidden = FileName(literal: ".ingestd-taken-1")

    init() async throws {
        folder = try TemporaryFolder()
        root = try await InboxRoot.open(folder.path, threads: OwnerThreads())
        try folder.write("a.pdf", "read")
    }

    private func identity(of name: String = "a.pdf") async throws -> DropIdentity {
        let path = BeneathPath([FileName(literal: name)])
        let entry = try await root.run { files in try files.entry(path) }
        return try #require(entry).identity
    }

    private func remove(
        _ identity: DropIdentity, at step: DropRemover.Step? = nil,
        _ interfere: @escaping @Sendable () -> Void = {}
    ) async throws -> RemovalOutcome {
        let remover = DropRemover { if $0 == step { interfere() } }
        return try await root.run { [path, hidden] files in
            remover.remove(path, hiddenName: hidden, identity: identity, in: files)
        }
    }

    private func finish(_ identity: DropIdentity) async throws -> RemovalOutcome {
        try await root.run { [path, hidden] files in
            DropRemover().remove(
                path, hiddenName: hidden, identity: identity, mayHaveBegun: true, in: files)
        }
    }

    private func content(_ name: String) async throws -> String {
        let path = BeneathPath([FileName(literal: name)])
        let bytes = try await root.run { files in try files.readSmall(path, limit: 100) }
        return String(decoding: try #require(bytes), as: UTF8.self)
    }

    @Test func `the drop's name goes, and nothing is left`() async throws {
        #expect(try await remove(try await identity()) == .removed)
        #expect(!folder.exists("a.pdf"))
        #expect(!folder.exists(".ingestd-taken-1"))
    }

    @Test func `a name that is gone, or another file's, is left alone`() async throws {
        let identity = try await identity()
        try folder.write("new", "newer content")
        #expect(rename(folder("new"), folder("a.pdf")) == 0)
        #expect(try await remove(identity) == .alreadyGone)
        #expect(try await content("a.pdf") == "newer content")
        unlink(folder("a.pdf"))
        #expect(try await remove(identity) == .alreadyGone)
        #expect(try await finish(identity) == .alreadyGone)
    }

    @Test func `a newer file that came just before the name was set aside gets it back`()
        async throws
    {
        let outcome = try await remove(try await identity(), at: .compared) { [folder] in
            #expect(throws: Never.self) { try folder.write("new", "newer") }
            #expect(rename(folder("new"), folder("a.pdf")) == 0)
        }
        #expect(outcome == .newerReturned(path))
        #expect(try await content("a.pdf") == "newer")
        #expect(!folder.exists(".ingestd-taken-1"))
    }

    @Test func `two newer files in a row are both kept`() async throws {
        let identity = try await identity()
        let remover = DropRemover { [folder] step in
            guard step != .comparedAside else { return }
            #expect(throws: Never.self) { try folder.write("new", "newer \(step)") }
            #expect(rename(folder("new"), folder("a.pdf")) == 0)
        }
        let outcome = try await root.run { [path, hidden] files in
            remover.remove(path, hiddenName: hidden, identity: identity, in: files)
        }
        #expect(outcome == .newerReturned(BeneathPath([FileName(literal: "a (2).pdf")])))
        #expect(try await content("a.pdf") == "newer setAside")
        #expect(try await content("a (2).pdf") == "newer compared")
    }

    @Test func `a removal ends in the folder where it began, wherever that was moved`()
        async throws
    {
        mkdir(folder("sub"), 0o755)
        try folder.write("sub/a.pdf", "read")
        let path = BeneathPath([FileName(literal: "sub"), FileName(literal: "a.pdf")])
        let identity = try #require(await root.run { try $0.entry(path) }).identity
        let remover = DropRemover(checkpoint: { [folder] step in
            guard step == .setAside else { return }
            #expect(rename(folder("sub"), folder("moved")) == 0)
            symlink("/", folder("sub"))
        })
        let outcome = try await root.run { [hidden] files in
            remover.remove(path, hiddenName: hidden, identity: identity, in: files)
        }
        #expect(outcome == .removed)
        #expect(!folder.exists("moved/a.pdf") && !folder.exists("moved/.ingestd-taken-1"))
    }

    @Test func `a drop that a writer has opened by its name gets that back`() async throws {
        let identity = try await identity()
        let remover = DropRemover()
        let outcome = try await root.run { [path, hidden] files in
            remover.remove(
                path, hiddenName: hidden, identity: identity, isWriterWaiting: { true }, in: files)
        }
        #expect(outcome == .newerReturned(path))
        #expect(try await content("a.pdf") == "read")
        #expect(!folder.exists(".ingestd-taken-1"))
    }

    @Test func `a newer file that came after the name was set aside is not touched`() async throws {
        let outcome = try await remove(try await identity(), at: .setAside) { [folder] in
            #expect(throws: Never.self) { try folder.write("a.pdf", "newer") }
        }
        #expect(outcome == .removed)
        #expect(try await content("a.pdf") == "newer")
    }

    @Test func `a removal that stopped after setting aside is finished`() async throws {
        let identity = try await identity()
        #expect(rename(folder("a.pdf"), folder(".ingestd-taken-1")) == 0)
        try folder.write("a.pdf", "newer")
        #expect(try await finish(identity) == .removed)
        #expect(try await content("a.pdf") == "newer")
        #expect(try await finish(identity) == .alreadyGone)
    }

    @Test func `a newer file found set aside after a crash gets its name back`() async throws {
        let identity = try await identity()
        unlink(folder("a.pdf"))
        try folder.write(".ingestd-taken-1", "newer")
        #expect(try await finish(identity) == .newerReturned(path))
        #expect(try await content("a.pdf") == "newer")
    }

    @Test func `a removal that never began is begun`() async throws {
        #expect(try await finish(try await identity()) == .removed)
        #expect(!folder.exists("a.pdf"))
    }

    @Test(.enabled(if: geteuid() == 0))
    func `a name that cannot go is a failure, and stays`() async throws {
        let identity = try await identity()
        mkdir(folder("closed"), 0o755)
        chown(folder.path, 65_501, 65_501)
        #expect(rename(folder("a.pdf"), folder("closed/a.pdf")) == 0)
        let theirs = try await InboxRoot.open(folder.path, threads: OwnerThreads())
        let path = BeneathPath([FileName(literal: "closed"), FileName(literal: "a.pdf")])
        let outcome = try await theirs.run { [hidden] files in
            DropRemover().remove(path, hiddenName: hidden, identity: identity, in: files)
        }
        guard case .failed(let error) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(error.errno == .permissionDenied)
        #expect(folder.exists("closed/a.pdf"))
    }
}

extension DropRemover {
    /// Removes one name.
    fileprivate func remove(
        _ path: BeneathPath, hiddenName: FileName, identity: DropIdentity,
        mayHaveBegun: Bool = false, isWriterWaiting: @escaping @Sendable () -> Bool = { false },
        in files: InboxFiles
    ) -> RemovalOutcome {
        let removal = Removal(
            path: path, hiddenName: hiddenName, identity: identity, mayHaveBegun: mayHaveBegun,
            isWriterWaiting: isWriterWaiting)
        return remove([removal], in: files)[0]
    }
}
