import Foundation
import Rules
import Testing

/// Tokens in print, and the commands about them.
@Suite(.serialized, .timeLimit(.minutes(5))) struct TokenFlowTests {
    let scene: FlowScene

    init() throws { scene = try FlowScene() }

    private func drop(_ text: String, as name: String) throws {
        try scene.drop(Data(text.utf8), as: name)
    }

    @Test func `a token is genuine, also after the key was changed`() async throws {
        try drop("name,email\nAnn,a@b.kr\n", as: "a.csv")
        try await scene.runOnce()
        let token = try #require(
            try scene.text("a.csv.results/tokens.csv").split(separator: "\r\n").last?
                .split(separator: ",").last.map(String.init))
        func run(_ words: String...) async throws -> (RunningProgram.End, String) {
            try await RunningProgram.run("ingestd", ["token"] + words + ["--state", scene.state])
        }
        var (end, output) = try await run("verify", token)
        #expect(end == .exited(0))
        #expect(output.contains("genuine, signed with the current key"))
        (end, output) = try await run("rotate")
        #expect(end == .exited(0), "\(output)")
        (end, output) = try await run("verify", "--json", token)
        #expect(end == .exited(0))
        #expect(
            output.contains(#""verdict":"genuine""#) && output.contains(#""is_current":false"#))
        let forged = String(token.dropLast()) + (token.hasSuffix("A") ? "B" : "A")
        (end, output) = try await run("verify", token, forged, "x")
        #expect(end == .exited(65))
        #expect(output.contains("forged") && output.contains("x: no token"))
        try drop("name,email\nBo,b@b.kr\n", as: "b.csv")
        try await scene.runOnce()
        let new = try #require(
            try scene.text("b.csv.results/tokens.csv").split(separator: "\r\n").last?
                .split(separator: ",").last.map(String.init))
        (end, output) = try await run("verify", new)
        #expect(output.contains("genuine, signed with the current key"), "\(output)")
        try await scene.expectClean()
    }
}
