import Catalog
import Publish
import Rules
import Synchronization

extension House {
    /// What is to be written of a document now: asked for in the order in which it is written, so that
    /// no figure goes back, whoever made the view.
    func words(of view: DocumentView) -> StatusDocument {
        view.status(progress.withLock { $0.figures(for: view.telling) })
    }

    /// The document is over, and its last status file says so.
    func forgetProgress(of id: DocumentID) { progress.withLock { $0.forget(id) } }

    /// What a stage took tells how long the next ones will take; one that has left something out, and
    /// says so, tells nothing.
    ///
    /// - Parameter output: nil where it came to no good end.
    func learn(
        from stage: StageName, of document: DocumentRecord, _ output: StageOutput?,
        took seconds: Double
    ) {
        guard let output, output.warnings.isEmpty else { return }
        var extent = document.extent
        extent.pages = extent.pages ?? StageResults.pageCount(in: output.result)
        progress.withLock { [extent] in $0.learn(stage, over: extent, took: seconds) }
    }

    /// The seconds that a stage of a document is expected to take.
    func expectedSeconds(of stage: StageName, over document: DocumentRecord) -> Double {
        progress.withLock { $0.rates.seconds(of: stage, over: document.extent) }
    }
}
