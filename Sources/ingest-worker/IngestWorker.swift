import CLinux
import Confinement
import Glibc
import Rules
import Stages

/// The program that parses what strangers sent: it confines itself, gets ready, and then forks a
/// child for each order, which confines itself further and serves requests until they end.
///
/// Descriptor 1 is a socket that bears orders and answers, 2 takes lines for the operator. A child has
/// the first blob on 0, a stream socket that bears frames both ways on 1, and a log of its own on 2.
enum IngestWorker {
    /// Exit statuses. Rule: sysexits(3).
    enum ExitStatus {
        static let done: Int32 = 0
        /// The arguments, or a frame, are not what was agreed on.
        static let usage: Int32 = 64
        static let unconfined: Int32 = 71
        static let ioFailed: Int32 = 74
        /// A child has grown too large to be given another document, which it has not looked at.
        static let grown: Int32 = 75
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
            identity: options.identity, requiresLandlock: options.requiresLandlock)
        do {
            try Confinement.closeInheritedDescriptors()
            // A file in memory, which cannot be had later.
            let sample = openSample()
            switch try confinement.enter() {
            case .keeper(let template):
                for descriptor in [0, 1, sample] { close(descriptor) }
                return keep(template)
            case .template(let reductions, let filter):
                for reduction in reductions { say(reduction.rawValue) }
                if options.probes {
                    return Probe(filter: filter).run() ? ExitStatus.done : ExitStatus.unconfined
                }
                let readiness = PDFReadiness(sample: sample)
                close(sample)
                var template = Template(filter: filter, readiness: readiness)
                return serve { try template.serve() }
            }
        } catch {
            say("confinement failed: \(error)")
            return ExitStatus.unconfined
        }
    }

    /// The document on which a template tries itself; -1 where memory is short, and the template then starts cold.
    private static func openSample() -> Int32 {
        let file = linux_memory_file("sample")
        let bytes = PDFReadiness.sample
        _ = write(file, bytes, bytes.count)
        return file
    }

    /// Serves to the end; returns the exit status.
    static func serve(_ body: () throws -> Void) -> Int32 {
        do {
            try body()
            return ExitStatus.done
        } catch let error as ChannelError {
            say(error.description)
            switch error {
            case .malformed: return ExitStatus.usage
            case .io: return ExitStatus.ioFailed
            case .grown: return ExitStatus.grown
            }
        } catch {
            say("request failed: \(error)")
            return ExitStatus.ioFailed
        }
    }

    /// Waits for the template's end and ends as it did.
    private static func keep(_ template: pid_t) -> Int32 {
        var status: Int32 = 0
        while wait4(template, &status, 0, nil) < 0 {
            guard errno == EINTR else { return ExitStatus.ioFailed }
        }
        // As a shell tells of a signal.
        return status & 0x7f == 0 ? status >> 8 & 0xff : 128 + status & 0x7f
    }

    /// Writes one line to descriptor 2; nobody may be reading it, and nothing depends on it.
    static func say(_ line: String) {
        let bytes = Array((line + "\n").utf8)
        _ = write(2, bytes, bytes.count)
    }
}
