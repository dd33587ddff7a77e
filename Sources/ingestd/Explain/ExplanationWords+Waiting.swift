import Inbox
import Intake
import Pipeline
import Publish
import Rules

/// Files that are taken by themselves, or were.
extension ExplanationWords {
    private static let patience = Patience()

    var missing: Answer {
        guard let status = sight.status, status.documentId != nil else {
            return Answer(
                verdict: .missing,
                sentence: "There is no \(name) here, and no status file of it"
                    + (sight.results != nil
                        ? "; \(results) is there, so it may have been taken." : "."),
                rule: "only what is there is taken", origin: nil, nextLook: "when it appears",
                remedy: "look at the name again; `ingestd ls` lists what was taken here")
        }
        let isUnderWay = ["queued", "running", "retrying"].contains(status.state)
        let isStopped = isUnderWay && holder == .nobody
        let isGone = status.state.hasPrefix("completed") && sight.results == nil
        return Answer(
            verdict: .taken, sentence: "\(name) was taken\(fate(status))",
            rule: "a file that is taken leaves the inbox", origin: nil,
            nextLook: isStopped
                ? "none: the file is gone, the document goes on when ingestd starts"
                : "none: the file is gone"
                    + (isUnderWay ? ", the document goes on by itself" : ""),
            remedy: remedy(ofTaken: status, isStopped: isStopped, isGone: isGone))
    }

    private func remedy(ofTaken status: StatusFile, isStopped: Bool, isGone: Bool) -> String {
        if isStopped { return "start ingestd: " + startRemedy }
        if isGone { return "`ingestd restore \(word)`" }
        return status.status == "failed"
            ? "mend what the message says, then `ingestd retry \(word)`"
            : "none; `ingestd show \(word)` tells more"
    }

    /// The name of the folder of its results.
    private var results: String {
        place.path.name.map { "\(SidecarNames(of: $0).results)" } ?? ""
    }

    private func fate(_ status: StatusFile) -> String {
        switch status.state {
        case "queued": " and waits for its turn."
        case "running":
            " and is being worked on (\(status.progress ?? 0) %)"
                + status.signsOfLife.map { "; \($0.stage): \($0.words)" }.joined() + "."
        case "retrying": " and is tried again: \(status.error?.message ?? status.message ?? "")"
        case "completed", "completed_with_warnings":
            sight.results != nil
                ? " and is done; the results are in \(results)."
                : " and is done; the results are gone. Drop the file again to bring them back."
        case "failed": ", but failed: \(status.error?.message ?? status.message ?? "")"
        default: "; it is \(status.standing)."
        }
    }

    var secondLink: Answer {
        Answer(
            verdict: .refused,
            sentence: "\(name) has a second name (a hard link), so it is not taken.",
            rule: "a file with one name is taken; others are waited for "
                + "\(Self.patience.secondLink.setting) (link_refused)",
            origin: nil, nextLook: onChange,
            remedy: "find the other name and remove one of them: "
                + ownersCommand("find / -xdev -samefile \(word)"))
    }

    var empty: Answer {
        if let refused = refusedBefore { return refused }
        return Answer(
            verdict: .waiting,
            sentence: "\(name) is empty" + (writer.map { "; \($0) has it open" } ?? "")
                + ". It is taken once it has content.",
            rule: "an empty file is waited for, and called empty_file after "
                + Self.patience.empty.setting,
            origin: nil,
            nextLook: "when it changes, and at the latest every \(Patience.writer.setting)",
            remedy: "copy the file here again")
    }

    var stillWritten: Answer {
        let who =
            writer.map { "\(name) is still being written by \($0)." }
            ?? "\(name) is still being written; by whom cannot be seen from here."
        let isHidden = writer == nil && (writers?.hiddenCount ?? 0) > 0
        return Answer(
            verdict: .waiting, sentence: who,
            rule: "a file is taken once no process has it open or mapped for writing"
                + (settings.openWriterTimeout.map {
                    ", or once it has not changed for \($0.setting) (open_writer_timeout)"
                } ?? ""),
            origin: settings.openWriterTimeout.map { _ in place.settingsText },
            nextLook: "when it is closed, and at the latest every \(Patience.writer.setting)",
            remedy: isHidden
                ? "run this as root to see which process it is"
                : "none once it is done; end the process if it should have been")
    }

    /// The first who writes it, and how many more there are.
    private var writer: String? {
        guard let writers, let first = writers.writers.first else { return nil }
        let more = writers.writers.count - 1
        return first.text + (more > 0 ? " and \(more) more" : "")
    }

    func mismatch(_ failure: Failure, _ mayBeWritten: Bool) -> Answer {
        // Its content is not all there yet.
        if writers?.writers.isEmpty == false { return stillWritten }
        // Told by ingestd only after a while: a name may be an upload's temporary one.
        let isOver = sight.status?.state == "refused"
        if mayBeWritten, !isOver {
            return Answer(
                verdict: .waiting,
                sentence: "\(name) may still be being written, which you cannot see. As it stands "
                    + "it would not be taken. \(failure.message)",
                rule: mismatchRule(failure), origin: nil,
                nextLook: "when it is closed, and at the latest every \(Patience.writer.setting)",
                remedy: "run this as \(account) or root to see whether it is")
        }
        return Answer(
            verdict: .refused,
            sentence: "\(name) is not taken. \(failure.message)",
            rule: mismatchRule(failure), origin: nil,
            nextLook: isOver
                ? onChange
                : "\(onChange); it is told so after \(Self.patience.mismatch.setting), since the "
                    + "name may be an upload's",
            remedy: remedy(failure.code.rawValue))
    }

    private func mismatchRule(_ failure: Failure) -> String {
        "name and the first 4 KiB of the content must agree (\(failure.code.rawValue))"
    }

    /// What ingestd itself said of the file that is there.
    private var refusedBefore: Answer? {
        guard let status = sight.status, status.documentId == nil, status.state == "refused" else {
            return nil
        }
        return Answer(
            verdict: .refused,
            sentence: "\(name) is not taken. \(status.error?.message ?? status.message ?? "")",
            rule: status.error?.code ?? "refused", origin: "its status file",
            nextLook: onChange, remedy: remedy(status.error?.code ?? ""))
    }

    var changing: Answer {
        Answer(
            verdict: .waiting, sentence: "\(name) changes while it is looked at.",
            rule: settleRule, origin: settleOrigin, nextLook: "when it has rested", remedy: "none")
    }

    func trouble(_ failure: Failure) -> Answer {
        Answer(
            verdict: .unavailable, sentence: "\(name) cannot be looked at. \(failure.message)",
            rule: failure.detail, origin: nil, nextLook: "every \(Patience.writer.setting)",
            remedy: "see whether the disk or share works")
    }

    func sound(_ proof: Finding.Proof) -> Answer {
        // Without a lease only a look through the processes shows who writes it.
        if writers?.writers.isEmpty == false { return stillWritten }
        guard let status = sight.status, status.documentId == nil else { return unknown(proof) }
        if status.state == "held" { return held(status) }
        return refusedBefore
            ?? Answer(
                verdict: .waiting,
                sentence: "\(name) is not taken yet. "
                    + (status.message ?? "It is taken once it has not changed for a while."),
                rule: settleRule, origin: settleOrigin, nextLook: settleEnd, remedy: "none")
    }

    private func held(_ status: StatusFile) -> Answer {
        Answer(
            verdict: .held,
            sentence: bytesShort.map {
                "\(name) waits for room: \(account) is over quota, short by \($0)."
            } ?? "\(name) waits for room. \(status.error?.message ?? status.message ?? "")",
            rule: "an account holds no more than its limit (quota_exceeded)",
            origin: "“limits:” in the config", nextLook: "as soon as there is room",
            remedy: "raise the limit in the config and reload (systemctl reload ingestd)")
    }

    /// Nothing is wrong with the file, and no status file speaks of it.
    private func unknown(_ proof: Finding.Proof) -> Answer {
        let rest = lastChange.map { now - $0 } ?? .zero
        let patience = max(settings.settle, settings.settleWithoutProof) + .seconds(2)
        let isOld = rest > patience + (interval == settings.poll ? settings.poll : .zero)
        var answer = Answer(
            verdict: .waiting,
            sentence: "Nothing keeps \(name) from being taken: it has not rested long enough yet.",
            rule: settleRule, origin: settleOrigin, nextLook: settleEnd, remedy: "none")
        if holder == .nobody {
            answer.sentence =
                "Nothing keeps \(name) from being taken, but no ingestd runs"
                + (place.stateDirectory.map { " on \($0)." } ?? ".")
        } else if isOld, let inbox = sight.inbox, inbox.waitingCount > InboxStatus.toldLimit {
            answer.sentence =
                "\(name) is one of \(inbox.waitingCount) files that wait here; past "
                + "\(InboxStatus.toldLimit) they are only counted until their turn nears."
        } else if isOld {
            answer.sentence =
                "Nothing keeps \(name) from being taken, yet ingestd has said nothing of it."
            answer.nextLook = "at the latest after \(interval.setting)"
            answer.remedy =
                "see whether ingestd runs and serves this inbox: ingestd doctor --inbox "
                + ShellWord.quoted(place.inbox.path)
        }
        if proof == .contentUnseen {
            answer.sentence += " You may not read it, so its content was not looked at."
        }
        return answer
    }

    private var settleRule: String {
        "a file is taken \(settings.settle.setting) after its writer closed it, or "
            + "\(settings.settleWithoutProof.setting) after its last change where nothing told so"
    }

    private var settleOrigin: String {
        "settle and settle_without_proof of this inbox (\(place.settingsText))"
    }

    /// The latest moment at which a resting file is looked at.
    private var settleEnd: String {
        let end = lastChange.map { $0 + max(settings.settle, settings.settleWithoutProof) }
        guard let end, end > now else {
            return "any moment, at the latest after \(interval.setting)"
        }
        return "at the latest at \(end)"
    }
}
