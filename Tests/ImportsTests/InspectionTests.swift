import Glibc
import Imports
import Rules
import Testing

@Suite struct InspectionTests {
    let scene: ImportScene
    private var inspection: ImportsInspection { ImportsInspection(root: scene.root) }

    init() throws { scene = try ImportScene() }

    @Test func `folders of accounts and strangers are told apart`() throws {
        try scene.importPeople(1, [person("Ada", "ada@example.com")])
        for name in ["0999", "note", ".rows-x"] { mkdir("\(scene.root)/\(name)", 0o700) }
        let folders = try inspection.folders()
        #expect(folders.accounts == [scene.account.uid])
        #expect(folders.strangers.sorted() == ["0999", "note"])
        #expect(try ImportsInspection(root: scene.root + "/nowhere").folders().accounts == [])
    }

    @Test func `a sound database has no complaints and tells its documents`() throws {
        try scene.importPeople(1, [person("Ada", "ada@example.com")])
        try scene.importPeople(2, [person("Bob", "bob@example.com")])
        let uid = scene.account.uid
        #expect(try inspection.complaints(of: uid) == [])
        let documents = [scene.document(1), scene.document(2)]
        #expect(try known(uid) == documents)
        #expect(
            try inspection.missing(documents + [scene.document(3)], of: uid) == [scene.document(3)])
        #expect(try known(4_000_000) == [])
        #expect(try inspection.missing(documents, of: 4_000_000) == documents)
    }

    @Test func `a database that was made and not begun holds nothing`() throws {
        mkdir("\(scene.root)/77", 0o700)
        close(open("\(scene.root)/77/imports.sqlite3", O_CREAT | O_WRONLY, 0o600))
        #expect(try inspection.complaints(of: 77) == [])
        #expect(try known(77) == [])
        #expect(try inspection.missing([scene.document(1)], of: 77) == [scene.document(1)])
    }

    private func known(_ uid: UInt32) throws -> [DocumentID] {
        var known: [DocumentID] = []
        try inspection.forEachDocuments(of: uid) { known += $0 }
        return known
    }

    @Test func `a file that is no database is damage, a folder at its name is not`() throws {
        mkdir("\(scene.root)/77", 0o700)
        let file = open("\(scene.root)/77/imports.sqlite3", O_CREAT | O_WRONLY, 0o600)
        let text = [UInt8](repeating: 65, count: 5000)
        #expect(write(file, text, text.count) == text.count)
        close(file)
        let damage = #expect(throws: ImportError.self) { try inspection.complaints(of: 77) }
        #expect(damage?.isDamage == true)
        mkdir("\(scene.root)/78", 0o700)
        mkdir("\(scene.root)/78/imports.sqlite3", 0o700)
        let obstacle = #expect(throws: ImportError.self) { try inspection.complaints(of: 78) }
        #expect(obstacle?.isDamage == false)
    }
}
