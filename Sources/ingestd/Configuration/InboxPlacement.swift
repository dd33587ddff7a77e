import Rules

/// Whether the inboxes and the state directory can stand where they are configured.
enum InboxPlacement {
    static let patternRefusal = "a part of the pattern is “.” or “..”; write it without them"

    /// A reason why the inbox at an index cannot be where it is.
    struct Objection: Hashable, Sendable {
        let inbox: Int
        let message: String
    }

    /// Compares every inbox with those before it and with the state directory, by where their links lead.
    ///
    /// What a pattern matches is compared when it is found; here only patterns that are named twice,
    /// and those that can match nothing but what the state directory holds, are objected to.
    ///
    /// Parameter `resolved` follows a path's links.
    static func objections(
        to settings: DaemonSettings, resolved: (String) -> String
    ) -> [Objection] {
        let state = resolved(settings.stateDirectory)
        let patterns = settings.inboxes.map { InboxPattern($0.path) }
        let places: [String?] = patterns.map { pattern in
            guard let pattern, pattern.isExact else { return nil }
            return resolved(pattern.fixedPath)
        }
        var objections: [Objection] = []
        for (index, place) in places.enumerated() {
            let path = settings.inboxes[index].path
            func object(_ message: String) {
                objections.append(Objection(inbox: index, message: "inbox \(path) \(message)"))
            }
            guard let place else {
                let start = patterns[index]?.fixedPath ?? path
                if AbsolutePath.isWithin(resolved(start), state) {
                    object("stands in the state directory \(settings.stateDirectory)")
                }
                if settings.inboxes.prefix(index).contains(where: { $0.path == path }) {
                    object("is named twice")
                }
                continue
            }
            if AbsolutePath.isWithin(place, state) {
                object("stands in the state directory \(settings.stateDirectory)")
            } else if AbsolutePath.isWithin(state, place) {
                object("contains the state directory \(settings.stateDirectory)")
            }
            for (earlier, other) in places.prefix(index).enumerated() {
                guard let other else { continue }
                let named = settings.inboxes[earlier].path
                if place == other {
                    let alias = named == path ? "" : ", as \(named)"
                    object("is named twice\(alias)")
                } else if AbsolutePath.isWithin(place, other) {
                    object("stands beneath the inbox \(named), which takes its files already")
                } else if AbsolutePath.isWithin(other, place) {
                    object("contains the inbox \(named)")
                }
            }
        }
        return objections + resultsObjections(to: settings, resolved: resolved)
    }
}
