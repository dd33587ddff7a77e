import GRDB
import Glibc
import Rules

/// Why a document's rows could not be kept, read back, or given tokens.
public enum ImportError: DocumentError, Hashable {
    /// SQLite refused; `resultCode` is its primary code.
    case database(attempt: String, resultCode: Int32, reason: String)
    /// The kernel refused; `errno` says why.
    case system(attempt: String, errno: Int32)
    /// More columns than a table can have.
    case tooManyColumns(count: Int, limit: Int)
    /// More rows than may wait for their commit.
    case stagingFull(limit: ByteCount)
    /// The account has no room for so many rows.
    case notAdmitted(Failure)
    /// What the worker sent is not what it promised.
    case rowsRefused(reason: String)
    /// The account's database was written by a later version of ingestd.
    case newerDatabase(version: Int, known: Int)
    /// The table of a schema is there, and made for other rows.
    case tableDiffers(table: String, reason: String)
    /// The installation's token key is there and cannot be used.
    case tokenKeyRefused(reason: String)

    public var failure: Failure {
        switch self {
        case .database(let attempt, let resultCode, let reason):
            Self.failure(Self.code(ofResult: resultCode), detail: "\(attempt): \(reason)")
        case .system(let attempt, let errno):
            Self.failure(
                Self.code(ofErrno: errno), detail: "\(attempt): \(String(cString: strerror(errno)))"
            )
        case .tooManyColumns(let count, let limit):
            Failure(
                .csvTooWide,
                message: "Nothing was imported: the table has \(count) columns, \(limit) are "
                    + "allowed. Split the file and drop its parts.",
                detail: "create table: \(count) columns, the limit is \(limit)")
        case .stagingFull(let limit):
            Failure(
                .outputTooLarge,
                message: "Nothing was imported: the table's rows take more than \(limit). "
                    + "Split the file and drop its parts.",
                detail: "stage rows: more than \(limit.bytes) bytes")
        case .notAdmitted(let failure): failure
        case .rowsRefused(let reason):
            Self.failure(.internalError, detail: "accept rows: \(reason)")
        case .newerDatabase(let version, let known):
            Self.failure(
                .internalError,
                detail: "open imports: the database has version \(version), this ingestd knows "
                    + "\(known)")
        case .tableDiffers(let table, let reason):
            Failure(
                .internalError,
                message:
                    "Nothing was imported: the table `\(table)` that is there has another form "
                    + "than this folder's rows. Tell whoever runs ingestd.",
                detail: "prepare table \(table): \(reason); name another in the schema, “table:”")
        case .tokenKeyRefused(let reason):
            Self.failure(.internalError, detail: "read token key: \(reason)")
        }
    }

    /// Whether SQLite holds the database to be damaged, or to be none.
    public var isDamage: Bool {
        guard case .database(_, let code, _) = self else { return false }
        return [ResultCode.SQLITE_CORRUPT, .SQLITE_NOTADB].contains(ResultCode(rawValue: code))
    }

    private static func failure(_ code: ErrorCode, detail: String) -> Failure {
        let message =
            switch code {
            case .storeFull:
                "Nothing was imported yet: ingestd's disk is full. "
                    + "The import goes on by itself once there is room."
            case .storeIO:
                "Nothing was imported yet: ingestd's disk does not answer. "
                    + "The import goes on by itself once it does."
            default:
                "Nothing was imported: something went wrong within ingestd. "
                    + "If its further attempts fail too, tell whoever runs it."
            }
        return Failure(code, message: message, detail: detail)
    }

    private static func code(ofResult resultCode: Int32) -> ErrorCode {
        switch ResultCode(rawValue: resultCode) {
        case .SQLITE_FULL: .storeFull
        // A header that could not be read is called damage by SQLite.
        case .SQLITE_IOERR, .SQLITE_READONLY, .SQLITE_CANTOPEN, .SQLITE_NOMEM, .SQLITE_CORRUPT,
            .SQLITE_NOTADB:
            .storeIO
        default: .internalError
        }
    }

    private static func code(ofErrno errno: Int32) -> ErrorCode {
        ErrorCode.ofSystem(errno: errno) ?? .internalError
    }
}

/// Runs `body`; whatever it throws becomes an ``ImportError`` that names the attempt.
func attempting<Result>(
    _ attempt: String, _ body: () throws -> Result
) throws(ImportError) -> Result {
    do {
        return try body()
    } catch let error as ImportError {
        throw error
    } catch let error as DatabaseError {
        throw .database(
            attempt: attempt, resultCode: error.resultCode.rawValue,
            reason: error.message ?? String(describing: error.extendedResultCode))
    } catch {
        throw .database(
            attempt: attempt, resultCode: ResultCode.SQLITE_ERROR.rawValue,
            reason: String(describing: error))
    }
}
