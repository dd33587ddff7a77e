import Confinement
import Glibc
import Rules
import Stages

/// The program that parses what strangers sent: it confines itself, then serves requests until they
/// end.
///
/// Descriptor 0 is the blob, 1 a stream socket that bears frames both ways, 2 takes lines for the
/// operator.
enum IngestWorker {
    /// What the program and its libraries take of the address space beside the document's share:
    /// the built-in fonts alone are 41 MB.
    static let ownAddressSpace: UInt64 = 256 << 20

    /// Exit statuses. Rule: sysexits(3).
    enum ExitStatus {
        static let done: Int32 = 0
        /// The arguments, or a frame, are not what was agreed on.
        static let usage: Int32 = 64
        static let unconfined: Int32 = 71
        static let ioFailed: Int32 = 74
    }

    static func run(arguments: [String]) -> Int32 {
        let options: WorkerOptions
        do {
            options = try WorkerOptions(arguments)
        } catch {
            say("arguments refused: \(error.reason)")
            return ExitStatus.usage
        }
        let confinement = Confinement(
            identity: options.identity,
            limits: ResourceLimits(
                addressSpace: options.memory + ownAddressSpace, cpuSeconds: options.cpuSeconds))
        do {
            for reduction in try confinement.enter() { say(reduction.rawValue) }
        } catch {
            say("confinement failed: \(error)")
            return ExitStatus.unconfined
        }
        let stages = StageTable(
            descriptor: 0,
            limits: StageLimits(
                softDeadline: .seconds(Int64(options.softSeconds)),
                memory: ByteCount(Int64(options.memory))))
        var server = StageServer(channel: 1, stages: stages)
        do {
            try server.serve()
            return ExitStatus.done
        } catch let error as ChannelError {
            say(error.description)
            switch error {
            case .malformed: return ExitStatus.usage
            case .io: return ExitStatus.ioFailed
            }
        } catch {
            say("request failed: \(error)")
            return ExitStatus.ioFailed
        }
    }

    /// Writes one line to descriptor 2; nobody may be reading it, and nothing depends on it.
    private static func say(_ line: String) {
        let bytes = Array((line + "\n").utf8)
        _ = write(2, bytes, bytes.count)
    }
}
