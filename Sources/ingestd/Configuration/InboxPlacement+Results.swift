import Rules

extension InboxPlacement {
    /// Something that a folder for results must keep away from.
    private struct Ground {
        /// For people.
        var words: String
        var place: String
    }

    /// Objections to where results are to go: never where ingestd takes files, keeps its state, or puts
    /// the results of another inbox.
    ///
    /// What depends on an owner's name or on what a pattern matches is compared when it is found; here
    /// as much of it as is written.
    static func resultsObjections(
        to settings: DaemonSettings, resolved: (String) -> String
    ) -> [Objection] {
        let patterns = settings.inboxes.map { InboxPattern($0.path) }
        let fixed = settings.inboxes.indices.map { index in
            known(settings.inboxes[index], patterns[index]).map(resolved)
        }
        var objections: [Objection] = []
        for (index, inbox) in settings.inboxes.enumerated() {
            guard let results = inbox.settings.results else { continue }
            func object(_ message: String) {
                objections.append(
                    Objection(
                        inbox: index,
                        message: "the folder for the results of the inbox \(inbox.path), "
                            + "\(results.text), \(message)"))
            }
            var grounds = [
                Ground(
                    words: "the state directory \(settings.stateDirectory)",
                    place: resolved(settings.stateDirectory))
            ]
            for (other, pattern) in zip(settings.inboxes, patterns) {
                guard let pattern, pattern.isExact else { continue }
                grounds.append(
                    Ground(
                        words: "the inbox \(other.path)", place: resolved(pattern.fixedPath)))
            }
            for earlier in settings.inboxes.indices.prefix(index) {
                guard let place = fixed[earlier] else { continue }
                grounds.append(
                    Ground(
                        words: "the results of the inbox \(settings.inboxes[earlier].path)",
                        place: place))
            }
            // Of a place that is not wholly known, only what lies in something is certain.
            let start = fixed[index] ?? results.fixedPath.map(resolved)
            guard let start else { continue }
            for ground in grounds {
                if AbsolutePath.isWithin(start, ground.place) {
                    object("is or stands in \(ground.words)")
                } else if fixed[index] != nil, AbsolutePath.isWithin(ground.place, start) {
                    object("contains \(ground.words)")
                }
            }
            for pattern in Set(patterns.compactMap { $0 }) where !pattern.isExact {
                if isTaken(start, by: pattern) {
                    object("stands where folders are inboxes by a pattern")
                } else if fixed[index] != nil,
                    AbsolutePath.isWithin(resolved(pattern.fixedPath), start)
                {
                    object("contains the inboxes of a pattern")
                }
            }
        }
        return objections
    }

    /// Where the results of an inbox go, where that is the same whoever its owner is.
    private static func known(_ inbox: NamedInbox, _ pattern: InboxPattern?) -> String? {
        guard let results = inbox.settings.results, let pattern, pattern.isExact,
            !results.needsUser
        else { return nil }
        return results.path(for: pattern.fixedPath, of: Account(uid: 0, name: nil))
    }

    /// Whether a path or a folder above it is an inbox by a pattern.
    private static func isTaken(_ path: String, by pattern: InboxPattern) -> Bool {
        var folder = path
        while folder != "/" {
            if pattern.matches(Array(folder.utf8)) { return true }
            folder = AbsolutePath.parent(folder)
        }
        return false
    }
}
