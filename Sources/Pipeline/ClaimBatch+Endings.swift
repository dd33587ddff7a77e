import Inbox
import Intake
import Publish
import Rules

// What errors mean for drops, and who is told.
extension ClaimBatch {
    /// Tells the owner of drops for which there is no room what there is.
    func tellRefusals(
        _ refusals: [(claim: ClaimInHand, decision: QuotaDecision)],
        _ endings: inout [Ending]
    ) async {
        guard !refusals.isEmpty else { return }
        do {
            let quota = try await AccountQuota(house: house, account: root.account).current()
            for (claim, decision) in refusals {
                tellRefusal(claim, decision, quota)
                // A higher limit brings both back.
                endings.append((claim.path, .held))
            }
        } catch {
            endings += refusals.map { ending(of: $0.claim.settled, error) }
        }
    }

    private func tellRefusal(
        _ claim: ClaimInHand, _ decision: QuotaDecision, _ quota: StatusDocument.Quota
    ) {
        let failure: Failure
        let state: DocumentState
        let size = claim.opened.identity.size
        switch decision {
        case .granted: return
        case .held(let bytes, let files, let scope):
            failure = QuotaFailure.short(bytes: bytes, files: files, of: scope)
            state = .held
        case .tooLarge(let most, let scope):
            failure = QuotaFailure.larger(size, than: most, of: scope)
            state = .refused
        }
        desk.tell(
            WaitingDrop(
                path: claim.path, size: size, firstSeen: claim.settled.sighted.firstSeen,
                state: state, message: failure.message, failure: failure, nextLook: nil,
                quota: quota))
        say(
            state == .held ? .dropHeld : .dropRefused, claim.path,
            [.code: failure.code.rawValue, .detail: failure.detail])
    }

    /// What an error means for the drop: it stays where it is, and comes back by itself or by its
    /// owner.
    func ending(of drop: SettledDrop, _ error: any Error) -> Ending {
        if let known = error as? IntakeError {
            switch known {
            case .vanished, .changed, .stillWritten, .writerReturned:
                say(.claimAbandoned, drop.path, [.reason: known.failure.detail])
                return (drop.path, .notYet(after: .zero))
            case .refused(let failure):
                tell(drop, .refused, failure)
                say(.dropRefused, drop.path, [.code: failure.code.rawValue])
                return (drop.path, .refused(failure))
            case .inaccessible:
                break
            }
        }
        let failure = House.failure(of: error)
        say(
            .claimAbandoned, drop.path, [.code: failure.code.rawValue, .detail: failure.detail])
        if failure.code == .storeFull || failure.code == .storeIO {
            house.say(.storePaused, [.detail: failure.detail])
        }
        tell(drop, .waiting, failure)
        return (drop.path, .notYet(after: house.retries.storeWait))
    }

    private func tell(_ drop: SettledDrop, _ state: DocumentState, _ failure: Failure) {
        desk.tell(
            WaitingDrop(
                path: drop.path, size: drop.identity.size, firstSeen: drop.sighted.firstSeen,
                state: state, message: failure.message,
                failure: state == .refused ? failure : nil, nextLook: nil, quota: nil))
    }

    func say(
        _ event: JournalEvent, _ path: BeneathPath, _ fields: [JournalField: String]
    ) {
        house.say(event, in: root, at: path, fields)
    }
}

extension Result {
    /// What was made; nil where nothing was.
    var value: Success? {
        switch self {
        case .success(let value): value
        case .failure: nil
        }
    }

    /// Why nothing was made; nil where something was.
    var error: Failure? {
        switch self {
        case .success: nil
        case .failure(let error): error
        }
    }
}
