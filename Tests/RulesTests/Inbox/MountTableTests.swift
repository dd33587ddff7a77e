import Testing

@testable import Rules

@Suite struct MountTableTests {
    private let table = MountTable(
        text: """
            22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
            30 22 0:25 / /srv/in/share rw,noatime - nfs4 host:/x rw
            31 22 0:26 / /srv/in/with\\040blank\\134x rw master:1 shared:2 - tmpfs none rw
            32 30 0:27 / /srv/in/share/deeper rw - tmpfs none rw
            33 22 0:28 / /srv/in/share rw - tmpfs none rw
            34 22 0:29 / /srv/inside rw - tmpfs none rw
            nonsense
            35 22 x:y / /srv/in/bad rw - tmpfs none rw
            36 22 0:30 / /srv/in/sta
            """.utf8)

    private func device(_ path: String) -> UInt64? { table.device(of: Array(path.utf8)) }
    private func number(_ major: UInt32, _ minor: UInt32) -> UInt64 {
        MountTable.device(major: major, minor: minor)
    }

    @Test func `a path belongs to the nearest mount above it`() {
        #expect(device("/") == number(8, 1))
        #expect(device("/etc/passwd") == number(8, 1))
        // Two are mounted at one place: the last one is seen.
        #expect(device("/srv/in/share") == number(0, 28))
        #expect(device("/srv/in/share/") == number(0, 28))
        #expect(device("/srv/in/share/a/b") == number(0, 28))
        #expect(device("/srv/in/shared") == number(8, 1))
        #expect(device(#"/srv/in/with blank\x/a"#) == number(0, 26))
        #expect(table.mountPoint(of: Array("/srv/in/share/a".utf8)) == "/srv/in/share")
        #expect(table.mountPoint(of: Array("/srv/in/shared".utf8)) == "/")
        #expect(MountTable(text: []).mountPoint(of: Array("/".utf8)) == nil)
        #expect(MountTable(text: []).device(of: Array("/".utf8)) == nil)
    }

    @Test func `a mount is known by its number, whatever is mounted above it`() {
        #expect(table.mountPoint(ofMount: 22) == "/")
        #expect(table.mountPoint(ofMount: 30) == "/srv/in/share")
        #expect(table.mountPoint(ofMount: 31) == #"/srv/in/with blank\x"#)
        #expect(table.mountPoint(ofMount: 33) == "/srv/in/share")
        #expect(table.mountPoint(ofMount: 35) == nil)
        #expect(table.mountPoint(ofMount: 99) == nil)
    }

    @Test func `an inbox knows what is mounted beneath it`() throws {
        let mounts = table.mounts(beneath: Array("/srv/in".utf8))
        func path(_ text: String) throws -> BeneathPath {
            try #require(BeneathPath(bytes: Array(text.utf8)))
        }
        #expect(
            mounts.points
                == [
                    try path("share"), try path("share/deeper"), try path(#"with blank\x"#),
                ])
        #expect(mounts.device(of: try path("share/a.pdf")) == number(0, 28))
        #expect(mounts.device(of: try path("share/deeper/a.pdf")) == number(0, 27))
        #expect(mounts.device(of: try path("a.pdf")) == nil)
        #expect(mounts.device(of: BeneathPath()) == nil)
        #expect(table.mounts(beneath: Array("/srv/in/share/deeper".utf8)).isEmpty)
        #expect(table.mounts(beneath: Array("/".utf8)).points.count == 4)
    }

    @Test func `whatever the text, reading it ends`() {
        let seed = UInt64.random(in: .min ... .max)
        var state = seed
        let letters = Array("\\/01234 :-\n\u{1}".utf8)
        for _ in 0..<200 {
            let text = (0..<400).map { _ -> UInt8 in
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                return letters[Int(state >> 33) % letters.count]
            }
            let table = MountTable(text: text)
            _ = table.device(of: text)
            _ = table.mounts(beneath: Array("/".utf8))
        }
        #expect(Bool(true), "seed \(seed)")
    }
}
