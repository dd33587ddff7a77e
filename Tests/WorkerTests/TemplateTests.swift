import CLinux
import Glibc
import Rules
import Testing
import WorkerProtocol

/// The process that workers are forked from.
@Suite(.timeLimit(.minutes(5))) struct TemplateTests {
    private static let text = StageRequest.text(pageLimit: 20_000, byteLimit: 64 << 20)
    private static let noNamespaces = ["ConfinementProbe", "without-namespaces"]
    /// Becomes an ordinary user, before the worker starts.
    private static let ordinary = [
        "/usr/bin/setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups",
    ]

    @Test(.enabled(if: geteuid() == 0))
    func `a template has one thread, nobody's descriptors, and namespaces of its own`()
        async throws
    {
        let worker = try WorkerConversation(file: fixture("english.pdf"))
        #expect(try worker.ask(Self.text).last == .finished(.text(characters: 73)))
        let template = try parent(of: worker.processID)
        #expect(try field("Threads", of: template) == "1")
        // It hands its child's descriptors on, and then closes its own.
        while try descriptors(of: template) != ["0", "1", "2"], !Task.isCancelled {
            await Task.yield()
        }
        #expect(try descriptors(of: template) == ["0", "1", "2"])
        #expect(try descriptors(of: worker.processID) == ["0", "1", "2"])
        #expect(try field("NSpid", of: template).hasSuffix("\t1"))
        for kind in ["net", "ipc", "uts", "pid"] {
            let own = try namespace(kind, of: getpid())
            #expect(try namespace(kind, of: worker.processID) != own, "\(kind)")
            #expect(try namespace(kind, of: template) != own, "\(kind)")
        }
        // A copy of the mounts would keep file systems busy.
        #expect(try namespace("mnt", of: template) == namespace("mnt", of: getpid()))
        #expect(try worker.finish() == .exited(0))
        #expect(worker.program.logText() == "")
    }

    @Test func `children follow each other, each with the descriptors of its own order`() throws {
        let worker = try WorkerConversation(file: fixture("english.pdf"))
        #expect(try worker.ask(Self.text).last == .finished(.text(characters: 73)))
        worker.endRequests()
        #expect(try worker.end() == .exited(0))
        let next = try WorkerConversation(file: fixture("korean.pdf"), of: worker.program)
        #expect(next.processID != worker.processID)
        #expect(try next.ask(Self.text).last != .finished(.text(characters: 73)))
        #expect(try next.finish() == .exited(0))
    }

    @Test func `without namespaces all else holds, and it is said`() throws {
        let worker = try WorkerConversation(
            file: fixture("english.pdf"), through: Self.noNamespaces)
        #expect(try worker.ask(Self.text).last == .finished(.text(characters: 73)))
        #expect(try field("Seccomp", of: worker.processID) == "2")
        #expect(try worker.finish() == .exited(0))
        #expect(worker.program.logText() == "namespaces not allowed\n")
    }

    @Test(.enabled(if: geteuid() == 0))
    func `an ordinary user's worker is confined as that user`() throws {
        let worker = try WorkerConversation(
            file: fixture("english.pdf"), through: Self.ordinary, isOrdinary: true)
        #expect(try worker.ask(Self.text).last == .finished(.text(characters: 73)))
        #expect(try field("Uid", of: worker.processID) == "65534\t65534\t65534\t65534")
        #expect(try field("CapEff", of: worker.processID) == "0000000000000000")
        #expect(try field("Seccomp", of: worker.processID) == "2")
        #expect(try worker.finish() == .exited(0))
        // Whether ordinary users may have namespaces is the system's to say.
        let words = worker.program.logText()
        #expect(words.isEmpty || words == "namespaces not allowed\n", "\(words)")
    }

    @Test(arguments: [[], noNamespaces])
    func `a template that is killed takes its child along`(wrapper: [String]) throws {
        let worker = try WorkerConversation(file: fixture("english.pdf"), through: wrapper)
        kill(try parent(of: worker.processID), SIGKILL)
        worker.awaitDeath()
        // Its keeper tells as a shell does, where there is one.
        let end = worker.program.end()
        #expect([.killed(signal: SIGKILL), .exited(128 + SIGKILL)].contains(end))
    }

    @Test func `whoever keeps a template is followed by it and its child`() throws {
        let worker = try WorkerConversation(file: fixture("english.pdf"))
        kill(worker.program.processID, SIGKILL)
        #expect(worker.program.end() == .killed(signal: SIGKILL))
        worker.awaitDeath()
    }

    @Test(
        arguments: [
            [], [99], [1, 0], [2],
            // An order for a child, without its descriptors.
            TemplateOrder.fork(
                ChildLimits(memory: .mebibytes(1), cpuSeconds: 1, softSeconds: 1)
            ).encoded(),
        ] as [[UInt8]])
    func `an order that is none ends the template`(message: [UInt8]) throws {
        let identity = geteuid() == 0 ? ["--uid", "65534", "--gid", "65534"] : []
        let program = try SpawnedProgram("ingest-worker", arguments: identity)
        #expect(send(program.channel, message, message.count, 0) == message.count)
        // A message without bytes is like the end of all orders.
        #expect(program.end() == .exited(message.isEmpty ? 0 : 64))
    }

    private func parent(of process: pid_t) throws -> pid_t {
        try #require(pid_t(try field("PPid", of: process)))
    }

    private func field(_ name: String, of process: pid_t) throws -> String {
        let lines = try SpawnedProgram.processFile("status", of: process).split(separator: "\n")
        let line = try #require(lines.first { $0.hasPrefix(name + ":\t") })
        return String(line.dropFirst(name.count + 2))
    }

    private func namespace(_ kind: String, of process: pid_t) throws -> String {
        var buffer = [CChar](repeating: 0, count: 256)
        let count = readlink("/proc/\(process)/ns/\(kind)", &buffer, buffer.count)
        try #require(count > 0)
        return String(decoding: buffer.prefix(count).map(UInt8.init), as: UTF8.self)
    }

    private func descriptors(of process: pid_t) throws -> [String] {
        let folder = try #require(opendir("/proc/\(process)/fd"))
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if !name.hasPrefix(".") { names.append(name) }
        }
        return names.sorted()
    }
}
