import Foundation
import Testing

/// One reason: how a file comes to be in that state, and what is said of it.
struct Reason: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let path: String
    let verdict: String
    let exit: Int32
    /// What the keys must contain.
    var says: [String: String] = [:]
    /// Further lines for the inbox.
    var inbox = ""
    var prepare: @Sendable (FlowScene) throws -> Void = { _ in }

    static let pdf = Data("%PDF-1.4\n%%EOF\n".utf8)

    static let all: [Reason] = [
        Reason(
            testDescription: "nothing", path: "a.pdf", verdict: "missing", exit: 66,
            says: ["sentence": "There is no a.pdf"]),
        Reason(
            testDescription: "unfinished name", path: "a.pdf.part", verdict: "ignored", exit: 65,
            says: ["rule": "ends in .part", "origin": "built in", "next_look": "never"]
        ) { try $0.drop(pdf, as: "a.pdf.part") },
        Reason(
            testDescription: "glob", path: "old/a.pdf", verdict: "ignored", exit: 65,
            says: ["rule": "ignore: old", "origin": "ingestd.yaml", "sentence": "The folder old"],
            inbox: "ignore: [old]"
        ) { try $0.drop(pdf, as: "old/a.pdf") },
        Reason(
            testDescription: "hidden folder", path: ".trash/x/a.pdf", verdict: "ignored", exit: 65,
            says: ["rule": "folder begins with .", "sentence": "The folder .trash"]
        ) { try $0.drop(pdf, as: ".trash/x/a.pdf") },
        Reason(
            testDescription: "not recursive", path: "sub/a.pdf", verdict: "ignored", exit: 65,
            says: ["rule": "recursive: false", "origin": "ingestd.yaml"], inbox: "recursive: false"
        ) { try $0.drop(pdf, as: "sub/a.pdf") },
        Reason(
            testDescription: "status file", path: "a.pdf.status.json", verdict: "ignored", exit: 65,
            says: ["sentence": "what ingestd writes beside a file"]
        ) { try $0.drop(pdf, as: "a.pdf.status.json") },
        Reason(
            testDescription: "results", path: "a.pdf.results/text.txt", verdict: "ignored",
            exit: 65, says: ["sentence": "a.pdf.results holds"]
        ) { try $0.drop(pdf, as: "a.pdf.results/text.txt") },
        Reason(
            testDescription: "request", path: "a.pdf.retry", verdict: "ignored", exit: 65,
            says: ["sentence": "something about a.pdf"]
        ) { try $0.drop(Data(), as: "a.pdf.retry") },
        Reason(
            testDescription: "the inbox itself", path: "", verdict: "folder", exit: 0,
            says: ["sentence": "This is the inbox of"]),
        Reason(
            testDescription: "a folder", path: "sub", verdict: "folder", exit: 0,
            says: ["sentence": "files in it are taken"]
        ) { try $0.makeFolder("sub") },
        Reason(
            testDescription: "link", path: "a.pdf", verdict: "refused", exit: 65,
            says: [
                "rule": "link_refused", "next_look": "when the file changes",
                "remedy": "remove the link, and put the file itself there",
            ]
        ) { symlink("/etc/passwd", $0("a.pdf")) },
        Reason(
            testDescription: "a link above", path: "sub/passwd", verdict: "refused", exit: 65,
            says: ["sentence": "sub is a link"]
        ) { symlink("/etc", $0("sub")) },
        Reason(
            testDescription: "FIFO", path: "a.pdf", verdict: "refused", exit: 65,
            says: ["rule": "not_a_file", "remedy": "rm "]
        ) { mkfifo($0("a.pdf"), 0o644) },
        Reason(
            testDescription: "second link", path: "a.pdf", verdict: "refused", exit: 65,
            says: ["rule": "link_refused", "remedy": "-samefile"]
        ) {
            try $0.drop(pdf, as: "a.pdf")
            link($0("a.pdf"), $0.folder + "/other")
        },
        Reason(
            testDescription: "empty", path: "a.pdf", verdict: "waiting", exit: 0,
            says: [
                "rule": "empty_file after 10m", "next_look": "when ingestd starts",
                "remedy": "start ingestd: ",
            ]
        ) { try $0.drop(Data(), as: "a.pdf") },
        Reason(
            testDescription: "wrong content", path: "a.pdf", verdict: "refused", exit: 65,
            says: ["rule": "type_mismatch", "sentence": "the content is plain text"]
        ) { try $0.drop(Data("hello\n".utf8), as: "a.pdf") },
        Reason(
            testDescription: "wrong extension", path: "a.docx", verdict: "refused", exit: 65,
            says: ["rule": "unsupported_type"]
        ) { try $0.drop(pdf, as: "a.docx") },
        Reason(
            testDescription: "too large", path: "a.pdf", verdict: "refused", exit: 65,
            says: ["rule": "pdf_size_limit: 10 bytes", "sentence": "too large by 5 bytes"],
            inbox: "pdf_size_limit: 10"
        ) { try $0.drop(pdf, as: "a.pdf") },
        Reason(
            testDescription: "sound, and nobody there", path: "a.pdf", verdict: "waiting", exit: 0,
            says: [
                "sentence": "no ingestd runs", "daemon": "none runs",
                "next_look": "when ingestd starts", "remedy": "start ingestd: ",
            ]
        ) { try $0.drop(pdf, as: "a.pdf") },
    ]

    /// Those that only somebody else than root can meet, told from the bits of modes.
    static let permissions: [Reason] = [
        Reason(
            testDescription: "unreadable", path: "a.pdf", verdict: "refused", exit: 65,
            says: ["rule": "not_readable", "remedy": "chmod u+r "]
        ) {
            try $0.drop(pdf, as: "a.pdf")
            chmod($0("a.pdf"), 0o200)
        },
        Reason(
            testDescription: "somebody else's unreadable", path: "a.pdf", verdict: "refused",
            exit: 65,
            says: [
                "rule": "not_readable",
                "remedy": "belongs to root: remove it, or put a copy of your own",
            ]
        ) {
            try $0.put(pdf, at: $0("a.pdf"), owner: 0)
            chmod($0("a.pdf"), 0o640)
        },
        Reason(
            testDescription: "closed folder", path: "x/y/a.pdf", verdict: "refused", exit: 65,
            says: ["sentence": "the folder x,", "remedy": "chmod u+x "]
        ) {
            try $0.drop(pdf, as: "x/y/a.pdf")
            chmod($0("x"), 0o600)
        },
        Reason(
            testDescription: "unlisted folder", path: "x/a.pdf", verdict: "refused", exit: 65,
            says: ["sentence": "the folder x,", "remedy": "chmod u+r "]
        ) {
            try $0.drop(pdf, as: "x/a.pdf")
            chmod($0("x"), 0o300)
        },
        Reason(
            testDescription: "read-only folder", path: "x/a.pdf", verdict: "refused", exit: 65,
            says: ["rule": "not_removable", "remedy": "chmod u+w "]
        ) {
            try $0.drop(pdf, as: "x/a.pdf")
            chmod($0("x"), 0o500)
        },
        Reason(
            testDescription: "files of a read-only folder", path: "x", verdict: "refused", exit: 65,
            says: ["sentence": "no file in it is taken", "remedy": "chmod u+w "]
        ) {
            try $0.makeFolder("x")
            chmod($0("x"), 0o500)
        },
        Reason(
            testDescription: "somebody else's folder", path: "x/a.pdf", verdict: "refused",
            exit: 65, says: ["rule": "not_removable", "remedy": "belongs to root: put the files"]
        ) {
            try $0.drop(pdf, as: "x/a.pdf")
            chown($0("x"), 0, 0)
        },
        Reason(
            testDescription: "sticky folder", path: "x/a.pdf", verdict: "refused", exit: 65,
            says: ["rule": "not_removable", "remedy": "copy of your own into a folder of your own"]
        ) {
            try $0.makeFolder("x")
            chown($0("x"), 0, 0)
            chmod($0("x"), 0o1777)
            try $0.put(pdf, at: $0("x/a.pdf"), owner: FlowScene.otherUID)
        },
    ]
}
