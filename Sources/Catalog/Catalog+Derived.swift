import GRDB
import Rules

extension Catalog {
    /// What has been made of an account's files.
    public func derived(of uid: UInt32) async throws(CatalogError) -> DerivedUsage {
        try await read("read what was made for \(uid)") { try $0.derived(of: uid) }
    }

    /// Decides by what has been made of an account's files, on the calling thread's time; nothing is
    /// committed meanwhile.
    public func weighDerivedBlocking<Verdict>(
        of uid: UInt32, _ verdict: (DerivedUsage) -> Verdict
    ) throws(CatalogError) -> Verdict {
        try readBlocking("read what was made for \(uid)") { verdict(try $0.derived(of: uid)) }
    }

    /// Says how much an account has of what is kept outside of the catalogue.
    ///
    /// Durable: what it is about is, too, a moment later. Never `results`, which are added up by themselves.
    public func setDerivedBlocking(
        _ kind: DerivedClass, of uid: UInt32, to bytes: ByteCount
    ) throws(CatalogError) {
        precondition(kind != .results, "results are added up by the database")
        try writeBlocking("note the \(kind.rawValue) of \(uid)") { db in
            try db.setDerived(kind, of: uid, to: bytes)
        }
    }

    /// The same where what has been made of the account's files so far allows it, with nothing committed
    /// in between.
    ///
    /// - Returns: whether it did.
    public func setDerivedBlocking(
        _ kind: DerivedClass, of uid: UInt32, to bytes: ByteCount,
        where isAllowed: (DerivedUsage) -> Bool
    ) throws(CatalogError) -> Bool {
        precondition(kind != .results, "results are added up by the database")
        return try writeBlocking("note the \(kind.rawValue) of \(uid)") { db in
            guard isAllowed(try db.derived(of: uid)) else { return false }
            try db.setDerived(kind, of: uid, to: bytes)
            return true
        }
    }

    /// Which of these accounts nobody has said so of yet.
    public func unmeasured(
        _ kind: DerivedClass, among uids: [UInt32]
    ) async throws(CatalogError) -> [UInt32] {
        try await read("look up the \(kind.rawValue) of accounts") { db in
            try uids.filter { uid in
                try db.row(
                    "SELECT 1 FROM derived WHERE uid = ? AND class = ?", [Int(uid), kind.rawValue])
                    == nil
            }
        }
    }

    /// The accounts that have something of a class, by uid.
    public func accounts(having kind: DerivedClass) async throws(CatalogError) -> [UInt32] {
        try await read("list accounts with \(kind.rawValue)") { db in
            try db.rows(
                "SELECT uid FROM derived WHERE class = ? AND bytes <> 0 ORDER BY uid",
                [kind.rawValue]
            ).map { try $0.uid() }
        }
    }

    /// How much the result has that a stage of a document is about to replace; zero mostly.
    public func replacedBlocking(
        by plan: PlannedStage, of document: DocumentRecord
    ) throws(CatalogError) -> ByteCount {
        try readBlocking("read what \(plan.name.rawValue) replaces") { db in
            guard let result = try db.resultID(of: plan, for: document) else { return .zero }
            return ByteCount(
                try db.number("SELECT sum(size) FROM artifact WHERE resultId = ?", [result]))
        }
    }
}

extension Database {
    func derived(of uid: UInt32) throws -> DerivedUsage {
        DerivedUsage(
            try rows(
                """
                SELECT class, bytes FROM derived WHERE uid = ?1
                UNION ALL SELECT ?2, trashBytes FROM account WHERE uid = ?1
                """, [Int(uid), DerivedClass.trash.rawValue]
            )
            .reduce(into: [:]) { bytes, row in
                let kind: DerivedClass = try row.named("class")
                bytes[kind] = try row.size("bytes")
            })
    }

    func setDerived(_ kind: DerivedClass, of uid: UInt32, to bytes: ByteCount) throws {
        try run(
            """
            INSERT INTO derived (uid, class, bytes) VALUES (?, ?, ?)
            ON CONFLICT (uid, class) DO UPDATE SET bytes = excluded.bytes
            """, [Int(uid), kind.rawValue, bytes.bytes])
    }
}
