"""The place of the attacks: accounts, secrets, inboxes, the daemon, and what may be read of all of them afterwards."""
import grp, hashlib, json, os, pathlib, pwd, re, shutil, signal, sqlite3, stat, subprocess, tempfile, threading, time

ROOT = pathlib.Path(__file__).resolve().parent.parent
ACCOUNTS = {"alice": "ingestd-t-alice", "bob": "ingestd-t-bob", "service": "ingestd-t-service"}
CLUB = "ingestd-t-club"  # a group of alice's besides her own
CAPABILITIES = "+setuid,+setgid,+lease,+kill"
FORGERY = b'{"schema":"ingestd/status/1",\n  "document_id":"forged"\n}\n'
PATIENCE = 180  # seconds for what must come; nothing is judged by how long it takes


def slug(name):
    """A case's name as that of a folder."""
    return re.sub("[^a-z0-9]+", "-", name.lower())


def run(*command, **options):
    return subprocess.run([str(word) for word in command], check=True, capture_output=True, text=True, **options).stdout


def make_accounts():
    """Users of our own, so that the system's user database is asked as it is for real ones."""
    remove_accounts()
    run("groupadd", CLUB)
    for name in ACCOUNTS.values():
        run("useradd", "--no-create-home", "--shell", "/usr/sbin/nologin", "--user-group", name)
    run("usermod", "--append", "--groups", CLUB, ACCOUNTS["alice"])


def remove_accounts():
    for name in ACCOUNTS.values():
        if any(entry.pw_name == name for entry in pwd.getpwall()):
            run("userdel", name)
    for name in [CLUB, *ACCOUNTS.values()]:
        if any(entry.gr_name == name for entry in grp.getgrall()):
            run("groupdel", name)


def walk(top):
    """Folders and the names of what is in them, however deep, as far as a path can say."""
    waiting = [os.fsencode(top)]
    while waiting:
        folder = waiting.pop()
        try:
            with os.scandir(folder) as entries:
                found = list(entries)
        except OSError:
            continue  # its path is too long, or it has just gone
        inner = [entry.name for entry in found if entry.is_dir(follow_symlinks=False)]
        yield folder, [entry.name for entry in found if not entry.is_dir(follow_symlinks=False)]
        waiting += [os.path.join(folder, name) for name in inner]


class User:
    def __init__(self, name):
        entry = pwd.getpwnam(ACCOUNTS[name])
        self.name, self.uid, self.gid = entry.pw_name, entry.pw_uid, entry.pw_gid
        self.groups = sorted(os.getgrouplist(entry.pw_name, entry.pw_gid))

    def start(self, *command, **options):
        return subprocess.Popen([str(word) for word in command], user=self.uid, group=self.gid,
                                extra_groups=self.groups, cwd="/", **options)


class Scene:
    """One state directory, one daemon, bob's inbox and one inbox of alice's for each case."""

    def __init__(self, programs, mode, cases):
        self.mode, self.programs = mode, programs
        base = os.environ.get("TMPDIR", "/var/tmp")
        self.home = pathlib.Path(tempfile.mkdtemp(prefix=f"ingestd-attacks-{mode}-", dir=base))
        self.home.chmod(0o711)
        self.alice, self.bob = User("alice"), User("bob")
        self.service = User("service") if mode == "service" else None
        mark = os.urandom(6).hex()
        self.marks = {who: f"secret-of-{who}-{mark}".encode() for who in ("root", "bob", "link")}
        self.serial, self.peak, self.complaints = 0, {"rss": 0, "threads": 0, "files": 0}, []
        self.inboxes, self.exempt, self.club = {}, set(), grp.getgrnam(CLUB).gr_gid
        self.build(cases)

    # --- Files

    def make_folder(self, path, owner=None, mode=0o755):
        path.mkdir()
        if owner:
            os.chown(path, owner.uid, owner.gid)
        path.chmod(mode)
        return path

    def put(self, path, content, owner=None, mode=0o644, group=None):
        """Puts a file in place whole, as an honest client does."""
        aside = path.parent / f".put-{self.serial}"
        self.serial += 1
        aside.write_bytes(content)
        if owner:
            os.chown(aside, owner.uid, owner.gid)
        if group is not None:
            os.chown(aside, -1, group)
        aside.chmod(mode)
        aside.rename(path)
        return path

    def pdf(self, mark=b""):
        """A PDF of one page that is like no other."""
        self.serial += 1
        page = (ROOT / "Tests/Fixtures/pdf/poster.pdf").read_bytes()
        return page + b"\n%% %d %s\n" % (self.serial, mark)

    def build(self, cases):
        self.programs_folder = self.make_folder(self.home / "bin")
        sources = sorted((ROOT / "Attacks").glob("*.c"))
        run("cc", "-O2", "-Wall", "-Wextra", "-Werror", "-o", self.programs_folder / "attacker", *sources)
        for program in ("ingestd", "ingest-worker"):
            shutil.copy(self.programs / program, self.programs_folder)
        self.secrets = self.make_folder(self.home / "root", mode=0o755)
        self.plant(self.secrets, None, self.marks["root"])
        bob = self.make_folder(self.home / "bob", self.bob)
        self.private = self.make_folder(bob / "private", self.bob, 0o700)
        self.plant(self.private, self.bob, self.marks["bob"])
        # Here permissions stop nobody: only that no link is followed keeps it as it is.
        self.loose = self.make_folder(bob / "loose", self.bob, 0o777)
        self.plant(self.loose, self.bob, self.marks["link"], 0o666)
        self.private_file, self.loose_file = self.private / "info.json", self.loose / "info.json"
        self.bobs_inbox = self.make_folder(bob / "inbox", self.bob, 0o750)
        self.alices = self.make_folder(self.home / "alice", self.alice)
        for case in cases:
            outer = self.make_folder(self.alices / case, self.alice)
            self.inboxes[case] = self.make_folder(outer / "inbox", self.alice)
        self.state, self.log = self.home / "state", self.home / "log"
        self.make_folder(self.state, self.service, 0o711)

    def plant(self, folder, owner, mark, mode=0o600):
        for name in ("secret.pdf", "a.pdf", "drop.pdf", "original.pdf"):
            self.put(folder / name, self.pdf(mark), owner, mode)
        self.put(folder / "people.csv", b"name,email\nSecret,%s@example.com\n" % mark, owner, mode)
        self.put(folder / "shadow", b"root:$6$%s:19000:0:99999:7:::\n" % mark, owner, mode)
        self.put(folder / "status.json", FORGERY + mark, owner, mode)
        for name in ("info.json", "text.txt", "import.json", "thumbnail.jpg"):
            self.put(folder / name, mark, owner, mode)

    def snapshot(self):
        """All that must not change, as far as it can be told: change times do, where a hard link is renamed."""
        seen = {}
        for top in (self.secrets, self.private, self.loose):
            for path in [top, *sorted(top.rglob("*"))]:
                facts = path.lstat()
                content = hashlib.sha256(path.read_bytes()).hexdigest() if stat.S_ISREG(facts.st_mode) else None
                links = None if stat.S_ISREG(facts.st_mode) else facts.st_nlink
                seen[str(path)] = (facts.st_ino, facts.st_mode, facts.st_uid, facts.st_mtime_ns, links, content)
        return seen

    # --- The daemon

    def start(self, tracer=()):
        quick = {"settle": "0s", "settle_without_proof": "0s", "rescan": "15s"}
        inboxes = [{"path": str(path), **quick} for path in self.inboxes.values()]
        config = {"state": str(self.state), "log": {"format": "json", "level": "debug"},
                  "inboxes": [{"path": str(self.bobs_inbox), **quick}, *inboxes]}
        (self.home / "ingestd.yaml").write_text(json.dumps(config))
        command = [self.programs_folder / "ingestd", "run", "--config", self.home / "ingestd.yaml"]
        if self.service:
            identity = [f"--reuid={self.service.uid}", f"--regid={self.service.gid}", "--clear-groups"]
            limits = [f"--inh-caps={CAPABILITIES}", f"--ambient-caps={CAPABILITIES}",
                      f"--bounding-set=-all,{CAPABILITIES}", "--no-new-privs"]
            command = ["setpriv", *identity, *limits, *command]
        with self.log.open("w") as log:
            self.daemon = subprocess.Popen([str(word) for word in [*tracer, *command]], stderr=log, cwd="/")
        self.await_that(lambda: self.lines("daemon ready"), "the daemon to be ready")
        self.before = self.usage()
        self.is_watching = True
        self.watcher = threading.Thread(target=self.watch)
        self.watcher.start()

    def lines(self, event=None, **fields):
        with self.log.open(errors="replace") as log:
            text = [line for line in log if not event or f'"{event}"' in line]
        found = []
        for line in text:
            try:
                members = json.loads(line)
            except json.JSONDecodeError:
                continue  # not yet written to its end
            if (not event or members.get("event") == event) and all(members.get(k) == v for k, v in fields.items()):
                found.append(members)
        return found

    def usage(self):
        proc = pathlib.Path(f"/proc/{self.daemon.pid}")
        status = dict(line.split(":", 1) for line in (proc / "status").read_text().splitlines())
        return {"rss": int(status["VmRSS"].split()[0]) // 1024, "threads": int(status["Threads"]),
                "files": len(os.listdir(proc / "fd"))}

    def watch(self):
        while self.is_watching and self.daemon.poll() is None:
            try:
                now = self.usage()
            except (OSError, KeyError):
                continue
            self.peak = {key: max(value, now[key]) for key, value in self.peak.items()}
            time.sleep(0.2)

    def await_that(self, holds, what, patience=PATIENCE):
        end = time.monotonic() + patience
        while not holds():
            if self.daemon.poll() is not None:
                raise SystemExit(f"attacks: the daemon has ended with {self.daemon.returncode}; its log: {self.log}")
            if time.monotonic() > end:
                self.complain(f"in vain awaited {what}")
                return False
            time.sleep(0.05)
        return True

    def stop(self):
        self.is_watching = False
        self.watcher.join()
        if self.daemon.poll() is None:
            self.daemon.send_signal(signal.SIGTERM)
        if self.daemon.wait(90) != 0:
            self.complain(f"the daemon ended with {self.daemon.returncode}")

    def abandon(self):
        """Ends what a script that failed has left running."""
        self.is_watching = False
        if self.daemon and self.daemon.poll() is None:
            self.daemon.kill()
            self.daemon.wait()

    daemon = None

    def complain(self, text):
        self.complaints.append(text)
        print(f"  UNSAFE ({self.mode}): {text}", flush=True)

    # --- What became of everything

    def status(self, path):
        """The status file beside a drop; empty where there is none of ingestd's own."""
        name = path.name.encode("utf-8", "surrogateescape") if isinstance(path.name, str) else path.name
        file = os.path.join(os.fsencode(path.parent), name + b".status.json")
        try:
            descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
            with open(descriptor, "rb") as opened:
                return json.loads(opened.read())
        except (OSError, ValueError):
            return {}

    def code(self, path):
        return (self.status(path).get("error") or {}).get("code")

    def catalogue(self, sql, *values):
        with sqlite3.connect(f"file:{self.state}/catalog.sqlite3?mode=ro", uri=True, timeout=20) as kept:
            return kept.execute(sql, values).fetchall()

    def documents(self, inbox):
        """Path, content and state of each document of an inbox."""
        rows = self.catalogue("select path, digest, state from document where inbox = ?", os.fsencode(inbox))
        return [(path, self.blob(digest).read_bytes(), state) for path, digest, state in rows]

    def blob(self, digest):
        name = digest.hex()
        return self.state / "blobs" / name[:2] / name[2:4] / name

    def remains(self, inbox):
        """The content of each regular file in an inbox that is neither a sidecar's nor a result."""
        found = []
        for folder, files in walk(inbox):
            if b".results" in folder[len(os.fsencode(inbox)):]:
                continue
            for name in files:
                path = os.path.join(folder, name)
                if name.endswith(b".status.json") or not stat.S_ISREG(os.lstat(path).st_mode):
                    continue
                with open(path, "rb") as file:
                    found.append((path, file.read(1 << 22)))
        return found

    def await_idle(self):
        """Waits until every document is over."""
        self.await_that(lambda: not self.catalogue("select 1 from document where completedAt is null limit 1"),
                        "the end of all documents")

    def find_leaks(self):
        """No mark of a secret may be anywhere that alice can read, nor in the store under any name."""
        marks = re.compile(b"|".join(self.marks.values()))
        planted = self.exempt | {path.stat().st_ino for top in (self.secrets, self.private, self.loose)
                   for path in top.iterdir()}
        places = [self.alices, self.state]
        for place in places:
            for folder, files in walk(place):
                for name in files:
                    path = os.path.join(folder, name)
                    facts = os.lstat(path)
                    # A hard link that was planted is bob's file still, and closed to alice as ever.
                    if not stat.S_ISREG(facts.st_mode) or facts.st_ino in planted or facts.st_size > 1 << 30:
                        continue
                    with open(path, "rb") as file:
                        if marks.search(file.read()):
                            self.complain(f"a secret is in {os.fsdecode(path)}")
