import ArgumentParser
import Glibc
import Pipeline
import Rules
import SystemPackage
import UnixSignals
import Workers

/// Serves the inboxes until stopped.
struct Run: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Serve the inboxes until stopped.",
        discussion: """
            Needs no config file: name an inbox or two. SIGTERM stops it, SIGHUP reloads the \
            limits of the config file.
            """)

    @Option(help: "The config file.", completion: .file(extensions: ["yaml", "yml"]))
    var config: String?

    @Option(help: "A folder to watch; may be given several times.", completion: .directory)
    var inbox: [String] = []

    @Option(help: "Where ingestd keeps what it took.", completion: .directory)
    var state: String?

    @Flag(help: "Take what is there, finish it, and exit.")
    var once = false

    func run() async throws {
        let settings: DaemonSettings
        let program: String
        let identity: WorkerIdentity?
        do {
            settings = try readSettings()
            program = try WorkerProgram.locate(configured: settings.workers.program)
            identity = try WorkerUser.identity(configured: settings.workers.user)
        } catch {
            Output.complain(error.description)
            throw ExitCode.badConfig
        }
        // A reader that goes away must not take the daemon along.
        signal(SIGPIPE, SIG_IGN)
        let logger = JournalLog.logger(
            settings.log, journalStream: Environment.value("JOURNAL_STREAM"))
        let journal = JournalLog.journal(logger)
        let launcher = WorkerLauncher(
            executable: FilePath(program), identity: identity,
            requiresLandlock: settings.workers.requiresLandlock)
        let daemon: Daemon
        do {
            // Better no daemon than one whose every document fails for want of a worker.
            for line in try launcher.rehearse(under: .rehearsal) {
                journal(JournalLine(.workerSaid, [.text: line]))
            }
            daemon = try Daemon(
                settings: settings,
                workers: launcher,
                slotCount: settings.workers.slotCount(processors: Self.processors),
                surroundings: .system(journal: journal))
        } catch {
            throw CommandFailure.complain(error)
        }
        // Before anybody can be told of the daemon: whoever reads that it has started may stop it.
        let signals = await Lifeline.trapSignals()
        journal(JournalLine(.daemonStarted, [.version: Ingestd.version, .pid: "\(getpid())"]))
        Self.warn(ofClosed: settings.stateDirectory, journal)
        try await serve(daemon, settings, obeying: signals, journal)
        journal(JournalLine(.daemonStopped))
    }

    private func readSettings() throws(ConfigError) -> DaemonSettings {
        try Configuration.settings(
            from: Configuration.Sources(
                configFile: config, inboxes: inbox, stateDirectory: state),
            in: .current())
    }

    private func serve(
        _ daemon: Daemon, _ settings: DaemonSettings, obeying signals: UnixSignalsSequence,
        _ journal: @escaping Journal
    ) async throws {
        let manager = ServiceManager.current()
        let lifeline = Lifeline(
            daemon: daemon, manager: manager, stopTimeout: settings.stopTimeout, journal: journal)
        let reload: @Sendable () -> Void = {
            guard config != nil else {
                journal(JournalLine(.nothingToReload))
                return
            }
            do throws(ConfigError) {
                let newer = try readSettings()
                daemon.reload(newer)
                journal(JournalLine(.configReloaded))
                let changes = settings.changesBeyondReload(in: newer)
                if !changes.isEmpty {
                    journal(
                        JournalLine(
                            .changesIgnored, [.reason: changes.joined(separator: ", ")]))
                }
            } catch {
                journal(JournalLine(.configRefused, [.detail: error.description]))
            }
        }
        do {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await lifeline.obey(signals, reload: reload) }
                group.addTask { await lifeline.feedWatchdog() }
                try await daemon.run(isOnce: once) {
                    journal(JournalLine(.daemonReady))
                    lifeline.tell(.ready)
                }
                group.cancelAll()
            }
            // Only now does nobody ask any more whether it is alive.
            try daemon.close()
        } catch {
            throw CommandFailure.complain(error)
        }
    }

    /// Accounts that cannot pass through to their imports cannot read them.
    private static func warn(ofClosed state: String, _ journal: Journal) {
        let identity = ProcFile.text("/proc/self/status").flatMap(ProcessIdentity.init)
        guard identity?.isOrdinary == false, let folder = StateChecks.closedFolder(above: state)
        else { return }
        journal(
            JournalLine(
                .stateClosed, [.path: folder, .detail: "chmod o+x " + ShellWord.quoted(folder)]))
    }

    /// How many processors this process may use.
    private static var processors: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }
}
