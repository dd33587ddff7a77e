import Glibc
import Inbox
import Rules
import TestSupport
import Testing

@testable import Intake

private let page = "%PDF-1.4\n%%EOF\n"

@Suite(.timeLimit(.minutes(5))) struct InboxIntakeTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    @Test func `what lay there before is found, below folders too`() async throws {
        run(
            "mkdir", "-p", folder("a/b/c"), folder(".trash"), folder("x.pdf"),
            folder("y.pdf.results"))
        for name in ["1.pdf", "a/2.pdf", "a/b/c/3.pdf", "x.pdf/4.pdf"] {
            try folder.write(name, page)
        }
        for name in [".trash/no.pdf", "y.pdf.results/original.pdf", "no.pdf.part", "~no.pdf"] {
            try folder.write(name, page)
        }
        try folder.write("1.pdf.status.json", "{}")
        try await IntakeHarness.running(IntakeHarness(folder)) { harness in
            #expect(await harness.take(4) == ["1.pdf", "a/2.pdf", "a/b/c/3.pdf", "x.pdf/4.pdf"])
            for name in ["1.pdf", "a/2.pdf", "a/b/c/3.pdf", "x.pdf/4.pdf"] {
                let path = try #require(BeneathPath(bytes: Array(name.utf8)))
                await harness.intake.ended(path, .refused(Refusal.special))
            }
            await harness.intake.whenDrained()
            #expect(await harness.intake.isDrained)
        }
    }

    enum Way: String, CaseIterable {
        case copy, renameIn, linkAndUnlink, unnamedAndLinked, deepFolder, movedFolder
    }

    @Test(arguments: Way.allCases)
    func `every way to publish a file is seen`(way: Way) async throws {
        let outside = try TemporaryFolder()
        try outside.write("source", page)
        let expected = try await IntakeHarness.running(IntakeHarness(folder)) { harness in
            var name = "new.pdf"
            switch way {
            case .copy: run("cp", outside("source"), folder(name))
            case .renameIn: #expect(rename(outside("source"), folder(name)) == 0)
            case .linkAndUnlink:
                try folder.write("upload.filepart", page)
                #expect(link(folder("upload.filepart"), folder(name)) == 0)
                unlink(folder("upload.filepart"))
            case .unnamedAndLinked:
                let file = Glibc.open(folder.path, O_WRONLY | 0o20200000 /* O_TMPFILE */, 0o644)
                #expect(write(file, page, page.utf8.count) == page.utf8.count)
                #expect(
                    linkat(
                        AT_FDCWD, "/proc/self/fd/\(file)", AT_FDCWD, folder(name), AT_SYMLINK_FOLLOW
                    )
                        == 0)
                close(file)
            case .deepFolder:
                name = "a/b/c/new.pdf"
                run("mkdir", "-p", folder("a/b/c"))
                try folder.write(name, page)
            case .movedFolder:
                name = "moved/inner/new.pdf"
                run("mkdir", "-p", outside("moved/inner"))
                try outside.write(name, page)
                #expect(rename(outside("moved"), folder("moved")) == 0)
            }
            #expect(await harness.take(1) == [name])
            return name
        }
        #expect(folder.exists(expected))
    }

    @Test func `a folder that moves takes its watches along`() async throws {
        run("mkdir", "-p", folder("old/inner"))
        try await IntakeHarness.running(IntakeHarness(folder)) { harness in
            #expect(rename(folder("old"), folder("new")) == 0)
            try folder.write("new/inner/1.pdf", page)
            #expect(await harness.take(1) == ["new/inner/1.pdf"])
            try folder.write("new/inner/2.pdf", page)
            #expect(await harness.take(1) == ["new/inner/2.pdf"])
        }
    }

    @Test func `a file is left alone while somebody writes it, and taken at the close`()
        async throws
    {
        let file = Glibc.open(folder("slow.pdf"), O_WRONLY | O_CREAT, 0o644)
        #expect(write(file, page, page.utf8.count) == page.utf8.count)
        try await IntakeHarness.running(IntakeHarness(folder)) { harness in
            await harness.waiting("slow.pdf", for: .stillWritten)
            await harness.intake.whenDrained()
            close(file)
            let drop = try #require(await harness.intake.nextReady())
            #expect(drop.proof == .lease)
            #expect(drop.kind == .pdf)
        }
    }

    @Test func `a mapping that can be written counts as a writer`() async throws {
        let file = Glibc.open(folder("mapped.pdf"), O_RDWR | O_CREAT, 0o644)
        #expect(write(file, page, page.utf8.count) == page.utf8.count)
        let memory = mmap(nil, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0)
        close(file)
        try await IntakeHarness.running(IntakeHarness(folder)) { harness in
            await harness.waiting("mapped.pdf", for: .stillWritten)
            munmap(memory, 4096)
            #expect(await harness.take(1) == ["mapped.pdf"])
        }
    }

    @Test func `what is no plain file is refused by its code`() async throws {
        symlink("/etc/hostname", folder("link.pdf"))
        mkfifo(folder("fifo.pdf"), 0o644)
        try folder.write("twice.pdf", page)
        link(folder("twice.pdf"), folder("again.tmp"))
        try folder.write("empty.pdf", "")
        try folder.write("page.pdf", "<html></html>")
        try folder.write("notes.txt", "text")
        try await IntakeHarness.running(IntakeHarness(folder)) { harness in
            #expect(await harness.refusal(of: "link.pdf").code == .linkRefused)
            #expect(await harness.refusal(of: "fifo.pdf").code == .notAFile)
            #expect(await harness.refusal(of: "twice.pdf").code == .linkRefused)
            #expect(await harness.refusal(of: "empty.pdf").code == .emptyFile)
            #expect(await harness.refusal(of: "page.pdf").code == .typeMismatch)
            #expect(await harness.refusal(of: "notes.txt").code == .unsupportedType)
            await harness.intake.whenDrained()
        }
    }

    @Test func `a refused file that is mended is taken`() async throws {
        try folder.write("empty.pdf", "")
        try folder.write("wrong.pdf", "text")
        try folder.write("twice.pdf", page)
        link(folder("twice.pdf"), folder("again.tmp"))
        try await IntakeHarness.running(IntakeHarness(folder)) { harness in
            for name in ["empty.pdf", "wrong.pdf", "twice.pdf"] {
                _ = await harness.refusal(of: name)
            }
            try folder.write("empty.pdf", page)
            try folder.write("wrong.pdf", page)
            unlink(folder("again.tmp"))
            // The name that went tells nothing of the one that stayed: that takes a change of its
            // own.
            chmod(folder("twice.pdf"), 0o600)
            #expect(await harness.take(3) == ["empty.pdf", "wrong.pdf", "twice.pdf"])
        }
    }

    @Test(.enabled(if: geteuid() == 0))
    func `a file its owner may not read is refused with what helps, and taken once it helped`()
        async throws
    {
        chown(folder.path, 65_501, 65_501)
        try folder.write("closed.pdf", page, mode: 0)
        chown(folder("closed.pdf"), 65_501, 65_501)
        try await IntakeHarness.running(IntakeHarness(folder)) { harness in
            let failure = await harness.refusal(of: "closed.pdf")
            #expect(failure.code == .notReadable)
            #expect(failure.message.contains("in the inbox: chmod u+r closed.pdf"))
            chmod(folder("closed.pdf"), 0o400)
            #expect(await harness.take(1) == ["closed.pdf"])
        }
    }

    @Test(.enabled(if: geteuid() == 0))
    func `a file that could not leave is refused, until the folder lets it`() async throws {
        mkdir(folder("closed"), 0o755)
        try folder.write("closed/1.pdf", page)
        chown(folder.path, 65_501, 65_501)
        try await IntakeHarness.running(IntakeHarness(folder)) { harness in
            let failure = await harness.refusal(of: "closed/1.pdf")
            #expect(failure.code == .notRemovable)
            // The folder is root's, so that no command of the owner's mends it.
            #expect(failure.message.contains("the folder “closed”"), "\(failure.message)")
            #expect(failure.message.contains("It belongs to root:"), "\(failure.message)")
            #expect(!failure.message.contains("chmod"), "\(failure.message)")
            chmod(folder("closed"), 0o777)
            #expect(await harness.take(1) == ["closed/1.pdf"])
        }
    }

    @Test func `names of any bytes and of any length are taken`() async throws {
        let long = String(repeating: "x", count: 251) + ".pdf"
        try folder.write(long, page)
        let odd = [0xff, 0xfe, 0x0a] + Array(".pdf".utf8)
        let file = (Array(folder.path.utf8) + [0x2f] + odd + [0]).withUnsafeBytes {
            Glibc.open($0.bindMemory(to: CChar.self).baseAddress!, O_WRONLY | O_CREAT, 0o644)
        }
        #expect(write(file, page, page.utf8.count) == page.utf8.count)
        close(file)
        try await IntakeHarness.running(IntakeHarness(folder)) { harness in
            var names: Set<[UInt8]> = []
            for _ in 0..<2 {
                let drop = try #require(await harness.intake.nextReady())
                names.insert(drop.path.bytes)
                try await harness.open(drop).close()
            }
            #expect(names == [Array(long.utf8), odd])
        }
    }

    @Test func `a folder too deep for any path is told of once, and not polled`() async throws {
        var here = open(folder.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        let name = String(repeating: "d", count: 250)
        for _ in 0..<17 {
            mkdirat(here, name, 0o755)
            let inner = openat(here, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
            close(here)
            here = inner
        }
        close(here)
        try await IntakeHarness.running(IntakeHarness(folder)) { harness in
            await harness.said(.folderUnreadable)
            #expect(await harness.intake.nextPoll == nil)
        }
    }

    @Test func `a drop that vanishes is told of, if it was told of before`() async throws {
        let file = Glibc.open(folder("slow.pdf"), O_WRONLY | O_CREAT, 0o644)
        defer { close(file) }
        #expect(write(file, page, page.utf8.count) == page.utf8.count)
        try await IntakeHarness.running(IntakeHarness(folder)) { harness in
            await harness.waiting("slow.pdf", for: .stillWritten)
            unlink(folder("slow.pdf"))
            await harness.said(.dropVanished)
        }
    }

    @Test func `results that take the place of a refused file are not looked into`() async throws {
        try folder.write("a.pdf.results", "mine")
        mkdir(folder(".making"), 0o755)
        try folder.write(".making/x.pdf", page)
        try await IntakeHarness.running(IntakeHarness(folder)) { harness in
            #expect(await harness.refusal(of: "a.pdf.results").code == .unsupportedType)
            rename(folder("a.pdf.results"), folder(".mine"))
            rename(folder(".making"), folder("a.pdf.results"))
            await harness.said(.dropVanished)
            try folder.write("after.pdf", page)
            #expect(await harness.take(1) == ["after.pdf"])
            let inner = harness.ear.all.filter { said in
                if case .report(.waiting(let drop, _, _)) = said {
                    drop.path.description.hasPrefix("a.pdf.results/")
                } else {
                    false
                }
            }
            #expect(inner.isEmpty)
        }
    }

    @Test func `lost events are made good by looking through everything`() async throws {
        try await IntakeHarness.running(IntakeHarness(folder)) { harness in
            harness.watcher.deliver(
                InotifyRecord(watch: -1, mask: UInt32(bitPattern: IN_Q_OVERFLOW), name: []))
            await harness.said(.eventsOverflowed)
            try folder.write("after.pdf", page)
            #expect(await harness.take(1) == ["after.pdf"])
        }
    }

    @Test func `folders beyond the last watch are polled`() async throws {
        mkdir(folder("far"), 0o755)
        var settings = IntakeHarness.quick
        settings.poll = .milliseconds(50)
        try await IntakeHarness.running(IntakeHarness(folder, settings: settings, watchLimit: 1)) {
            harness in
            await harness.said(.watchesExhausted)
            try folder.write("far/1.pdf", page)
            #expect(await harness.take(1) == ["far/1.pdf"])
        }
    }

    @Test func `drops for which there is no room are found again when there is`() async throws {
        let names = Set((1...25).map { "\($0).pdf" })
        for name in names { try folder.write(name, page) }
        try await IntakeHarness.running(IntakeHarness(folder, candidateLimit: 10)) { harness in
            await harness.said(.dropsDeferred)
            var taken: Set<String> = []
            while taken.count < names.count {
                let drop = try #require(await harness.intake.nextReady())
                taken.insert(drop.path.description)
                unlink(folder(drop.path.description))
                await harness.intake.ended(drop.path, .claimed)
            }
            #expect(taken == names)
            await harness.intake.whenDrained()
        }
    }

    @Test func `a rescan of names that are known needs no room for them`() async throws {
        for number in 1...10 { try folder.write("\(number).pdf", page) }
        try await IntakeHarness.running(IntakeHarness(folder, candidateLimit: 10)) { harness in
            // Whoever takes one and does not end it leaves it known.
            _ = await harness.take(10)
            harness.watcher.deliver(
                InotifyRecord(watch: -1, mask: UInt32(bitPattern: IN_Q_OVERFLOW), name: []))
            try folder.write("one too many.pdf", page)
            await harness.said(.dropsDeferred)
            let counts = harness.ear.all.compactMap { said -> String? in
                guard case .journal(let line) = said, line.event == .dropsDeferred else {
                    return nil
                }
                return line.fields[.count]
            }
            // Event, listing and look may each have met it, but none of the ten counts.
            #expect(counts.compactMap { $0 }.compactMap(Int.init).allSatisfy { $0 < 10 })
        }
    }

    @Test func `the oldest comes first, and held drops keep their turn`() async throws {
        let names = (1...5).map { "\($0).pdf" }
        let harness = try await IntakeHarness(folder)
        try await IntakeHarness.running(harness) { harness in
            for name in names {
                try folder.write(name, page)
                await harness.waiting(name, for: .settling)
            }
            var held: [String] = []
            for _ in names {
                let drop = try #require(await harness.intake.nextReady())
                held.append(drop.path.description)
                await harness.intake.ended(drop.path, .held)
            }
            #expect(Set(held) == Set(names))
            await harness.intake.whenDrained()
            await harness.intake.releaseHeld()
            // Two at a time are one batch, and nobody else has the next before these have ended.
            var order: [String] = []
            while order.count < names.count {
                let first = try #require(await harness.intake.nextReady())
                let more = await harness.intake.moreReady(
                    beside: first, count: 1, bytes: .megabytes(1))
                let batch = [first] + more
                order += batch.map(\.path.description)
                async let next = harness.intake.nextReady()
                for drop in batch { await harness.intake.ended(drop.path, .claimed) }
                guard order.count < names.count else {
                    await harness.intake.lose(.gone)
                    #expect(await next == nil)
                    break
                }
                let following = try #require(await next)
                order.append(following.path.description)
                await harness.intake.ended(following.path, .claimed)
            }
            #expect(order == names)
        }
    }

    @Test func `what could not be claimed yet is offered again`() async throws {
        try folder.write("1.pdf", page)
        try await IntakeHarness.running(IntakeHarness(folder)) { harness in
            let drop = try #require(await harness.intake.nextReady())
            await harness.intake.ended(drop.path, .notYet(after: .milliseconds(10)))
            #expect(try #require(await harness.intake.nextReady()) == drop)
        }
    }

    @Test func `what came under a claimed name is a drop of its own`() async throws {
        try folder.write("1.pdf", page)
        try await IntakeHarness.running(IntakeHarness(folder)) { harness in
            let first = try #require(await harness.intake.nextReady())
            try folder.write("other.tmp", page + "newer")
            #expect(rename(folder("other.tmp"), folder("1.pdf")) == 0)
            await harness.intake.ended(first.path, .claimed)
            let second = try #require(await harness.intake.nextReady())
            #expect(second.path == first.path)
            #expect(second.identity.inode != first.identity.inode)
        }
    }

    @Test func `an inbox whose path leads elsewhere is lost, and its drops did not vanish`()
        async throws
    {
        mkdir(folder("inbox"), 0o755)
        let inbox = folder("inbox")
        try folder.write("inbox/empty.pdf", "")
        let harness = try await IntakeHarness(try TemporaryFolder(at: inbox))
        try await IntakeHarness.running(harness) { harness in
            _ = await harness.refusal(of: "empty.pdf")
            #expect(rename(inbox, folder("gone")) == 0)
            await harness.said(.inboxLost)
        }
    }
}
