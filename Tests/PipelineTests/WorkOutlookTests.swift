import Synchronization
import Testing

@testable import Pipeline

@Suite struct WorkOutlookTests {
    private final class Bell: Sendable {
        private let rings = Mutex(0)
        var count: Int { rings.withLock { $0 } }
        func ring() { rings.withLock { $0 += 1 } }
    }

    private let bell = Bell()

    private func outlook() -> WorkOutlook {
        WorkOutlook(mustBeAlone: false) { [bell] in bell.ring() }
    }

    private func tell(_ outlook: WorkOutlook, help: Bool, left: Bool) {
        outlook.tell(isHelpWanted: help, hasLeft: left, mustBeAlone: false)
    }

    @Test func `that pages are left is news, also where help was wanted before`() {
        let outlook = outlook()
        tell(outlook, help: true, left: false)
        #expect(bell.count == 1)
        #expect(!outlook.mayBeLeft)
        tell(outlook, help: true, left: true)
        #expect(bell.count == 2)
        #expect(outlook.mayBeLeft && outlook.mayLeadLeave)
        tell(outlook, help: true, left: true)
        #expect(bell.count == 2)
    }

    @Test func `a lead that draws is asked where the helper cannot leave`() {
        let outlook = outlook()
        tell(outlook, help: true, left: true)
        #expect(outlook.enter(as: .help))
        outlook.bind(.help, true)
        #expect(outlook.freeHelpers == 0)
        outlook.askToLeave(evenLead: true)
        #expect(outlook.shallLeave(.lead, mayLeadLeave: true))
        #expect(!outlook.shallLeave(.lead, mayLeadLeave: true), "one was asked")
    }

    @Test func `a helper that can leave goes before the lead`() {
        let outlook = outlook()
        tell(outlook, help: true, left: true)
        #expect(outlook.enter(as: .help))
        outlook.bind(.help, true)
        outlook.bind(.help, false)
        #expect(outlook.freeHelpers == 1)
        outlook.askToLeave(evenLead: true)
        #expect(!outlook.shallLeave(.lead, mayLeadLeave: true))
        #expect(outlook.shallLeave(.help, mayLeadLeave: false))
    }

    @Test func `a lead within a stage leaves nobody anything`() {
        let outlook = outlook()
        tell(outlook, help: false, left: true)
        outlook.bind(.lead, true)
        #expect(!outlook.mayLeadLeave)
        outlook.bind(.lead, false)
        #expect(outlook.mayLeadLeave)
    }

    @Test func `what is left unfinished stalls until somebody enters`() async {
        let outlook = outlook()
        tell(outlook, help: false, left: true)
        outlook.leave(as: .lead)
        #expect(outlook.isStalled)
        #expect(outlook.enter(as: .lead))
        #expect(!outlook.isStalled)
        tell(outlook, help: false, left: false)
        outlook.leave(as: .lead)
        await outlook.whenOver()
        #expect(!outlook.enter(as: .lead))
    }
}
