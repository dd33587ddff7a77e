"""One client: what it does, what is expected to come of it, and what was seen meanwhile."""
import dataclasses, hashlib, os, pathlib, re, time

from scene import Wrong

CASES = []
STILL_WRITTEN = "A program still writes this file."
SECOND_NAME = "The file has a second name"
# Enough for a transfer to be cut off in the middle of it.
LARGE = 4 << 20


def case(client, inbox="inbox", long=False, note=""):
    """Registers a function that publishes something as the case of a client; a long one runs beside the others."""
    def register(publish):
        CASES.append(Case(client, publish, inbox, long, note))
        return publish
    return register


@dataclasses.dataclass
class Expected:
    """A path that must be claimed with these contents, one after the other: mostly one."""
    path: pathlib.Path
    contents: list
    ended: float = 0
    state: str = "completed"


class Case:
    def __init__(self, client, publish, inbox, long, note):
        self.client, self.publish, self.inbox_name, self.long, self.note = client, publish, inbox, long, note
        self.slug = re.sub("[^a-z0-9]+", "-", client.lower()).strip("-")
        self.expected, self.wrong, self.reasons = [], [], []

    def perform(self, scene):
        """Lets the client do its work."""
        self.scene = scene
        try:
            self.publish(self)
        except Wrong as error:
            self.wrong.append(str(error))
        ended = time.time()
        for expected in self.expected:
            expected.ended = expected.ended or ended

    # What a case is made of.

    @property
    def inbox(self):
        return self.scene.inboxes[self.inbox_name]

    def content(self, size=0, mark=""):
        """A PDF of this case's alone: the fixture, and a stream that makes it large enough."""
        return pdf(self.scene.fixture.read_bytes(), f"{self.client} {mark}", size)

    def source(self, content, folder=None, name=None):
        """A file of the account's outside the inbox."""
        path = (folder or self.scene.aside) / (name or f"{self.slug}.pdf")
        path.write_bytes(content)
        account = self.scene.account
        os.chown(path, account.pw_uid, account.pw_gid)
        return path

    def expect(self, name, *contents):
        """Names a path below the inbox and what must be claimed from it; returns the path."""
        path = self.inbox / name
        self.expected.append(Expected(path, list(contents)))
        return path

    def drop(self, size=0, name=None):
        """The usual: one content, its source and the path where it must be taken."""
        content = self.content(size)
        return self.source(content), self.expect(name or f"{self.slug}.pdf", content)

    def run(self, *command, **more):
        self.scene.run(command, **more)

    def begin(self, *command, **more):
        return self.scene.begin(command, **more)

    def await_size(self, path, size):
        self.scene.await_that(f"{path.name} has {size} bytes", lambda: self.scene.size(path) >= size)

    def await_closed(self, path):
        self.scene.await_that(f"{path.name} is closed", lambda: not self.scene.is_open(path))

    def await_reason(self, path, message):
        """Waits until the status file gives this reason for not taking the file."""
        def told():
            status = self.scene.status(path)
            return status.get("state") == "waiting" and status["message"].startswith(message)
        self.scene.await_that(f"{path.name}.status.json says “{message}”", told)
        self.reasons.append(message)

    def await_claim(self, path):
        return self.scene.await_that(f"{path.name} is claimed", lambda: self.scene.lines("drop claimed", str(path)))


def pdf(base, mark, size):
    """Another content with the same pages: an update is appended, with a stream as long as it must be."""
    root = re.search(rb"/Root (\d+ \d+ R)", base)[1]
    info = re.search(rb"/Info (\d+ \d+ R)", base)[1]
    number = int(re.search(rb"/Size (\d+)", base)[1])
    previous = int(re.findall(rb"startxref\s+(\d+)", base)[-1])
    # Not compressible, so that no client gets it across faster than it should.
    filling, seed = bytearray(), hashlib.sha256(mark.encode()).digest()
    while len(filling) < size:
        seed = hashlib.sha256(seed).digest()
        filling += seed
    place = len(base)
    body = b"%d 0 obj\n<< /Length %d /Mark (%s) >>\nstream\n%s\nendstream\nendobj\n" % (
        number, len(filling), seed.hex().encode(), bytes(filling))
    table = b"xref\n%d 1\n%010d 00000 n \ntrailer\n<< /Size %d /Root %s /Info %s /Prev %d >>\nstartxref\n%d\n%%%%EOF\n" % (
        number, place, number + 1, root, info, previous, place + len(body))
    return base + body + table
