import Foundation
import Glibc
import Rules
import Testing

/// The same asked for on the command line.
@Suite(.serialized, .timeLimit(.minutes(5))) struct RequestCommandTests {
    let scene: FlowScene

    init() throws { scene = try FlowScene() }

    private func run(
        _ arguments: [String], as uid: uid_t? = nil
    ) async throws -> (RunningProgram.End, String) {
        guard let uid, geteuid() == 0 else {
            return try await RunningProgram.run("ingestd", arguments)
        }
        let program = RunningProgram.builtPrograms.appending(path: "ingestd").path
        return try await RunningProgram.run(
            "/usr/bin/setpriv",
            ["--reuid", "\(uid)", "--regid", "\(uid)", "--clear-groups", program] + arguments)
    }

    private func started() async throws -> DaemonProcess {
        let daemon = try await scene.start()
        try scene.drop("pdf/english.pdf", as: "a.pdf")
        try await daemon.ended(["a.pdf"])
        return daemon
    }

    @Test(.enabled(if: geteuid() == 0, "an operator is somebody else than the owner"))
    func `an operator asks through the state directory`() async throws {
        let daemon = try await started()
        let (end, output) = try await run(
            ["thumbnail", "--page", "2", "--config", scene.config, scene("a.pdf")])
        #expect(end == .exited(0), "\(output)")
        #expect(output.contains("thumbnail-2 asked for"))
        #expect(!output.contains("no daemon runs"))
        try await daemon.line(.requestAccepted, "a.pdf.thumbnail-2")
        try await daemon.line(.documentCompleted, "a.pdf", count: 2)
        try await daemon.stop()
        let left = try FileManager.default.contentsOfDirectory(atPath: scene.state + "/requests")
        #expect(left == [])
        #expect(!scene.exists("a.pdf.thumbnail-2"))
    }

    @Test(.enabled(if: geteuid() == 0, "an operator is somebody else than the owner"))
    func `what an operator asks while no daemon runs is done at the next start`() async throws {
        try await started().stop()
        let (end, output) = try await run(
            ["refresh", "--config", scene.config, "--json", scene("a.pdf")])
        #expect(end == .exited(0), "\(output)")
        #expect(output.contains("\"daemon_runs\":false"), "\(output)")
        let daemon = try await scene.start()
        try await daemon.line(.documentCompleted, "a.pdf")
        try await daemon.stop()
        #expect(daemon.lines(.stageStarted).count == 3)
    }

    @Test(.enabled(if: geteuid() == 0, "an operator is somebody else than the owner"))
    func `about what was never taken an operator cannot ask`() async throws {
        try await started().stop()
        let (end, output) = try await run(["retry", "--config", scene.config, scene("b.pdf")])
        #expect(end == .exited(66), "\(output)")
        #expect(output.contains("was never taken"))
    }

    @Test func `an owner asks in the inbox`() async throws {
        let daemon = try await started()
        // The config of another's is closed to them: the inbox is known by its status file.
        let (end, output) = try await run(["refresh", scene("a.pdf")], as: FlowScene.uid)
        #expect(end == .exited(0), "\(output)")
        try await daemon.line(.documentCompleted, "a.pdf", count: 2)
        try await daemon.stop()
        #expect(!scene.exists("a.pdf.refresh"))
    }

    @Test func `what cannot be asked is said`() async throws {
        try await started().stop()
        let arguments = ["--config", scene.config]
        for (path, code) in [("/nowhere/a.pdf", 66), (scene("a.txt"), 65)] as [(String, Int32)] {
            let (end, output) = try await run(["retry"] + arguments + [path])
            #expect(end == .exited(code), "\(path): \(output)")
        }
        let (end, _) = try await run(["thumbnail", "--page", "0"] + arguments + [scene("a.pdf")])
        #expect(end == .exited(64))
    }

    @Test func `nonsense in the folder of requests is logged and removed`() async throws {
        let daemon = try await started()
        let path = scene.state + "/requests/nonsense"
        try "retry everything".write(toFile: path, atomically: true, encoding: .utf8)
        try await daemon.line(.requestIgnored, path)
        try await daemon.stop()
        #expect(access(path, F_OK) != 0)
    }

    private var requests: String { scene.state + "/requests" }

    private func bytes(_ verb: Request.Verb, about name: String) -> Data {
        Data(
            OperatorRequest(
                verb: verb, inbox: Array(scene.inbox.utf8),
                target: BeneathPath([FileName(literal: name)])
            ).bytes)
    }

    private func leave(_ bytes: Data, as name: String) throws {
        try bytes.write(to: URL(filePath: requests + "/" + name))
        FlowScene.awaitUnwritten(requests + "/" + name)
    }

    @Test func `what is odd among the requests keeps nothing behind it waiting`() async throws {
        try await started().stop()
        try FileManager.default.createDirectory(
            atPath: requests + "/0 folder", withIntermediateDirectories: false)
        symlink("nowhere", requests + "/0 link")
        mkfifo(requests + "/0 pipe", 0o600)
        try leave(Data("nonsense".utf8), as: "0 nonsense")
        try leave(Data(count: 1 << 20), as: "0 large")
        try leave(Data(), as: "0 empty")
        // The same name to people, and not to the kernel.
        for name in ["0 \u{e9}", "0 e\u{301}"] {
            try leave(bytes(.retry, about: "none.pdf"), as: name)
        }
        let long = String(repeating: "x", count: 251) + ".pdf"
        try leave(bytes(.retry, about: long), as: "0 long")
        try leave(bytes(.thumbnail(page: 2), about: "a.pdf"), as: "9.tmp")
        let daemon = try await scene.start()
        try await daemon.line(.requestAccepted, "a.pdf.thumbnail-2")
        try await daemon.line(.documentCompleted, "a.pdf")
        for name in ["folder", "link", "pipe", "nonsense", "large", "empty"] {
            try await daemon.line(.requestIgnored, requests + "/0 " + name)
        }
        try await daemon.line(.requestIgnored, "none.pdf.retry", count: 2)
        try await daemon.line(.requestIgnored, long + ".retry")
        // What stays is told of once.
        try leave(bytes(.retry, about: "more.pdf"), as: "more.status.json")
        try await daemon.line(.requestIgnored, "more.pdf.retry")
        try await daemon.stop()
        #expect(daemon.lines(.requestIgnored).count == 10)
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: requests).sorted()
                == ["0 empty", "0 folder", "0 link", "0 pipe"])
    }

    @Test func `a request that is written in place is read when it is whole`() async throws {
        let daemon = try await started()
        let bytes = Array(bytes(.thumbnail(page: 2), about: "a.pdf"))
        let path = requests + "/by hand"
        let file = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0o600)
        #expect(write(file, bytes, 30) == 30)
        // Looked at later, and so decided later.
        try leave(Data("nonsense".utf8), as: "nonsense")
        try await daemon.line(.requestIgnored, requests + "/nonsense")
        #expect(access(path, F_OK) == 0)
        #expect(write(file, Array(bytes[30...]), bytes.count - 30) == bytes.count - 30)
        close(file)
        try await daemon.line(.requestAccepted, "a.pdf.thumbnail-2")
        try await daemon.line(.documentCompleted, "a.pdf", count: 2)
        try await daemon.stop()
        #expect(access(path, F_OK) != 0)
        #expect(daemon.lines(.requestIgnored).count == 1)
    }

    @Test func `all that operators ask has its turn, and once`() async throws {
        let count = 2100
        try await started().stop()
        for number in 0..<count {
            try leave(bytes(.retry, about: "none-\(number).pdf"), as: "\(1_000_000 + number)")
        }
        try leave(bytes(.refresh, about: "a.pdf"), as: "9")
        let daemon = try await scene.start()
        try await daemon.line(.documentCompleted, "a.pdf")
        try await daemon.stop()
        let ignored = daemon.lines(.requestIgnored).compactMap { $0["path"] }
        #expect(ignored.count == count)
        #expect(Set(ignored).count == count)
        #expect(daemon.lines(.requestAccepted).count == 1)
        // In the order of the names of their files, though there was no room for all at once.
        #expect(ignored == (0..<count).map { "none-\($0).pdf.retry" })
        #expect(try FileManager.default.contentsOfDirectory(atPath: requests) == [])
    }

    @Test(.enabled(if: geteuid() == 0, "only root makes files immutable"))
    func `a request whose file cannot be removed is carried out once`() async throws {
        try await started().stop()
        try leave(bytes(.thumbnail(page: 2), about: "a.pdf"), as: "1")
        let (end, output) = try await RunningProgram.run(
            "/usr/bin/chattr", ["+i", requests + "/1"])
        try #require(end == .exited(0), "\(output)")
        let daemon = try await scene.start()
        let line = try await daemon.line(.requestIgnored, "a.pdf.thumbnail-2")
        #expect(line["reason"] == "it is carried out, and its file cannot be removed")
        try await daemon.line(.documentCompleted, "a.pdf")
        try leave(bytes(.retry, about: "none.pdf"), as: "2")
        try await daemon.line(.requestIgnored, "none.pdf.retry")
        _ = try await RunningProgram.run("/usr/bin/chattr", ["-i", requests + "/1"])
        try leave(bytes(.retry, about: "more.pdf"), as: "3")
        try await daemon.line(.requestIgnored, "more.pdf.retry")
        try await daemon.stop()
        #expect(daemon.lines(.requestAccepted).count == 1)
        #expect(daemon.lines(.requestIgnored).count == 3)
        #expect(try FileManager.default.contentsOfDirectory(atPath: requests) == [])
    }
}
