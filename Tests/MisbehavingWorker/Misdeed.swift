/// What this worker does wrong; the name is its first argument.
enum Misdeed: String, CaseIterable {
    case none
    case refuses
    case inspects
    case runsLoose
    case spins
    case hoards
    case overspends
    case leavesChild
    case lingers
    case leaves
    case traps
    case faults
    case isKilled
    case floodsLog
    case floodsArtifact
    case floodsProgress
    case floodsWarnings
    case liesOnLength
    case liesOnKind
    case liesOnOrder
    case liesOnResult
    case liesOnRows
    case liesOnCode
    case liesOnName
    case liesOnStage
    case talksOn
    case closesSocket
    case stopsMidFrame
    case stopsItself
    case neverReads
    case outstays
    case crashesLater
    case declinesSecond
    case stallsInText
    case diesOverPage
    case diesOfContent
    case templateLeaves
    case templateLies
    case templateRefuses
    case templateDiesOverChild

    /// What a process does that is no template's child; nil where the misdeed is one of a child.
    var ofTemplate: (() -> Void)? {
        switch self {
        case .diesOfContent: DiesOfContent.commit
        case .templateLeaves: BadTemplates.leave
        case .templateLies: BadTemplates.lie
        case .templateRefuses: BadTemplates.refuse
        case .templateDiesOverChild: BadTemplates.dieOverChild
        case .lingers: LeavesChild.linger
        default: nil
        }
    }

    func commit() {
        switch self {
        case .none: Honest.serve()
        case .refuses: Refuses.serve()
        case .inspects: Inspects.serve()
        case .runsLoose: RunsLoose.serve()
        case .spins: Spins.commit()
        case .hoards: Hoards.commit()
        case .overspends: Overspends.commit()
        case .leavesChild: LeavesChild.commit()
        case .lingers: LeavesChild.linger()
        case .leaves: Leaves.commit()
        case .traps: Crashes.trap()
        case .faults: Crashes.fault()
        case .isKilled: Crashes.beKilled()
        case .crashesLater: Crashes.afterLastWord()
        case .floodsLog: Floods.log()
        case .floodsArtifact: Floods.artifact()
        case .floodsProgress: Floods.progress()
        case .floodsWarnings: Floods.warnings()
        case .liesOnLength: Lies.onLength()
        case .liesOnKind: Lies.onKind()
        case .liesOnOrder: Lies.onOrder()
        case .liesOnResult: Lies.onResult()
        case .liesOnRows: Lies.onRows()
        case .liesOnCode: Lies.onCode()
        case .liesOnName: Lies.onName()
        case .liesOnStage: Lies.onStage()
        case .talksOn: Lies.talkingOn()
        case .closesSocket: Silences.closingSocket()
        case .stopsMidFrame: Silences.midFrame()
        case .stopsItself: Silences.stopped()
        case .neverReads: Silences.notReading()
        case .outstays: Outstays.serve()
        case .stallsInText: StallsInText.serve()
        case .diesOverPage: DiesOverPage.serve()
        case .declinesSecond: Declines.second()
        case .diesOfContent, .templateLeaves, .templateLies, .templateRefuses,
            .templateDiesOverChild:
            break
        }
    }
}
