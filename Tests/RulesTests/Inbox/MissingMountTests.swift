import Testing

@testable import Rules

@Suite struct MissingMountTests {
    private let table = """
        # a comment /srv
        UUID=1 / ext4 defaults 0 1
        server:/x /srv/ingest/ nfs defaults 0 0
        server:/y\t/srv/my\\040files\tnfs\tdefaults 0 0
        none none swap sw 0 0
        """

    private func missing(_ path: String, on present: String = "/") -> String? {
        MissingMount.find(at: path, on: present, table: table.utf8)
    }

    @Test func `what the system is told to mount and has not is found`() {
        #expect(missing("/srv/ingest/alice") == "/srv/ingest")
        #expect(missing("/srv/ingest") == "/srv/ingest")
        #expect(missing("/srv/ingest2") == nil)
        #expect(missing("/srv/my files/a") == "/srv/my files")
        #expect(missing("/srv/ingest/a", on: "/srv/ingest") == nil)
        #expect(missing("/srv/ingest/a", on: "/srv") == "/srv/ingest")
        // Its own mount is there, whatever is not above it.
        #expect(missing("/srv/ingest/a", on: "/srv/ingest/a") == nil)
    }
}
