"""Judges what became of every path, and prints it as a table."""
import datetime, hashlib, platform, subprocess

from scene import ACCOUNT, moment

# What a daemon says at these levels means that something went wrong.
GRAVE = ("warning", "error")
# What it is expected to warn of.
MEANT = ("drop taken though still open",)
PACKAGES = ("openssh-client lftp rclone rsync curl coreutils tar unzip vim-tiny sed nfs-ganesha libnfs-utils").split()


def report(scene, cases):
    rows, wrong = [], []
    for case in cases:
        for expected in case.expected:
            case.wrong += list(judge(scene, expected))
        rows.append(row(scene, case))
        wrong += [f"{case.client}: {complaint}" for complaint in case.wrong]
    wrong += list(strangers(scene, cases))
    print(f"\n{version(scene)}, kernel {platform.release()}, {datetime.date.today()}")
    print(", ".join(versions()))
    print("\n| client | outcome | admitted_by | claimed after |\n| --- | --- | --- | --- |")
    for cells in rows:
        print("| " + " | ".join(cells) + " |")
    for complaint in wrong:
        print(f"WRONG: {complaint}")
    print(f"\n{len(cases)} clients, " + (f"{len(wrong)} wrong" if wrong else "all right"))
    return 1 if wrong else 0


def judge(scene, expected):
    """All that is wrong with one path."""
    path, digests = expected.path, [hashlib.sha256(content).hexdigest() for content in expected.contents]
    claimed = [line["digest"] for line in scene.lines("drop claimed", str(path))]
    if claimed != digests:
        yield f"{path.name}: claimed {[digest[:8] for digest in claimed]}, not {[digest[:8] for digest in digests]}"
    if path.exists():
        yield f"{path.name} is still there"
    status = scene.status(path)
    if status.get("state") != expected.state:
        yield f"{path.name}: state {status.get('state')}, {status.get('error') or status.get('warnings')}"
        return
    if status["sha256"] != digests[-1]:
        yield f"{path.name}: its status file tells of another content"
    original = path.parent / f"{path.name}.results/original.pdf"
    if not original.exists() or original.read_bytes() != expected.contents[-1]:
        yield f"{path.name}: the original is not what was published"


def row(scene, case):
    lines = [(expected, line) for expected in case.expected for line in scene.lines("drop claimed", str(expected.path))]
    proofs = sorted({line["proof"] for _, line in lines})
    # From the end of what the client did to its last content's claim.
    waits = [moment(lines[-1]) - expected.ended for expected in case.expected
             if (lines := scene.lines("drop claimed", str(expected.path)))]
    documents = sum(len(expected.contents) for expected in case.expected)
    outcome = "**wrong**" if case.wrong else "one document, whole" if documents == 1 else f"{documents} documents"
    if not case.wrong and documents > 1 and len(case.expected) == documents:
        outcome += ", each whole"
    if case.reasons:
        outcome += "; meanwhile: " + " / ".join(f"“{reason.rstrip('.')}”" for reason in dict.fromkeys(case.reasons))
    note = f" ({case.note})" if case.note else ""
    return case.client, outcome + note, ", ".join(proofs) or "–", f"{max(waits):.1f} s" if waits else "–"


def strangers(scene, cases):
    """What was claimed, left or complained about that no case speaks of."""
    known = {str(expected.path) for case in cases for expected in case.expected}
    for line in scene.all_lines():
        if line["event"] == "drop claimed" and f"{line['inbox']}/{line['path']}" not in known:
            yield f"claimed {line['path']}, which is no drop"
        if line["level"] in GRAVE and line["event"] not in MEANT:
            yield f"the log says: {line}"
    for inbox in scene.inboxes.values():
        for path in inbox.rglob("*"):
            beside = path.relative_to(inbox).parts
            if path.is_file() and not path.name.endswith(".status.json") and not any(p.endswith(".results") for p in beside):
                yield f"{path.name} was left behind"


def version(scene):
    told = subprocess.run([scene.programs / "ingestd", "--version"], capture_output=True, text=True)
    return "ingestd " + told.stdout.strip()


def versions():
    asked = subprocess.run(["dpkg-query", "-W", "-f", "${Package} ${Version}\n", *PACKAGES], capture_output=True, text=True)
    return asked.stdout.splitlines()
