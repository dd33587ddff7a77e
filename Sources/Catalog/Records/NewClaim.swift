import Rules

/// A claim that is about to become a document.
public struct NewClaim: Sendable, Hashable {
    public var document: NewDocument
    public var stages: [PlannedStage]

    public init(document: NewDocument, stages: [PlannedStage]) {
        self.document = document
        self.stages = stages
    }
}
