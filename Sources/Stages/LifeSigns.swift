import WorkerProtocol

/// Tells the daemon, while one page takes long, that this process is at work over it and not stuck.
///
/// A sign of life is the last report of progress once more. It is given in the midst of MuPDF, when that
/// asks for memory or bytes; a thread or a timer of its own would go on telling when nothing else does.
/// Rule: docs/formats.md, "Status files".
final class LifeSigns {
    private var send: ((StageReply) throws -> Void)?
    private var last = StageReply.progress(done: 0, total: 0)

    /// Runs a stage whose replies go through here; signs are given only meanwhile.
    func during<Value>(
        _ send: (StageReply) throws -> Void,
        _ body: ((StageReply) throws -> Void) throws -> Value
    ) throws -> Value {
        try withoutActuallyEscaping(send) { send in
            self.send = send
            last = .progress(done: 0, total: 0)
            defer { self.send = nil }
            return try body { reply in
                if case .progress = reply { last = reply }
                try send(reply)
            }
        }
    }

    /// Called by MuPDF, over whose frames nothing may be thrown.
    func tell() {
        do {
            try send?(last)
        } catch {
            // The daemon is gone, and the next reply will find that out, too.
        }
    }
}
