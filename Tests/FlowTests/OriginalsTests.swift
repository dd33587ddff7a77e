import Foundation
import Rules
import Testing

/// The original among the results: blocks shared with the store or copied, but never its inode.
@Suite(.serialized, .timeLimit(.minutes(5))) struct OriginalsTests {
    /// More than a file system keeps beside its records.
    private static let padding = Data(repeating: 10, count: 1 << 20)

    private func pdf() throws -> Data {
        try Data(contentsOf: FlowScene.fixture("pdf/english.pdf")) + Self.padding
    }

    private func run(_ words: [String]) async throws -> String {
        let program = try RunningProgram(path: words[0], Array(words.dropFirst()))
        let end = try await program.ended()
        let output = program.lines.map(\.text).joined(separator: "\n")
        #expect(end == .exited(0), "\(words): \(output)")
        return output
    }

    /// The one blob of the bytes.
    private func blob(_ scene: FlowScene, size: Int) throws -> String {
        let blobs = scene.state + "/blobs"
        let found = try FileManager.default.subpathsOfDirectory(atPath: blobs).first { path in
            var facts = stat()
            return lstat(blobs + "/" + path, &facts) == 0 && facts.st_size == size
                && facts.st_mode & S_IFMT == S_IFREG
        }
        return blobs + "/" + (try #require(found))
    }

    /// Both are files of their own, and what is written into one is not seen in the other.
    private func expectApart(_ original: String, _ blob: String, _ scene: FlowScene) async throws {
        var (ours, theirs) = (stat(), stat())
        #expect(lstat(blob, &ours) == 0 && lstat(original, &theirs) == 0)
        #expect(ours.st_ino != theirs.st_ino || ours.st_dev != theirs.st_dev)
        #expect(ours.st_nlink == 1 && theirs.st_nlink == 1)
        #expect(theirs.st_uid == FlowScene.uid)
        let file = open(original, O_WRONLY)
        #expect(pwrite(file, "spoilt", 6, 100) == 6)
        close(file)
        try await scene.expectClean()
    }

    @Test func `an original is a file of its own`() async throws {
        let scene = try FlowScene()
        let bytes = try pdf()
        try scene.drop(bytes, as: "a.pdf")
        try await scene.runOnce()
        #expect(try scene.bytes("a.pdf.results/original.pdf") == bytes)
        try await expectApart(
            scene("a.pdf.results/original.pdf"), try blob(scene, size: bytes.count), scene)
    }

    @Test(
        .enabled(
            if: geteuid() == 0 && access("/usr/sbin/mkfs.xfs", X_OK) == 0
                && access("/dev/loop-control", F_OK) == 0,
            "a file system that shares blocks must be mounted"))
    func `an original shares its blocks with the store where the file system can`() async throws {
        let scene = try FlowScene()
        let image = scene.folder + "/disk"
        #expect(FileManager.default.createFile(atPath: image, contents: nil))
        truncate(image, 320 << 20)
        _ = try await run(["/usr/sbin/mkfs.xfs", "-q", "-f", image])
        let disk = scene.folder + "/mounted"
        mkdir(disk, 0o755)
        _ = try await run(["/usr/bin/mount", "-o", "loop,nouuid", image, disk])
        do {
            for name in ["inbox", "out", "state"] { mkdir(disk + "/" + name, 0o755) }
            for name in ["inbox", "out"] {
                chown(disk + "/" + name, FlowScene.uid, FlowScene.uid)
            }
            let text = """
                state: \(disk)/state
                inboxes:
                  - {path: '\(disk)/inbox', results: '\(disk)/out', settle: 50ms,
                     settle_without_proof: 50ms}
                """
            try text.write(toFile: scene.config, atomically: true, encoding: .utf8)
            let bytes = try pdf()
            try scene.put(bytes, at: disk + "/inbox/a.pdf")
            let program = RunningProgram.builtPrograms.appending(path: "ingestd").path
            _ = try await run([program, "run", "--once", "--config", scene.config])
            let original = disk + "/out/a.pdf.results/original.pdf"
            #expect(try Data(contentsOf: URL(filePath: original)) == bytes)
            var facts = stat()
            #expect(lstat(original, &facts) == 0)
            #expect(facts.st_nlink == 1)
            let extents = try await run(["/usr/sbin/filefrag", "-v", original])
            #expect(extents.contains("shared"), "\(extents)")
            let file = open(original, O_WRONLY)
            #expect(pwrite(file, "spoilt", 6, 100) == 6)
            close(file)
            _ = try await run([program, "fsck", "--state", disk + "/state"])
        } catch {
            _ = try await run(["/usr/bin/umount", "-l", disk])
            throw error
        }
        _ = try await run(["/usr/bin/umount", "-l", disk])
    }

    @Test func `results without originals get one by a request, failed documents' too`()
        async throws
    {
        let scene = try FlowScene()
        try scene.drop("pdf/corrupt.pdf", as: "bad.pdf")
        try scene.drop("csv/participants-cp949.csv", as: "t.csv")
        try await scene.runOnce(inbox: "originals: none")
        #expect(try scene.status("bad.pdf").state == "failed")
        #expect(!scene.exists("bad.pdf.results/original.pdf"))
        #expect(!scene.exists("t.csv.results/original.csv"))
        #expect(scene.exists("t.csv.results/import.json"))
        for name in ["bad.pdf", "t.csv"] { try scene.drop(Data(), as: name + ".restore") }
        try await scene.runOnce(inbox: "originals: none")
        let bad = try Data(contentsOf: FlowScene.fixture("pdf/corrupt.pdf"))
        #expect(try scene.bytes("bad.pdf.results/original.pdf") == bad)
        let table = try Data(contentsOf: FlowScene.fixture("csv/participants-cp949.csv"))
        #expect(try scene.bytes("t.csv.results/original.csv") == table)
        #expect(try scene.status("t.csv").files.keys.contains("original.csv"))
        try await scene.expectClean()
    }
}
