/// What is done about a request.
public enum RequestRuling: Sendable, Hashable {
    /// A stage that runs again.
    public struct Rerun: Sendable, Hashable {
        /// What it goes by from now on.
        public var plan: PlannedStage
        /// Whether it runs though its outcome is known.
        public var isAnew: Bool
        /// Whether it does not run but goes, with what it made.
        public var isDropped: Bool

        public init(plan: PlannedStage, isAnew: Bool, isDropped: Bool = false) {
            self.plan = plan
            self.isAnew = isAnew
            self.isDropped = isDropped
        }
    }

    /// These stages run again, or go; all others stay as they are.
    case granted([Rerun])
    /// What waits for its next attempt has it now.
    case hastened
    /// The document is deleted.
    case deletion
    /// The document is being worked on: it is decided once that is over.
    case later
    /// It makes no sense, for this reason: the end of a sentence.
    case refused(String)
}

/// A document about which something is asked.
public struct RequestCase: Sendable, Hashable {
    /// A stage as it is on record.
    public struct Stage: Sendable, Hashable {
        public var plan: PlannedStage
        public var state: StageState

        public init(plan: PlannedStage, state: StageState) {
            self.plan = plan
            self.state = state
        }
    }

    public var kind: DropKind
    /// In the order of their positions.
    public var stages: [Stage]
    /// What the inbox decides for its documents now.
    public var settings: InboxSettings
    /// Nil where nobody has counted them.
    public var pageCount: Int?

    public init(
        kind: DropKind, stages: [Stage], settings: InboxSettings, pageCount: Int?
    ) {
        self.kind = kind
        self.stages = stages
        self.settings = settings
        self.pageCount = pageCount
    }

    /// Decides what is done about a request. Reads no clock, touches no disk.
    ///
    /// Rule: docs/formats.md, "Requests".
    public func ruling(on verb: Request.Verb) -> RequestRuling {
        if let reason = obstacle(to: verb) { return .refused(reason) }
        // What has not begun, or waits for another attempt, need not come to its end first.
        if verb == .delete { return stages.contains { $0.state.isRunning } ? .later : .deletion }
        guard stages.allSatisfy(\.state.isOver) else {
            let waits = stages.contains { $0.state.isWaiting }
            let runs = stages.contains { $0.state.isRunning }
            return verb == .retry && waits && !runs ? .hastened : .later
        }
        switch verb {
        case .retry: return retry()
        case .refresh: return refresh()
        case .thumbnail(let page): return thumbnail(page)
        case .pages: return pages()
        case .restore: return .granted([publication(withOriginal: true)])
        case .delete: return .deletion
        }
    }

    /// What will not change however long one waits.
    private func obstacle(to verb: Request.Verb) -> String? {
        switch verb {
        case .thumbnail where kind != .pdf, .pages where kind != .pdf:
            "only PDFs have pages to make pictures of"
        case .retry, .refresh, .restore, .pages, .delete:
            nil
        case .thumbnail(let page):
            page.flatMap { page in
                pageCount.flatMap { page > $0 ? "the PDF has no page \(page), only \($0)" : nil }
            }
        }
    }

    private var planOfNow: [PlannedStage] { StagePlan.stages(for: kind, settings: settings) }

    /// What goes over the content, on record and as it would be planned now.
    private var contentStages: [(recorded: Stage, plan: PlannedStage)] {
        let plans = planOfNow
        return stages.filter(\.plan.name.takesSlot).map { stage in
            (stage, plans.first { $0.name == stage.plan.name } ?? stage.plan)
        }
    }

    private func retry() -> RequestRuling {
        let failed = contentStages.filter { $0.recorded.state.isUnsuccessful }
        let importsAnew = failed.contains { $0.plan.name == .tableImport }
        var reruns = failed.map { recorded, plan in
            // Codes are those that the list of tokens names, which is as it was unless it is made anew.
            RequestRuling.Rerun(
                plan: plan.name == .qr && !importsAnew ? recorded.plan : plan, isAnew: true)
        }
        if importsAnew {
            reruns.removeAll { rerun in dropped.contains { $0.plan.name == rerun.plan.name } }
            reruns += dropped + missing.filter { $0.plan.name == .qr }
        }
        let isUnpublished = stages.contains {
            $0.plan.name == .publish && $0.state.isUnsuccessful
        }
        guard !reruns.isEmpty || isUnpublished else {
            return .refused("nothing about this file has failed")
        }
        return .granted(reruns + [publication()])
    }

    /// What another version of a stage, or other settings, have made, and what failed; all of it
    /// where there is nothing of the kind.
    private func refresh() -> RequestRuling {
        let outdated = keptStages.compactMap { recorded, plan -> RequestRuling.Rerun? in
            if recorded.state.isUnsuccessful { return .init(plan: plan, isAnew: true) }
            return recorded.plan == plan ? nil : .init(plan: plan, isAnew: false)
        }
        let all = keptStages.map { RequestRuling.Rerun(plan: $0.plan, isAnew: true) }
        let changed = withCodes(outdated + missing + dropped)
        return .granted((changed.isEmpty ? all : changed) + [publication()])
    }

    /// What the inbox has been told to make since.
    private var missing: [RequestRuling.Rerun] {
        planOfNow.filter { plan in !stages.contains { $0.plan.name == plan.name } }
            .map { .init(plan: $0, isAnew: false) }
    }

    /// Pictures of tokens are drawn anew with the rows that have them: rows may have come and gone. And as
    /// the list of tokens names them, it is made anew where there are to be others.
    private func withCodes(_ reruns: [RequestRuling.Rerun]) -> [RequestRuling.Rerun] {
        let names = reruns.map(\.plan.name)
        if names.contains(.tableImport) == names.contains(.qr) { return reruns }
        if names.contains(.qr) {
            let isAsListed = reruns.contains { rerun in
                rerun.plan.name == .qr && !rerun.isDropped
                    && stages.contains { $0.plan == rerun.plan }
            }
            guard !isAsListed else { return reruns }
            return reruns
                + keptStages.filter { $0.plan.name == .tableImport }.map {
                    .init(plan: $0.plan, isAnew: true)
                }
        }
        return reruns
            + keptStages.filter { $0.plan.name == .qr }.map {
                .init(plan: $0.plan, isAnew: true)
            }
    }

    /// Content stages that go on being part of the document.
    private var keptStages: [(recorded: Stage, plan: PlannedStage)] {
        contentStages.filter { stage in !dropped.contains { $0.plan.name == stage.plan.name } }
    }

    /// Pictures of tokens, where the inbox wants none any more. Those of all pages stay: they may have been
    /// asked for.
    private var dropped: [RequestRuling.Rerun] {
        guard !planOfNow.contains(where: { $0.name == .qr }) else { return [] }
        return stages.filter { $0.plan.name == .qr }
            .map { .init(plan: $0.plan, isAnew: false, isDropped: true) }
    }

    private func thumbnail(_ page: Int?) -> RequestRuling {
        if stages.contains(where: { $0.plan.isRequired && $0.state.isUnsuccessful }) {
            return .refused("the file could not be read")
        }
        var chosen = settings
        chosen.thumbnail.page = page ?? settings.thumbnail.page
        let plans = StagePlan.stages(for: kind, settings: chosen)
        guard let plan = plans.first(where: { $0.name == .thumbnail }),
            stages.contains(where: { $0.plan.name == .thumbnail })
        else { return .refused("this file has no picture of a page") }
        return .granted([.init(plan: plan, isAnew: true), publication()])
    }

    /// Adds the stage where the document's plan lacks it.
    private func pages() -> RequestRuling {
        if stages.contains(where: { $0.plan.isRequired && $0.state.isUnsuccessful }) {
            return .refused("the file could not be read")
        }
        return .granted([.init(plan: StagePlan.pages(settings), isAnew: true), publication()])
    }

    private func publication(withOriginal: Bool = false) -> RequestRuling.Rerun {
        guard var plan = stages.last(where: { $0.plan.name == .publish })?.plan else {
            preconditionFailure("every plan ends with publish")
        }
        if withOriginal { plan.parameters = StagePlan.withOriginal }
        return RequestRuling.Rerun(plan: plan, isAnew: false)
    }
}

extension StageState {
    fileprivate var isUnsuccessful: Bool {
        switch self {
        case .failed, .skipped: true
        case .pending, .processing, .retrying, .completed: false
        }
    }

    fileprivate var isWaiting: Bool {
        switch self {
        case .retrying: true
        case .pending, .processing, .completed, .failed, .skipped: false
        }
    }

    fileprivate var isRunning: Bool {
        switch self {
        case .processing: true
        case .pending, .retrying, .completed, .failed, .skipped: false
        }
    }
}
