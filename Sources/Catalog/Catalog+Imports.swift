import GRDB
import Rules

extension Catalog {
    /// A document whose rows were imported.
    public struct ImportedDocument: Sendable, Hashable {
        public var id: DocumentID
        public var uid: UInt32
    }

    /// A page of the documents whose import is complete, oldest first.
    ///
    /// - Parameter id: where the page before ended.
    public func importedDocuments(
        after id: DocumentID? = nil, limit: Int
    ) async throws(CatalogError) -> [ImportedDocument] {
        try await read("list imported documents") { db in
            try db.rows(
                """
                SELECT document.id, document.uid FROM document
                JOIN stage ON stage.documentId = document.id AND stage.name = ?1
                WHERE stage.state = 'completed' AND document.id > ?2 ORDER BY document.id LIMIT ?3
                """, [StageName.tableImport.rawValue, Bytes(id?.bytes ?? []), limit]
            ).map { ImportedDocument(id: try $0.documentID("id"), uid: try $0.uid()) }
        }
    }

    /// Whether a document of the account is being imported.
    public func isImporting(_ uid: UInt32) async throws(CatalogError) -> Bool {
        try await read("look for imports under way") { db in
            try db.number(
                """
                SELECT EXISTS (SELECT 1 FROM stage INDEXED BY stageRunning
                JOIN document ON document.id = stage.documentId
                WHERE stage.state = 'processing' AND stage.name = ? AND document.uid = ?)
                """, [StageName.tableImport.rawValue, Int(uid)]) != 0
        }
    }

    /// Which of these documents there are not, nor were: whose rows stay for good is known.
    ///
    /// Blocks on the disk.
    public func unknown(among ids: [DocumentID]) throws(CatalogError) -> [DocumentID] {
        try readBlocking("look up documents") { db in
            try ids.filter {
                try db.row(
                    """
                    SELECT 1 FROM document WHERE id = ?1
                    UNION ALL SELECT 1 FROM trash WHERE id = ?1
                    UNION ALL SELECT 1 FROM keptImport WHERE documentId = ?1
                    """, [$0.asBytes]) == nil
            }
        }
    }
}
