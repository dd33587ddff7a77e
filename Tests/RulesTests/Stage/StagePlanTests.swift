import Rules
import Testing

@Suite struct StagePlanTests {
    @Test func `every page of a PDF is drawn where the inbox says so`() throws {
        #expect(
            StagePlan.stages(for: .pdf, settings: InboxSettings()).map(\.name)
                == [.store, .info, .text, .thumbnail, .publish])
        let settings = InboxSettings(
            thumbnail: ThumbnailSettings(page: 3, width: 10, height: 20, quality: 30),
            drawsPages: true)
        let plan = StagePlan.stages(for: .pdf, settings: settings)
        #expect(plan.map(\.name) == [.store, .info, .text, .thumbnail, .pages, .publish])
        let pages = plan[4]
        #expect(!pages.isRequired)
        // As the cover, whose page does not matter.
        #expect(
            PageSettings(parameters: pages.parameters)
                == PageSettings(width: 10, height: 20, quality: 30))
        #expect(
            StagePlan.stages(for: .csv, settings: settings).map(\.name)
                == [.store, .tableImport, .publish])
    }

    @Test func `tokens are drawn where the inbox says so, behind the rows that have them`() throws {
        let settings = InboxSettings(codes: CodeSettings(limit: 7))
        let plan = StagePlan.stages(for: .xlsx, settings: settings)
        #expect(plan.map(\.name) == [.store, .tableImport, .qr, .publish])
        #expect(!plan[2].isRequired)
        #expect(CodeSettings(parameters: plan[2].parameters) == CodeSettings(limit: 7))
        // The list of tokens names their pictures.
        let other = InboxSettings(codes: CodeSettings(limit: 8))
        #expect(StagePlan.stages(for: .xlsx, settings: other)[1] != plan[1])
        #expect(
            StagePlan.stages(for: .pdf, settings: settings)
                == StagePlan.stages(for: .pdf, settings: InboxSettings()))
    }

    @Test(arguments: ["", "png", "png limit=", "png limit=0", "png limit=10001", "limit=3"])
    func `parameters of codes that this version does not write say nothing`(text: String) {
        #expect(CodeSettings(parameters: text) == nil)
    }

    @Test(arguments: ["", "box=1x2", "page=1 box=1x2 quality=3", "box=1x2 quality=03"])
    func `parameters that this version does not write say nothing`(text: String) {
        #expect(PageSettings(parameters: text) == nil)
    }
}
