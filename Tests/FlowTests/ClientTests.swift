import Foundation
import Rules
import Testing

/// Every way of publishing that needs no server: whatever the program, one document with all of it.
@Suite(.serialized, .timeLimit(.minutes(5))) struct ClientTests {
    @Test(arguments: Client.all)
    func `what a client publishes becomes one document, whole`(client: Client) async throws {
        let desk = try await ClientDesk()
        try await client.publish(desk)
        for name in client.names {
            try await desk.daemon.line(.documentCompleted, name)
        }
        try await desk.daemon.stop()
        let claimed = desk.daemon.lines(.dropClaimed)
        #expect(claimed.compactMap { $0["path"] }.sorted() == client.names.sorted())
        for name in client.names {
            #expect(try desk.scene.bytes("\(name).results/original.csv") == desk.content)
            #expect(try desk.scene.status(name)["admitted_by"] == "lease")
        }
        let left = try desk.scene.allPaths().filter { !$0.contains(".results") }
        let strays = left.filter { $0.hasSuffix(".csv") || $0.contains("crdownload") }
        #expect(strays.isEmpty)
    }

    @Test func `a file that a server keeps open is taken where the inbox says so`() async throws {
        let desk = try await ClientDesk(inbox: "open_writer_timeout: 1s")
        let file = try desk.openFile(desk.path)
        try file.write(contentsOf: desk.content)
        let line = try await desk.daemon.line(.openDropTaken, "a.csv")
        #expect(line["level"] == "warning")
        try await desk.daemon.ended(["a.csv"])
        try await desk.daemon.stop()
        try file.close()
        let status = try desk.scene.status("a.csv")
        #expect(status.state == "completed_with_warnings")
        #expect(status["admitted_by"] == "settle")
        #expect(status.warnings.contains { $0.hasPrefix("A program still had this file open") })
        #expect(try desk.scene.bytes("a.csv.results/original.csv") == desk.content)
    }
}

/// A way in which a program publishes a file, as `a.csv` where nothing else is said.
struct Client: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let names: [String]
    let publish: @Sendable (ClientDesk) async throws -> Void

    init(
        _ name: String, names: [String] = ["a.csv"],
        publish: @escaping @Sendable (ClientDesk) async throws -> Void
    ) {
        testDescription = name
        self.names = names
        self.publish = publish
    }

    static let all = programs + writers

    /// Programs of a Debian system.
    private static let programs = [
        Client("cp") { try await $0.run("cp", $0.source, $0.path) },
        Client("cp -p, times of 1970") { desk in
            try await desk.run("touch", "-d", "1970-01-01", desk.source)
            try await desk.run("cp", "-p", desk.source, desk.path)
        },
        Client("cp, times of 2099") { desk in
            try await desk.run("touch", "-d", "2099-12-31", desk.source)
            try await desk.run("cp", "-p", desk.source, desk.path)
        },
        Client("mv on the file system") { try await $0.run("mv", $0.source, $0.path) },
        Client("mv from another file system") { desk in
            let elsewhere = "/dev/shm/\(UUID().uuidString).csv"
            try await desk.run("cp", desk.source, elsewhere)
            try await desk.run("mv", elsewhere, desk.path)
        },
        Client("mv of a directory", names: ["moved/a.csv", "moved/b/c.csv"]) { desk in
            let folder = desk.aside("moved")
            try await desk.run("mkdir", "-p", folder + "/b")
            try await desk.run("cp", desk.source, folder + "/a.csv")
            try await desk.run("cp", desk.source, folder + "/b/c.csv")
            try await desk.run("mv", folder, desk.scene.inbox)
        },
        Client("mkdir -p with files", names: ["a/1.csv", "a/b/2.csv", "a/b/c/3.csv"]) { desk in
            let script = """
                mkdir -p a/b/c; cp "$1" a/1.csv; cp "$1" a/b/2.csv; cp "$1" a/b/c/3.csv
                """
            try await desk.run(
                "sh", "-ec", "cd \"$0\"; " + script, desk.scene.inbox, desk.source)
        },
        Client("install -D", names: ["new/a.csv"]) { desk in
            try await desk.run("install", "-D", "-m", "600", desk.source, desk.scene("new/a.csv"))
        },
        Client("tar", names: ["source.csv"]) { desk in
            let archive = desk.aside("a.tar")
            try await desk.run("tar", "-C", desk.aside(""), "-cf", archive, "source.csv")
            try await desk.run("tar", "-C", desk.scene.inbox, "-xf", archive)
        },
        Client("unzip", names: ["source.csv"]) { desk in
            let archive = desk.aside("a.zip")
            try await desk.run("zip", "-q", "-j", archive, desk.source)
            try await desk.run("unzip", "-q", archive, "-d", desk.scene.inbox)
        },
        Client("vim, a new file") { desk in
            try await desk.vim(desk.path, "r \(desk.source)", "wq")
        },
        Client("vim, a file not taken yet") { desk in
            try await desk.mending { path, last in
                try await desk.vim(path, "$r \(last)", "wq")
            }
        },
        Client("sed -i") { desk in
            try await desk.mending { path, last in
                try await desk.run("sed", "-i", "$r \(last)", path)
            }
        },
        Client("a program that reopens and appends") { desk in
            try await desk.mending { path, last in
                try await desk.run("sh", "-ec", "cat \"$0\" >>\"$1\"", last, path)
            }
        },
    ]

    /// Ways of writing that no everyday program shows at will.
    private static let writers = [
        Client("browser: empty file, then a rename over it") { desk in
            try desk.openFile(desk.path).close()
            try await desk.daemon.line(.dropNoticed, "a.csv")
            let file = try desk.openFile(desk.path + ".crdownload")
            try file.write(contentsOf: desk.content)
            try file.close()
            rename(desk.path + ".crdownload", desk.path)
        },
        Client("O_TMPFILE and link") { desk in
            // O_TMPFILE, which Glibc shows only to those who ask for GNU's extensions.
            let unnamed = 0o20_000_000 | O_DIRECTORY | O_WRONLY | O_CLOEXEC
            let file = try desk.openFile(desk.scene.inbox, unnamed)
            try file.write(contentsOf: desk.content)
            let unnamedPath = "/proc/self/fd/\(file.fileDescriptor)"
            #expect(linkat(AT_FDCWD, unnamedPath, AT_FDCWD, desk.path, AT_SYMLINK_FOLLOW) == 0)
            try file.close()
        },
        Client("link and unlink, as SFTP servers rename") { desk in
            let path = desk.path + ".filepart"
            let file = try desk.openFile(path)
            try file.write(contentsOf: desk.content)
            try file.close()
            link(path, desk.path)
            try await desk.daemon.line(.dropNoticed, "a.csv")
            unlink(path)
        },
        Client("a writer through mmap, its descriptor closed") { desk in
            let length = desk.content.count
            let file = try desk.openFile(desk.path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC)
            try file.truncate(atOffset: UInt64(length))
            let place = mmap(
                nil, length, PROT_READ | PROT_WRITE, MAP_SHARED, file.fileDescriptor, 0)
            let memory = UnsafeMutableRawBufferPointer(start: place, count: length)
            try file.close()
            memory.copyBytes(from: desk.halves.0)
            try await desk.isHeldOff()
            memory.copyBytes(from: desk.content)
            munmap(memory.baseAddress, length)
        },
        Client("a writer through a hard link elsewhere") { desk in
            let other = desk.aside("other")
            let file = try desk.openFile(other)
            try file.write(contentsOf: desk.halves.0)
            link(other, desk.path)
            try await desk.daemon.line(.dropNoticed, "a.csv") {
                $0["reason"]?.contains("hard link") == true
            }
            try file.write(contentsOf: desk.halves.1)
            try file.close()
            unlink(other)
        },
        Client("an upload that stalls, its file open") { desk in
            let file = try desk.openFile(desk.path)
            try await desk.daemon.line(.dropNoticed, "a.csv")
            try file.write(contentsOf: desk.halves.0)
            try await desk.isHeldOff()
            try file.write(contentsOf: desk.halves.1)
            try file.close()
        },
        Client("two writers") { desk in
            let second = try desk.openFile(desk.path)
            let first = try desk.openFile(desk.path, O_WRONLY | O_CLOEXEC)
            try first.write(contentsOf: desk.halves.0)
            try first.close()
            try await desk.isHeldOff()
            try second.seek(toOffset: UInt64(desk.halves.0.count))
            try second.write(contentsOf: desk.halves.1)
            try second.close()
        },
        Client("renamed in while still written") { desk in
            let file = try desk.openFile(desk.aside("renamed"))
            try file.write(contentsOf: desk.halves.0)
            rename(desk.aside("renamed"), desk.path)
            try await desk.isHeldOff()
            try file.write(contentsOf: desk.halves.1)
            try file.close()
        },
    ]
}

/// A scene with its daemon at work, and a table of the account's beside the inbox.
struct ClientDesk: Sendable {
    let scene: FlowScene
    let daemon: DaemonProcess
    let content: Data

    /// Where it must appear, unless the client says otherwise.
    var path: String { scene("a.csv") }
    /// The table to publish.
    var source: String { aside("source.csv") }
    /// The table in two parts.
    var halves: (Data, Data) {
        (content.prefix(content.count / 2), content.suffix(from: content.count / 2))
    }

    init(inbox: String = "") async throws {
        scene = try FlowScene()
        let names =
            (0..<500).map { "Person \($0),person\($0)@example.org" } + ["Zoe,zoe@example.org"]
        content = Data((["name,email"] + names).map { $0 + "\n" }.joined().utf8)
        try scene.makeInbox("aside")
        try scene.put(content, at: scene.folder + "/aside/source.csv")
        daemon = try await scene.start(inbox: inbox)
    }

    /// A path outside the inbox, on its file system.
    func aside(_ name: String) -> String { scene.folder + "/aside/" + name }

    /// Runs a program as the account; it must end well.
    func run(_ words: String..., more: [String] = []) async throws {
        let identity =
            geteuid() == 0 ? ["setpriv", "--reuid=\(FlowScene.uid)", "--clear-groups"] : []
        let program = try RunningProgram(path: "/usr/bin/env", identity + words + more)
        let end = try await program.ended()
        #expect(end == .exited(0), "\(words): \(program.lines.map(\.text))")
    }

    /// Edits a file without a screen.
    func vim(_ path: String, _ commands: String...) async throws {
        let options = ["-u", "NONE", "-i", "NONE", "-es", path] + commands.flatMap { ["-c", $0] }
        try await run("sh", "-c", "exec vim.tiny \"$@\"", "sh", more: options)
    }

    /// Drops the table without its last line, and lets somebody mend that before it is taken.
    func mending(_ mend: (_ path: String, _ lastLine: String) async throws -> Void) async throws {
        let last = Data("Zoe,zoe@example.org\n".utf8)
        try scene.put(last, at: aside("last"))
        try scene.put(content.dropLast(last.count), at: aside("begun.csv"))
        // However long the test's programs take to start, the daemon must wait for this writer.
        let writer = try openFile(aside("begun.csv"), O_WRONLY | O_CLOEXEC)
        try await run("mv", aside("begun.csv"), path)
        try await mend(path, aside("last"))
        try writer.close()
    }

    /// Opens a file as one of the account's.
    func openFile(
        _ path: String, _ flags: Int32 = O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC
    ) throws -> FileHandle {
        let descriptor = open(path, flags, 0o644)
        guard descriptor >= 0 else { throw POSIXError(.EIO) }
        fchown(descriptor, FlowScene.uid, FlowScene.uid)
        return FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    }

    /// Returns once the daemon has said that somebody still writes the file.
    func isHeldOff() async throws {
        try await daemon.line(.dropWaiting, "a.csv") {
            $0["reason"]?.contains("still writes") == true
        }
    }
}
