import Glibc
import Imports
import Rules
import Testing

@Suite struct TokenTests {
    /// One token of the scene's own key.
    private func token(of scene: ImportScene) throws -> String {
        try scene.importPeople(1, [person("Ann", "a@b.c")])
        return try #require(try scene.query("SELECT token FROM participants")[0][0])
    }

    @Test func `a token fits into a URL and proves its origin`() throws {
        let scene = try ImportScene()
        let token = try token(of: scene)
        #expect(token.wholeMatch(of: /[A-Za-z0-9_-]{48}/) != nil)
        #expect(scene.key.verify(token) == .genuine)
        let reread = try TokenKey(readingFrom: scene.folder + "/token.key")
        #expect(reread.verify(token) == .genuine)
    }

    @Test func `no bit of a token can be changed`() throws {
        let scene = try ImportScene()
        let token = try token(of: scene)
        for index in token.indices {
            let other: Character = token[index] == "A" ? "B" : "A"
            let changed = token.replacingCharacter(at: index, with: other)
            #expect(scene.key.verify(changed) != .genuine, "\(changed)")
        }
        // The random part starts behind version and key id, the signature ends the token.
        let last = token.index(before: token.endIndex)
        #expect(
            scene.key.verify(
                token.replacingCharacter(at: last, with: token[last] == "A" ? "B" : "A"))
                == .forged)
    }

    @Test func `another installation's token is told apart from a forged one`() throws {
        let here = try ImportScene()
        let there = try ImportScene()
        #expect(here.key.verify(try token(of: there)) == .unknownKey(id: there.key.name))
    }

    @Test(arguments: [
        "", "A", String(repeating: "A", count: 48), String(repeating: "!", count: 48),
        String(repeating: "가", count: 16),
    ])
    func `what is not a token is malformed`(text: String) throws {
        #expect(try ImportScene().key.verify(text) == .malformed)
    }

    @Test func `the key is made once, for its owner's eyes only`() throws {
        let scene = try ImportScene()
        let path = scene.folder + "/token.key"
        var status = stat()
        #expect(stat(path, &status) == 0)
        #expect(status.st_mode & 0o7777 == 0o600)
        #expect(status.st_size == 32)
        #expect(try TokenKey.loadOrCreate(at: path).name == scene.key.name)
        #expect(shell("ls '\(scene.folder)'").output == "imports\ntoken.key\n")
    }

    @Test(arguments: ["chmod 640", "truncate -s 31", "truncate -s 33"])
    func `a key that is not as it was made is refused`(damage: String) throws {
        let scene = try ImportScene()
        let path = scene.folder + "/token.key"
        #expect(shell("\(damage) '\(path)'").isSuccess)
        let error = #expect(throws: ImportError.self) { try TokenKey.loadOrCreate(at: path) }
        guard case .tokenKeyRefused = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test func `a link in the key's place is not followed`() throws {
        let scene = try ImportScene()
        let path = scene.folder + "/token.key"
        #expect(shell("mv '\(path)' '\(path).real' && ln -s '\(path).real' '\(path)'").isSuccess)
        #expect(throws: ImportError.system(attempt: "open token key", errno: ELOOP)) {
            try TokenKey.loadOrCreate(at: path)
        }
    }

    @Test func `a new key signs, and tokens of the former ones are still genuine`() throws {
        let scene = try ImportScene()
        let path = scene.folder + "/token.key"
        let old = try token(of: scene)
        #expect(try TokenKeys(readingFrom: path).verify(old).verdict == .genuine)
        let (former, current) = try TokenKeys.change(at: path)
        #expect(former.name == scene.key.name && current.name != former.name)
        #expect(try TokenKey.loadOrCreate(at: path).name == current.name)
        var keys = try TokenKeys(readingFrom: path)
        #expect(keys.current.name == current.name)
        #expect(keys.verify(old) == (.genuine, former.name))
        #expect(current.verify(old) == .unknownKey(id: former.name))
        _ = try TokenKeys.change(at: path)
        keys = try TokenKeys(readingFrom: path)
        #expect(keys.verify(old) == (.genuine, former.name))
        let last = old.index(before: old.endIndex)
        let forged = old.replacingCharacter(at: last, with: old[last] == "A" ? "B" : "A")
        #expect(keys.verify(forged) == (.forged, former.name))
        #expect(keys.verify("A") == (.malformed, nil))
        let elsewhere = try token(of: try ImportScene())
        guard case (.unknownKey, nil) = keys.verify(elsewhere) as (TokenVerdict, TokenKey?) else {
            Issue.record("not unknown")
            return
        }
        #expect(shell("stat -c %a '\(scene.folder)'/token.key*").output == "600\n600\n600\n")
    }

    @Test func `a change of keys that was cut off anywhere leaves all of them`() throws {
        let scene = try ImportScene()
        let path = scene.folder + "/token.key"
        let old = try token(of: scene)
        // The former key is kept already, and the new one half-written.
        let half = "ln '\(path)' '\(path).\(scene.key.name)' && printf half > '\(path).new'"
        #expect(shell(half).isSuccess)
        #expect(try TokenKeys(readingFrom: path).verify(old) == (.genuine, scene.key.name))
        _ = try TokenKeys.change(at: path)
        #expect(try TokenKeys(readingFrom: path).verify(old) == (.genuine, scene.key.name))
        #expect(shell("ls '\(scene.folder)' | grep -c new").output == "0\n")
    }

    @Test func `a key is not given up for another of its name`() throws {
        let scene = try ImportScene()
        let path = scene.folder + "/token.key"
        let kept = "\(path).\(scene.key.name)"
        #expect(shell("head -c 32 /dev/zero > '\(kept)' && chmod 600 '\(kept)'").isSuccess)
        let error = #expect(throws: ImportError.self) { try TokenKeys.change(at: path) }
        guard case .tokenKeyRefused? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(try TokenKey.loadOrCreate(at: path).name == scene.key.name)
    }

    @Test func `a former key under another's name is refused`() throws {
        let scene = try ImportScene()
        let path = scene.folder + "/token.key"
        #expect(shell("cp -p '\(path)' '\(path).000000'").isSuccess)
        let error = #expect(throws: ImportError.self) { try TokenKeys(readingFrom: path) }
        guard case .tokenKeyRefused? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test func `the tokens of a document are read back by key`() throws {
        let scene = try ImportScene()
        try scene.importPeople(1, collection: "a", [person("Ann", "b@b.c"), person("Bo", "a@b.c")])
        try scene.importPeople(2, collection: "a", [person("Ann", "b@b.c"), person("Cy", "c@b.c")])
        try scene.importPeople(3, collection: "b", [person("Ann", "b@b.c")])
        try scene.importTable(4, fileName: "x.csv", columns: ["a"], [["1"]])
        let keys = try (1...5).map { (number: UInt8) in
            var keys: [String] = []
            try scene.databases.forEachToken(
                account: scene.account, document: scene.document(number)
            ) { row in
                #expect(scene.key.verify(text(row.token)) == .genuine)
                keys += (0..<row.keyCount).map { text(row.key($0)) }
            }
            return keys
        }
        #expect(keys == [["a@b.c", "b@b.c"], ["c@b.c"], ["b@b.c"], [], []])
        // Reading must not take away the files that the account needs to read.
        for suffix in ["-wal", "-shm"] {
            #expect(access(scene.databasePath() + suffix, F_OK) == 0)
        }
    }

    @Test func `the first tokens of a document are those of its first rows`() throws {
        let scene = try ImportScene()
        let people = ["c", "a", "b"].map { person("Ann", "\($0)@b.c") }
        try scene.importPeople(1, people)
        try scene.importPeople(2, [person("Ann", "d@b.c")])
        let tokens = try scene.query(
            "SELECT token FROM participants WHERE \"import\" = 1 ORDER BY \"row\"")
        for limit in [0, 1, 2, 3, 4, nil] {
            var first: [Int: String] = [:]
            try scene.databases.forEachToken(
                account: scene.account, document: scene.document(1), first: limit
            ) { row in
                if row.isAmongFirst { first[row.row] = text(row.token) }
            }
            #expect(first.keys.sorted() == Array([2, 3, 4].prefix(limit ?? .max)))
            #expect(
                first.sorted { $0.key < $1.key }.map { [$0.value] }
                    == Array(tokens.prefix(limit ?? .max)))
        }
    }

    @Test func `there is room for a list of tokens whose keys are nothing but quotes`() throws {
        let scene = try ImportScene()
        let transaction = try scene.begin()
        let quotes = (1...9).map { String(repeating: "\"", count: 10_000 + $0) }
        try transaction.append(batch(quotes.map { person("Ann", $0) }))
        // Each is doubled, and quoted; a comma, the token, CR LF.
        let length = quotes.reduce(0) { $0 + 2 * $1.utf8.count + 2 + 1 + 48 + 2 }
        #expect(transaction.roomForTokens.bytes >= length)
        #expect(transaction.roomForTokens.bytes < length + length / 10)
        transaction.cancel()
    }

    @Test func `an error in the middle of reading tokens is passed on`() throws {
        struct Enough: Error {}
        let scene = try ImportScene()
        try scene.importPeople(1, [person("Ann", "b@b.c"), person("Bo", "a@b.c")])
        var count = 0
        #expect(throws: Enough.self) {
            try scene.databases.forEachToken(account: scene.account, document: scene.document(1)) {
                _ in
                count += 1
                throw Enough()
            }
        }
        #expect(count == 1)
    }
}

/// Compares what is found with a verdict and the name of a key.
private func == (
    found: (verdict: TokenVerdict, key: TokenKey?), expected: (TokenVerdict, String?)
) -> Bool { found.verdict == expected.0 && found.key?.name == expected.1 }

extension String {
    fileprivate func replacingCharacter(at index: Index, with character: Character) -> String {
        self[..<index] + String(character) + self[self.index(after: index)...]
    }
}
