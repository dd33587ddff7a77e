import Testing

@testable import Rules

@Suite struct BeneathPathTests {
    private func path(_ text: String) throws -> BeneathPath {
        try #require(BeneathPath(bytes: Array(text.utf8)))
    }

    @Test func `a path is its components, and nothing else is a path`() throws {
        let deep = try path("a/b c/d")
        #expect(deep.components.map(\.description) == ["a", "b c", "d"])
        #expect(BeneathPath(deep.components) == deep)
        #expect(deep.depth == 3)
        #expect(deep.name?.description == "d")
        #expect(try deep.parent == path("a/b c"))
        #expect(try deep.sibling(FileName(literal: "e")) == path("a/b c/e"))
        #expect(try path("a").appending(path("b/c")) == path("a/b/c"))
        for text in ["/", "/a", "a/", "a//b", ".", "..", "a/../b", "a/./b", "a/\0"] {
            #expect(BeneathPath(bytes: Array(text.utf8)) == nil, "\(text)")
        }
    }

    @Test func `the inbox itself has no name, and stands in itself`() throws {
        let root = BeneathPath()
        #expect(BeneathPath(bytes: []) == root)
        #expect(root.isRoot && root.depth == 0 && root.name == nil && root.components.isEmpty)
        #expect(root.parent == root)
        #expect(try path("a").parent == root)
        #expect(try root.appending(path("a/b")) == path("a/b"))
        #expect(try path("a").appending(root) == path("a"))
    }

    @Test func `a name that merely begins alike is not below`() throws {
        let folder = try path("a/b")
        #expect(try path("a/b/c/d").isBelow(folder))
        #expect(!folder.isBelow(folder) && folder.isAtOrBelow(folder))
        #expect(try !path("a/bc").isAtOrBelow(folder))
        #expect(try !path("a").isAtOrBelow(folder))
        #expect(try path("a").isBelow(BeneathPath()) && !BeneathPath().isBelow(BeneathPath()))
        #expect(folder.isAtOrBelow(BeneathPath()))
    }

    @Test func `paths are in the order of their components`() throws {
        let texts = ["", "a", "a/b", "a/b/c", "a/c", "a b", "a-b/c", "a.b", "b"]
        let paths = try texts.map(path)
        #expect(paths.shuffled().sorted() == paths)
        for (left, right) in zip(paths, paths.dropFirst()) {
            #expect(left.components.lexicographicallyPrecedes(right.components))
        }
    }

    @Test func `a path of 700 folders takes the memory of its bytes`() throws {
        let deep = BeneathPath(Array(repeating: FileName(literal: "d"), count: 700))
        #expect(deep.bytes.count == 1399)
        #expect(MemoryLayout<BeneathPath>.size == MemoryLayout<[UInt8]>.size)
    }
}
