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
        let taken = takenGrounds(settings, resolved)
        let patterns = settings.inboxes.compactMap { InboxPattern($0.path) }.filter { !$0.isExact }
        var others: [Ground] = []
        var objections: [Objection] = []
        for (index, inbox) in settings.inboxes.enumerated() {
            guard let results = inbox.settings.results else { continue }
            let whole = known(inbox).map(resolved)
            // Of a place that is not wholly known, only what lies in something is certain.
            guard let start = whole ?? results.fixedPath.map(resolved) else { continue }
            let faults =
                (taken + others).compactMap { fault(of: start, isWhole: whole != nil, $0) }
                + Set(patterns).compactMap {
                    fault(of: start, isWhole: whole != nil, $0, resolved($0.fixedPath))
                }
            objections += faults.map { fault in
                Objection(
                    inbox: index,
                    message: "the folder for the results of the inbox \(inbox.path), "
                        + "\(results.text), \(fault)")
            }
            let words = "the results of the inbox \(inbox.path)"
            others += whole.map { [Ground(words: words, place: $0)] } ?? []
        }
        return objections
    }

    /// The state directory, and the inboxes that are named by their exact paths.
    private static func takenGrounds(
        _ settings: DaemonSettings, _ resolved: (String) -> String
    ) -> [Ground] {
        let state = Ground(
            words: "the state directory \(settings.stateDirectory)",
            place: resolved(settings.stateDirectory))
        return [state]
            + settings.inboxes.compactMap { inbox in
                guard let pattern = InboxPattern(inbox.path), pattern.isExact else { return nil }
                return Ground(
                    words: "the inbox \(inbox.path)", place: resolved(pattern.fixedPath))
            }
    }

    private static func fault(
        of place: String, isWhole: Bool, _ ground: Ground
    ) -> String? {
        if AbsolutePath.isWithin(place, ground.place) { return "is or stands in \(ground.words)" }
        let contains = isWhole && AbsolutePath.isWithin(ground.place, place)
        return contains ? "contains \(ground.words)" : nil
    }

    private static func fault(
        of place: String, isWhole: Bool, _ pattern: InboxPattern, _ start: String
    ) -> String? {
        if isTaken(place, by: pattern) { return "stands where folders are inboxes by a pattern" }
        let contains = isWhole && AbsolutePath.isWithin(start, place)
        return contains ? "contains the inboxes of a pattern" : nil
    }

    /// Where the results of an inbox go, where that is the same whoever its owner is.
    private static func known(_ inbox: NamedInbox) -> String? {
        guard let results = inbox.settings.results, let pattern = InboxPattern(inbox.path),
            pattern.isExact, !results.needsUser
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
