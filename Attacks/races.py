"""Attacks that race the daemon: who runs, and what must have become of every drop that the attackers' ledgers name."""
import os, re, socket, stat

from scene import slug

NUMBER = re.compile(rb"^%PDF-1\.4\n% begin (\d+)\n")


def content_of(number):
    """What Attacks/attacker.c writes for this number."""
    lines = 1000 + number % 5000 if number % 4 == 0 else 1 + number % 7
    body = b"".join(b"%% line %d of drop %d\n" % (line, number) for line in range(lines))
    return b"%%PDF-1.4\n%% begin %d\n" % number + body + b"%% end %d\n" % number


class Race:
    """One attack for some seconds on an inbox of its own."""

    def __init__(self, name, attack, prepare=None, words=(), judge=None, what="rounds"):
        self.name, self.attack, self.prepare, self.words = name, attack, prepare, words
        self.judge, self.what = judge or judge_drops, what

    @property
    def folder(self):
        return slug(self.name)

    def start(self, scene, seconds):
        self.inbox = scene.inboxes[self.folder]
        words = []
        if self.prepare:
            self.prepare(scene, self.inbox)
        for word in self.words:
            words.append(getattr(scene, word[1:]) if word.startswith("@") else word)
        folder = self.inbox.parent if self.attack == "move-inbox" else self.inbox
        self.ledger = scene.home / f"ledger-{self.folder}"
        with self.ledger.open("wb") as ledger, (scene.home / "attackers.log").open("ab") as log:
            self.process = scene.alice.start(scene.programs_folder / "attacker", self.attack, seconds, folder, *words,
                                             stdout=ledger, stderr=log)

    def finish(self, scene):
        if self.process.wait() != 0:
            log = (scene.home / "attackers.log").read_text()
            scene.complain(f"{self.name}: the attacker failed: {log[-300:]}")
        self.entries = [line.split() for line in self.ledger.read_text().splitlines()]
        self.rounds = sum(int(words[1]) for words in self.entries if words[0] == "rounds")

    def numbers(self, word):
        return {int(words[1]) for words in self.entries if words[0] == word}

    def verify(self, scene):
        """Judges what became of everything; returns the outcome in words."""
        if self.rounds == 0:
            scene.complain(f"{self.name}: the race never ran")
        outcome = self.judge(self, scene)
        abandoned = len(scene.lines("claim abandoned", inbox=str(self.inbox)))
        return outcome + (f", {abandoned} claims abandoned" if abandoned else "")


def tally(race, scene):
    """The numbers of the drops that are documents, and of those that are still there; each must be whole."""
    taken, there = set(), set()
    for path, content, _ in scene.documents(race.inbox):
        if path.startswith(b"zz-last"):
            continue
        found = NUMBER.match(content)
        if not found or content != content_of(int(found[1])):
            scene.complain(f"{race.name}: the document {path!r} is no drop that was ever made")
            continue
        taken.add(int(found[1]))
    for path, content in scene.remains(race.inbox):
        found = NUMBER.match(content)
        if found:
            there.add(int(found[1]))
        if b".ingestd-taken-" in path:
            scene.complain(f"{race.name}: a removal was never ended: {path!r}")
    return taken, there


def judge_drops(race, scene):
    taken, there = tally(race, scene)
    made, kept = race.numbers("made"), race.numbers("kept") | race.numbers("back")
    lost = made - kept - taken - there
    if lost:
        scene.complain(f"{race.name}: lost {len(lost)} drops: {sorted(lost)[:10]}")
    if any(words[0] == "lost" for words in race.entries):
        scene.complain(f"{race.name}: what stood in the inbox is gone")
    if not taken:
        scene.complain(f"{race.name}: nothing was taken, so there was no race")
    return f"{len(made)} drops: {len(taken)} documents, {len(there - taken)} still there"


def judge_states(race, scene):
    states = {(int(words[1]), int(words[2])) for words in race.entries if words[0] == "state"}
    cut = 0
    for path, content, _ in scene.documents(race.inbox):
        if path.startswith(b"zz-last"):
            continue
        numbers = {number for number, length in states if length == len(content)}
        whole = [number for number in numbers if content_of(number)[:len(content)] == content]
        if not whole:
            scene.complain(f"{race.name}: {path!r} has {len(content)} bytes that were never a state of the file")
        cut += bool(whole) and len(content_of(whole[0])) != len(content)
    longest = max(int(words[1]) for words in race.entries if words[0] == "longest")
    count = len(scene.documents(race.inbox)) - 1
    if count < 1:
        scene.complain(f"{race.name}: nothing was taken, so there was no race")
    return f"{count} documents, each a state of the file ({cut} of them cut); longest open {longest / 1000:.0f} ms"


def judge_appends(race, scene):
    """Both logs end as whole documents, in as many pieces as their writer closed them, with nothing lost."""
    whole = {b"again.pdf": [], b"endless.pdf": []}
    for path, content, _ in scene.documents(race.inbox):
        if path in whole:
            whole[path] += re.findall(rb"^% (\d+)$", content, re.MULTILINE)
    for path, content in scene.remains(race.inbox):
        name = os.path.basename(path)
        if name in whole:
            whole[name] += re.findall(rb"^% (\d+)$", content, re.MULTILINE)
    for name, lines in whole.items():
        missing = set(range(race.rounds)) - set(map(int, lines))
        if missing:
            scene.complain(f"{race.name}: {len(missing)} lines of {name.decode()} are lost: {sorted(missing)[:5]}")
    pieces = len(scene.documents(race.inbox)) - 1
    return f"all lines are in {pieces} documents"


def judge_moves(race, scene):
    strange = [str(path) for path in race.inbox.parent.glob("former-*")]
    if strange:
        scene.complain(f"{race.name}: something was written where only the path of the inbox led: {strange[:3]}")
    return judge_drops(race, scene)


# --- What stands ready for the attackers

def link_to_secret(scene, inbox):
    os.symlink(scene.secrets / "secret.pdf", inbox / ".bait")


def link_to_loose(scene, inbox):
    os.symlink(scene.loose / "secret.pdf", inbox / ".bait")


def hard_link(scene, inbox):
    # The system may keep users from making these; here one was made all the same.
    os.link(scene.private / "secret.pdf", inbox / ".bait")


def hard_link_to_loose(scene, inbox):
    os.link(scene.loose / "secret.pdf", inbox / ".bait")


def pipe(scene, inbox):
    os.mkfifo(inbox / ".bait")
    os.chmod(inbox / ".bait", 0o666)


def plug(scene, inbox):
    plug = socket.socket(socket.AF_UNIX)
    # A socket's address is shorter than a path may be.
    here = os.open(inbox, os.O_RDONLY)
    plug.bind(f"/proc/self/fd/{here}/.bait")
    os.close(here)


def device(scene, inbox):
    os.mknod(inbox / ".bait", 0o666 | stat.S_IFCHR, os.makedev(1, 5))
    os.chmod(inbox / ".bait", 0o666)


def folders(scene, inbox):
    os.symlink(scene.private, inbox / ".private")
    os.symlink(scene.loose, inbox / ".loose")
    os.symlink(scene.bobs_inbox, inbox / ".inbox")
    other = scene.make_folder(inbox / ".other", scene.alice)
    scene.put(other / "a.pdf", content_of(900_001), scene.alice)


GROUPS = [
    [
        Race("drop and symlink", "swap-file", link_to_secret, [".bait"], what="exchanges"),
        Race("drop and open symlink", "swap-file", link_to_loose, [".bait"], what="exchanges"),
        Race("drop and hard link", "swap-file", hard_link, [".bait"], what="exchanges"),
        Race("drop and open hard link", "swap-file", hard_link_to_loose, [".bait"], what="exchanges"),
    ],
    [
        Race("drop and pipe", "swap-file", pipe, [".bait"], what="exchanges"),
        Race("drop and socket", "swap-file", plug, [".bait"], what="exchanges"),
        Race("drop and device", "swap-file", device, [".bait"], what="exchanges"),
        Race("folder and link to a folder", "swap-folder", folders, [".private", ".loose", ".inbox", ".other"],
             what="exchanges"),
    ],
    [
        Race("output and link, closed folder", "swap-output", None, ["@private", "@private_file"], what="exchanges"),
        Race("output and link, open folder", "swap-output", None, ["@loose", "@loose_file"], what="exchanges"),
        Race("storm of renames", "storm", what="renames"),
        Race("cut while read", "truncate", judge=judge_states, what="cuts"),
    ],
    [
        Race("endless appenders", "append", judge=judge_appends, what="appends"),
        Race("write lease of the user", "lease", what="leases"),
        Race("newer file over the drop", "newer", what="exchanges"),
        Race("drop written anew", "rewrite", what="writes"),
        Race("inbox moved and replaced", "move-inbox", None, ["inbox", "@bobs_inbox"], judge_moves, "moves"),
    ],
]
