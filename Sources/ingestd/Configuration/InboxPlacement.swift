import Rules

/// Whether the inboxes and the state directory can stand where they are configured.
enum InboxPlacement {
    static let patternRefusal = "patterns are not supported yet: name each inbox"

    /// Whether a path is meant to match several folders.
    static func isPattern(_ path: String) -> Bool {
        path.contains { "*?[".contains($0) }
    }

    /// A reason why the inbox at an index cannot be where it is.
    struct Objection: Hashable, Sendable {
        let inbox: Int
        let message: String
    }

    /// Compares every inbox with those before it and with the state directory, by where their links lead.
    ///
    /// Parameter `resolved` follows a path's links.
    static func objections(
        to settings: DaemonSettings, resolved: (String) -> String
    ) -> [Objection] {
        let state = resolved(settings.stateDirectory)
        let places = settings.inboxes.map { resolved($0.path) }
        var objections: [Objection] = []
        for (index, place) in places.enumerated() {
            let path = settings.inboxes[index].path
            func object(_ message: String) {
                objections.append(Objection(inbox: index, message: "inbox \(path) \(message)"))
            }
            if AbsolutePath.isWithin(place, state) {
                object("stands in the state directory \(settings.stateDirectory)")
            } else if AbsolutePath.isWithin(state, place) {
                object("contains the state directory \(settings.stateDirectory)")
            }
            for (earlier, other) in places.prefix(index).enumerated() {
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
        return objections
    }
}
