import Catalog
import Codes
import Imports
import Rules
import Store

/// The stage `qr`: a picture of each token for which the document's `tokens.csv` names one.
///
/// What the database has by now is not asked: other documents may have taken rows over since the list was made.
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
        let named = try namedCodes()
        let tokens = named?.codes ?? []
        var artifacts: [ArtifactRecord] = []
        while artifacts.count < tokens.count {
            guard !isInterrupted() else { return nil }
            onProgress(artifacts.count, tokens.count)
            artifacts += try keep(tokens.dropFirst(artifacts.count).prefix(Self.batch))
        }
        return StageOutput(
            result: StageResults.kept(StageResults.codes(count: artifacts.count)),
            warnings: named?.isCutOff == true ? [warning] : [], artifacts: artifacts)
    }

    /// What the document's list of tokens names; nil where it has none.
    private func namedCodes() throws -> NamedCodes? {
        let made = try house.catalog.artifactsBlocking(of: document.id)[.tableImport] ?? []
        guard let list = made.first(where: { $0.name == TokensFile.name }) else { return nil }
        let blob = try house.store.open(list.digest)
        defer { house.close(blob) }
        return try NamedCodes(reading: blob)
    }

    private var warning: String {
        "Only the first \(settings.limit) rows with a token have a QR code. Ask the operator for a "
            + "higher `qr_limit`, or split the file."
    }

    private func keep(_ tokens: ArraySlice<NamedCodes.Code>) throws -> [ArtifactRecord] {
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
