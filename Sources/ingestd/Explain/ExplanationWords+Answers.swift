import Inbox
import Intake
import Rules

extension ExplanationWords {
    /// Why the path is where it is, and what follows.
    var answer: Answer {
        switch sight.finding {
        case .inboxItself: inboxItself
        case .folder: folder
        case .fixedFolder(let obstacle, let denial): fixedFolder(obstacle, denial)
        case .missing: missing
        case .ignored(let rule, let on): ignored(rule, on)
        case .sidecar(let on): sidecar(on)
        case .ownResult(let mark): ownResult(mark)
        case .request(let request): self.request(request)
        case .notRecursive: notRecursive
        case .linkAbove(let link): linkAbove(link)
        case .closedFolder(let denial): closedFolder(denial)
        case .forbidden(let denial): forbidden(denial)
        case .atSight(let failure): atSight(failure)
        case .secondLink: secondLink
        case .empty: empty
        case .stillWritten: stillWritten
        case .mismatch(let failure, let mayBeWritten): mismatch(failure, mayBeWritten)
        case .unreadable(let failure, let denial): unreadable(failure, denial)
        case .notRemovable(let obstacle, let failure, let denial):
            notRemovable(obstacle, failure, denial)
        case .tooLarge(let failure, _, let excess): tooLarge(failure, excess)
        case .refused(let failure): refused(failure)
        case .changing: changing
        case .trouble(let failure): trouble(failure)
        case .sound(let proof): sound(proof)
        }
    }

    // MARK: - Folders and names

    private var inboxItself: Answer {
        let counts = (sight.inbox?.counts ?? [:]).filter { $0.value > 0 }
            .sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }
        let told = counts.isEmpty ? "" : " Of its files: \(counts.joined(separator: ", "))."
        return Answer(
            verdict: .folder, sentence: "This is the inbox of \(account).\(told)",
            rule: "files in an inbox and in the folders below it are taken", origin: nil,
            nextLook: "every \(interval.setting)", remedy: "none")
    }

    private var folder: Answer {
        Answer(
            verdict: .folder, sentence: "\(name) is a folder of an inbox: files in it are taken.",
            rule: "files in an inbox and in the folders below it are taken", origin: nil,
            nextLook: "every \(interval.setting)",
            remedy: "none; ask about a file in it to hear why that is not taken")
    }

    private func fixedFolder(_ obstacle: RemovalObstacle, _ denial: Denial?) -> Answer {
        Answer(
            verdict: .refused,
            sentence: (place.path.isRoot
                ? "This is the inbox of \(account)" : "\(name) is a folder")
                + ", and no file in it is taken: \(account) could not remove it afterwards.",
            rule: Self.removalRule + " (\(ErrorCode.notRemovable.rawValue))", origin: nil,
            nextLook: onMending, remedy: remedy(obstacle, denial, folder: place.path))
    }

    private static let removalRule =
        "a file that is taken leaves the inbox, so its owner must be able to remove it"

    private func ignored(_ rule: IgnoreRule, _ on: BeneathPath) -> Answer {
        let isAbove = on != place.path
        let subject = isAbove ? "The folder \(on)" : name
        let (text, origin): (String, String?) =
            switch rule {
            case .builtIn(let rule): (rule, nil)
            case .configured(let glob): ("ignore: \(glob)", place.settingsText)
            }
        let consequence =
            isAbove ? "is passed over, and \(name) with it" : "is passed over and never taken"
        return Answer(
            verdict: .ignored, sentence: "\(subject) \(consequence): “\(text)”.", rule: text,
            origin: origin, nextLook: "never under this name",
            remedy: origin == nil
                ? "give \(isAbove ? "the folder" : "the file") another name"
                : "take the glob out of “ignore:” of this inbox, or choose another name")
    }

    private func sidecar(_ on: BeneathPath) -> Answer {
        let isInboxStatus = on.name == SidecarNames.inboxStatus
        let kind = on == place.path ? "\(name) is" : "\(on) holds"
        return Answer(
            verdict: .ignored,
            sentence: isInboxStatus
                ? "\(name) tells how the inbox is doing; it is ingestd's own."
                : "\(kind) what ingestd writes beside a file, and is never taken.",
            rule: "files named ….status.json and folders named ….results are never taken",
            origin: nil, nextLook: "never under this name",
            remedy: "give it another name if it is yours")
    }

    private func ownResult(_ mark: BeneathPath) -> Answer {
        Answer(
            verdict: .ignored,
            sentence: "\(name) is one of the results that ingestd made, and is never taken.",
            rule:
                "results are never taken, whatever their folder is called by now: \(mark) marks it",
            origin: nil, nextLook: "never in this folder, under this name",
            remedy: "to have it taken all the same, copy the file elsewhere in the inbox")
    }

    private func request(_ request: Request) -> Answer {
        Answer(
            verdict: .ignored,
            sentence: "\(name) asks for something about \(request.target), and is no file to take.",
            rule: "NAME.VERB of a file that is taken is a request", origin: nil,
            nextLook: "at once; while the document is worked on, when that is over",
            remedy: "an empty file is carried out and removed; if it stays, the status file of "
                + "\(request.target) or the log says why. Give it another name if it is yours")
    }

    private var notRecursive: Answer {
        Answer(
            verdict: .ignored,
            sentence: "\(name) is below the inbox, and only files in the inbox itself are taken.",
            rule: "recursive: false", origin: place.settingsText, nextLook: "never here",
            remedy: "move it into \(ShellWord.quoted(place.inbox.path)), or set “recursive: true”")
    }

    private func linkAbove(_ link: BeneathPath) -> Answer {
        Answer(
            verdict: .refused,
            sentence: "\(link) is a link, and ingestd follows none, so \(name) is not seen.",
            rule: "no link below an inbox is followed", origin: nil, nextLook: "never here",
            remedy: "put the folder itself there instead of the link")
    }

    private func closedFolder(_ denial: Denial?) -> Answer {
        let folder = denial.map { $0.path.isRoot ? "the inbox" : "the folder \($0.path)" }
        return Answer(
            verdict: .refused,
            sentence: "\(account), who owns the inbox, may not look into "
                + "\(folder ?? "one of the folders above"), so \(name) is not seen.",
            rule: "every folder must let the inbox's owner read and enter it", origin: nil,
            nextLook: onMending,
            remedy: remedy(
                denial,
                instead: "an access control list or the file server forbids it: "
                    + ownersCommand("getfacl " + word(place.path.parent))))
    }

    private func forbidden(_ denial: Denial?) -> Answer {
        Answer(
            verdict: .forbidden,
            sentence: "You may not look there; \(account), who owns the inbox, or root may.",
            rule: "explain looks with the rights of whoever calls it", origin: nil,
            nextLook: "unknown",
            remedy: "ask \(denial.map { Refusal.holder($0.uid) } ?? account) to let you, or run "
                + "this as root")
    }

    // MARK: - Files that stay

    private func atSight(_ failure: Failure) -> Answer {
        refusal(
            failure, "\(name) is not taken. \(failure.message)",
            rule: "only regular files are taken", nextLook: onChange,
            remedy: failure.code == .linkRefused
                ? "remove the link, and put the file itself there"
                : ownersCommand("rm \(word)"))
    }

    private func unreadable(_ failure: Failure, _ denial: Denial?) -> Answer {
        refusal(
            failure, "\(name) is not taken: \(account), who owns the inbox, may not read it.",
            rule: "the inbox's owner must be allowed to read a file", nextLook: onMending,
            remedy: remedy(
                denial,
                instead: "an access control list or the file server forbids it: "
                    + ownersCommand("getfacl " + word)))
    }

    private func notRemovable(
        _ obstacle: RemovalObstacle, _ failure: Failure, _ denial: Denial?
    ) -> Answer {
        refusal(
            failure,
            "\(name) is not taken: \(account), who owns the inbox, could not remove it afterwards.",
            rule: Self.removalRule, nextLook: onMending,
            remedy: remedy(obstacle, denial, folder: place.path.parent))
    }

    private func remedy(
        _ obstacle: RemovalObstacle, _ denial: Denial?, folder: BeneathPath
    ) -> String {
        switch obstacle {
        case .folderNotWritable:
            remedy(
                denial,
                instead: ownersCommand("getfacl \(word(folder))") + " shows what forbids it")
        case .stickyFolder:
            "the folder lets only \(Refusal.holder(sight.entry?.uid ?? 0)) remove it: put a copy "
                + "of your own into a folder of your own"
        case .immutable:
            // Root's command, and the path may lead elsewhere by then: so none is given.
            "lsattr shows what protects \(sight.entry?.isImmutable ?? false ? name : "\(folder)"); "
                + "whoever protected it can undo that"
        case .readOnlyFileSystem:
            "mount the file system for writing: findmnt -T \(word(folder))"
        }
    }

    private func tooLarge(_ failure: Failure, _ excess: ByteCount) -> Answer {
        let isPDF = name.lowercased().hasSuffix(".pdf")
        return refusal(
            failure, "\(name) is too large by \(excess).",
            rule: (isPDF ? "pdf_size_limit" : "table_size_limit") + ": "
                + (isPDF ? settings.pdfSizeLimit : settings.tableSizeLimit).description,
            origin: place.settingsText, nextLook: onChange,
            remedy: "make it smaller or split it, or raise the limit of this inbox in the config")
    }

    private func refused(_ failure: Failure) -> Answer {
        refusal(
            failure, "\(name) is not taken. \(failure.message)", rule: failure.code.rawValue,
            nextLook: onChange, remedy: remedy(failure.code.rawValue))
    }

    /// What helps where a rule refuses the file itself.
    func remedy(_ code: String) -> String {
        switch ErrorCode(rawValue: code) {
        case .typeMismatch: "give it the name that fits its content, or put another file there"
        case .unsupportedType: "put it there in a format that is taken, as a PDF or a CSV table"
        case .nameRefused: "give it or its folders shorter names"
        case .emptyFile: "copy the file here again"
        case .tooLarge: "make it smaller or split it, or raise the limit of this inbox"
        default: "put a file there that this does not hold of"
        }
    }

    func refusal(
        _ failure: Failure, _ sentence: String, rule: String, origin: String? = nil,
        nextLook: String, remedy: String
    ) -> Answer {
        Answer(
            verdict: .refused, sentence: sentence, rule: "\(rule) (\(failure.code.rawValue))",
            origin: origin, nextLook: nextLook, remedy: remedy)
    }
}
