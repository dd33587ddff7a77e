import Inbox
import Intake
import Rules

/// Serves one inbox: notices its drops, claims them, writes its sidecars.
struct InboxService: Sendable {
    /// How many drops of one inbox are claimed side by side.
    static let laneCount = 2

    let house: House
    let desk: InboxDesk
    let intake: InboxIntake
    private let opener: DropOpener
    private let settings: InboxSettings

    init(
        house: House, root: InboxRoot, settings: InboxSettings, watcher: DropWatcher,
        patience: Patience
    ) {
        let desk = InboxDesk(root: root, house: house)
        let opener = DropOpener(settings: settings)
        let reports = IntakeReports(desk: desk)
        self.house = house
        self.desk = desk
        self.opener = opener
        self.settings = settings
        intake = InboxIntake(
            root: root, settings: settings, watcher: watcher, opener: opener, patience: patience,
            clock: QuietClock(), calendar: house.surroundings.now,
            journal: house.surroundings.journal,
            report: { reports.take($0) })
    }

    /// Notices and claims drops until the task is cancelled; claims in flight are finished.
    func run(dispatcher: Dispatcher) async {
        await withDiscardingTaskGroup { group in
            group.addTask { await intake.run() }
            for number in 0..<Self.laneCount {
                group.addTask { await claim(on: number, dispatcher) }
            }
        }
    }

    private func claim(on number: Int, _ dispatcher: Dispatcher) async {
        let claim = Claim(
            house: house, desk: desk, dispatcher: dispatcher, opener: opener, settings: settings,
            lane: BlockingLane(name: "claim-\(number)"))
        while let drop = await intake.nextReady() {
            await intake.ended(drop.path, await claim.take(drop))
        }
    }
}

/// Puts what intake finds out into the words of status files; intake itself tells the log.
struct IntakeReports: Sendable {
    let desk: InboxDesk

    /// Takes one report; never waits.
    func take(_ report: DropReport) {
        switch report {
        case .waiting(let drop, let reason, let nextLook):
            guard let message = reason.message else { return }
            desk.tell(
                WaitingDrop(
                    path: drop.path, size: drop.identity.size, firstSeen: drop.firstSeen,
                    state: .waiting, message: message, nextLook: nextLook))
        case .refused(let drop, let failure):
            desk.tell(
                WaitingDrop(
                    path: drop.path, size: drop.identity.size, firstSeen: drop.firstSeen,
                    state: .refused, message: failure.message, failure: failure))
        case .vanished(let path):
            desk.tellVanished(path)
        }
    }
}
