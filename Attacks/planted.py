"""Attacks that need no race: what stands in an inbox when the daemon looks, and how each must end."""
import hashlib, os, socket, stat, unicodedata

from scene import run, slug

KINDS = ["link to bob's", "link to open", "link to bob's status", "hard link to bob's", "hard link to bob's status",
         "folder", "full folder", "pipe", "socket", "device", "forgery", "closed file", "file"]


def make(scene, kind, path):
    """Puts a stranger at a sidecar's name; returns what is known of it, to be found again."""
    folder = path.suffix == ".results" or path.name.endswith(".results")
    match kind:
        case "link to bob's":
            os.symlink(scene.private if folder else scene.private / "secret.pdf", path)
        case "link to open":
            os.symlink(scene.loose if folder else scene.loose / "info.json", path)
        case "link to bob's status":
            os.symlink(scene.loose / "status.json", path)
        case "hard link to bob's":
            os.link(scene.private / "secret.pdf", path)
        case "hard link to bob's status":
            os.link(scene.loose / "status.json", path)
        case "folder":
            scene.make_folder(path, scene.alice)
        case "full folder":
            fill(scene, scene.make_folder(path, scene.alice))
        case "pipe":
            os.mkfifo(path)
        case "socket":
            # Its address may not be as long as a path.
            here = os.open(path.parent, os.O_RDONLY)
            socket.socket(socket.AF_UNIX).bind(f"/proc/self/fd/{here}/{path.name}")
            os.close(here)
        case "device":
            os.mknod(path, 0o666 | stat.S_IFCHR, os.makedev(1, 5))
        case "forgery":
            scene.put(path, b'{"schema":"ingestd/status/1",\n  "document_id":"mine"\n}\n', scene.alice)
        case "closed file":
            scene.put(path, b"mine", scene.alice, 0o000)
        case "file":
            scene.put(path, b"mine", scene.alice)
    if kind in ("pipe", "device", "socket"):
        os.chown(path, scene.alice.uid, scene.alice.gid)
    return path.lstat().st_ino


def fill(scene, folder):
    """A results folder whose files lead elsewhere."""
    os.symlink(scene.loose / "info.json", folder / "info.json")
    os.link(scene.loose / "original.pdf", folder / "original.pdf")
    scene.make_folder(folder / "text.txt", scene.alice)
    os.mkfifo(folder / "thumbnail.jpg")
    scene.put(folder / "notes.txt", b"alice's own", scene.alice)


class Planted:
    """A case without a race: set up while the daemon runs, judged once it has come to rest."""

    def __init__(self, name, prepare, verify):
        self.name, self.prepare, self.judge = name, prepare, verify

    @property
    def folder(self):
        return slug(self.name)

    def start(self, scene):
        self.inbox = scene.inboxes[self.folder]
        self.known = {}
        self.prepare(self, scene, self.inbox)

    def verify(self, scene):
        return self.judge(self, scene, self.inbox)


def refused(scene, path, code, what):
    """Awaits the refusal of a drop that stays as it is."""
    if not scene.await_that(lambda: scene.code(path) == code, f"{code} of {what}", 60):
        scene.complain(f"{what} is {scene.code(path)} and not {code}")


def completed(scene, path, what):
    if not scene.await_that(lambda: str(scene.status(path).get("state")).startswith("completed"),
                            f"the end of {what}", 120):
        scene.complain(f"{what}: {scene.status(path).get('state')}, {scene.status(path).get('error')}")


# --- Strangers among the drops

def plant_strangers(case, scene, inbox):
    os.symlink(scene.secrets / "secret.pdf", inbox / "link.pdf")
    os.symlink(scene.loose / "secret.pdf", inbox / "open-link.pdf")
    os.symlink(scene.private, inbox / "folder")
    os.symlink(scene.loose, inbox / "open-folder")
    os.symlink("/proc/self/root", inbox / "magic")
    os.link(scene.private / "secret.pdf", inbox / "hard.pdf")
    os.link(scene.loose / "secret.pdf", inbox / "open-hard.pdf")
    os.link(scene.loose / "people.csv", inbox / "people.csv")
    for kind, name in (("pipe", "pipe.pdf"), ("socket", "socket.pdf"), ("device", "device.pdf")):
        make(scene, kind, inbox / name)
    # What somebody with the right to do so put there, and alice may not read.
    foreign = scene.put(inbox / "roots.pdf", scene.pdf(scene.marks["root"]), None, 0o600)
    bobs = scene.put(inbox / "bobs.csv", b"name,email\nBob,%s@example.com\n" % scene.marks["bob"], scene.bob, 0o600)
    scene.exempt |= {foreign.lstat().st_ino, bobs.lstat().st_ino}
    scene.put(inbox / "closed.pdf", scene.pdf(), scene.alice, 0o000)
    # She may read it by one of her groups alone.
    scene.put(inbox / "club.pdf", scene.pdf(), None, 0o640, group=scene.club)
    os.truncate(scene.put(inbox / ".sparse.pdf", b"%PDF-1.4\n", scene.alice), 1 << 40)
    os.rename(inbox / ".sparse.pdf", inbox / "sparse.pdf")


def judge_strangers(case, scene, inbox):
    codes = {"link": "link_refused", "open-link": "link_refused", "hard": "link_refused", "open-hard": "link_refused",
             "pipe": "not_a_file", "socket": "not_a_file", "device": "not_a_file", "roots": "not_readable",
             "closed": "not_readable", "sparse": "too_large"}
    for name, code in codes.items():
        refused(scene, inbox / f"{name}.pdf", code, name)
        if not os.path.lexists(inbox / f"{name}.pdf"):
            scene.complain(f"{name} is gone")
    refused(scene, inbox / "people.csv", "link_refused", "people.csv")
    refused(scene, inbox / "bobs.csv", "not_readable", "bobs.csv")
    completed(scene, inbox / "club.pdf", "what alice may read by a group")
    os.chmod(inbox / "closed.pdf", 0o400)
    completed(scene, inbox / "closed.pdf", "a file whose permissions were mended")
    taken = sorted(path for path, _, _ in scene.documents(inbox))
    if taken != [b"closed.pdf", b"club.pdf"]:
        scene.complain(f"taken were {taken}")
    return "12 refused with the right code, 2 taken"


# --- Strangers at the names of sidecars

def plant_sidecars(case, scene, inbox):
    for place in ("status.json", "results"):
        for number, kind in enumerate(KINDS):
            name = f"{place}-{number}.pdf"
            case.known[name] = (kind, make(scene, kind, inbox / f"{name}.{place}"))
            # The first name of a backup is taken, too.
            make(scene, "link to open", inbox / f"{name}.~1~.{place}")
            scene.put(inbox / name, scene.pdf(), scene.alice)


def judge_sidecars(case, scene, inbox):
    for name, (kind, inode) in case.known.items():
        completed(scene, inbox / name, f"{name} beside a {kind}")
        results, place = inbox / f"{name}.results", name.split("-")[0]
        names = {path.name for path in results.iterdir()} if results.is_dir() and not results.is_symlink() else set()
        if not {"info.json", "original.pdf", "text.txt", "thumbnail.jpg"} <= names:
            scene.complain(f"{name} beside a {kind}: its results are {sorted(names)}")
        for path in results.glob("*"):
            facts = path.lstat()
            own = path.name == "notes.txt" or ".~" in path.name
            if not own and (not stat.S_ISREG(facts.st_mode) or facts.st_nlink > 1 or facts.st_uid != scene.alice.uid):
                scene.complain(f"{path} is not a file of alice's own")
        # A status file of anybody's form is ingestd's to replace, a folder is shared; all else is moved aside.
        gone = "status" in kind or kind == "forgery" if place == "status.json" else False
        shared = place == "results" and "folder" in kind
        found = [path.name for path in inbox.iterdir() if path.lstat().st_ino == inode]
        if kind == "link to bob's status" or (kind == "forgery" and place == "results"):
            gone = False
        if kind == "hard link to bob's status":
            found = [name for name in found if name.endswith(place)]
        if not gone and not shared and not any(".~2~." in other for other in found):
            scene.complain(f"{name}: the {kind} that stood there is now at {found}")
    return f"{len(case.known)} strangers, none followed, none lost"


def plant_inbox_status(kind):
    def prepare(case, scene, inbox):
        path = inbox / "inbox.status.json"
        if path.exists():
            path.unlink()
        case.known[kind] = make(scene, kind, path)
        scene.put(inbox / "a.pdf", scene.pdf(), scene.alice)
    return prepare


def judge_inbox_status(kind):
    def judge(case, scene, inbox):
        completed(scene, inbox / "a.pdf", f"a drop beside a {kind} at inbox.status.json")
        path = inbox / "inbox.status.json"
        if "status" not in kind and path.lstat().st_ino != case.known[kind]:
            scene.complain(f"the {kind} at inbox.status.json is gone")
        return "left alone"
    return judge


# --- Names

def strange_names():
    return [
        b"n" * 251 + b".pdf", "é".encode() * 125 + b"x.pdf", b"line\nbreak.pdf", b"\x1b]0;title\x07\x1b[31mred.pdf",
        b"\xff\xfe not utf-8 \x80.pdf", b"-rf.pdf", b"--help.pdf", b" .pdf", b"a\\b\"c'd$(id)`id`;e&f|g.pdf", b"%s%n.pdf",
        unicodedata.normalize("NFD", "보고서.pdf").encode(), unicodedata.normalize("NFC", "보고서.pdf").encode(),
        "\u202egnp.pdf".encode(), b"\r.pdf", b"\x01\x7f.pdf", b"*?[].pdf", b"a.pdf.pdf", b"x.PDF",
    ]


def plant_names(case, scene, inbox):
    case.names = strange_names()
    folder = os.fsencode(inbox)
    for name in case.names:
        aside = os.fsencode(scene.put(inbox / ".aside", scene.pdf(), scene.alice))
        os.rename(aside, os.path.join(folder, name))
    # 700 folders deep, and deeper than a path can be said in one call.
    for top, depth in (("deep", 700), ("abyss", 3000)):
        here = os.open(inbox, os.O_RDONLY | os.O_DIRECTORY)
        for level in range(depth):
            name = top if level == 0 else "d"
            os.mkdir(name, dir_fd=here)
            os.chown(name, scene.alice.uid, scene.alice.gid, dir_fd=here)
            inner = os.open(name, os.O_RDONLY | os.O_DIRECTORY, dir_fd=here)
            os.close(here)
            here = inner
        case.bottom = scene.pdf()
        file = os.open(".d.pdf", os.O_WRONLY | os.O_CREAT, 0o644, dir_fd=here)
        os.write(file, case.bottom)
        os.close(file)
        os.chown(".d.pdf", scene.alice.uid, scene.alice.gid, dir_fd=here)
        os.rename(".d.pdf", "d.pdf", src_dir_fd=here, dst_dir_fd=here)
        os.close(here)


def judge_names(case, scene, inbox):
    wanted = set(case.names) | {b"/".join([b"deep", *[b"d"] * 699, b"d.pdf"])}

    def taken():
        return {path for path, _, state in scene.documents(inbox) if state.startswith("completed")}
    scene.await_that(lambda: wanted <= taken(), "strange names", 120)
    if wanted - taken():
        scene.complain(f"not taken: {sorted(wanted - taken())}")
    broken = [line for line in scene.log.read_bytes().split(b"\n") if line and not line.startswith(b"{")]
    if broken or any(byte in scene.log.read_bytes() for byte in b"\x1b\x01\x7f"):
        scene.complain(f"a name got into the log as it is: {broken[:2]}")
    return f"{len(wanted)} taken, of them one below 700 folders; what no path reaches is still there"


# --- What cannot be removed

def chattr(mark, *paths):
    run("chattr", mark, *paths)


def plant_unremovable(case, scene, inbox):
    """Everything is put beside the inbox first: what the daemon can see must be fixed from the beginning."""
    outer = inbox.parent
    case.fixed = []

    def note(path, content):
        case.known[path] = content
        return content

    aside = scene.make_folder(outer / "aside", scene.alice)
    scene.put(aside / "immutable.pdf", note("aside/immutable.pdf", scene.pdf()), scene.alice)
    scene.put(aside / "append-only.pdf", note("aside/append-only.pdf", scene.pdf()), scene.alice)
    for mark, name in (("+i", "immutable"), ("+a", "append-only")):
        chattr(mark, aside / f"{name}.pdf")
        case.fixed.append(inbox / "aside" / f"{name}.pdf")
    for mark, name in (("+i", "fixed"), ("+a", "growing")):
        folder = scene.make_folder(aside / name, scene.alice)
        scene.put(folder / "a.pdf", note(f"aside/{name}/a.pdf", scene.pdf()), scene.alice)
        chattr(mark, folder)
        case.fixed.append(inbox / "aside" / name)
    sticky = scene.make_folder(aside / "sticky", None, 0o1777)
    scene.put(sticky / "a.pdf", note("aside/sticky/a.pdf", scene.pdf()), scene.bob)
    closed = scene.make_folder(aside / "closed", scene.alice)
    scene.put(closed / "a.pdf", note("aside/closed/a.pdf", scene.pdf()), scene.alice)
    closed.chmod(0o555)
    aside.rename(inbox / "aside")


def judge_unremovable(case, scene, inbox):
    # Where no status file can be written either, that of the inbox tells the reason.
    tellable = ["immutable.pdf", "append-only.pdf", "sticky/a.pdf"]
    for name in tellable:
        refused(scene, inbox / "aside" / name, "not_removable", name)

    def listed():
        waiting = scene.status(inbox / "inbox").get("waiting") or []
        return {entry["path"] for entry in waiting if entry["state"] == "refused"}
    scene.await_that(lambda: set(case.known) <= listed(), "all refusals in inbox.status.json", 60)
    for path, content in case.known.items():
        if scene.blob(hashlib.sha256(content).digest()).exists():
            scene.complain(f"{path} was taken though it cannot be removed")
        if (inbox / path).read_bytes() != content:
            scene.complain(f"{path} was changed")
    for path in case.fixed:
        chattr("-ia", path)
    return f"{len(case.known)} refused before a byte of them was taken"


# --- A flood

def plant_flood(case, scene, inbox):
    aside = inbox.parent / "flood"
    scene.make_folder(aside, scene.alice)
    for number in range(100_000):
        # A kind that is refused costs the daemon everything but the copy.
        file = os.open(aside / f"{number}.csv", os.O_WRONLY | os.O_CREAT, 0o644)
        os.write(file, b"\0" if number % 500 else b"a,b\n%d,2\n" % number)
        os.close(file)
        os.chown(aside / f"{number}.csv", scene.alice.uid, scene.alice.gid)
    aside.rename(inbox / "flood")


def judge_flood(case, scene, inbox):
    scene.await_that(lambda: len(scene.documents(inbox)) >= 200, "the tables in the flood")
    there = sum(name.endswith(".csv") for name in os.listdir(inbox / "flood"))
    taken = len(scene.documents(inbox))
    if there + taken != 100_000:
        scene.complain(f"of the flood {there} are there and {taken} taken")
    return f"{taken} taken, {there} still there"


CASES = [
    Planted("links, pipes, devices, others' files", plant_strangers, judge_strangers),
    Planted("strangers at sidecars' names", plant_sidecars, judge_sidecars),
    *[Planted(f"inbox status is a {kind}".replace("'", ""), plant_inbox_status(kind), judge_inbox_status(kind))
      for kind in ("link to open", "hard link to bob's", "folder", "pipe", "socket")],
    Planted("strange names, deep folders", plant_names, judge_names),
    Planted("what cannot be removed", plant_unremovable, judge_unremovable),
    Planted("a flood of 100,000 files", plant_flood, judge_flood),
]
