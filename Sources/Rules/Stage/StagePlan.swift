/// One stage that a document goes through, with all that decides its result.
public struct PlannedStage: Sendable, Hashable {
    public var name: StageName
    /// A required stage's failure is the document's failure; an optional one's is a warning.
    public var isRequired: Bool
    /// Raised when the stage's code would make something else of the same bytes.
    public var version: Int
    /// The settings its result depends on, as one line; equal lines make equal artifacts.
    public var parameters: String

    public init(name: StageName, isRequired: Bool, version: Int, parameters: String) {
        self.name = name
        self.isRequired = isRequired
        self.version = version
        self.parameters = parameters
    }
}

/// Which stages a document of a kind goes through.
///
/// Rule: docs/design.md, "Stage plans".
public enum StagePlan {
    /// The parameters of `publish` where the results hold the original whatever the settings say.
    public static let withOriginal = "original"

    /// The stages in the order in which status files list them; the first and the last are the daemon's own.
    public static func stages(for kind: DropKind, settings: InboxSettings) -> [PlannedStage] {
        let content: [PlannedStage]
        switch kind {
        case .pdf:
            let optional = [
                PlannedStage(name: .text, isRequired: false, version: 1, parameters: ""),
                PlannedStage(
                    name: .thumbnail, isRequired: false, version: 1,
                    parameters: settings.thumbnail.parameters),
            ]
            content =
                [PlannedStage(name: .info, isRequired: true, version: 1, parameters: "")]
                + optional.filter { settings.pdfStages.contains($0.name) }
                + (settings.drawsPages ? [pages(settings)] : [])
        case .csv, .xls, .xlsx:
            let rows = PlannedStage(
                name: .tableImport, isRequired: true, version: 1,
                parameters: settings.importParameters)
            content = [rows] + (settings.codes.map { [codes($0)] } ?? [])
        }
        let store = PlannedStage(name: .store, isRequired: true, version: 1, parameters: "")
        let publish = PlannedStage(name: .publish, isRequired: true, version: 1, parameters: "")
        return [store] + content + [publish]
    }

    private static func codes(_ settings: CodeSettings) -> PlannedStage {
        PlannedStage(
            name: .qr, isRequired: false, version: 1, parameters: settings.parameters)
    }

    /// The stage that makes a picture of every page, whether or not the settings ask for it.
    static func pages(_ settings: InboxSettings) -> PlannedStage {
        PlannedStage(
            name: .pages, isRequired: false, version: 1,
            parameters: PageSettings(settings.thumbnail).parameters)
    }
}
