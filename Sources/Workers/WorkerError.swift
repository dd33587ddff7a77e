import Glibc
import Rules
import SystemPackage

/// Why a worker could not do, or finish, what was asked of it.
enum WorkerError: DocumentError, Hashable {
    case launchFailed(what: String, Errno)
    /// A worker that was only to start and stop did not: nothing it reads can be to blame.
    case unfitToRun(String)
    /// The template is not there, or not as it should be; no document was looked at.
    case templateGone(String)
    case deadlinePassed(after: Duration)
    case cpuTimeSpent
    case memoryGone(String)
    case ended(WorkerEnd)
    /// It closed its socket in the middle of a stage, and lived on.
    case fellSilent
    /// It did not keep to the protocol.
    case lied(String)
    case outputTooLarge(limit: ByteCount)
    case logTooLong(limit: ByteCount)

    var failure: Failure {
        switch self {
        case .launchFailed(let what, let errno):
            Failure(
                ErrorCode.ofSystem(errno: errno.rawValue) ?? .internalError, message: Self.ours,
                detail: "\(what): \(errno)")
        case .unfitToRun(let why):
            Failure(.internalError, message: Self.ours, detail: "try out the worker: \(why)")
        case .templateGone(let why):
            Failure(.internalError, message: Self.ours, detail: "start a worker: \(why)")
        case .deadlinePassed(let limit):
            timeout("no end after \(limit.wholeMilliseconds / 1000) s")
        case .cpuTimeSpent:
            timeout("processor time is used up")
        case .memoryGone(let why):
            Failure(
                .memoryExceeded,
                message: "Reading this file takes more memory than is allowed."
                    + " Try a smaller or simpler version of it.",
                detail: "run the stage in a worker: \(why)")
        case .ended(.exited(let status)):
            crash("it left without an answer, exit status \(status)")
        case .ended(.signalled(let signal, _)):
            crash("it was ended by \(WorkerEnd.name(of: signal))")
        case .fellSilent:
            crash("it closed its socket and lived on")
        case .lied(let how):
            crash("it broke the protocol, \(how)")
        case .logTooLong(let limit):
            crash("it wrote more than \(limit) to its log")
        case .outputTooLarge(let limit):
            Failure(
                .outputTooLarge,
                message: "What this file expands to is larger than is allowed (\(limit))."
                    + " Split it into smaller files.",
                detail: "take the worker's replies: more than \(limit.bytes) bytes")
        }
    }

    private static let ours =
        "The file could not be processed just now. It is safe and will be tried again by itself."

    private func timeout(_ why: String) -> Failure {
        Failure(
            .timeout,
            message: "Reading this file took too long and was stopped."
                + " Try a smaller or simpler version of it.",
            detail: "run the stage in a worker: \(why)")
    }

    private func crash(_ why: String) -> Failure {
        Failure(
            .workerCrashed,
            message: "The program that reads such files broke down over this one."
                + " The file may be damaged: open it, save it anew and drop it again.",
            detail: "run the stage in a worker: \(why)")
    }
}

extension WorkerError {
    /// What the end of a worker, which nobody had asked for, means for the stage it was at.
    ///
    /// - Parameters:
    ///   - cpuSeconds: the processor time it was allowed.
    ///   - wasRefusedMemory: whether its last words say so.
    init(unaskedEnd end: WorkerEnd, cpuSeconds: Int64, wasRefusedMemory: Bool) {
        switch end {
        case .signalled(SIGXCPU, _):
            self = .cpuTimeSpent
        case .signalled(SIGKILL, let cpu) where cpu >= .seconds(cpuSeconds):
            self = .cpuTimeSpent
        case .signalled(SIGKILL, _):
            // Nobody but the kernel, when memory runs out, kills a worker without asking.
            self = .memoryGone("it was killed from outside, by SIGKILL")
        case .signalled where wasRefusedMemory:
            self = .memoryGone("it was refused more than its limit")
        case .signalled, .exited:
            self = .ended(end)
        }
    }
}
