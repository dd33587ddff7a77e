import GRDB
import Rules

/// Who counts what an account's imported rows take, and may say that it is too much.
public struct ImportLedger {
    /// Is told, before rows are committed, how many bytes all of the account's rows will take then;
    /// returns why that may not be, else counts them.
    public let admit: (ByteCount) -> Failure?
    /// Is told how many bytes they take after all, where that commit came to nothing.
    public let correct: (ByteCount) throws -> Void

    public init(
        admit: @escaping (ByteCount) -> Failure?, correct: @escaping (ByteCount) throws -> Void
    ) {
        self.admit = admit
        self.correct = correct
    }

    /// Counts nothing, and admits everything.
    public static var none: ImportLedger { ImportLedger(admit: { _ in nil }, correct: { _ in }) }
}

extension Database {
    /// The pages that an account's rows are in, with their indexes; nothing where none were imported.
    ///
    /// Pages that are free again are not counted: the next import takes them first.
    func importedBytes() throws -> ByteCount {
        guard try tableExists("import"),
            try Bool.fetchOne(self, sql: #"SELECT EXISTS (SELECT 1 FROM main."import")"#) == true
        else { return .zero }
        func number(_ pragma: String) throws -> Int64 {
            try Int64.fetchOne(self, sql: "PRAGMA main.\(pragma)") ?? 0
        }
        let pages = try number("page_count") - number("freelist_count")
        return ByteCount(pages * (try number("page_size")))
    }
}
