import Testing

@testable import Rules

@Suite struct SheetNameTests {
    @Test(arguments: [
        ("참가자", " 참가자\t", true), ("Sheet1", "sheet1", true), ("Zoë", "Zoe\u{308}", true),
        ("Sheet1", "Sheet 1", false), ("", "a", false),
    ])
    func `names differ in more than case and white space at their ends`(
        one: String, other: String, isSame: Bool
    ) {
        #expect(SheetName.isSame(one, other) == isSame)
    }
}
