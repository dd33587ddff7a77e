import Rules

/// A drop as somebody saw it, not yet taken.
public struct SightedDrop: Sendable, Hashable {
    public let path: BeneathPath
    public let identity: DropIdentity
    /// When it was first noticed under its name.
    public let firstSeen: Timestamp
}

/// What opening a drop showed that may be claimed.
struct Admission: Sendable, Hashable {
    var kind: DropKind
    var proof: AdmissionProof
}

/// A drop that is whole and may be claimed.
public struct SettledDrop: Sendable, Hashable {
    public let sighted: SightedDrop
    /// What name and first bytes agreed on when it was last opened.
    public let kind: DropKind
    /// What proved then that nobody was writing it.
    public let proof: AdmissionProof

    init(sighted: SightedDrop, admission: Admission) {
        self.sighted = sighted
        kind = admission.kind
        proof = admission.proof
    }

    public var path: BeneathPath { sighted.path }
    public var identity: DropIdentity { sighted.identity }
}

/// Why a drop is not taken yet though nothing is wrong with it.
public enum WaitReason: Sendable, Hashable {
    /// It must lie unchanged for a while.
    case settling
    case stillWritten
    case empty
    case secondLink
    /// Name and content do not fit yet.
    case mismatch
    indirect case trouble(Failure)

    /// For the owner; nil where nothing is said as yet, since the name may be a temporary one.
    public var message: String? {
        switch self {
        case .settling: "Waiting until the file has not changed for a while."
        case .stillWritten:
            "A program still writes this file. It is taken once that program is done."
        case .empty: "The file is empty. Waiting for its content."
        case .secondLink:
            "The file has a second name (a hard link). Waiting until one of them is removed."
        case .mismatch: nil
        case .trouble(let failure): failure.message
        }
    }
}

/// What intake finds out about a drop that somebody may want to know.
public enum DropReport: Sendable, Hashable {
    /// Told once for each reason, not for each look.
    case waiting(SightedDrop, WaitReason, nextLook: Timestamp)
    /// It stays where it is, and is looked at again when it changes.
    case refused(SightedDrop, Failure)
    /// A drop that was reported on is gone, unclaimed.
    case vanished(BeneathPath)
    /// A drop is gone, unclaimed, before anything was reported on it; what an earlier run said of it
    /// may still stand there.
    case untold(BeneathPath)
    /// A file has a name that asks for something; told at each look.
    case requested(BeneathPath)
}

/// How an attempt to claim a drop ended.
public enum ClaimEnding: Sendable, Hashable {
    /// It is a document now; what may stand under its name is another drop.
    case claimed
    /// It stays in place and quiet until it changes.
    case refused(Failure)
    /// Something was in the way; it is opened again after the wait, if it is still the same by
    /// then.
    case notYet(after: Duration)
    /// It waits for room, and its turn, until held drops are released.
    case held
}
