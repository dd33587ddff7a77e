import Catalog
import Rules

/// The documents whose content is being read, and how workers are shared among them.
///
/// Decides, and asks the documents' outlooks only. Rule: docs/design.md, "Side by side".
struct SharedWorks {
    private var works: [DocumentID: ContentWork] = [:]

    subscript(id: DocumentID) -> ContentWork? {
        get { works[id] }
        set { works[id] = newValue }
    }

    /// Whether anybody could be asked to leave a document before all of it is done.
    var mayBeLeft: Bool { works.values.contains { $0.outlook.mayBeLeft } }

    /// The document whose turn it is of those that were left unfinished.
    func stalled(_ turns: AccountTurns) -> ContentWork? {
        works.values.filter(\.outlook.isStalled).sorted { goes($0, before: $1, turns) }.first
    }

    /// A document to be helped; the helper has entered. Who had least goes first.
    func wantingHelp(_ turns: AccountTurns) -> ContentWork? {
        works.values.filter(\.outlook.isHelpWanted)
            .sorted { left, right in
                let (few, many) = (left.outlook.participants, right.outlook.participants)
                return few == many ? goes(left, before: right, turns) : few < many
            }
            .first { $0.outlook.enter(as: .help) }
    }

    /// Nobody waits any more for whom a worker was asked to leave.
    func withdrawAsking() { works.values.forEach { $0.outlook.withdrawAsking() } }

    /// Asks one worker to leave for a document that waits: a helper, since whoever waits goes before those
    /// who are helped; else the lead of the account that has had most, if it is not its turn.
    func makeRoom(for document: DocumentRecord, _ turns: AccountTurns) {
        let byDebt = works.values.sorted { goes($1, before: $0, turns) }
        if let helped = byDebt.first(where: { $0.outlook.freeHelpers > 0 }) {
            return helped.outlook.askToLeave(evenLead: false)
        }
        byDebt.first { $0.outlook.mayLeadLeave && !goes($0, before: document, turns) }?
            .outlook.askToLeave(evenLead: true)
    }

    /// Whether it is the turn of a document in hand, rather than of one that waits.
    func goes(
        _ work: ContentWork, before document: DocumentRecord, _ turns: AccountTurns
    ) -> Bool {
        let uid = work.account.uid
        guard uid != document.uid else {
            return (work.place, work.id) < (document.place, document.id)
        }
        return turns.debt(of: uid) <= turns.debt(of: document.uid)
    }

    private func goes(
        _ left: ContentWork, before right: ContentWork, _ turns: AccountTurns
    ) -> Bool {
        let (debt, other) = (
            turns.debt(of: left.account.uid), turns.debt(of: right.account.uid)
        )
        return debt == other ? (left.place, left.id) < (right.place, right.id) : debt < other
    }
}
