import GRDB
import Glibc
import Rules

/// Why the catalogue could not be read or written.
public enum CatalogError: DocumentError, Hashable {
    /// The disk has no room for the catalogue.
    case full(attempt: String, reason: String)
    case io(attempt: String, reason: String)
    /// The file is damaged, or is no SQLite database.
    case damaged(attempt: String, reason: String)
    /// SQLite refuses what was asked for: a broken promise of ours, or another process in the way.
    case refused(attempt: String, reason: String)
    /// A database of another program stands at the catalogue's place.
    case foreign(path: String)
    /// A later version of ingestd has changed the catalogue.
    case newer(path: String)
    /// An earlier version of ingestd has written the catalogue, and only the daemon may change it.
    case older(path: String)
    /// The claim took longer than its reservation was kept, or took more than it had reserved.
    case reservationLost(DocumentID)
    case noSuchDocument(DocumentID)
    case noSuchStage(DocumentID, StageName)
    /// A row holds what no version of ingestd writes.
    case unreadable(column: String, among: String)

    public var failure: Failure {
        Failure(code, message: message, detail: detail)
    }

    private var code: ErrorCode {
        switch self {
        case .full: .storeFull
        case .io, .damaged: .storeIO
        case .refused, .foreign, .newer, .older, .reservationLost, .noSuchDocument, .noSuchStage,
            .unreadable:
            .internalError
        }
    }

    private var message: String {
        switch self {
        case .full:
            "The server's disk is full. Nothing is lost; it goes on by itself once there is room."
        case .io, .damaged, .foreign, .newer, .older:
            "The server cannot keep its records at the moment. Nothing is lost; it goes on by "
                + "itself once the operator has mended this."
        case .reservationLost:
            "Taking the file took too long. It stays where it is and is taken again by itself."
        case .refused, .noSuchDocument, .noSuchStage, .unreadable:
            "The server made a mistake of its own. Nothing is lost; please tell the operator."
        }
    }

    private var detail: String {
        switch self {
        case .full(let attempt, let reason), .io(let attempt, let reason),
            .damaged(let attempt, let reason), .refused(let attempt, let reason):
            "\(attempt): \(reason)"
        case .foreign(let path): "open \(path): it is not a catalogue of ingestd"
        case .newer(let path): "open \(path): a later version of ingestd has written it"
        case .older(let path):
            "open \(path): an earlier version of ingestd has written it; start this one's daemon once"
        case .reservationLost(let id): "commit claim \(id): its reservation is gone or too small"
        case .noSuchDocument(let id): "record document \(id): there is none"
        case .noSuchStage(let id, let stage):
            "record stage \(stage.rawValue) of \(id): it has no such stage"
        case .unreadable(let column, let columns):
            "read column \(column) of \(columns): its value has no meaning"
        }
    }

    /// Names what was attempted when SQLite or we ourselves gave up.
    init(_ attempt: String, _ error: any Error) {
        switch error {
        case let own as CatalogError: self = own
        case let sqlite as DatabaseError: self.init(attempt, sqlite)
        case let copy as CopyError:
            let reason = "\(copy.attempt): \(String(cString: strerror(copy.code)))"
            self =
                copy.code == ENOSPC || copy.code == EDQUOT
                ? .full(attempt: attempt, reason: reason) : .io(attempt: attempt, reason: reason)
        default: self = .refused(attempt: attempt, reason: "\(error)")
        }
    }

    private init(_ attempt: String, _ error: DatabaseError) {
        let reason = "\(error)".split(separator: "\n").joined(separator: " ")
        switch error.resultCode {
        case .SQLITE_FULL: self = .full(attempt: attempt, reason: reason)
        case .SQLITE_IOERR, .SQLITE_CANTOPEN, .SQLITE_READONLY, .SQLITE_NOMEM, .SQLITE_PERM:
            self = .io(attempt: attempt, reason: reason)
        case .SQLITE_CORRUPT, .SQLITE_NOTADB: self = .damaged(attempt: attempt, reason: reason)
        default: self = .refused(attempt: attempt, reason: reason)
        }
    }
}
