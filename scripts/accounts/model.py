#!/usr/bin/env python3
"""Compares ingestd with a simple model over thousands of random steps.

usage: python3 scripts/accounts/model.py [FOLDER WITH THE BUILT PROGRAMS]

Environment: STEPS, how many (10000); SEED, draws the same again; TMPDIR, where to work (/var/tmp).

Two accounts have an inbox each, and share contents now and then; they drop, delete and restore. After each step the
daemon is waited for, and then documents, versions, contents, charges, the trash, what is left in the inboxes and the
touched status file and results must be what the model says; after every 500 steps all status files are compared and
fsck finds nothing wrong. What the model does not know is the order in which a daemon finds what lay there when it
started, or came before it had looked: there any outcome in which nothing is left that fits is a right one. Ends with 1
where anything differs.
"""
import collections, json, os, random, sys, time
from house import House, ROOT, Wrong, digest, junk, pdf, table

STEPS = int(os.environ.get("STEPS", 10_000))
SEED = int(os.environ.get("SEED", random.SystemRandom().randrange(1 << 32)))
PROGRAMS = sys.argv[1] if len(sys.argv) > 1 else ROOT / ".build/release"
NAMES = 12


class Named:
    """The documents of one name: the newest, unless it was deleted, and the older ones by their numbers."""

    def __init__(self):
        self.current, self.versions = None, {}

    def contents(self):
        return list(self.versions.values()) + ([] if self.current is None else [self.current])

    def arrive(self, content):
        if self.current is not None:
            self.versions[max(self.versions, default=0) + 1] = self.current
        self.current = content


class Account:
    """What an account should hold: its documents by name, what it deleted, and the drops for which there was no room."""

    def __init__(self, uid, inbox):
        self.uid, self.inbox = uid, inbox
        self.documents = collections.defaultdict(Named)
        # Names and contents, in the order in which they were deleted.
        self.trash = []
        # By name, in order of arrival; whether that order is known.
        self.waiting, self.is_ordered = {}, True
        self.limit = (None, None)

    def used(self):
        return self.sums(content for named in self.documents.values() for content in named.contents())

    @staticmethod
    def sums(contents):
        sizes = [len(content) for content in contents]
        return sum(sizes), len(sizes)

    def fits(self, content):
        bytes_, files = self.used()
        return (self.limit[0] is None or bytes_ + len(content) <= self.limit[0]) and \
            (self.limit[1] is None or files + 1 <= self.limit[1])

    def is_known(self, name, content):
        return self.documents[name].current == content

    def arrive(self, name, content):
        """A drop: the same bytes again are no new document, and need no room."""
        if self.is_known(name, content):
            self.waiting.pop(name, None)
        elif self.fits(content):
            self.waiting.pop(name, None)
            self.documents[name].arrive(content)
        else:
            # One that takes another's place may have that one's turn, or one of its own.
            self.is_ordered = self.is_ordered and name not in self.waiting
            self.waiting[name] = content

    def delete(self, name):
        """The trash holds no more than the account may, the oldest goes first."""
        self.trash.append((name, self.documents[name].current))
        self.documents[name].current = None
        while self.trash:
            bytes_, files = self.sums(content for _, content in self.trash)
            if (self.limit[0] is None or bytes_ <= self.limit[0]) and (self.limit[1] is None or files <= self.limit[1]):
                break
            del self.trash[0]

    def restore(self, name):
        """What was deleted last under the name comes back, if the name is free and there is room."""
        places = [place for place, (other, _) in enumerate(self.trash) if other == name]
        if not places or self.documents[name].current is not None or not self.fits(self.trash[places[-1]][1]):
            return False
        self.documents[name].current = self.trash.pop(places[-1])[1]
        return True

    def take_waiting(self):
        for name, content in list(self.waiting.items()):
            if self.is_known(name, content) or self.fits(content):
                self.arrive(name, content)

    def expected(self):
        rows = {}
        for name, named in self.documents.items():
            rows |= {(name, number): digest(content) for number, content in named.versions.items()}
            if named.current is not None:
                rows[(name, None)] = digest(named.current)
        return rows


class Trial:
    def __init__(self, chance):
        self.chance, self.house = chance, House(PROGRAMS, accounts=2 if os.geteuid() == 0 else 1)
        self.accounts = [Account(uid, inboxes[0]) for uid, inboxes in zip(self.house.uids, self.house.inboxes)]
        self.counts, self.content_number = collections.Counter(), 0
        # Each step, and how often it is taken.
        self.steps = [(self.drop, 40), (self.drop_again, 14), (self.drop_elsewhere, 6), (self.take_back, 6),
                      (self.tidy_away, 8), (self.set_limit, 9), (self.delete, 12), (self.restore, 8),
                      (self.crash, 4), (self.collect, 2), (self.restart, 1)]

    # Steps; each returns the accounts and names that it was about.

    def content(self, name):
        self.content_number += 1
        text = f"{SEED} {self.content_number}"
        return table(text) if name.endswith(".csv") else \
            pdf(text) if self.chance.random() < 0.5 else junk(text, self.chance.choice([50, 400, 3000]))

    def name(self):
        number = self.chance.randrange(NAMES)
        return f"{number}.csv" if number % 4 == 0 else f"{number}.pdf"

    def put(self, account, name, content):
        has_looked = self.house.heard("inbox watched") == len(self.accounts)
        self.house.drop(account.inbox, name, content)
        account.arrive(name, content)
        # A daemon that has yet to find what lay there when it started may find this one first.
        account.is_ordered = account.is_ordered and (has_looked or len(account.waiting) < 2)

    def drop(self):
        account, name = self.chance.choice(self.accounts), self.name()
        self.put(account, name, self.content(name))
        return account, name

    def drop_again(self):
        """The bytes that a name has already, or had before."""
        account, name = self.chance.choice(self.accounts), self.name()
        named = account.documents[name]
        if not named.contents():
            return None
        is_current = named.current is not None and self.chance.random() < 0.7
        self.put(account, name, named.current if is_current else self.chance.choice(named.contents()))
        return account, name

    def drop_elsewhere(self):
        """What this account or another has under some name."""
        account, other = self.chance.choice(self.accounts), self.chance.choice(self.accounts)
        names = [name for name, named in other.documents.items() if named.contents()]
        if not names:
            return None
        source = self.chance.choice(names)
        name = f"{self.chance.randrange(NAMES)}-copy{source[-4:]}"
        self.put(account, name, self.chance.choice(other.documents[source].contents()))
        return account, name

    def take_back(self):
        """The owner removes a drop that waits for room."""
        account = self.chance.choice(self.accounts)
        if not account.waiting:
            return None
        name = self.chance.choice(list(account.waiting))
        (account.inbox / name).unlink()
        del account.waiting[name]
        return account, name

    def tidy_away(self):
        """Sidecars that are gone delete nothing; the same bytes bring them back."""
        account = self.chance.choice(self.accounts)
        name = self.at_rest(account)
        if name is None:
            return None
        self.house.run_as_owner(["rm", "-rf", f"{name}.results", f"{name}.status.json"], account.inbox)
        if self.chance.random() < 0.7:
            self.put(account, name, account.documents[name].current)
            return account, name
        return account, None

    def at_rest(self, account):
        """A name that has a document, and no drop that waits."""
        names = [name for name, named in account.documents.items()
                 if named.current is not None and name not in account.waiting]
        return self.chance.choice(names) if names else None

    def ask(self, account, verb, name):
        """By a request file, or by command where sidecars tell it whom to ask; with a daemon, or before the next one."""
        is_running = self.chance.random() < 0.8
        if not is_running:
            self.house.stop()
        self.leave(account, verb, name)
        return is_running

    def leave(self, account, verb, name):
        if self.chance.random() < 0.5 and (account.inbox / f"{name}.status.json").exists():
            self.house.run(verb, "--config", str(self.house.config), str(account.inbox / name))
        else:
            self.house.drop(account.inbox, f"{name}.{verb}", b"")

    def deletion(self):
        account = self.chance.choice(self.accounts)
        name = self.at_rest(account)
        if name is None:
            return None
        account.delete(name)
        return account, name

    def delete(self):
        asked = self.deletion()
        if asked is None:
            return None
        account, name = asked
        is_running = self.ask(account, "delete", name)
        if not is_running:
            self.begin()
        elif account.is_ordered:
            account.take_waiting()
        return account, name

    def restoration(self):
        """Whether it is to come back, too."""
        account = self.chance.choice(self.accounts)
        names = [name for name, _ in account.trash
                 if account.documents[name].current is None and name not in account.waiting]
        if not names:
            return None
        name = self.chance.choice(names)
        return account, name, account.restore(name)

    def restore(self):
        """What was deleted, the last of its name, whether or not there is room for it."""
        asked = self.restoration()
        if asked is None:
            return None
        account, name, is_back = asked
        if not self.ask(account, "restore", name):
            self.begin()
        return account, name if is_back else None

    def set_limit(self):
        """A limit about what is there: mostly a little more, or as much as there is, or a little less."""
        account = self.chance.choice(self.accounts)
        bytes_, files = account.used()
        account.limit = self.chance.choice([
            (None, None), (bytes_ + self.chance.choice([0, 1, 500, 3000, 20_000]), None),
            (None, files + self.chance.choice([0, 1, 2, 5])), (max(0, bytes_ - 100), None), (bytes_ + 5000, files + 3)])
        self.house.reload(self.limits())
        if account.is_ordered:
            account.take_waiting()
        return account, None

    def crash(self):
        """Now, or in the midst of something."""
        about, kind = (self.accounts[0], None), self.chance.random()
        if kind < 0.45:
            about = self.drop()
        elif kind < 0.65 and (asked := self.deletion()):
            self.leave(asked[0], "delete", asked[1])
            about = asked
        elif kind < 0.8 and (asked := self.restoration()):
            account, name, is_back = asked
            self.leave(account, "restore", name)
            about = account, name if is_back else None
        time.sleep(self.chance.random() * self.chance.choice([0.002, 0.02, 0.1]))
        self.house.kill()
        self.begin()
        return about

    def restart(self):
        self.house.stop()
        self.begin()
        return self.accounts[0], None

    def collect(self):
        """Garbage, beside the daemon or without one."""
        if self.chance.random() < 0.5:
            self.house.gc()
        else:
            self.house.stop()
            self.house.gc()
            self.begin()
        return self.accounts[0], None

    def begin(self):
        self.house.start()
        self.house.await_ready()
        # What lies there is found in any order.
        for account in self.accounts:
            account.is_ordered = len(account.waiting) < 2
            # What was asked for while nobody served may have made room; one alone has nobody to wait for.
            if account.is_ordered:
                account.take_waiting()

    def limits(self):
        def words(limit):
            return {key: "unlimited" if value is None else value for key, value in zip(("bytes", "files"), limit)}
        # A limit of a few bytes must not keep documents from being read: that bound has tests of its own.
        return {"default": {"derived": "unlimited"}, "users": {str(account.uid): words(account.limit) for account in self.accounts}}

    # Comparing.

    def observed(self):
        documents, trash, charges, busy = self.house.look(
            "SELECT uid, CAST(path AS TEXT), version, digest, state FROM document",
            "SELECT uid, CAST(path AS TEXT), digest FROM trash WHERE expiresAt > 0",
            "SELECT uid, usedBytes, usedFiles FROM account",
            """SELECT (SELECT count(*) FROM reservation)
                + (SELECT count(*) FROM document WHERE completedAt IS NULL OR isToMoveAside = 1)
                + (SELECT count(*) FROM trash WHERE isToTidy = 1)
                + (SELECT count(*) FROM removal WHERE failedAt IS NULL)""")
        return documents, trash, {uid: (bytes_, files) for uid, bytes_, files in charges}, busy[0][0]

    def differs(self):
        """What is not as the model says, as far as it will come about by waiting."""
        documents, trash, charges, busy = self.observed()
        for account in self.accounts:
            found = {(path, version): digest_ for uid, path, version, digest_, _ in documents if uid == account.uid}
            left = {entry.name for entry in os.scandir(account.inbox) if entry.is_file()
                    and not entry.name.endswith(".json") and not entry.name.startswith(".")}
            if not account.is_ordered:
                problem = self.adopt(account, found, left)
                if problem:
                    return problem
            if found != account.expected():
                return f"uid {account.uid} has {name_all(found)}, and should have {name_all(account.expected())}"
            deleted = sorted((path, digest_) for uid, path, digest_ in trash if uid == account.uid)
            if deleted != sorted((name, digest(content)) for name, content in account.trash):
                return f"the trash of {account.uid} has {[path for path, _ in deleted]}, " \
                    f"and should have {sorted(name for name, _ in account.trash)}"
            if left != set(account.waiting):
                return f"in the inbox of {account.uid} lie {left}, and should {set(account.waiting)}"
            if charges.get(account.uid, (0, 0)) != account.used():
                return f"{account.uid} is charged {charges.get(account.uid)}, and should be {account.used()}"
        return f"{busy} things are being done" if busy else None

    def adopt(self, account, found, left):
        """Takes over what became of drops whose order nobody knows: nothing may be left that fits."""
        taken = [name for name in account.waiting if name not in left]
        for name in taken:
            content = account.waiting[name]
            if found.get((name, None)) != digest(content):
                return f"{name} has left the inbox of {account.uid}, and is no document yet"
            if not account.is_known(name, content) and not account.fits(content):
                raise Wrong(f"{name} was taken, and there was no room for it")
            account.arrive(name, content)
        for name, content in account.waiting.items():
            if account.is_known(name, content) or account.fits(content):
                return f"{name} lies in the inbox of {account.uid}, and there is room for it"
        account.is_ordered = len(account.waiting) < 2
        return None

    def status(self, account, name, version=None):
        try:
            return json.loads((account.inbox / f"{name}{f'.~{version}~' if version else ''}.status.json").read_text())
        except FileNotFoundError:
            return {}

    def status_differs(self, account, name):
        status = self.status(account, name)
        if name in account.waiting:
            content = account.waiting[name]
            state = "refused" if account.limit[0] is not None and len(content) > account.limit[0] else "held"
            return None if status.get("state") == state else f"{name} is {state}, its status says {status.get('state')}"
        content = account.documents[name].current
        results = account.inbox / f"{name}.results"
        if content is None:
            return f"sidecars of {name} are still there" if status or results.exists() else None
        if status.get("sha256") != digest(content).hex():
            return f"the status of {name} is of other bytes: {status}"
        original = results / f"original{name[-4:]}"
        if results.exists() and not (original.exists() and original.read_bytes() == content):
            return f"the original of {name} has other bytes"
        state = "failed" if content.endswith(b".") or content.count(b"\n") == 1 else "completed"
        return None if status["status"] == state else f"{name} should be {state}, and is {status['status']}"

    def compare(self, about):
        self.house.until(lambda: self.differs() is None, lambda: self.differs())
        if about and about[1]:
            self.house.until(lambda: self.status_differs(*about) is None, lambda: self.status_differs(*about))

    def compare_all(self):
        for account in self.accounts:
            # Those that were tidied away, and not dropped again since, stay away.
            for name in list(account.waiting):
                self.compare((account, name))
            for name, named in account.documents.items():
                if named.current is not None and (account.inbox / f"{name}.status.json").exists():
                    self.compare((account, name))
        self.house.fsck()

    def run(self):
        functions, weights = zip(*self.steps)
        self.house.configure(self.limits())
        self.begin()
        number = 0
        while number < STEPS:
            step = self.chance.choices(functions, weights)[0]
            try:
                about = step()
                if about is None:
                    continue
                number += 1
                self.counts[step.__name__] += 1
                self.compare(about)
                if number % 500 == 0 or number == STEPS:
                    self.compare_all()
            except Wrong as wrong:
                raise Wrong(f"step {number}, {step.__name__}: {wrong}")
            if number % 500 == 0:
                print(f"  {number} steps", flush=True)


def name_all(documents):
    return sorted((path, version or 0, digest_.hex()[:8]) for (path, version), digest_ in documents.items())


def main():
    print(f"model: {STEPS} steps, seed {SEED}", flush=True)
    trial = Trial(random.Random(SEED))
    try:
        trial.run()
        trial.house.stop()
        trial.house.fsck()
    except Wrong as wrong:
        print(f"WRONG, seed {SEED}: {wrong}", file=sys.stderr)
        sys.exit(1)
    finally:
        trial.house.close()
    print("ok: " + ", ".join(f"{count} {name}" for name, count in trial.counts.most_common()))


main()
