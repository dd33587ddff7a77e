import Glibc
import Rules
import SystemPackage
import WorkerProtocol

/// The stages of one document, run one after the other over its blob by a worker process.
///
/// The process is started for the first stage and serves the next ones too, as long as it keeps
/// alive, keeps to the protocol and is owed the same limits; else the next stage gets a fresh one.
/// Where the caller allows it, small and blameless documents of one account share a process. Belongs to the slot's thread: no other may touch it.
public final class WorkerSession {
    private let blob: FileDescriptor
    private let slot: SlotContext
    private let interruption: Interruption
    private let subject: [JournalField: String]
    /// Whose documents the process may see; nil where it must see no other.
    private let account: Account?
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
            isBlameless = false
            return settle(error, with: process, at: request.stage)
        }
    }

    /// Ends the process, if there is one, or keeps it for the account's next document.
    func close() {
        guard let process else { return }
        self.process = nil
        if let account, isBlameless, slot.idle == nil, process.maySeeAnother {
            // What it said, it said of this document.
            reportWords(of: process)
            process.forgetWords()
            slot.idle = IdleWorker(process: process, account: account)
            return
        }
        end(process)
    }

    private func end(_ process: WorkerProcess) {
        _ = process.reap()
        reportWords(of: process)
    }

    /// The process at hand where it will do, else a fresh one.
    private func worker(under limits: WorkerLimits) throws(WorkerError) -> WorkerProcess {
        if let process {
            let line = slot.launcher.commandLine(under: limits)
            if process.commandLine == line, !process.hasEnded { return process }
            self.process = nil
            end(process)
        }
        if let idle = slot.idle {
            slot.idle = nil
            if idle.suits(account),
                idle.process.commandLine == slot.launcher.commandLine(under: limits),
                idle.process.maySeeAnother, idle.process.turn(to: blob.rawValue)
            {
                process = idle.process
                return idle.process
            }
            end(idle.process)
        }
        let fresh = try slot.launcher.launch(over: blob, under: limits)
        process = fresh
        return fresh
    }

    /// Ends the worker that an exchange broke off with, and says what that means for the stage.
    private func settle(
        _ cause: ExchangeBreak, with process: WorkerProcess, at stage: StageName
    ) -> WorkerOutcome {
        self.process = nil
        let end = process.reap()
        reportWords(of: process)
        let error: WorkerError
        switch cause {
        case .interrupted: return .interrupted
        case .sinkFailed(let error): return .sinkFailed(error)
        case .fault(let fault): error = fault
        case .workerEnded:
            error = WorkerError(
                unaskedEnd: end, cpuSeconds: process.cpuSeconds,
                wasRefusedMemory: process.words.tellsOfRefusedMemory)
        }
        let failure = error.failure
        var fields: [JournalField: String] = [
            .stage: stage.rawValue, .code: failure.code.rawValue, .detail: failure.detail,
            .pid: "\(process.pid)",
        ]
        if case .signalled(let signal, _) = end { fields[.signal] = WorkerEnd.name(of: signal) }
        say(.workerKilled, fields)
        return .failed(failure)
    }

    private func reportWords(of process: WorkerProcess) {
        for line in process.words.lines() {
            if line.hasPrefix(WorkerLog.reducedConfinement) {
                guard slot.isFirstReportOfReducedConfinement() else { continue }
                say(.confinementReduced, [.pid: "\(process.pid)", .reason: line])
            } else {
                say(.workerSaid, [.pid: "\(process.pid)", .text: line])
            }
        }
    }

    private func say(_ event: JournalEvent, _ fields: [JournalField: String]) {
        slot.journal(JournalLine(event, subject.merging(fields) { _, own in own }))
    }
}
