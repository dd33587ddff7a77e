"""The stage for all clients: an account, its inboxes, the daemon that watches them, and what it says."""
import datetime, json, os, pathlib, pwd, shutil, signal, subprocess, threading, time

ACCOUNT = "ingestd-alice"
# Nobody's outside, since the namespaces share the kernel's bookkeeping of users.
UID = 47_311
# Each inbox is one account's; the defaults hold where nothing is said.
INBOXES = {
    "inbox": {},
    # A scanner that opens its file anew for every page: nothing but a longer rest tells a page from the last one.
    "scans": {"settle": "10s"},
    # For a server that never closes a file.
    "kept open": {},
    "kept open, not waited for": {"open_writer_timeout": "20s"},
}


class Wrong(Exception):
    """Something that a client or the daemon must not do."""


class Scene:
    def __init__(self, work, programs, root):
        self.work, self.programs, self.root = work, programs, root
        self.fixture = root / "Tests/Fixtures/pdf/english.pdf"
        work.chmod(0o755)
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        self.make_account()
        self.make_folders()
        self.log, self.heard, self.read_length, self.reading = work / "log", [], 0, threading.Lock()

    def make_account(self):
        # A bind mount stands in front of the real /etc, in this mount namespace alone.
        copy = self.work / "etc"
        subprocess.run(["cp", "-a", "/etc", copy], check=True)
        subprocess.run(["mount", "--make-rprivate", "/"], check=True)
        subprocess.run(["mount", "--bind", copy, "/etc"], check=True)
        home = self.work / "home"
        # A password of "*" locks nobody out who has a key; useradd's own would.
        subprocess.run(["useradd", "--uid", str(UID), "--home-dir", home, "--create-home", "--password", "*", "--shell", "/bin/sh", ACCOUNT], check=True)
        self.account, self.home = pwd.getpwnam(ACCOUNT), home

    def make_folders(self):
        self.tmpfs = self.work / "tmpfs"
        self.aside = self.folder("aside")
        self.folder("tmpfs")
        subprocess.run(["mount", "-t", "tmpfs", "tmpfs", self.tmpfs], check=True)
        os.chown(self.tmpfs, self.account.pw_uid, self.account.pw_gid)
        self.inboxes = {name: self.folder(name.replace(",", "").replace(" ", "-")) for name in INBOXES}

    def folder(self, name):
        path = self.work / name
        path.mkdir()
        os.chown(path, self.account.pw_uid, self.account.pw_gid)
        return path

    # The daemon.

    def start(self):
        config = {
            "state": str(self.work / "state"),
            "log": {"format": "json", "level": "debug"},
            "inboxes": [{"path": str(self.inboxes[name]), **more} for name, more in INBOXES.items()],
        }
        file = self.work / "ingestd.yaml"
        file.write_text(json.dumps(config))
        with self.log.open("w") as log:
            self.daemon = subprocess.Popen([self.programs / "ingestd", "run", "--config", file], stderr=log)
        self.await_that("the daemon is ready", lambda: self.lines("daemon ready"))

    def stop(self):
        self.daemon.send_signal(signal.SIGTERM)
        if self.daemon.wait(60) != 0:
            raise Wrong(f"the daemon stopped with {self.daemon.returncode}")

    def all_lines(self):
        """The log so far; several cases ask at a time."""
        with self.reading:
            with self.log.open("rb") as log:
                log.seek(self.read_length)
                # The last line may be half there.
                whole = log.read().rpartition(b"\n")
            self.read_length += len(whole[0] + whole[1])
            self.heard += [json.loads(line) for line in whole[0].splitlines()]
            return list(self.heard)

    def lines(self, event, path=None):
        return [
            line for line in self.all_lines()
            if line["event"] == event and path in (None, f"{line.get('inbox')}/{line.get('path')}")
        ]

    def ended_count(self, path):
        """How many documents that came from a path are over and done with."""
        documents = {line["document"] for line in self.lines("drop claimed", str(path))}
        ends = self.lines("document completed") + self.lines("document failed")
        return sum(line["document"] in documents for line in ends)

    def await_that(self, what, holds, seconds=60):
        """Asks ten times a second; returns the first true answer."""
        end = time.monotonic() + seconds
        while not (answer := holds()):
            if self.daemon.poll() is not None:
                raise Wrong(f"the daemon has ended; its log: {self.log.read_text()[-600:]}")
            if time.monotonic() > end:
                raise Wrong(f"waited in vain until {what}")
            time.sleep(0.1)
        return answer

    # What the account does.

    def as_owner(self, command):
        identity = ["--reuid", str(self.account.pw_uid), "--regid", str(self.account.pw_gid), "--init-groups"]
        return ["setpriv", *identity, "--", *map(str, command)]

    def environment(self):
        return {**os.environ, "HOME": str(self.home), "TERM": "dumb", "USER": ACCOUNT}

    def begin(self, command, **more):
        """Starts a program as the account, in a process group of its own."""
        with (self.work / "output").open("ab") as output:
            more = {"stdin": subprocess.DEVNULL, "stdout": output, "stderr": output, **more}
            return subprocess.Popen(
                self.as_owner(command), env=self.environment(), cwd=self.home, start_new_session=True, **more)

    def run(self, command, **more):
        """Runs a program as the account to its end, which must be a good one."""
        process = self.begin(command, **more)
        if process.wait(600) != 0:
            tail = (self.work / "output").read_text(errors="replace")[-1500:]
            raise Wrong(f"{command[0]} ended with {process.returncode}: {tail}")

    def cut(self, process):
        """Ends a client as a pulled plug would, with all that it has started."""
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    # What a look shows.

    def is_open(self, path):
        """Whether any process has the file open; servers work on after their client has gone."""
        facts = os.stat(path)
        for descriptor in pathlib.Path("/proc").glob("[0-9]*/fd/*"):
            try:
                other = descriptor.stat()
            except OSError:
                continue
            if (other.st_dev, other.st_ino) == (facts.st_dev, facts.st_ino):
                return True
        return False

    def status(self, path):
        """The status file beside a path, or nothing."""
        try:
            return json.loads(pathlib.Path(f"{path}.status.json").read_text())
        except FileNotFoundError:
            return {}

    def size(self, path):
        try:
            return os.stat(path).st_size
        except FileNotFoundError:
            return 0


def moment(line):
    """When a line of the log was written, as seconds since 1970."""
    return datetime.datetime.fromisoformat(line["time"].replace("Z", "+00:00")).timestamp()
