"""The twenty drops of three accounts, and what must have become of them."""
import hashlib, os, pathlib, shutil

FIRST_UID = 47_321
INBOXES = ["anna", "bert", "cora"]
# Past this size room in staging is asked for ahead, and a copy takes more than one piece.
LARGE = 1_200_000


class Drop:
    """One file on its way in."""

    def __init__(self, inbox, path, content, is_table=False):
        self.inbox, self.path, self.content, self.is_table = inbox, path, content, is_table
        self.uid = FIRST_UID + INBOXES.index(inbox)
        self.digest = hashlib.sha256(content).hexdigest()

    @property
    def extension(self):
        return self.path.rpartition(".")[2]

    @property
    def whole(self):
        return f"{self.inbox}/{self.path}"


def contents(root):
    """The bytes that drops are made of, by a short name."""
    pdf, csv = root / "Tests/Fixtures/pdf", root / "Tests/Fixtures/csv"
    english, korean = (pdf / "english.pdf").read_bytes(), (pdf / "korean.pdf").read_bytes()
    return {
        "english": english, "korean": korean, "rotated": (pdf / "rotated.pdf").read_bytes(),
        "noted": english + b"\n% another content\n", "earlier": english + b"\n% an earlier content\n",
        "large": english + b"\n%" + b"x" * LARGE + b"\n",
        "people": (csv / "participants-cp949.csv").read_bytes(), "places": (csv / "table-utf16.csv").read_bytes(),
        "more": b"name,email\n" + b"".join(b"Person %d,p%d@example.org\n" % (n, n) for n in range(400)),
    }


def drops(root):
    """Twenty files: equal contents within an account and across accounts, in folders, large and small."""
    of = contents(root)
    pdfs = {
        "anna": {"a.pdf": "english", "b.pdf": "english", "sub/c.pdf": "korean", "sub/deep/d.pdf": "large"},
        "bert": {"a.pdf": "english", "b.pdf": "noted", "c.pdf": "korean", "e.pdf": "rotated"},
        "cora": {"a.pdf": "noted", "sub/b.pdf": "large", "c.pdf": "korean", "d.pdf": "english"},
    }
    tables = {
        "anna": {"people.csv": "people", "gala/people.csv": "people", "places.csv": "places"},
        "bert": {"people.csv": "people", "more.csv": "more"},
        "cora": {"gala/more.csv": "more", "places.csv": "places", "again.csv": "more"},
    }
    return [Drop(inbox, path, of[content]) for inbox, files in pdfs.items() for path, content in files.items()] + [
        Drop(inbox, path, of[content], is_table=True) for inbox, files in tables.items()
        for path, content in files.items()]


def earlier(root):
    """What was dropped and worked on before the twenty, under some of their names: with other bytes, and the same."""
    of = contents(root)
    return [Drop("anna", "a.pdf", of["earlier"]), Drop("anna", "sub/c.pdf", of["noted"]),
            Drop("bert", "a.pdf", of["english"]), Drop("bert", "people.csv", of["people"], is_table=True),
            Drop("cora", "places.csv", of["more"], is_table=True)]


def lay(disk, files):
    """Puts files into the inboxes, as their owners' and made durable by whoever mounted the disk."""
    for number, inbox in enumerate(INBOXES):
        folder = pathlib.Path(disk) / inbox
        folder.mkdir(exist_ok=True)
        os.chown(folder, FIRST_UID + number, FIRST_UID + number)
    for drop in files:
        path = pathlib.Path(disk) / drop.whole
        made = [folder for folder in path.parents if not folder.exists()]
        path.parent.mkdir(parents=True, exist_ok=True)
        # Beside first: what is there under the name is a document's no more, but never half a file.
        path.write_bytes(drop.content)
        for new in [path, *made]:
            os.chown(new, drop.uid, drop.uid)


def clear(disk):
    for entry in pathlib.Path(disk).iterdir():
        if entry.name != "lost+found":
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
