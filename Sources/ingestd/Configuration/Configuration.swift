import Glibc
import Rules

/// The config file, the command line and the system's customs, made into one set of settings.
struct Configuration: Sendable, Hashable {
    /// What the settings are made from.
    struct Sources: Sendable, Hashable {
        /// The file of `--config`; nil runs without one.
        var configFile: String?
        /// The folders of `--inbox`, in order; they come after the file's.
        var inboxes: [String]
        /// The folder of `--state`, which overrules the file's.
        var stateDirectory: String?

        init(configFile: String? = nil, inboxes: [String] = [], stateDirectory: String? = nil) {
            self.configFile = configFile
            self.inboxes = inboxes
            self.stateDirectory = stateDirectory
        }
    }

    /// Whose daemon this is, as far as settings depend on it.
    struct Surroundings: Sendable, Hashable {
        var isRoot: Bool
        /// Where relative paths of the command line begin; absolute.
        var workingDirectory: String
        /// The variable `XDG_STATE_HOME`.
        var stateHome: String?
        /// The variable `HOME`.
        var home: String?
        /// The first folder of the variable `STATE_DIRECTORY`, which systemd sets.
        var serviceState: String?
    }

    /// Whether a configuration without any inbox is one.
    enum Need { case someInbox, nothing }

    /// Reads everything, checks that it fits together, and fills in what was left unsaid.
    ///
    /// - Throws: ``ConfigError`` with every problem that could be found.
    static func settings(
        from sources: Sources, in surroundings: Surroundings, need: Need = .someInbox
    ) throws(ConfigError) -> DaemonSettings {
        var problems: [ConfigProblem] = []
        func object(_ message: String, at place: ConfigPlace? = nil) {
            problems.append(
                ConfigProblem(line: place?.line ?? 0, column: place?.column ?? 0, message: message))
        }
        var settings = DaemonSettings(stateDirectory: "", schemas: BuiltInSchemas.all)
        var places: [ConfigPlace] = []
        if let path = sources.configFile {
            let file = try ConfigFile(path: path)
            settings = file.settings
            places = file.inboxPlaces
        }
        for inbox in sources.inboxes {
            do throws(Mistake) {
                settings.inboxes.append(try named(inbox, from: surroundings.workingDirectory))
            } catch {
                object(error.message)
            }
        }
        if settings.inboxes.count > DaemonSettings.inboxLimit {
            object(
                "there are \(settings.inboxes.count) inboxes; at most \(DaemonSettings.inboxLimit) can be served"
            )
        }
        if settings.inboxes.isEmpty, problems.isEmpty, need == .someInbox {
            object(
                "there is no inbox; name one with --inbox DIR, or under “inboxes:” in the config")
        }
        if let state = stateDirectory(sources, settings.stateDirectory, surroundings) {
            settings.stateDirectory = state
            for objection in InboxPlacement.objections(
                to: settings, resolved: LinkResolver().resolved)
            {
                let isOfFile = objection.inbox < places.count
                object(objection.message, at: isOfFile ? places[objection.inbox] : nil)
            }
        } else {
            object("nobody says where to keep the state; name a folder with --state DIR")
        }
        guard problems.isEmpty else {
            throw ConfigError(file: sources.configFile, problems: problems)
        }
        settings.markSchemas()
        return settings
    }

    /// What is wrong with one option.
    private struct Mistake: Error { let message: String }

    /// The inbox of one `--inbox`. Where the command is given is no pattern, whatever its name.
    private static func named(
        _ inbox: String, from folder: String
    ) throws(Mistake) -> NamedInbox {
        let isPattern = InboxPattern.hasWildcard(inbox)
        let from = isPattern ? InboxPattern.exactly(folder) : folder
        guard let path = AbsolutePath.plain(inbox, from: from) else {
            throw Mistake(message: "--inbox has no folder's name")
        }
        if let mistake = InboxPattern.mistake(in: inbox) {
            throw Mistake(message: "--inbox \(inbox): \(mistake)")
        }
        let pattern = isPattern ? path : InboxPattern.exactly(path)
        guard InboxPattern(pattern) != nil else {
            throw Mistake(message: "--inbox \(inbox): \(InboxPlacement.patternRefusal)")
        }
        return NamedInbox(path: pattern)
    }

    /// The first that is said: command line, config, systemd, the system's custom for root, the user's own.
    private static func stateDirectory(
        _ sources: Sources, _ configured: String, _ surroundings: Surroundings
    ) -> String? {
        if let path = sources.stateDirectory {
            return AbsolutePath.plain(path, from: surroundings.workingDirectory)
        }
        if !configured.isEmpty { return configured }
        if let path = surroundings.serviceState.flatMap(AbsolutePath.plain) { return path }
        if surroundings.isRoot { return "/var/lib/ingestd" }
        // Rule: XDG Base Directory Specification: a relative XDG_STATE_HOME is to be ignored.
        if let path = surroundings.stateHome.flatMap(AbsolutePath.plain) {
            return path + "/ingestd"
        }
        return surroundings.home.flatMap(AbsolutePath.plain).map { $0 + "/.local/state/ingestd" }
    }
}

extension Configuration.Surroundings {
    /// Those of this process.
    static func current() -> Configuration.Surroundings {
        Configuration.Surroundings(
            isRoot: geteuid() == 0, workingDirectory: currentFolder(),
            stateHome: Environment.value("XDG_STATE_HOME"), home: Environment.value("HOME"),
            serviceState: Environment.value("STATE_DIRECTORY")?.split(separator: ":").first.map(
                String.init))
    }

    /// The root where the kernel cannot say, which is when the folder has been removed.
    private static func currentFolder() -> String {
        guard let path = getcwd(nil, 0) else { return "/" }
        defer { free(path) }
        return String(cString: path)
    }
}
