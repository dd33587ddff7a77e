"""ingestd over the inboxes of some accounts, and ways to drop, to kill, to look, and to make content."""
import hashlib, json, os, pathlib, shutil, signal, sqlite3, subprocess, tempfile, time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
FIRST_UID = 43_001
# Nothing takes so long but what never comes.
PATIENCE = 60


def pdf(text):
    """A PDF of one page that says `text`."""
    page = b"BT /F1 12 Tf 72 720 Td (%s) Tj ET" % text.encode()
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(page), page),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    file, offsets = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        offsets.append(len(file))
        file += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    rows = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    return file + b"xref\n0 6\n0000000000 65535 f \n%strailer\n<< /Size 6 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (rows, len(file))


def junk(text, size=0):
    """What begins like a PDF and is none: it is taken, charged, and fails."""
    head = b"%PDF-1.4\n" + text.encode()
    return head + b"." * max(0, size - len(head))


def table(text):
    return f"name,email\n{text},{text.replace(' ', '.')}@example.org\n".encode()


def digest(content):
    return hashlib.sha256(content).digest()


class Wrong(Exception):
    """Something is not as it should be."""


class House:
    def __init__(self, programs, accounts, inboxes_each=1):
        self.programs = pathlib.Path(programs).resolve()
        self.work = pathlib.Path(tempfile.mkdtemp(prefix="ingestd-accounts-", dir=os.environ.get("TMPDIR", "/var/tmp")))
        # Accounts pass through to their inboxes.
        self.work.chmod(0o755)
        self.state, self.config, self.log = self.work / "state", self.work / "ingestd.yaml", self.work / "log"
        self.uids = [FIRST_UID + n if os.geteuid() == 0 else os.geteuid() for n in range(accounts)]
        self.inboxes = [[self.work / f"inbox-{n}-{m}" for m in range(inboxes_each)] for n in range(accounts)]
        for uid, inboxes in zip(self.uids, self.inboxes):
            for inbox in inboxes:
                inbox.mkdir()
                os.chown(inbox, uid, uid if os.geteuid() == 0 else -1)
        self.limits = {"default": {"bytes": "unlimited", "files": "unlimited"}}
        self.process, self.dropped, self.kills = None, 0, 0

    # The daemon.

    def configure(self, limits=None):
        self.limits = limits or self.limits
        # Nothing is to be waited for once a file has its name.
        settings = {"settle": "0s", "settle_without_proof": "0s"}
        aside = self.config.with_suffix(".new")
        aside.write_text(json.dumps({
            "state": str(self.state), "log": {"format": "json", "level": "info"}, "limits": self.limits,
            "inboxes": [{"path": str(inbox), **settings} for inboxes in self.inboxes for inbox in inboxes]}))
        aside.rename(self.config)

    def command(self, *arguments):
        return [str(self.programs / "ingestd"), *arguments]

    def start(self):
        self.configure()
        self.begun = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(self.command("run", "--config", str(self.config)), stdout=log, stderr=log)

    def heard(self, event):
        """How often the daemon that runs has said something."""
        with self.log.open("rb") as log:
            log.seek(self.begun)
            return log.read().count(b'"event":"%s"' % event.encode())

    def await_ready(self):
        """Until a daemon that was just started serves, and obeys signals."""
        self.until(lambda: self.heard("daemon ready"), "the daemon's readiness")

    def is_readable(self):
        try:
            return self.look("SELECT count(*) FROM held")[0][0] >= 0
        except sqlite3.Error:
            return False

    def reload(self, limits):
        """Until the daemon goes by these limits: a drop that came before that would be judged by the former ones."""
        self.configure(limits)
        count = self.heard("config reloaded")
        self.process.send_signal(signal.SIGHUP)
        self.until(lambda: self.heard("config reloaded") > count, "the new limits")

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.kills += 1

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(PATIENCE)
        # One that has only just begun may be ended by the signal itself.
        if code not in (0, -signal.SIGTERM):
            raise Wrong(f"the daemon stopped with {code}: {self.last_words()}")

    def once(self):
        self.configure()
        self.run("run", "--once", "--config", str(self.config), timeout=10 * PATIENCE)

    def run(self, *arguments, codes=(0,), timeout=PATIENCE):
        done = subprocess.run(self.command(*arguments), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=timeout)
        if done.returncode not in codes:
            raise Wrong(f"{' '.join(arguments[:2])} ended with {done.returncode}: {done.stdout.decode()[-2000:]}")
        return done.stdout.decode()

    def last_words(self):
        return self.log.read_bytes()[-1500:].decode(errors="replace") if self.log.exists() else ""

    def until(self, holds, what):
        end = time.monotonic() + PATIENCE
        while not holds():
            if self.process and self.process.poll() is not None:
                raise Wrong(f"the daemon has ended by itself with {self.process.returncode}: {self.last_words()}")
            if time.monotonic() > end:
                raise Wrong(f"in vain awaited: {what() if callable(what) else what}; {self.last_words()}")
            time.sleep(0.002)

    # Inboxes.

    def drop(self, inbox, name, content):
        """Puts a whole file into an inbox, by renaming as its owner's program would."""
        self.dropped += 1
        aside = inbox / f".aside-{self.dropped}"
        aside.write_bytes(content)
        if os.geteuid() == 0:
            os.chown(aside, inbox.stat().st_uid, inbox.stat().st_gid)
        os.rename(aside, inbox / name)

    def run_as_owner(self, command, inbox):
        """Runs a command in an inbox as the one whose it is."""
        owner = {"user": inbox.stat().st_uid, "group": inbox.stat().st_gid, "extra_groups": []} if os.geteuid() == 0 else {}
        subprocess.run(command, cwd=inbox, check=True, **owner)

    # The catalogue, by a connection beside the daemon's.

    def look(self, *queries):
        """The rows of some queries over one unchanging view."""
        catalogue = sqlite3.connect(f"file:{self.state}/catalog.sqlite3?mode=ro", uri=True, isolation_level=None, timeout=10)
        try:
            catalogue.execute("BEGIN")
            return [row for query in queries for row in catalogue.execute(query).fetchall()] if len(queries) == 1 \
                else [catalogue.execute(query).fetchall() for query in queries]
        finally:
            catalogue.close()

    def fsck(self, *options):
        """Nothing may be wrong; what a crash left over is none of it."""
        # It reads the whole store again, which grows all the while.
        return self.run("fsck", "--state", str(self.state), *options, timeout=10 * PATIENCE)

    def gc(self):
        return self.run("gc", "--state", str(self.state), timeout=10 * PATIENCE)

    def close(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.work, ignore_errors=True)
