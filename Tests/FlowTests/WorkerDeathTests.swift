import Foundation
import Rules
import Testing

/// A worker that dies takes its own document along, and no other.
@Suite(.serialized, .timeLimit(.minutes(2))) struct WorkerDeathTests {
    let scene: FlowScene

    init() throws { scene = try FlowScene() }

    /// A program that ends by a signal over a document with the word, and else is the real worker.
    private func makeMortalWorker() throws -> String {
        let path = scene.folder + "/mortal-worker"
        let worker = RunningProgram.builtPrograms.appending(path: "ingest-worker").path
        let mortal = RunningProgram.builtPrograms.appending(path: "MisbehavingWorker").path
        let script = """
            #!/bin/sh
            exec '\(mortal)' diesOfContent '\(worker)' "$@"

            """
        try script.write(toFile: path, atomically: false, encoding: .utf8)
        FlowScene.awaitUnwritten(path)
        chmod(path, 0o755)
        return path
    }

    @Test func `a document that kills its worker fails after two attempts, and harms no other`()
        async throws
    {
        let program = try makeMortalWorker()
        let daemon = try await scene.start(settings: "workers: {count: 2, program: \(program)}")
        var names = ["deadly.pdf"]
        try scene.drop(Data("%PDF-1.7 deadly".utf8), as: "deadly.pdf")
        // A worker that has served another would take it: this program looks at its first alone.
        try await daemon.ended(names)
        for number in 1...6 {
            names.append("\(number).pdf")
            try scene.drop("pdf/english.pdf", as: "\(number).pdf")
        }
        try await daemon.ended(names)
        try await daemon.stop()

        let status = try scene.status("deadly.pdf")
        #expect(status.state == "failed")
        #expect(status.code == "worker_crashed")
        #expect(status.number("attempt") == 2)
        #expect(status.number("max_attempts") == 2)
        #expect(status.stage("info")["attempt"] as? Int == 2)
        #expect(try scene.names(in: "deadly.pdf.results") == ["original.pdf"])
        for name in names.dropFirst() {
            #expect(try scene.status(name).state == "completed", "\(name)")
            #expect(try scene.status(name).number("attempt") == 1, "\(name)")
        }
        try await scene.expectClean()
    }

    @Test func `what killed its workers is not tried again when it comes under another name`()
        async throws
    {
        let program = try makeMortalWorker()
        let daemon = try await scene.start(settings: "workers: {count: 2, program: \(program)}")
        let deadly = Data("%PDF-1.7 deadly".utf8)
        // All of one content: while the first is read the others wait for what it comes to.
        let names = (1...4).map { "\($0).pdf" }
        for name in names { try scene.drop(deadly, as: name) }
        try await daemon.ended(names)
        try scene.drop(deadly, as: "later.pdf")
        try await daemon.ended(["later.pdf"])
        try await daemon.stop()
        #expect(daemon.lines(.workerKilled).count == 2)
        for name in names + ["later.pdf"] {
            #expect(try scene.status(name).code == "worker_crashed", "\(name)")
            #expect(try scene.names(in: name + ".results") == ["original.pdf"])
        }
        try await scene.expectClean()
    }

    @Test func `a worker that cannot be had is said before anything is taken`() async throws {
        try scene.drop("pdf/english.pdf", as: "a.pdf")
        try scene.configure(settings: "workers: {program: /bin/false}")
        let daemon = try DaemonProcess(
            arguments: ["run", "--once", "--config", scene.folder + "/ingestd.yaml"])
        #expect(try await daemon.program.ended() != .exited(0))
        #expect(scene.exists("a.pdf"))
    }
}
