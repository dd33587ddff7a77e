import Glibc
import Rules
import SystemPackage
import WorkerProtocol

/// The stages of one document, run one after the other over its blob by a worker process.
///
/// The process is forked for the first stage and serves the next ones too, as long as it keeps
/// alive, keeps to the protocol and is owed the same limits; else the next stage gets a fresh one.
/// Where the caller allows it, small and blameless documents of one account share a process. Belongs to
/// the slot's thread: no other may touch it.
public final class WorkerSession {
    private let blob: FileDescriptor
    private let slot: SlotContext
    private let interruption: Interruption
    private let subject: [JournalField: String]
    /// Whose documents the process may see; nil where it must see no other.
    private var account: Account?
    private var process: WorkerProcess?
    /// Whether every stage so far came to a good end.
    private var isBlameless = true

    init(
        over blob: FileDescriptor, of account: Account?, slot: SlotContext,
        interruption: Interruption, subject: [JournalField: String]
    ) {
        self.blob = blob
        self.account = account
        self.slot = slot
        self.interruption = interruption
        self.subject = subject
    }

    /// Whether the slot was stopped or the caller cancelled: no further stage will run.
    public var isInterrupted: Bool { interruption.isRaised }

    /// Runs one stage, and returns when it is over, one way or another.
    ///
    /// - Parameter onReply: is given, on this thread, every reply but the last, checked: artifacts
    ///   begin and end in order, rows fit their table, texts are bounded. The worker waits while it
    ///   works, at no cost to the worker's deadline. Progress that comes too fast is left out.
    public func run(
        _ request: StageRequest, limits: WorkerLimits, onReply: (StageReply) throws -> Void
    ) -> WorkerOutcome {
        guard !interruption.isRaised else { return .interrupted }
        let process: WorkerProcess
        do {
            process = try worker(under: limits)
        } catch {
            return .notStarted(error.failure)
        }
        var exchange = StageExchange(
            request, with: process, limits: limits, interruption: interruption)
        do {
            let outcome = try exchange.run(onReply)
            if case .finished = outcome { return outcome }
            isBlameless = false
            return outcome
        } catch {
            self.process = nil
            let end = process.reap()
            slot.report(process.words.lines(), of: process.pid, subject)
            if case .workerEnded = error, process.declinedDocument(by: end) {
                // It was left from an earlier document, so this comes about once.
                return run(request, limits: limits, onReply: onReply)
            }
            isBlameless = false
            if case .workerEnded = error, process.diedWithTemplate {
                slot.discardTemplate()
                return .notStarted(WorkerError.templateGone("it died over its child").failure)
            }
            return settle(error, with: process, after: end, at: request.stage)
        }
    }

    /// From now on no process of this session sees another document: one that has seen some before
    /// ends, and none is kept for the next.
    public func beAlone() {
        account = nil
        guard let process, process.documentCount > 1 else { return }
        self.process = nil
        end(process)
    }

    /// Ends the process, if there is one, or keeps it for the account's next document.
    func close() {
        guard let process else { return }
        self.process = nil
        if let account, isBlameless, slot.idle == nil, process.maySeeAnother(of: .zero) {
            // What it said, it said of this document.
            slot.report(process.words.lines(), of: process.pid, subject)
            process.forgetWords()
            slot.idle = IdleWorker(process: process, account: account)
            return
        }
        end(process)
    }

    private func end(_ process: WorkerProcess) {
        _ = process.reap()
        slot.report(process.words.lines(), of: process.pid, subject)
    }

    /// The process at hand where it will do, else that which waits, else a fresh one.
    private func worker(under limits: WorkerLimits) throws(WorkerError) -> WorkerProcess {
        if let process {
            if process.limits == limits.ofChild, !process.hasEnded { return process }
            self.process = nil
            end(process)
        }
        let size = blobSize()
        let process: WorkerProcess
        if let waiting = waiting(for: size, under: limits.ofChild) {
            process = waiting
        } else {
            process = try slot.launch(over: blob, under: limits)
        }
        process.charge(size)
        self.process = process
        return process
    }

    /// The worker that waits, where it may see this document and could be told of it.
    private func waiting(for size: ByteCount, under limits: ChildLimits) -> WorkerProcess? {
        guard let idle = slot.idle else { return nil }
        slot.idle = nil
        if idle.account == account, idle.process.limits == limits,
            idle.process.maySeeAnother(of: size), idle.process.turn(to: blob.rawValue)
        {
            return idle.process
        }
        end(idle.process)
        return nil
    }

    /// What the document amounts to; one that cannot be measured shares no process.
    private func blobSize() -> ByteCount {
        var facts = stat()
        guard fstat(blob.rawValue, &facts) == 0 else { return WorkerProcess.byteLimit }
        return ByteCount(Int64(facts.st_size))
    }

    /// Says what the end of a worker that an exchange broke off with means for the stage.
    private func settle(
        _ cause: ExchangeBreak, with process: WorkerProcess, after end: WorkerEnd,
        at stage: StageName
    ) -> WorkerOutcome {
        let error: WorkerError
        switch cause {
        case .interrupted: return .interrupted
        case .sinkFailed(let error): return .sinkFailed(error)
        case .fault(let fault): error = fault
        case .workerEnded:
            error = WorkerError(
                unaskedEnd: end, cpuSeconds: Int64(process.limits.cpuSeconds),
                wasRefusedMemory: process.words.tellsOfRefusedMemory)
        }
        slot.discardTemplate()
        let failure = error.failure
        var fields: [JournalField: String] = [
            .stage: stage.rawValue, .code: failure.code.rawValue, .detail: failure.detail,
            .pid: "\(process.pid)",
        ]
        if case .signalled(let signal, _) = end { fields[.signal] = WorkerEnd.name(of: signal) }
        slot.journal(JournalLine(.workerKilled, subject.merging(fields) { _, own in own }))
        return .failed(failure)
    }
}
