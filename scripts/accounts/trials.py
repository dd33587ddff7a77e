#!/usr/bin/env python3
"""Drops a hundred files at once at the edge of a limit, kills the daemon among them, and looks all the while.

usage: python3 scripts/accounts/trials.py [FOLDER WITH THE BUILT PROGRAMS]

Environment: RUNS, how many times (50); SEED, draws the same again; TMPDIR, where to work (/var/tmp).

Each run has one account with two inboxes and a limit of bytes, of files, or of both that some of the files just reach.
Eight writers drop side by side while the daemon is killed by SIGKILL up to four times and started again; another
connection looks into the catalogue as often as it can. It must hold:
  - in every view of the catalogue, what is charged and what is reserved are within the limit together, and what is
    charged is what the documents have, in bytes and files;
  - in the end every file is a document or still lies in its inbox; none lies there that would fit; nothing is reserved;
    fsck, which reads the store again and adds up all sums, finds nothing wrong.
Ends with 1 where anything of that does not hold.
"""
import os, random, sys, threading, time
from house import House, ROOT, Wrong, junk

RUNS = int(os.environ.get("RUNS", 50))
SEED = int(os.environ.get("SEED", random.SystemRandom().randrange(1 << 32)))
PROGRAMS = sys.argv[1] if len(sys.argv) > 1 else ROOT / ".build/release"
FILES, WRITERS = 100, 8


class Watcher(threading.Thread):
    """Looks into the catalogue without a pause, and keeps what was wrong."""

    def __init__(self, house, limit):
        super().__init__(daemon=True)
        self.house, self.limit = house, limit
        self.views, self.highest, self.wrong, self.is_over = 0, (0, 0), None, False

    def run(self):
        while not self.is_over and self.wrong is None:
            if not self.house.is_readable():
                time.sleep(0.001)
                continue
            try:
                account, reserved, documents = self.house.look(
                    "SELECT coalesce(sum(usedBytes), 0), coalesce(sum(usedFiles), 0) FROM account",
                    "SELECT coalesce(sum(bytes), 0), coalesce(sum(files), 0) FROM reservation",
                    "SELECT coalesce(sum(size), 0), count(*) FROM document")
            except Exception as error:
                self.wrong = f"the catalogue cannot be read: {error}"
                return
            self.views += 1
            held = tuple(one + other for one, other in zip(account[0], reserved[0]))
            self.highest = tuple(map(max, self.highest, held))
            if account[0] != documents[0]:
                self.wrong = f"charged {account[0]}, documents have {documents[0]}"
            for held, limit, unit in zip(held, self.limit, ("bytes", "files")):
                if limit is not None and held > limit:
                    self.wrong = f"{held} {unit} are charged and reserved, the limit is {limit}"


def draw(chance):
    """The files of a run, and its limit: what a part of them has, or a little less or more."""
    files = []
    for number in range(FILES):
        content = junk(f"{chance.random()} {number}", chance.choice([60, 200, 1000, 5000, 40_000]))
        # The same bytes under another name are charged again.
        files.append((f"{number}.pdf", chance.choice(files)[1] if files and chance.random() < 0.1 else content))
    part = chance.sample(files, chance.randrange(20, 80))
    size = sum(len(content) for _, content in part) + chance.choice([-1, 0, 0, 1, 500])
    kind = chance.choice(["bytes", "files", "both"])
    return files, (size if kind != "files" else None, len(part) if kind != "bytes" else None)


def trial(chance):
    files, limit = draw(chance)
    house = House(PROGRAMS, accounts=1, inboxes_each=2)
    try:
        house.limits = {"default": {"bytes": "unlimited" if limit[0] is None else limit[0],
                                    "files": "unlimited" if limit[1] is None else limit[1]}}
        watcher = Watcher(house, limit)
        watcher.start()
        house.start()
        if chance.random() < 0.5:
            house.await_ready()
        shares = [files[n::WRITERS] for n in range(WRITERS)]
        inboxes = [[chance.choice(house.inboxes[0]) for _ in share] for share in shares]

        def write(share, places):
            for (name, content), inbox in zip(share, places):
                house.drop(inbox, name, content)

        writers = [threading.Thread(target=write, args=pair) for pair in zip(shares, inboxes)]
        for writer in writers:
            writer.start()
        for _ in range(chance.randrange(5)):
            time.sleep(chance.random() * chance.choice([0.02, 0.1, 0.3]))
            house.kill()
            house.start()
        for writer in writers:
            writer.join()
        if chance.random() < 0.5:
            # Its last life ends by a kill as well.
            time.sleep(chance.random() * 0.2)
            house.kill()
        else:
            house.stop()
        house.process = None
        house.once()
        watcher.is_over = True
        watcher.join()
        if watcher.wrong:
            raise Wrong(watcher.wrong)
        judge(house, files, limit)
        return house.kills, watcher.views, watcher.highest, limit
    finally:
        house.close()


def judge(house, files, limit):
    left = [(inbox / name).stat().st_size for inbox in house.inboxes[0] for name, _ in files if (inbox / name).exists()]
    documents, charged, reserved = house.look(
        "SELECT count(*), coalesce(sum(size), 0) FROM document",
        "SELECT coalesce(sum(usedBytes), 0), coalesce(sum(usedFiles), 0) FROM account", "SELECT count(*) FROM reservation")
    if documents[0][0] + len(left) != FILES:
        raise Wrong(f"{documents[0][0]} documents and {len(left)} files in the inboxes, of {FILES}")
    if reserved[0][0]:
        raise Wrong(f"{reserved[0][0]} reservations are left")
    room = (float("inf") if limit[0] is None else limit[0] - charged[0][0],
            float("inf") if limit[1] is None else limit[1] - charged[0][1])
    fitting = [size for size in left if size <= room[0] and room[1] >= 1]
    if fitting:
        raise Wrong(f"files of {fitting} bytes lie in the inboxes, and there is room for {room}")
    house.fsck()


def main():
    print(f"quota trials: {RUNS} runs of {FILES} drops, seed {SEED}", flush=True)
    kills = views = 0
    for number in range(RUNS):
        try:
            outcome = trial(random.Random(f"{SEED} {number}"))
        except Wrong as wrong:
            print(f"WRONG in run {number} of seed {SEED}: {wrong}", file=sys.stderr)
            sys.exit(1)
        kills, views = kills + outcome[0], views + outcome[1]
        print(f"  run {number}: {outcome[0]} kills, {outcome[1]} looks, at most {outcome[2]} of {outcome[3]}", flush=True)
    print(f"ok: {RUNS} runs, {kills} kills, {views} looks, never above the limit, and all sums equal the store")


main()
