"""Says all that is wrong with a disk once the daemon has come to rest on it."""
import collections, hashlib, json, os, pathlib, sqlite3, stat, subprocess

import workload

# What a reader sees at least of a drop's results, by kind.
MADE = {"pdf": {"info.json", "text.txt", "thumbnail.jpg"}, "csv": {"import.json"}}
COMPLETED = ("completed", "completed_with_warnings")
# What fsck may note: content that nothing refers to, as its maker died. gc takes it away.
COLLECTABLE = "unreferenced"
# Notes about what should have gone. The others (results that changed, an inbox that cannot be looked at) are wrong here.
LEFT_OVER = ("staging_left", "reservation_left", "stranger", COLLECTABLE)

# What the last life may have said about an attempt that was spent.
REASONS = ("stage retrying", "stage failed", "worker killed", "worker not started", "worker said")
# What is under way in the catalogue, and must come to its end.
OWED = {
    "reservations": "SELECT count(*) FROM reservation", "removals": "SELECT count(*) FROM removal",
    "sidecars to move aside": "SELECT count(*) FROM document WHERE isToMoveAside",
}


class Expectation:
    """What a clean run makes of the same drops."""

    def __init__(self, slot, with_earlier, drops=None):
        earlier = workload.earlier(slot.root) if with_earlier else []
        self.documents = collections.Counter()
        self.newest, self.versions = {}, {}
        for drop in earlier + (drops or workload.drops(slot.root)):
            former = self.newest.get(drop.whole)
            # The same bytes under the same name are the same document.
            if former is not None and former.digest == drop.digest:
                continue
            if former is not None:
                self.versions[drop.whole] = former
            self.newest[drop.whole] = drop
            self.documents[drop.uid, drop.path, drop.digest] += 1
        self.shown = shown_paths(slot)
        self.rows = imported_rows(slot)


def judge(slot, expected, attempts=1):
    """All complaints, each beginning with its sort: lost, duplicated, corrupt, stuck or left over."""
    yield from judge_catalogue(slot, expected, attempts)
    yield from judge_inboxes(slot, expected)
    yield from judge_imports(slot, expected)
    yield from judge_state(slot)


def judge_catalogue(slot, expected, attempts):
    file = slot.state / "catalog.sqlite3"
    if not file.exists():
        yield "lost: there is no catalogue"
        return
    with opened(file) as catalog:
        for (text,) in catalog.execute("PRAGMA integrity_check"):
            if text != "ok":
                yield f"corrupt: the catalogue: {text}"
        documents, charged = collections.Counter(), collections.Counter()
        for uid, path, digest, size, state in catalog.execute("SELECT uid, path, hex(digest), size, state FROM document"):
            documents[uid, bytes(path).decode(), digest.lower()] += 1
            charged[uid, "bytes"] += size
            charged[uid, "files"] += 1
            if not state.startswith("completed"):
                yield f"stuck: {uid} {bytes(path).decode()} is {state}"
        for missing in expected.documents - documents:
            yield f"lost: no document for {missing[0]} {missing[1]}"
        for extra in documents - expected.documents:
            yield f"duplicated: {extra[0]} {extra[1]} has {documents[extra]} documents of {extra[2][:8]}"
        for uid, used_bytes, used_files in catalog.execute("SELECT uid, usedBytes, usedFiles FROM account"):
            if (used_bytes, used_files) != (charged[uid, "bytes"], charged[uid, "files"]):
                yield f"corrupt: {uid} is charged {used_bytes} bytes in {used_files} files"
        for what, question in OWED.items():
            if count := catalog.execute(question).fetchone()[0]:
                yield f"left over: {count} {what}"
        most = catalog.execute("SELECT max(attempt) FROM stage").fetchone()[0]
        if most is not None and most > attempts:
            reasons = [line for line in slot.log() if line["event"] in REASONS]
            yield f"corrupt: a fault of ours spent an attempt: {most}: {reasons}"


def judge_inboxes(slot, expected):
    shown = shown_paths(slot)
    for number, inbox in enumerate(workload.INBOXES):
        uid = workload.FIRST_UID + number
        summary = read_status(slot.disk / inbox / "inbox.status.json")
        count = sum(documents for (owner, _, _), documents in expected.documents.items() if owner == uid)
        if isinstance(summary, str):
            yield f"corrupt: the summary of {inbox}: {summary}"
        elif (counted := sum(summary["counts"][state] for state in COMPLETED)) != count or summary["waiting"]:
            yield f"corrupt: the summary of {inbox} counts {counted} of {count} documents as completed"
    for path in sorted(shown - expected.shown):
        yield f"left over: {path}{beginning(slot.disk / path)}"
    for path in sorted(expected.shown - shown):
        yield f"lost: {path} is not shown"
    pairs = [(drop, drop.whole) for drop in expected.newest.values()]
    pairs += [(drop, f"{whole}.~1~") for whole, drop in expected.versions.items()]
    for drop, name in pairs:
        status = read_status(slot.disk / f"{name}.status.json")
        if isinstance(status, str):
            yield f"corrupt: {name}: {status}"
            continue
        if status["status"] != "completed" or status["sha256"] != drop.digest or status["progress"] != 100:
            yield f"corrupt: the status of {name} says {status['status']} {status['progress']} {status['sha256'][:8]}"
        original = slot.disk / f"{name}.results/original.{drop.extension}"
        if not original.exists() or original.read_bytes() != drop.content:
            yield f"corrupt: {original.relative_to(slot.disk)} is not what was dropped"
        for file in (status["result"] or {}).get("files", []):
            if not (path := original.parent / file["name"]).exists() or path.stat().st_size != file["size"]:
                yield f"corrupt: {path.relative_to(slot.disk)} is not as its status file says"
        if not {path.name for path in original.parent.glob("*")} >= MADE[drop.extension]:
            yield f"lost: results of {name}"


def beginning(path):
    """What a stranger's first bytes are, to tell where it came from."""
    if not path.is_file():
        return ""
    content = path.read_bytes()
    return f", {len(content)} bytes: {content[:40]}"


def judge_imports(slot, expected):
    rows = imported_rows(slot)
    for table in sorted(rows.keys() | expected.rows.keys()):
        found, wanted = rows.get(table, collections.Counter()), expected.rows.get(table, collections.Counter())
        if extra := found - wanted:
            yield f"duplicated: {extra.total()} rows of {table}, such as {next(iter(extra))}"
        if missing := wanted - found:
            yield f"lost: {missing.total()} rows of {table}, such as {next(iter(missing))}"


def judge_state(slot):
    for folder in ("staging", "tmp"):
        for entry in (slot.state / folder).glob("*"):
            yield f"left over: {entry.relative_to(slot.disk)}"
    for folder, _, names in os.walk(slot.disk):
        for name in names:
            if stat.S_ISSOCK(os.lstat(os.path.join(folder, name)).st_mode):
                yield f"left over: the socket {name}"
    findings = list(fsck(slot))
    yield from (complaint for code, complaint in findings if code != COLLECTABLE)
    if any(code == COLLECTABLE for code, _ in findings):
        told = subprocess.run([slot.programs / "ingestd", "gc", "--state", slot.state], capture_output=True, text=True)
        if told.returncode != 0:
            yield f"corrupt: gc ended with {told.returncode}: {told.stderr[-300:]}"
        # It takes that away, and nothing else.
        yield from (complaint for _, complaint in fsck(slot))


def fsck(slot):
    """What fsck finds, by code and as a complaint."""
    told = subprocess.run(
        [slot.programs / "ingestd", "fsck", "--json", "--state", slot.state], capture_output=True, text=True)
    for line in told.stdout.splitlines():
        finding = json.loads(line)
        sort = "left over" if finding["code"] in LEFT_OVER else "corrupt"
        yield finding["code"], f"{sort}: fsck: {finding['code']} {finding['subject']} {finding['detail']}"
    if told.returncode not in (0, 65):
        yield "", f"corrupt: fsck ended with {told.returncode}: {told.stderr[-300:]}"


def judge_shown(slot, expected):
    """What anybody may see at any moment, right after a kill: each file whole or not there."""
    contents = {drop.content for drop in [*expected.newest.values(), *expected.versions.values()]}
    for inbox in workload.INBOXES:
        for path in (slot.disk / inbox).rglob("*"):
            if any(part.startswith(".") for part in path.relative_to(slot.disk).parts):
                continue
            if path.name.endswith(".status.json"):
                if isinstance(text := read_status(path), str):
                    yield f"corrupt: shown half-written: {path.relative_to(slot.disk)}: {text}"
            elif path.name.startswith("original.") and path.read_bytes() not in contents:
                yield f"corrupt: shown half-written: {path.relative_to(slot.disk)}"
            elif path.suffix in (".pdf", ".csv") and path.is_file() and not path.parent.name.endswith(".results") \
                    and path.read_bytes() not in contents:
                yield f"lost: {path.relative_to(slot.disk)} is no longer what was dropped"


def read_status(path):
    """A status file; or what is wrong with it, as text."""
    try:
        return json.loads(path.read_text())
    except FileNotFoundError:
        return "it has no status file"
    except ValueError as error:
        return f"its status file is not whole: {error}"


def shown_paths(slot):
    return {str(path.relative_to(slot.disk)) for inbox in workload.INBOXES for path in (slot.disk / inbox).rglob("*")}


def imported_rows(slot):
    """Every imported row without what chance or the order of documents decides."""
    found = {}
    for file in sorted((slot.state / "imports").glob("*/imports.sqlite3")):
        with opened(file) as database:
            for (text,) in database.execute("PRAGMA integrity_check"):
                if text != "ok":
                    found[f"{file.parent.name}: {text}"] = collections.Counter(["damage"])
            tables = [name for name, in database.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
            for table in tables:
                rows = database.execute(f'SELECT * FROM "{table}"')
                kept = [at for at, column in enumerate(rows.description) if column[0] in STEADY or table not in OWN]
                found[f"{file.parent.name} {table}"] = collections.Counter(tuple(row[at] for at in kept) for row in rows)
    return found


# Tables whose other columns (tokens, ids, moments) differ from run to run. Which of two documents of the same key came
# first is chance as well, so that only the key and the values count.
OWN = {"import", "participants"}
STEADY = {"file_name", "collection", "schema", "table", "total_rows", "name", "email", "phone", "department", "position"}


class opened:
    """A database for reading; closed at the end, as a disk cannot be unmounted else."""

    def __init__(self, file):
        self.file = file

    def __enter__(self):
        self.database = sqlite3.connect(f"file:{self.file}?mode=ro", uri=True)
        return self.database

    def __exit__(self, *_):
        self.database.close()
