import CLinux
import Glibc
import Rules

/// An inbox, the path below it that is asked about, and by whose settings both are judged.
struct InboxPlace: Sendable {
    /// Where the settings of the inbox come from.
    enum Source: Sendable, Hashable {
        case configFile(String)
        case commandLine
        /// A status file of the whole inbox stands there, and no config names it: the defaults.
        case statusFile(read: String?)

        /// For people.
        var text: String {
            switch self {
            case .configFile(let path): "config file \(path)"
            case .commandLine: "--inbox, with the defaults"
            case .statusFile(let config?):
                "the defaults: \(config) does not name this inbox, its inbox.status.json shows it"
            case .statusFile(nil):
                "the defaults: no config was read (\(ConfigCheck.standardFile) is not there, or "
                    + "closed to you), the inbox.status.json shows that this is an inbox"
            }
        }
    }

    /// Its path is that of the one folder, whatever the config names it by.
    let inbox: NamedInbox
    let path: BeneathPath
    let source: Source
    /// The pattern that it matches; nil where it is named by its exact path.
    let pattern: String?
    /// Where the daemon that serves it keeps its state; nil where nobody says.
    let stateDirectory: String?

    /// Where its settings come from, and by which pattern, for people.
    var settingsText: String { source.text + (pattern.map { ", pattern \($0)" } ?? "") }

    /// The path as a person or a shell can use it.
    func absolute(_ path: BeneathPath) -> String {
        path.isRoot ? inbox.path : inbox.path + "/" + path.description
    }
}

/// Finds the inbox that a path belongs to.
struct InboxFinder {
    let settings: DaemonSettings
    /// The file that was read; nil where none was.
    let configFile: String?
    /// The inboxes that the command line named, as the settings have them.
    private let named: ArraySlice<NamedInbox>
    /// Whether the command line names the state directory.
    private let namesState: Bool
    /// Whether an inbox that nobody named may be found by its own status file.
    let trustsStatusFiles: Bool

    /// Reads the config: the one that is named, else the system's where it may be read.
    ///
    /// - Throws: ``ConfigError``.
    init(
        config: String?, inboxes: [String], state: String? = nil,
        in surroundings: Configuration.Surroundings
    ) throws(ConfigError) {
        configFile = config ?? (inboxes.isEmpty ? Self.standardFile : nil)
        settings = try Configuration.settings(
            from: Configuration.Sources(
                configFile: configFile, inboxes: inboxes, stateDirectory: state),
            in: surroundings, need: .nothing)
        // They come after the file's.
        named = settings.inboxes.suffix(inboxes.count)
        namesState = state != nil
        trustsStatusFiles = config == nil && inboxes.isEmpty
    }

    /// The file that systemd starts the daemon with, if this user may read it.
    private static var standardFile: String? {
        access(ConfigCheck.standardFile, R_OK) == 0 ? ConfigCheck.standardFile : nil
    }

    /// What was looked through, for people.
    var scope: String {
        guard let configFile else {
            return named.isEmpty
                ? "no config was read (looked for \(ConfigCheck.standardFile)), and no "
                    + "inbox.status.json is seen in the folders above"
                : "--inbox " + named.map(\.path).joined(separator: ", ")
        }
        return "config file \(configFile), which names "
            + (settings.inboxes.count == 1 ? "one inbox" : "\(settings.inboxes.count) inboxes")
    }

    /// The inbox of an absolute path; nil where there is none.
    ///
    /// What is named beneath an inbox is taken by its words, so that no link there is followed.
    func place(of path: String) -> InboxPlace? {
        if let place = place(of: path, in: settings.inboxes) { return place }
        let resolved = Self.resolvingFolder(path)
        if let place = place(of: resolved, in: settings.inboxes) { return place }
        for inbox in settings.inboxes {
            guard let exact = Self.exactPath(inbox) else { continue }
            let root = AbsolutePath.resolved(exact)
            guard AbsolutePath.isWithin(resolved, root) else { continue }
            return place(
                NamedInbox(path: exact, settings: inbox.settings), resolved, at: root,
                source(of: inbox))
        }
        if let place = placeOfResults(resolved) { return place }
        guard trustsStatusFiles else { return nil }
        return [path, resolved].lazy.compactMap(nearestServed).first
    }

    /// The inbox that is the path or a folder above it: by its exact path, else by the first pattern.
    private func place(of path: String, in inboxes: [NamedInbox]) -> InboxPlace? {
        let folders = Self.foldersDown(to: path)
        for inbox in inboxes {
            guard let exact = Self.exactPath(inbox), folders.contains(exact) else { continue }
            return place(
                NamedInbox(path: exact, settings: inbox.settings), path, at: exact,
                source(of: inbox))
        }
        for inbox in inboxes {
            guard let pattern = InboxPattern(inbox.path), !pattern.isExact,
                let match = folders.first(where: { pattern.matches(Array($0.utf8)) })
            else { continue }
            return place(
                NamedInbox(path: match, settings: inbox.settings), path, at: match,
                source(of: inbox), pattern: inbox.path)
        }
        return nil
    }

    /// The inbox whose results stand where the path leads, and what they are about.
    private func placeOfResults(_ path: String) -> InboxPlace? {
        for inbox in settings.inboxes {
            guard let results = inbox.settings.results, let exact = Self.exactPath(inbox),
                let folder = ResultsFinder.folder(results, of: exact)
            else { continue }
            let root = AbsolutePath.resolved(folder)
            guard AbsolutePath.isWithin(path, root) else { continue }
            return place(
                NamedInbox(path: exact, settings: inbox.settings), path, at: root,
                source(of: inbox))
        }
        return nil
    }

    /// The path of an inbox that is named by one; nil for a pattern.
    private static func exactPath(_ inbox: NamedInbox) -> String? {
        InboxPattern(inbox.path).flatMap { $0.isExact ? $0.fixedPath : nil }
    }

    /// The folders above a plain path, from the top, and the path itself.
    private static func foldersDown(to path: String) -> [String] {
        var folders = [path]
        while let last = folders.last, last != "/" { folders.append(AbsolutePath.parent(last)) }
        return folders.reversed()
    }

    private func source(of inbox: NamedInbox) -> InboxPlace.Source {
        if named.contains(where: { $0.path == inbox.path }) { return .commandLine }
        return configFile.map { .configFile($0) } ?? .commandLine
    }

    private func place(
        _ inbox: NamedInbox, _ path: String, at root: String, _ source: InboxPlace.Source,
        pattern: String? = nil
    ) -> InboxPlace? {
        let rest = path.utf8.dropFirst(root == "/" ? 1 : root.utf8.count)
        let beneath = rest.first == UInt8(ascii: "/") ? rest.dropFirst() : rest
        guard let beneath = BeneathPath(bytes: Array(beneath)) else { return nil }
        let isKnown =
            switch source {
            case .configFile, .commandLine: true
            case .statusFile: namesState
            }
        return InboxPlace(
            inbox: inbox, path: beneath, source: source, pattern: pattern,
            stateDirectory: isKnown ? settings.stateDirectory : nil)
    }

    /// The nearest folder above the path that has the status file of an inbox.
    private func nearestServed(_ path: String) -> InboxPlace? {
        var folder = path
        while folder != "/" {
            let name = SidecarNames.inboxStatus.description
            // What a link leads to is an inbox under its own path, and none where the link stands.
            if !Self.isLink(folder), Self.isStatusFile(folder + "/" + name) {
                return servedPlace(folder, path)
                    ?? place(
                        NamedInbox(path: folder), path, at: folder, .statusFile(read: configFile))
            }
            folder = AbsolutePath.parent(folder)
        }
        return nil
    }

    /// The inbox whose status file stands in the folder for its results; nil where that is the inbox.
    private func servedPlace(_ folder: String, _ path: String) -> InboxPlace? {
        do {
            let sidecars = try SidecarFolder(path: folder)
            guard let summary = sidecars.summary(),
                let inbox = summary.inbox.flatMap(AbsolutePath.plain),
                inbox != folder, !Self.isLink(inbox),
                // Whoever wrote it speaks for their own folders only.
                let uid = ResultsFinder.owner(of: inbox), uid == ResultsFinder.owner(of: folder)
            else { return nil }
            var settings = InboxSettings()
            settings.results = try ResultsPlace(folder)
            return place(
                NamedInbox(path: inbox, settings: settings), path, at: folder,
                .statusFile(read: configFile))
        } catch {
            // It cannot be read, and tells nothing.
            return nil
        }
    }

    private static func isLink(_ path: String) -> Bool {
        var entry = stat()
        return lstat(path, &entry) == 0 && entry.st_mode & S_IFMT == S_IFLNK
    }

    private static func isStatusFile(_ path: String) -> Bool {
        let file = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
        guard file >= 0 else { return false }
        defer { close(file) }
        var entry = stat()
        guard fstat(file, &entry) == 0, entry.st_mode & S_IFMT == S_IFREG else { return false }
        var opening = [UInt8](repeating: 0, count: SidecarNames.openingLength)
        let count = read(file, &opening, opening.count)
        return SidecarNames.isStatus(opening: opening.prefix(max(0, count)))
    }

    /// The path with the links of its folder followed, but not the last name.
    private static func resolvingFolder(_ path: String) -> String {
        guard path != "/", let slash = path.lastIndex(of: "/") else { return path }
        let folder = AbsolutePath.resolved(AbsolutePath.parent(path))
        return (folder == "/" ? "" : folder) + path[slash...]
    }
}
