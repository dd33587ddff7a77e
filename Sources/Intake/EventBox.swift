import Rules
import Synchronization

/// What one inbox's watches have told since somebody last asked.
///
/// An event only marks a name; what is said twice is kept once. When too much comes together, all
/// of it is dropped for the one word that everything must be looked at.
final class EventBox: Sendable {
    /// Marks that are kept: 100,000 names of some 100 bytes are about 20 MB.
    static let markLimit = 100_000

    /// Canaries that are kept: what is beyond is found by the next look through the inbox.
    static let canaryLimit = 16

    struct Marks: Sendable {
        /// Files to look at; true where a writer was seen to finish.
        var files: [BeneathPath: Bool] = [:]
        /// Folders to look through.
        var folders: Set<BeneathPath> = []
        /// Folders that left, with all that was in them.
        var goneFolders: Set<BeneathPath> = []
        var requests: Set<BeneathPath> = []
        /// At most ``canaryLimit``, all in the inbox itself.
        var canaries: Set<FileName> = []
        /// Events were lost: look through everything.
        var hasOverflowed = false
        /// The inbox directory itself was moved, removed or unmounted, as it seems.
        var isRootDoubtful = false

        var count: Int { files.count + folders.count + goneFolders.count + requests.count }
        var isEmpty: Bool {
            count == 0 && canaries.isEmpty && !hasOverflowed && !isRootDoubtful
        }
    }

    /// Nil where every name is marked.
    private let rules: NameRules?
    private let isRecursive: Bool
    /// Whether files are drops; else only requests count.
    private let takesDrops: Bool
    private let bell: Bell
    private let marks = Mutex(Marks())

    init(rules: NameRules?, isRecursive: Bool, takesDrops: Bool = true, bell: Bell) {
        self.takesDrops = takesDrops
        self.rules = rules
        self.isRecursive = isRecursive
        self.bell = bell
    }

    /// Takes all marks out.
    func take() -> Marks {
        marks.withLock { marks in
            defer { marks = Marks() }
            return marks
        }
    }

    var isEmpty: Bool { marks.withLock(\.isEmpty) }

    func markFile(_ path: BeneathPath, isClosing: Bool) {
        switch rules?.verdictOnLast(path, isFolder: false) ?? .candidate {
        case .candidate where !takesDrops:
            break
        case .candidate:
            mark { $0.files[path] = isClosing || $0.files[path] ?? false }
        case .request:
            mark { $0.requests.insert(path) }
        case .ignored, .sidecar:
            break
        }
    }

    func markFolder(_ path: BeneathPath, isGone: Bool) {
        guard isRecursive || path.isRoot else { return }
        let verdict = rules?.verdictOnLast(path, isFolder: true) ?? .candidate
        guard verdict == .candidate else { return }
        mark {
            if isGone { $0.goneFolders.insert(path) } else { $0.folders.insert(path) }
        }
    }

    func markCanary(_ name: FileName) {
        mark { if $0.canaries.count < Self.canaryLimit { $0.canaries.insert(name) } }
    }

    func markOverflow() { mark { $0.hasOverflowed = true } }
    func markRootDoubtful() { mark { $0.isRootDoubtful = true } }

    private func mark(_ change: (inout Marks) -> Void) {
        marks.withLock { marks in
            change(&marks)
            if marks.count > Self.markLimit {
                let isRootDoubtful = marks.isRootDoubtful
                marks = Marks()
                marks.hasOverflowed = true
                marks.isRootDoubtful = isRootDoubtful
            }
        }
        bell.ring()
    }
}
