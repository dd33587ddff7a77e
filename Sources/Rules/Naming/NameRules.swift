/// Which names count as drops; decided from the path alone.
///
/// Rule: docs/formats.md, "Names that are never drops".
public struct NameRules: Sendable, Hashable {
    private static let hiddenBeginnings = [".", "~", "#"].map { Array($0.utf8) }
    /// Endings of files that somebody is still making. Compared without regard to ASCII case, as
    /// are all below.
    private static let unfinishedEndings = [
        ".part", ".partial", ".filepart", ".tmp", ".temp", ".lftp", ".crdownload", ".download",
        ".opdownload", ".!ut", ".swp", ".lock", "~",
    ].map { Array($0.utf8) }
    private static let desktopFiles = ["thumbs.db", "ehthumbs.db", "desktop.ini"].map {
        Array($0.utf8)
    }
    private static let systemFolders = [
        "__macosx", "@eadir", "#recycle", "#snapshot", "$recycle.bin", "lost+found",
    ].map { Array($0.utf8) }

    private let ignored: [Glob]

    /// - Parameter ignore: the inbox's own globs: those with a `/` are held against the path below
    ///   the inbox, others against each name in it.
    public init(ignore: [String] = []) {
        ignored = ignore.map(Glob.init)
    }

    /// Judges an entry by its path, the folders above it included.
    public func verdict(_ path: BeneathPath, isFolder: Bool) -> NameVerdict {
        judgement(path, isFolder: isFolder).verdict
    }

    /// The same, and what the verdict is on: the entry, or the first folder above it that is no
    /// candidate.
    public func judgement(
        _ path: BeneathPath, isFolder: Bool
    ) -> (on: BeneathPath, verdict: NameVerdict) {
        var folder = BeneathPath()
        for name in path.components.dropLast() {
            folder = folder.appending(name)
            let verdict = verdictOnLast(folder, name, isFolder: true)
            guard verdict == .candidate else { return (folder, verdict) }
        }
        return (path, verdictOnLast(path, isFolder: isFolder))
    }

    /// Judges an entry by its path where the folders above it are candidates already.
    public func verdictOnLast(_ path: BeneathPath, isFolder: Bool) -> NameVerdict {
        path.name.map { verdictOnLast(path, $0, isFolder: isFolder) } ?? .candidate
    }

    private func verdictOnLast(
        _ path: BeneathPath, _ name: FileName, isFolder: Bool
    ) -> NameVerdict {
        if let rule = isFolder ? ruleOnFolder(name) : ruleOnFile(name) {
            return .ignored(.builtIn(rule))
        }
        if isFolder ? SidecarNames.isResults(name: name) : SidecarNames.isStatus(name: name) {
            return .sidecar
        }
        if !isFolder, let request = Request(name: name) { return .request(request) }
        if let glob = ignored.first(where: { $0.matches(path) }) {
            return .ignored(.configured(glob: glob.pattern))
        }
        return .candidate
    }

    private func ruleOnFile(_ name: FileName) -> String? {
        if let beginning = Self.hiddenBeginnings.first(where: name.bytes.starts(with:)) {
            return "begins with \(String(decoding: beginning, as: UTF8.self))"
        }
        let lowered = name.bytes.asciiLowercased
        if let ending = Self.unfinishedEndings.first(where: lowered.hasSuffix) {
            return "ends in \(String(decoding: ending, as: UTF8.self))"
        }
        return Self.desktopFiles.contains(lowered) ? "kept by a desktop" : nil
    }

    private func ruleOnFolder(_ name: FileName) -> String? {
        if name.bytes.first == UInt8(ascii: ".") { return "folder begins with ." }
        let isSystems = Self.systemFolders.contains(name.bytes.asciiLowercased)
        return isSystems ? "folder kept by a system" : nil
    }
}

extension [UInt8] {
    /// With ASCII letters in lower case; all other bytes as they are.
    var asciiLowercased: [UInt8] {
        map { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) ? $0 | 0x20 : $0 }
    }
}
