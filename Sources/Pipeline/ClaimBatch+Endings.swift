import Inbox
import Intake
import Rules

// What errors mean for drops, and who is told.
extension ClaimBatch {
    /// Those of the drops that came through a step, made into what the next one takes; the others
    /// have ended.
    func survivors<Made, Next>(
        of results: Zip2Sequence<[SettledDrop], [Result<Made, any Error>]>,
        _ endings: inout [Ending], _ make: (SettledDrop, Made) -> Next
    ) -> [Next] {
        results.compactMap { drop, result in
            switch result {
            case .success(let made): return make(drop, made)
            case .failure(let error):
                endings.append(ending(of: drop, error))
                return nil
            }
        }
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
