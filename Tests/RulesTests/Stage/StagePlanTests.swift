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

    @Test(arguments: ["", "box=1x2", "page=1 box=1x2 quality=3", "box=1x2 quality=03"])
    func `parameters that this version does not write say nothing`(text: String) {
        #expect(PageSettings(parameters: text) == nil)
    }
}
