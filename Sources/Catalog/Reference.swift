import GRDB

/// A column whose values are the keys of another table's rows.
///
/// The schema holds these by itself; a file that somebody else wrote, or that was brought back from
/// a copy, may break them.
struct Reference {
    var table: String
    var column: String
    var parent: String
    var key: String

    static let all = [
        Reference(table: "document", column: "uid", parent: "account", key: "uid"),
        Reference(table: "document", column: "digest", parent: "blob", key: "digest"),
        Reference(table: "stageResult", column: "uid", parent: "account", key: "uid"),
        Reference(table: "stageResult", column: "digest", parent: "blob", key: "digest"),
        Reference(table: "stage", column: "documentId", parent: "document", key: "id"),
        Reference(table: "stage", column: "resultId", parent: "stageResult", key: "id"),
        Reference(table: "artifact", column: "resultId", parent: "stageResult", key: "id"),
        Reference(table: "artifact", column: "digest", parent: "blob", key: "digest"),
        Reference(table: "trash", column: "uid", parent: "account", key: "uid"),
        Reference(table: "trash", column: "digest", parent: "blob", key: "digest"),
        Reference(table: "trashStage", column: "documentId", parent: "trash", key: "id"),
        Reference(table: "trashStage", column: "resultId", parent: "stageResult", key: "id"),
        Reference(table: "removal", column: "documentId", parent: "document", key: "id"),
    ]

    /// A condition over ``table``: the row refers to one that is not there.
    var isDangling: String {
        """
        \(table).\(column) IS NOT NULL
        AND NOT EXISTS (SELECT 1 FROM \(parent) WHERE \(parent).\(key) = \(table).\(column))
        """
    }
}
