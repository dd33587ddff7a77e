import Catalog
import Rules

/// One thing that is not as it should be in a state directory, or beside a drop.
public struct FsckFinding: Sendable, Hashable {
    /// What is wrong, as programs read it. Rule: docs/operations.md, "What fsck finds".
    public enum Code: String, Sendable, Hashable, CaseIterable {
        case catalogueDamaged = "catalogue_damaged"
        case rowStray = "row_stray"
        case chargeWrong = "charge_wrong"
        case derivedWrong = "derived_wrong"
        case sizeWrong = "size_wrong"
        case stateWrong = "state_wrong"
        case countWrong = "count_wrong"
        case blobMissing = "blob_missing"
        case blobDamaged = "blob_damaged"
        case importsDamaged = "imports_damaged"
        case importMissing = "import_missing"
        case importStray = "import_stray"
        case importsUnavailable = "imports_unavailable"
        case statusDamaged = "status_damaged"
        case statusWrong = "status_wrong"
        case statusLeft = "status_left"
        case resultChanged = "result_changed"
        case inboxUnavailable = "inbox_unavailable"
        case stagingLeft = "staging_left"
        case reservationLeft = "reservation_left"
        case unreferenced
        case stranger

        /// Whether something may be lost or wrong; else it is a note.
        public var isHarm: Bool {
            switch self {
            case .catalogueDamaged, .rowStray, .chargeWrong, .derivedWrong, .sizeWrong, .stateWrong,
                .countWrong, .blobMissing, .blobDamaged, .importsDamaged, .importMissing,
                .statusDamaged, .statusLeft,
                .statusWrong:
                true
            case .importStray, .importsUnavailable, .resultChanged, .inboxUnavailable, .stagingLeft,
                .reservationLeft, .unreferenced,
                .stranger:
                false
            }
        }
    }

    public let code: Code
    /// A digest, a document's id, an account or a path.
    public let subject: String
    public let detail: String
    /// What repairing does about it; nil where that is a person's to decide.
    let remedy: FsckRemedy?

    init(code: Code, subject: String, detail: String, remedy: FsckRemedy? = nil) {
        self.code = code
        self.subject = subject
        self.detail = detail
        self.remedy = remedy
    }
}

extension FsckFinding {
    /// What must be in order before this is: content that was damaged and is now missing is not.
    fileprivate enum Subject: Hashable {
        case content(ContentDigest)
        case other(Code, String)
    }

    var whole: some Hashable {
        switch remedy {
        case .replace(let blob), .bringBack(let blob): Subject.content(blob.digest)
        default: Subject.other(code, subject)
        }
    }
}

/// What may be done about a finding without losing anything.
enum FsckRemedy: Sendable, Hashable {
    case rebuildIndexes
    /// References, charges, states and counts are derived anew.
    case mendRows
    case setSize(ContentDigest)
    /// The content is brought back from somebody's results, if it is still there, or made anew.
    case bringBack(BlobRecord)
    /// The same, once what stands in its place is in quarantine.
    case replace(BlobRecord)
    /// What stands at this path below the state directory goes into quarantine.
    case setAside(String)
    case rewriteStatus(DocumentID)
    case emptyStaging
    case cancelReservations
    /// How much an account's imported rows take is looked up anew.
    case measureImports(UInt32)
}

extension FsckFinding {
    init(_ finding: CatalogFinding) {
        switch finding {
        case .damaged(let text):
            self.init(
                code: .catalogueDamaged, subject: "catalog.sqlite3", detail: text,
                remedy: .rebuildIndexes)
        case .dangling(let reference, let parent, let count):
            self.init(
                code: .rowStray, subject: reference,
                detail: "\(count) rows refer to a row of \(parent) that is not there",
                remedy: .mendRows)
        case .chargeDiffers(let uid, let recorded, let counted):
            self.init(
                code: .chargeWrong, subject: "uid \(uid)",
                detail: "charged \(recorded.bytes.bytes) bytes in \(recorded.files) files, holds "
                    + "\(counted.bytes.bytes) in \(counted.files)",
                remedy: .mendRows)
        case .shareDiffers(let uid, let inbox, let kind, let recorded, let counted):
            self.init(
                code: .chargeWrong,
                subject: "uid \(uid), \(kind) in \(String(decoding: inbox, as: UTF8.self))",
                detail: "\(recorded.bytes.bytes) bytes in \(recorded.files) files are counted, "
                    + "there are \(counted.bytes.bytes) in \(counted.files)",
                remedy: .mendRows)
        case .derivedDiffers(let uid, let kind, let recorded, let counted):
            self.init(
                code: .derivedWrong, subject: "uid \(uid), \(kind.rawValue)",
                detail: "\(recorded.bytes) bytes are counted, there are \(counted.bytes)",
                remedy: kind == .imports ? .measureImports(uid) : .mendRows)
        case .trashDiffers(let uid, let recorded, let counted):
            self.init(
                code: .chargeWrong, subject: "uid \(uid)",
                detail: "the trash is said to hold \(recorded.bytes.bytes) bytes in "
                    + "\(recorded.files) files, holds \(counted.bytes.bytes) in \(counted.files)",
                remedy: .mendRows)
        case .sizeDiffers(let digest):
            self.init(
                code: .sizeWrong, subject: digest.hex, detail: "two rows give it different sizes",
                remedy: .setSize(digest))
        case .stateDiffers(let id):
            self.init(
                code: .stateWrong, subject: "\(id)",
                detail: "its state is not what its stages say", remedy: .mendRows)
        case .countDiffers(let inbox, let state, let recorded, let counted):
            self.init(
                code: .countWrong, subject: String(decoding: inbox, as: UTF8.self),
                detail: "\(recorded) documents are counted as \(state), there are \(counted)",
                remedy: .mendRows)
        case .blobUnreferenced(let blob):
            self.init(
                code: .unreferenced, subject: blob.digest.hex,
                detail: "in the catalogue, \(blob.size), and no document or artifact refers to it")
        }
    }
}
