import Foundation
import Rules
import Testing

@testable import ingestd

@Suite struct ConfigurationTests {
    private let user = Configuration.Surroundings(
        isRoot: false, workingDirectory: "/home/alice", stateHome: nil, home: "/home/alice",
        serviceState: nil)

    private func message(
        _ sources: Configuration.Sources, _ surroundings: Configuration.Surroundings
    ) -> String {
        do {
            _ = try Configuration.settings(from: sources, in: surroundings)
            return ""
        } catch {
            return error.description
        }
    }

    @Test func `an inbox on the command line needs no file`() throws {
        let settings = try Configuration.settings(
            from: .init(inboxes: ["drop/../in", "/srv/x/"]), in: user)
        #expect(settings.inboxes.map(\.path) == ["/home/alice/in", "/srv/x"])
        #expect(settings.stateDirectory == "/home/alice/.local/state/ingestd")
    }

    @Test func `the state directory follows who runs the daemon`() throws {
        func state(_ change: (inout Configuration.Surroundings) -> Void) throws -> String {
            var surroundings = user
            change(&surroundings)
            return try Configuration.settings(from: .init(inboxes: ["/in"]), in: surroundings)
                .stateDirectory
        }
        #expect(try state { $0.isRoot = true } == "/var/lib/ingestd")
        #expect(try state { $0.stateHome = "/xdg" } == "/xdg/ingestd")
        #expect(try state { $0.stateHome = "relative" } == "/home/alice/.local/state/ingestd")
        #expect(try state { $0.serviceState = "/var/lib/private" } == "/var/lib/private")
    }

    @Test func `the command line overrules the file, and adds to its inboxes`() throws {
        let folder = try TemporaryFolder()
        let file = try folder.write("state: /one\ninboxes: [/a]\n", to: "c.yaml")
        let settings = try Configuration.settings(
            from: .init(configFile: file, inboxes: ["/b"], stateDirectory: "/two"), in: user)
        #expect(settings.stateDirectory == "/two")
        #expect(settings.inboxes.map(\.path) == ["/a", "/b"])
    }

    @Test func `without an inbox there is nothing to run`() {
        #expect(message(.init(), user).contains("there is no inbox"))
    }

    @Test func `without a place for the state there is nothing to run`() {
        var nobody = user
        nobody.home = nil
        #expect(message(.init(inboxes: ["/in"]), nobody).contains("--state DIR"))
    }

    @Test(arguments: [
        (["/a", "/a"], "inbox /a is named twice"),
        (["/a", "/a/b"], "inbox /a/b stands beneath the inbox /a"),
        (["/a/b", "/a"], "inbox /a contains the inbox /a/b"),
        (["/home"], "inbox /home contains the state directory"),
        (["/home/alice/.local/state/ingestd/blobs"], "stands in the state directory"),
        (["/srv/*", "/srv/*"], "inbox /srv/* is named twice"),
        (["/home/alice/.local/state/ingestd/*"], "stands in the state directory"),
        ([#"/srv/\./*"#], #"--inbox /srv/\./*: a part of the pattern is “.” or “..”"#),
    ])
    func `inboxes that would take each other's files are refused`(paths: [String], reason: String) {
        #expect(message(.init(inboxes: paths), user).contains(reason))
    }

    private func message(results lines: [String]) throws -> String {
        let folder = try TemporaryFolder()
        let text = "state: /state\ninboxes:\n" + lines.map { "  - \($0)\n" }.joined()
        return message(.init(configFile: try folder.write(text, to: "c.yaml")), user)
    }

    @Test(arguments: [
        (["{path: /a, results: /a/out}"], "/a/out, is or stands in the inbox /a"),
        (["{path: /a/b, results: /a}"], "/a, contains the inbox /a/b"),
        (["{path: /a, results: /state/x}"], "/state/x, is or stands in the state directory /state"),
        (["{path: /a, results: ../b}", "/b"], "../b, is or stands in the inbox /b"),
        (
            ["{path: /a, results: /r}", "{path: /b, results: /r/x}"],
            "in the results of the inbox /a"
        ),
        (
            ["{path: /a, results: /r/x}", "{path: /b, results: /r}"],
            "contains the results of the inb"
        ),
        (["{path: '/a/*', results: '/a/out/{name}'}"], "stands where folders are inboxes by a pa"),
        (
            ["{path: '/a/*', results: '/b/{user}'}", "/b"],
            "/b/{user}, is or stands in the inbox /b"
        ),
        (["{path: /a, results: /b}", "'/b/*/in'"], "/b, contains the inboxes of a pattern"),
    ])
    func `results are not to go where files are taken, or other results go`(
        lines: [String], reason: String
    ) throws {
        let message = try message(results: lines)
        #expect(message.contains(reason), "\(message)")
    }

    @Test(arguments: [
        ["{path: /a, results: ../out}", "{path: /b, results: /out2}"],
        ["{path: '/home/*/Inbox', results: ../Results}"],
        ["{path: '/srv/in/*', results: '/srv/out/{name}'}", "/srv/in/x"],
        ["{path: '/srv/in/*', results: '../{name}.results'}"],
        ["{path: /srv/in/post, results: '../{name}.results'}", "'/srv/in/*'"],
    ])
    func `results beside all inboxes are fine`(lines: [String]) throws {
        #expect(try message(results: lines) == "")
    }

    @Test func `a pattern of the command line begins where it is given, whatever that is called`()
        throws
    {
        var user = user
        user.workingDirectory = "/home/a[b]*"
        let settings = try Configuration.settings(
            from: .init(inboxes: ["in", "*/Inbox", "/srv/*"]), in: user)
        #expect(
            settings.inboxes.map(\.path)
                == [#"/home/a\[b]\*/in"#, #"/home/a\[b]\*/*/Inbox"#, "/srv/*"])
        #expect(InboxPattern(settings.inboxes[0].path)?.fixedPath == "/home/a[b]*/in")
    }

    @Test(arguments: [
        ["/a", "/ab"], ["/a/b", "/a/c"], ["/srv/*", "/srv/alice"], ["/*", "/srv/*/Inbox"],
    ])
    func `inboxes side by side are fine`(paths: [String]) {
        #expect(message(.init(inboxes: paths), user) == "")
    }

    @Test func `an inbox named through a link is the inbox it leads to`() throws {
        let folder = try TemporaryFolder()
        let real = try folder.makeFolder("real")
        let link = "\(folder.path)/link"
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: real)
        let file = try folder.write("inboxes:\n  - \(real)\n  - \(link)\n", to: "c.yaml")
        #expect(
            message(.init(configFile: file), user)
                == "\(file):3:5: inbox \(link) is named twice, as \(real)")
    }

    @Test func `a reload changes limits and nothing else`() {
        let old = DaemonSettings(stateDirectory: "/a", inboxes: [NamedInbox(path: "/in")])
        var newer = DaemonSettings(stateDirectory: "/b")
        newer.limits.standard = QuotaLimit(bytes: .zero, files: 1)
        let settings = old.reloaded(from: newer)
        #expect(settings.limits == newer.limits)
        #expect(settings.stateDirectory == "/a" && settings.inboxes == old.inboxes)
    }
}

@Suite struct WorkerProgramTests {
    @Test(arguments: [
        ("/usr/bin/ingestd", ["/usr/bin/ingest-worker", "/usr/libexec/ingestd/ingest-worker"]),
        ("/bin/ingestd", ["/bin/ingest-worker", "/libexec/ingestd/ingest-worker"]),
    ])
    func `the worker is looked for beside the daemon and in libexec`(
        daemon: String, places: [String]
    ) {
        #expect(WorkerProgram.candidates(besides: daemon) == places)
    }

    @Test func `a program that is not there is told by the places that were tried`() throws {
        let folder = try TemporaryFolder()
        let place = "\(folder.path)/worker"
        let error = #expect(throws: ConfigError.self) {
            try WorkerProgram.locate(configured: place)
        }
        #expect(error?.description.contains("no worker program at \(place);") == true)
        try folder.write("#!/bin/sh\n", to: "worker")
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: place)
        #expect(try WorkerProgram.locate(configured: place) == place)
    }
}
