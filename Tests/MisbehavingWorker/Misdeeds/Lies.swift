import Rules
import WorkerProtocol

/// Breaks the protocol, each time in another way.
enum Lies {
    static func onLength() {
        _ = Wall.nextRequest()
        Wall.write([255, 255, 255, 255, 16], to: 1)
        wait()
    }

    static func onKind() {
        _ = Wall.nextRequest()
        Wall.write(Frame.encode(kind: 200, payload: []), to: 1)
        wait()
    }

    static func onOrder() {
        _ = Wall.nextRequest()
        Wall.send(.artifactBytes([1, 2, 3]))
        wait()
    }

    static func onResult() {
        guard let request = Wall.nextRequest() else { return }
        Wall.send(.finished(request.stage == .text ? .thumbnail(count: 1) : .text(characters: 1)))
        wait()
    }

    static func onRows() {
        _ = Wall.nextRequest()
        let heading = TableHeading(
            schema: nil, columns: ["a", "b"], encoding: "utf-8", delimiter: ",")
        Wall.send(.tableBegun(heading))
        var batch = RowBatch()
        batch.append(row: 2, fields: [Array("1".utf8)])
        Wall.send(.rows(batch))
        wait()
    }

    /// Blames the store, so that it would be run again for ever.
    static func onCode() {
        _ = Wall.nextRequest()
        Wall.send(.failed(Failure(.storeFull, message: "m", detail: "d")))
        wait()
    }

    static func onName() {
        _ = Wall.nextRequest()
        Wall.send(.artifactBegun(name: "../../../etc/passwd", mediaType: "text/plain"))
        wait()
    }

    /// Claims the name of a file that another stage makes.
    static func onStage() {
        guard let request = Wall.nextRequest() else { return }
        let name = request.stage == .text ? "info.json" : "text.txt"
        Wall.send(.artifactBegun(name: name, mediaType: "text/plain"))
        wait()
    }

    static func talkingOn() {
        guard let request = Wall.nextRequest() else { return }
        let last =
            request.stage == .text ? StageResult.text(characters: 1) : .thumbnail(count: 1)
        Wall.write(StageReply.finished(last).encoded() + [1, 2, 3], to: 1)
        wait()
    }

    private static func wait() { while Wall.nextRequest() != nil {} }
}
