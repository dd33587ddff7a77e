import Catalog
import Rules
import Synchronization

/// Sees to it that what is made of an account's files stays within its cap, whoever makes it side by side.
///
/// Asked on the threads of worker slots, which may block. What was admitted and is not on record yet is
/// counted here: only the daemon writes the catalogue, so both together are all there is. They are added
/// up while nothing is committed, and what is recorded leaves here in its commit: so nothing is ever
/// counted twice, or not at all.
/// Rule: docs/design.md, "Quota".
final class DerivedRoom: Sendable {
    private let catalog: Catalog
    /// As many as accounts are being worked for. Taken last: nobody who has it waits for the catalogue.
    private let pending = Mutex<[UInt32: ByteCount]>([:])

    init(catalog: Catalog) { self.catalog = catalog }

    /// How much more may be made for an account; negative where there is too much already.
    func left(of uid: UInt32, below cap: ByteCount) throws(CatalogError) -> ByteCount {
        try catalog.weighDerivedBlocking(of: uid) { derived in
            cap - derived.total - pending.withLock { $0[uid] ?? .zero }
        }
    }

    /// Takes room for what a stage has made; ``giveBack(_:of:)`` must follow in the commit that records it,
    /// or when it is lost.
    ///
    /// - Parameter replaced: how much goes when it is recorded.
    /// - Returns: whether there was any.
    func admit(
        _ bytes: ByteCount, replacing replaced: ByteCount, of uid: UInt32, below cap: ByteCount
    ) throws(CatalogError) -> Bool {
        try catalog.weighDerivedBlocking(of: uid) { derived in
            pending.withLock { pending in
                let others = derived.total + (pending[uid] ?? .zero)
                // What makes nothing larger is no reason to refuse it.
                guard others + bytes - replaced <= cap || bytes <= replaced else { return false }
                pending[uid] = (pending[uid] ?? .zero) + bytes
                return true
            }
        }
    }

    func giveBack(_ bytes: ByteCount, of uid: UInt32) {
        guard bytes > .zero else { return }
        pending.withLock { pending in
            let left = (pending[uid] ?? .zero) - bytes
            pending[uid] = left > .zero ? left : nil
        }
    }

    /// Counts what an account's imported rows are about to take, together with what else their import
    /// makes, which is taken room for.
    ///
    /// - Parameters:
    ///   - replaced: how much of those files goes when it is recorded.
    ///   - cap: nil where there is none.
    /// - Returns: whether that is within the cap.
    func admitImports(
        _ imports: ByteCount, beside files: ByteCount, replacing replaced: ByteCount,
        of uid: UInt32, below cap: ByteCount?
    ) throws(CatalogError) -> Bool {
        guard let cap else {
            try catalog.setDerivedBlocking(.imports, of: uid, to: imports)
            return true
        }
        var isTaken = false
        do {
            return try catalog.setDerivedBlocking(.imports, of: uid, to: imports) { derived in
                isTaken = pending.withLock { pending in
                    let others = derived.total(without: .imports) + (pending[uid] ?? .zero)
                    let isWithinCap = others + imports + files - replaced <= cap
                    // What makes nothing larger is no reason to refuse it.
                    guard isWithinCap || imports + files <= derived[.imports] + replaced else {
                        return false
                    }
                    pending[uid] = (pending[uid] ?? .zero) + files
                    return true
                }
                return isTaken
            }
        } catch {
            if isTaken { giveBack(files, of: uid) }
            throw error
        }
    }

    /// What an owner reads whose files may not lead to more.
    static func failure(of stage: StageName, cap: ByteCount) -> Failure {
        Failure(
            .outputTooLarge,
            message: "There is no room for what this step makes (\(stage.rawValue)): results and "
                + "imported rows of all your files together may take \(cap). Delete documents that "
                + "you no longer need, or ask the operator for a higher limit; then ask for a "
                + "retry.",
            detail: "keep the results of \(stage.rawValue): derived bytes of the account past "
                + "\(cap.bytes)")
    }
}
