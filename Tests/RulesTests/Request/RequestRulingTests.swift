import Rules
import Testing

@Suite struct RequestRulingTests {
    private static let plan = StagePlan.stages(for: .pdf, settings: InboxSettings())
    private static let done = plan.map { RequestCase.Stage(plan: $0, state: .completed) }

    private func question(
        _ changes: [StageName: StageState] = [:], kind: DropKind = .pdf,
        settings: InboxSettings = InboxSettings(), pages: Int? = 3,
        recorded: [PlannedStage] = plan
    ) -> RequestCase {
        RequestCase(
            kind: kind,
            stages: recorded.map { .init(plan: $0, state: changes[$0.name] ?? .completed) },
            settings: settings, pageCount: pages)
    }

    private func reruns(_ ruling: RequestRuling) -> [StageName: Bool]? {
        guard case .granted(let reruns) = ruling else { return nil }
        return reruns.reduce(into: [:]) { $0[$1.plan.name] = $1.isAnew }
    }

    @Test func `a retry runs what failed and what was skipped for that, and publishes`() {
        let failed = question([
            .info: .failed(JobFixture.corrupt), .text: .skipped, .thumbnail: .skipped,
        ])
        #expect(
            reruns(failed.ruling(on: .retry))
                == [.info: true, .text: true, .thumbnail: true, .publish: false])
        let cover = question([.thumbnail: .failed(JobFixture.slow)])
        #expect(reruns(cover.ruling(on: .retry)) == [.thumbnail: true, .publish: false])
        let unpublished = question([.publish: .failed(JobFixture.slow)])
        #expect(reruns(unpublished.ruling(on: .retry)) == [.publish: false])
    }

    @Test func `where nothing failed a retry makes no sense`() {
        #expect(
            question().ruling(on: .retry) == .refused("nothing about this file has failed"))
    }

    @Test func `a refresh makes anew what is outdated, and all of it where nothing is`() {
        #expect(
            reruns(question().ruling(on: .refresh))
                == [.info: true, .text: true, .thumbnail: true, .publish: false])
        var older = Self.plan
        older[2].version = 0
        #expect(
            reruns(question(recorded: older).ruling(on: .refresh))
                == [.text: false, .publish: false])
        var settings = InboxSettings()
        settings.thumbnail.width = 600
        let wider = question([.text: .failed(JobFixture.slow)], settings: settings)
        #expect(
            reruns(wider.ruling(on: .refresh))
                == [.text: true, .thumbnail: false, .publish: false])
    }

    @Test func `a cover is drawn from the page that was asked for`() throws {
        var settings = InboxSettings()
        settings.thumbnail = ThumbnailSettings(page: 2, width: 10, height: 20, quality: 30)
        for (page, drawn) in [(3, 3), (nil, 2)] as [(Int?, Int)] {
            let ruling = question(settings: settings).ruling(on: .thumbnail(page: page))
            guard case .granted(let granted) = ruling else {
                Issue.record("\(ruling)")
                continue
            }
            let plan = try #require(granted.first?.plan)
            #expect(plan.name == .thumbnail)
            var expected = settings.thumbnail
            expected.page = drawn
            #expect(ThumbnailSettings(parameters: plan.parameters) == expected)
        }
    }

    @Test func `pictures of all pages are drawn, whether or not they were planned`() {
        #expect(reruns(question().ruling(on: .pages)) == [.pages: true, .publish: false])
        var settings = InboxSettings()
        settings.drawsPages = true
        let planned = StagePlan.stages(for: .pdf, settings: settings)
        let drawn = question(settings: settings, recorded: planned)
        #expect(reruns(drawn.ruling(on: .pages)) == [.pages: true, .publish: false])
        // They stay part of the document where the inbox wants none.
        #expect(
            reruns(question(recorded: planned).ruling(on: .refresh))
                == [.info: true, .text: true, .thumbnail: true, .pages: true, .publish: false])
    }

    @Test func `a refresh also makes what the inbox was told to make since`() {
        var settings = InboxSettings()
        settings.drawsPages = true
        #expect(
            reruns(question(settings: settings).ruling(on: .refresh))
                == [.pages: false, .publish: false])
    }

    @Test func `pictures of tokens are drawn anew with the rows that have them`() {
        var settings = InboxSettings()
        settings.codes = CodeSettings()
        let planned = StagePlan.stages(for: .csv, settings: settings)
        let drawn = question(kind: .csv, settings: settings, recorded: planned)
        #expect(
            reruns(drawn.ruling(on: .refresh))
                == [.tableImport: true, .qr: true, .publish: false])
        // Another definition of the rows.
        settings.schema = .infer
        let other = question(kind: .csv, settings: settings, recorded: planned)
        #expect(
            reruns(other.ruling(on: .refresh))
                == [.tableImport: false, .qr: true, .publish: false])
        // Other pictures, which the list of tokens names.
        settings = InboxSettings()
        settings.codes = CodeSettings(limit: 3)
        let fewer = question(kind: .csv, settings: settings, recorded: planned)
        #expect(
            reruns(fewer.ruling(on: .refresh))
                == [.tableImport: false, .qr: false, .publish: false])
        settings.codes = CodeSettings()
        let failed = question(
            [.qr: .failed(JobFixture.corrupt)], kind: .csv, settings: settings, recorded: planned)
        #expect(reruns(failed.ruling(on: .retry)) == [.qr: true, .publish: false])
    }

    @Test func `pictures of tokens go where the inbox wants none any more`() {
        var former = InboxSettings()
        former.codes = CodeSettings()
        for state in [StageState.completed, .failed(JobFixture.corrupt)] {
            let question = question(
                [.qr: state], kind: .csv, settings: InboxSettings(),
                recorded: StagePlan.stages(for: .csv, settings: former))
            let ruling = question.ruling(on: .refresh)
            guard case .granted(let granted) = ruling else {
                Issue.record("\(ruling)")
                continue
            }
            #expect(granted.filter(\.isDropped).map(\.plan.name) == [.qr])
            #expect(
                reruns(ruling)
                    == [.tableImport: false, .qr: false, .publish: false])
        }
    }

    @Test func `an import that is tried again makes the list of tokens that its pictures need`() {
        var drawing = InboxSettings()
        drawing.codes = CodeSettings()
        let failed = StageState.failed(JobFixture.corrupt)
        // Told to draw them since.
        let told = question(
            [.tableImport: failed], kind: .csv, settings: drawing,
            recorded: StagePlan.stages(for: .csv, settings: InboxSettings()))
        #expect(
            reruns(told.ruling(on: .retry)) == [.tableImport: true, .qr: false, .publish: false])
        // Told not to.
        let ruling = question(
            [.tableImport: failed, .qr: .skipped], kind: .csv, settings: InboxSettings(),
            recorded: StagePlan.stages(for: .csv, settings: drawing)
        ).ruling(on: .retry)
        #expect(reruns(ruling) == [.tableImport: true, .qr: false, .publish: false])
        guard case .granted(let granted) = ruling else { return }
        #expect(granted.filter(\.isDropped).map(\.plan.name) == [.qr])
        // The pictures alone are those of the list that is there.
        var fewer = drawing
        fewer.codes = CodeSettings(limit: 3)
        let recorded = StagePlan.stages(for: .csv, settings: drawing)
        guard
            case .granted(let alone) = question(
                [.qr: failed], kind: .csv, settings: fewer, recorded: recorded
            ).ruling(on: .retry)
        else {
            Issue.record("it has failed")
            return
        }
        #expect(
            alone.first { $0.plan.name == .qr }?.plan == recorded.first { $0.name == .qr })
        // A list without pictures, from before imports took codes along.
        var plan = recorded
        plan.removeAll { $0.name == .qr }
        let listless = question(kind: .csv, settings: drawing, recorded: plan)
        #expect(
            reruns(listless.ruling(on: .refresh))
                == [.tableImport: true, .qr: false, .publish: false])
    }

    @Test(arguments: [
        (Request.Verb.thumbnail(page: 4), DropKind.pdf, "the PDF has no page 4, only 3"),
        (.thumbnail(page: nil), .csv, "only PDFs have pages to make pictures of"),
        (.pages, .csv, "only PDFs have pages to make pictures of"),
    ])
    func `what can never be done is refused, whatever is going on`(
        verb: Request.Verb, kind: DropKind, reason: String
    ) {
        #expect(question(kind: kind).ruling(on: verb) == .refused(reason))
        let running = question([.text: .processing(attempt: 1)], kind: kind)
        #expect(running.ruling(on: verb) == .refused(reason))
    }

    @Test func `a file that could not be read has no cover`() {
        let failed = question([.info: .failed(JobFixture.corrupt), .thumbnail: .skipped])
        for verb in [Request.Verb.thumbnail(page: nil), .pages] {
            #expect(failed.ruling(on: verb) == .refused("the file could not be read"))
        }
    }

    @Test(arguments: [.pending, .processing(attempt: 1)] as [StageState])
    func `what is asked of a document that is worked on is decided afterwards`(state: StageState) {
        for verb in [Request.Verb.retry, .refresh, .restore, .thumbnail(page: 2)] {
            #expect(question([.text: state]).ruling(on: verb) == .later)
        }
    }

    @Test func `a retry brings forward what waits for its next attempt`() {
        let waiting = StageState.retrying(
            attempt: 1, until: JobFixture.later, after: JobFixture.slow)
        #expect(question([.text: waiting]).ruling(on: .retry) == .hastened)
        #expect(question([.text: waiting]).ruling(on: .refresh) == .later)
        let busy = question([.text: waiting, .thumbnail: .processing(attempt: 1)])
        #expect(busy.ruling(on: .retry) == .later)
    }

    @Test func `a restored document has its original from then on`() {
        guard case .granted(let reruns) = question().ruling(on: .restore) else {
            Issue.record("it was refused")
            return
        }
        #expect(reruns.map(\.plan.name) == [.publish])
        #expect(reruns.first?.plan.parameters == StagePlan.withOriginal)
        var kept = Self.plan
        kept[4].parameters = StagePlan.withOriginal
        guard case .granted(let later) = question(recorded: kept).ruling(on: .refresh) else {
            Issue.record("it was refused")
            return
        }
        #expect(later.last?.plan.parameters == StagePlan.withOriginal)
    }

    @Test(arguments: ["retry", "refresh", "pages", "restore", "delete", "thumbnail", "thumbnail-7"])
    func `a verb is read as it is written`(text: String) throws {
        let verb = try #require(Request.Verb(text: text))
        #expect("\(verb)" == text)
        let request = try #require(Request(verb, about: FileName(literal: "a.pdf")))
        #expect(Request(name: request.name) == request)
    }

    @Test(arguments: [
        "thumbnail-", "thumbnail-0", "thumbnail--1", "thumbnail-+7", "thumbnail-07", "thumbnail- 7",
        "thumbnail-٧", "thumbnail-9223372036854775808", "Retry", "RETRY", "retry ", "",
    ])
    func `anything else is no verb`(text: String) {
        #expect(Request.Verb(text: text) == nil)
        #expect(FileName("a.pdf.\(text)".utf8).flatMap(Request.init(name:)) == nil)
    }

    @Test func `what decides a result is read from a stage's parameters`() {
        #expect(ThumbnailSettings(parameters: "page=7 box=1x2 quality=3")?.page == 7)
        for text in ["", "page=7", "page=7 box=1x2 quality=3 ", "page=1 page=1 box=1x2"] {
            #expect(ThumbnailSettings(parameters: text) == nil, "\(text)")
        }
        #expect(SchemaChoice(parameters: "schema=auto") == .auto)
        #expect(SchemaChoice(parameters: "schema=participants") == .named("participants"))
        #expect(SchemaChoice(parameters: "") == nil)
    }

    @Test func `a document is deleted whatever became of it, but not while it is worked on`() {
        for state in [
            StageState.pending, .completed, .failed(JobFixture.corrupt),
            .retrying(attempt: 1, until: Timestamp(milliseconds: 5), after: JobFixture.slow),
        ] {
            #expect(question([.text: state]).ruling(on: .delete) == .deletion)
        }
        #expect(question([.text: .processing(attempt: 1)]).ruling(on: .delete) == .later)
    }

    @Test(arguments: [("a.pdf.~1~", "a.pdf", 1), ("a.b.csv.~23~", "a.b.csv", 23)])
    func `an older document is asked about by the number in its sidecars' names`(
        name: String, target: String, version: Int
    ) throws {
        let whole = try #require(FileName(Array(name.utf8)))
        let request = try #require(Request(.delete, about: whole))
        #expect(request.target.description == target)
        #expect(request.version == version)
        #expect(request.name.description == name + ".delete")
        #expect(Request(name: request.name) == request)
    }

    @Test(arguments: ["a.pdf.~0~", "a.pdf.~01~", "a.pdf.~~", "a.pdf.~x~", "a.pdf.1", "a.txt.~1~"])
    func `other numbers are names of files`(name: String) throws {
        let name = try #require(FileName(Array(name.utf8)))
        #expect(Request(.delete, about: name) == nil)
    }
}
