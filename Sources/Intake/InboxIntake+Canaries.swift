import Inbox
import Rules

extension InboxIntake {
    /// Removes the canaries that were noticed: that is all the answer `ingestd doctor` waits for.
    ///
    /// Nothing is said of them: whoever put one there sees whether it went.
    func answerCanaries() async {
        let names = canaries
        canaries = []
        do {
            try await root.run { files in
                for name in names {
                    do throws(InboxError) {
                        let path = BeneathPath([name])
                        // A canary is empty: nothing that somebody wrote is lost by its going.
                        guard let entry = try files.entry(path), entry.kind == .file,
                            entry.identity.size == .zero
                        else { continue }
                        try files.unlinkIfThere(path)
                    } catch {
                        // It stays: doctor, which waits for it to go, says so and removes it itself.
                    }
                }
            }
        } catch {
            // The mount is in the way; the next look through the inbox finds them again.
        }
    }
}

extension InboxIntake.Listing {
    /// Keeps a canary's name.
    mutating func noteCanary(_ name: FileName) {
        guard canaries.count < EventBox.canaryLimit, HiddenName.isCanary(name.bytes) else { return }
        canaries.append(name)
    }
}
