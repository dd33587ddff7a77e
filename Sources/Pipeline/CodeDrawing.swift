import Catalog
import Codes
import Imports
import Rules
import Store

/// The stage `qr`: a picture of each token that a table's rows were given.
///
/// The daemon draws them itself, on the thread of a worker's slot: what stands in them is its own.
/// See docs/decisions/0018-qr.md.
struct CodeDrawing {
    /// Pictures that are made durable together, and open files meanwhile.
    private static let batch = 64
    private static let folder = "qr"
    /// Digits of a name, at least, so that names sort as rows do.
    private static let digits = 6

    let house: House
    let document: DocumentRecord
    let account: Account
    let settings: CodeSettings

    /// The picture of the token that a row got; `row` is its number in the file, as in `rejects.csv`.
    static func artifactName(ofRow row: Int) -> String {
        let number = String(row)
        return folder + "/" + String(repeating: "0", count: max(0, digits - number.count)) + number
            + ".png"
    }

    /// Draws all, and makes them durable.
    ///
    /// - Parameters:
    ///   - isInterrupted: is asked before each batch.
    ///   - onProgress: is told how many are done behind each.
    /// - Returns: nil where it was interrupted; what was made by then is a blob that no row names.
    func run(
        isInterrupted: () -> Bool, onProgress: (_ done: Int, _ total: Int) -> Void
    ) throws -> StageOutput? {
        // One more, to see whether there are more.
        let found = try house.imports.firstTokens(
            account: account, document: document.id, limit: settings.limit + 1)
        let tokens = found.prefix(settings.limit)
        var artifacts: [ArtifactRecord] = []
        while artifacts.count < tokens.count {
            guard !isInterrupted() else { return nil }
            onProgress(artifacts.count, tokens.count)
            artifacts += try keep(tokens.dropFirst(artifacts.count).prefix(Self.batch))
        }
        return StageOutput(
            result: StageResults.kept(StageResults.codes(count: artifacts.count)),
            warnings: found.count > tokens.count ? [warning] : [], artifacts: artifacts)
    }

    private var warning: String {
        "Only the first \(settings.limit) rows with a token have a QR code. Ask the operator for a "
            + "higher `qr_limit`, or split the file."
    }

    private func keep(_ tokens: ArraySlice<NumberedToken>) throws -> [ArtifactRecord] {
        var writers: [BlobWriter] = []
        do {
            for token in tokens {
                let writer = try house.store.begin(sizeHint: .zero)
                writers.append(writer)
                try writer.append(try QRPicture.png(of: token.token))
                // The disk has it by the time it is asked to sync.
                writer.beginWriteback()
            }
        } catch {
            for writer in writers { writer.discard() }
            throw error
        }
        return zip(tokens, try house.store.keepTogether(writers)).map { token, blob in
            ArtifactRecord(
                name: Self.artifactName(ofRow: token.row), digest: blob.digest, size: blob.size,
                mediaType: QRPicture.mediaType)
        }
    }
}
