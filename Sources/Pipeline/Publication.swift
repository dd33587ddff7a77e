import Catalog
import Publish
import Rules
import Store
import Synchronization
import SystemPackage

/// The last stage, which has begun: sidecars first, then `completed` in the catalogue.
struct Publication {
    let house: House
    let desk: InboxDesk
    /// As it stands in the catalogue.
    let document: DocumentRecord
    /// What its stages have made.
    let artifacts: [StageName: [ArtifactRecord]]

    /// The change by which a document's publication begins; nil where that is not due.
    static func start(of document: DocumentRecord, _ house: House) throws -> StageChange? {
        let now = house.surroundings.now()
        guard let stage = document.stage(.publish),
            document.job.dueStages(at: now).contains(.publish)
        else { return nil }
        return StageChange(
            document: document.id, stage: .publish,
            state: try stage.state.following(.started, retries: house.retries), at: now)
    }

    /// Publishes the document.
    func run() async throws {
        guard let started = document.stage(.publish)?.state else {
            preconditionFailure("every plan ends with publish")
        }
        let clock = ContinuousClock()
        let begin = clock.now
        var document = document
        tellIfLong(document)
        defer {
            desk.tellRecorded(document.id)
            desk.requests.documentMoved(document.path)
        }
        let obstacle: (any Error)?
        do {
            obstacle = try await publish(&document)
        } catch {
            obstacle = error
        }
        let seconds = (clock.now - begin).inSeconds
        if let obstacle {
            try await retry(document, from: started, after: obstacle, seconds: seconds)
        } else {
            try await complete(document, seconds: seconds)
        }
    }

    /// Writes results and last status; `document` is then as the catalogue is to have it.
    private func publish(_ document: inout DocumentRecord) async throws -> Failure? {
        let artifacts = document.stages.flatMap { self.artifacts[$0.plan.name] ?? [] }
        let original = hasOriginal(document) ? [Self.original(of: document)] : []
        var results = InboxDesk.Results()
        results.former = try await noLongerMade(document, artifacts)
        defer { for item in results.items { house.close(item.source) } }
        for file in original {
            var item = try desk.item(of: file)
            item.modifiedNanoseconds = document.modifiedNanoseconds
            results.items.append(item)
        }
        if artifacts.count > ResultItem.batch {
            results.prepared = try await prepare(artifacts, of: document)
        } else {
            for file in artifacts { results.items.append(try desk.item(of: file)) }
        }
        document = finished(document, files: original + artifacts)
        let failure = await desk.publish(desk.view(of: document), results)
        // What was not come to, since something stood in the way before.
        if failure != nil, let prepared = results.prepared {
            await desk.abandon(prepared, at: document.path)
        }
        if failure == nil { house.surroundings.checkpoint(.published, document.path) }
        return failure
    }

    /// What was published of the document before and is not among what it comes to now; the original
    /// stays, whatever the inbox has by now.
    private func noLongerMade(
        _ document: DocumentRecord, _ artifacts: [ArtifactRecord]
    ) async throws -> [MadeResult] {
        // What a stage made before it failed this time is better than nothing.
        let isWhole = document.stages.allSatisfy {
            $0.plan.name == .publish || $0.state == .completed
        }
        guard document.result != nil, isWhole else { return [] }
        let names = Set((artifacts + [Self.original(of: document)]).map(\.name))
        return try await house.catalog.publishedFiles(of: document.id)
            .filter { !names.contains($0.name) }.compactMap(MadeResult.init)
    }

    /// Makes many files ready beside their place, and tells how far that is.
    private func prepare(
        _ files: [ArtifactRecord], of document: DocumentRecord
    ) async throws -> PreparedResults {
        let begin = ContinuousClock.now
        let done = Mutex(0)
        return try await desk.prepare(files, of: document) { [desk] count in
            done.withLock { done in
                done += count
                let live = LiveProgress(
                    done: done, total: files.count, elapsed: .now - begin, heardAt: nil)
                desk.tell(desk.view(of: document, live: [.publish: live]))
            }
        }
    }

    /// What takes longer than a glance is told before it begins; all else has ended before anybody
    /// could read it.
    private func tellIfLong(_ document: DocumentRecord) {
        guard house.expectedSeconds(of: .publish, over: document) > 1 else { return }
        desk.tell(desk.view(of: document, live: [.publish: .begun]))
    }

    /// Whether the results hold the original: as the inbox has it, or as its owner asked for once.
    private func hasOriginal(_ document: DocumentRecord) -> Bool {
        desk.settings.originals != .none
            || document.stage(.publish)?.plan.parameters == StagePlan.withOriginal
    }

    /// The document with its last stage completed, as it is told before it is recorded.
    private func finished(
        _ document: DocumentRecord, files: [ArtifactRecord]
    ) -> DocumentRecord {
        var document = document
        let now = house.surroundings.now()
        for index in document.stages.indices where document.stages[index].plan.name == .publish {
            document.stages[index].state = .completed
            document.stages[index].completedAt = now
        }
        document.completedAt = now
        let seconds = document.startedAt.map { (now - $0).inSeconds } ?? 0
        document.result = StageResults.document(document, files: files, seconds: seconds)
        return document
    }

    private func complete(_ document: DocumentRecord, seconds: Double) async throws {
        guard let at = document.completedAt else {
            preconditionFailure("it was set when published")
        }
        let completed = StageChange(
            document: document.id, stage: .publish, state: .completed, at: at, seconds: seconds,
            documentResult: document.result)
        try await house.catalog.record([completed])
        house.learn(from: .publish, of: document, StageOutput(), took: seconds)
        house.surroundings.checkpoint(.completed, document.path)
        desk.retention.ring()
        let state = document.standing.state
        var fields: [JournalField: String] = [
            .document: "\(document.id)", .account: "\(desk.account)",
            .path: "\(document.path)",
        ]
        fields[.code] = document.standing.failure?.failure.code.rawValue
        house.say(state == .failed ? .documentFailed : .documentCompleted, fields)
    }

    private func retry(
        _ document: DocumentRecord, from started: StageState, after obstacle: any Error,
        seconds: Double
    ) async throws {
        let now = house.surroundings.now()
        let event = Self.event(
            after: obstacle, at: now, jitter: house.surroundings.jitter())
        let state = try started.following(event, retries: house.retries)
        if case .interrupted = event {
            house.say(
                .stageInterrupted,
                [
                    .document: "\(document.id)", .account: "\(desk.account)",
                    .stage: StageName.publish.rawValue,
                ])
        }
        let waiting = StageChange(
            document: document.id, stage: .publish, state: state, at: now, seconds: seconds)
        let records = try await house.catalog.record([waiting])
        let line = StageJournal(document: document, account: desk.account)
            .ended(.publish, state, seconds: seconds)
        if let line { house.surroundings.journal(line) }
        guard let record = records.first else { return }
        desk.tell(desk.view(of: record))
    }

    /// What an error while publishing means for the stage: that the daemon stops spends no attempt.
    static func event(after error: any Error, at now: Timestamp, jitter: Double) -> StageEvent {
        if error is CancellationError { return .interrupted(at: now) }
        return .failed(mendable(House.failure(of: error)), at: now, jitter: jitter)
    }

    /// What stands in the way of writing sidecars is never the content: waiting may always help.
    private static func mendable(_ failure: Failure) -> Failure {
        guard failure.code.remedy == .none else { return failure }
        return Failure(.internalError, message: failure.message, detail: failure.detail)
    }

    /// The dropped bytes as a file of the results.
    static func original(of document: DocumentRecord) -> ArtifactRecord {
        original(document.fileName, document.digest, document.size, document.kind)
    }

    /// What may have been published of a deleted document.
    static func results(of trashed: TrashRecord, files: [PublishedFile]) -> [MadeResult] {
        guard let name = trashed.path.name else { preconditionFailure("a document has a name") }
        let original = original(name, trashed.digest, trashed.size, trashed.kind)
        return ([PublishedFile(name: original.name, size: original.size)] + files)
            .compactMap(MadeResult.init)
    }

    private static func original(
        _ name: FileName, _ digest: ContentDigest, _ size: ByteCount, _ kind: DropKind
    ) -> ArtifactRecord {
        ArtifactRecord(
            name: "original." + name.lowercasedExtension, digest: digest, size: size,
            mediaType: kind.mediaType)
    }
}

extension MadeResult {
    /// Nil where the name is none of ours.
    fileprivate init?(_ file: PublishedFile) {
        guard let name = BeneathPath(bytes: Array(file.name.utf8)), !name.isRoot else { return nil }
        self.init(name: name, size: file.size)
    }
}

extension FileName {
    /// What follows the last dot; a name that was claimed has one, in ASCII.
    var lowercasedExtension: String {
        String(decoding: bytes.split(separator: UInt8(ascii: ".")).last ?? [], as: UTF8.self)
            .lowercased()
    }
}

extension DropKind {
    /// Rule: the IANA registry of media types.
    var mediaType: String {
        switch self {
        case .pdf: "application/pdf"
        case .csv: "text/csv"
        case .xls: "application/vnd.ms-excel"
        case .xlsx: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
        }
    }
}
