"""Draws the cases, lets them run side by side, and hands over what they found."""
import collections, errno, multiprocessing, os, random, sys, time, traceback

import census, disks, full, lives, report, restarts
from lives import Case
from plan import ALL, DURABLE, KINDS, Wanted
from slot import Slot, Wrong

FULL_COUNTS = {"kills": int(os.environ.get("KILLS", 2200)), "deep": 220, "ext4": 540, "xfs": 230, "syncs": 48, "restarts": 50, "backlog": 1000}
# Few, as the programs that tests are run with are slow ones.
QUICK_COUNTS = {"kills": 40, "deep": 8, "ext4": 8, "xfs": 4, "syncs": 2, "restarts": 5, "backlog": 30}
ERRORS = "ENOSPC EDQUOT EROFS EIO EMFILE ENOMEM EINTR".split()
# What no file system answers to a call that writes nothing.
FOR_READING = "EIO EMFILE ENOMEM EINTR".split()
READING = ["open", "read", "spawn"]
LEFT = [0, 4, 16, 64, 256, 1024]
# Cases that mostly wait use no processor.
WAITING_JOBS = 24


def run(work, programs, root):
    chance = random.Random(seed := int(os.environ.get("SEED", random.randrange(1 << 31))))
    quick = os.environ.get("FAULTS") == "quick"
    only = os.environ.get("ONLY", "census kills errors cuts full restarts").split()
    print(f"faults: seed {seed}, {'quick' if quick else 'full'}: {' '.join(only)}", flush=True)
    first = Slot(0, work, programs, root)
    tally = report.Tally(quick)
    sizes = tally.take_census([measure(first, again) for again in (False, True)])
    counts = QUICK_COUNTS if quick else FULL_COUNTS
    working, waiting = [], []
    if "kills" in only:
        working += thinned(chance, known(), quick) + kills(chance, counts, sizes)
    if "cuts" in only:
        working += cuts(chance, counts, sizes)
        waiting += failed_syncs(chance, counts["syncs"], sizes)
    if "errors" in only:
        waiting += thinned(chance, known_errors(), quick) + errors(chance, quick, tally.kinds)
    if "full" in only:
        waiting += fills(chance, quick)
    if "restarts" in only:
        working += [Case("restart under load", restarts.restart, restarts=counts["restarts"], backlog=counts["backlog"], seed=chance.randrange(1 << 31))]
    if hunt := os.environ.get("HUNT"):
        cases = hunts(chance, sizes)[hunt]
        # Whose daemon runs on mostly waits.
        working, waiting = ([case for case in cases if (case.life is lives.fail) == waits] for waits in (False, True))
    refused = refusals(first, working + waiting, tally)
    working, waiting = ([case for case in cases if case.more.get("disk") not in refused] for cases in (working, waiting))
    wanted = os.environ.get("CASE")
    if "census" in only:
        for again in (False, True):
            case = Case("census", census.census, again=again)
            tally.add(*judged(first, case))
    for cases, jobs in ((working, int(os.environ.get("JOBS", os.cpu_count()))), (waiting, WAITING_JOBS)):
        cases = [case for case in cases if not wanted or wanted in str(case)]
        for again in {case.again for case in cases}:
            lives.expectation(first, again)
        perform(cases, jobs, tally, (work, programs, root, first.expectations))
    return tally.print()


def refusals(slot, cases, tally):
    """The kinds of disks that cannot be had here, whose cases are left out; a full run must have them all."""
    wanted = collections.Counter(case.more["disk"] for case in cases if "disk" in case.more)
    refused = {disk: reason for disk in sorted(wanted) if (reason := disks.refusal(slot, disk))}
    for disk, reason in refused.items():
        tally.skip(wanted[disk], f"on {disk}, which this system does not give: {reason}")
    return refused


def measure(slot, again):
    """How many calls of each kind an undisturbed run makes."""
    slot.restore(slot.make_template() if again else None)
    plan = slot.plan()
    run = slot.once(plan)
    if run.code != 0:
        raise Wrong(f"an undisturbed run ended with {run.code}: {run.tail}")
    return plan.counts


# The cases.

def spread(chance, most, count):
    """So many numbers from one to `most`, as even as can be; all of them where there are no more."""
    if count >= most:
        return list(range(1, most + 1))
    return [1 + int((at + chance.random()) * most / count) for at in range(count)]


def kills(chance, counts, sizes):
    cases = []
    for again, size in zip((False, True), sizes):
        # Every call before and after, or an even choice.
        points = spread(chance, 2 * size, counts["kills"] // 2)
        cases += [Case("kill", lives.kill, [Wanted("kill", (point + 1) // 2, after=point % 2 == 0)], again)
                  for point in points]
        for point in spread(chance, size, counts["deep"] // 2):
            # Most of what a recovery does, it does first.
            second = int(1 + chance.random() ** 2 * max(40, size - point))
            cases.append(Case("kill, again in recovery", lives.kill, [
                Wanted("kill", point, after=chance.random() < 0.5),
                Wanted("kill", second, after=chance.random() < 0.5)], again))
    return cases


def cuts(chance, counts, sizes):
    cases = []
    for disk in ("ext4", "xfs"):
        for again, size in zip((False, True), sizes):
            for point in spread(chance, 2 * size, counts[disk] // 2):
                faults = [Wanted("cut", (point + 1) // 2, after=point % 2 == 0)]
                # Every tenth loses its power again while it recovers.
                if chance.random() < 0.1:
                    faults.append(Wanted("cut", chance.randint(1, 60)))
                cases.append(Case(f"power cut, {disk}", lives.cut, faults, again, disk=disk))
    return cases


def thinned(chance, cases, quick):
    """One in five of them, for a quick run."""
    return chance.sample(cases, len(cases) // 5) if quick else cases


def known():
    """Where defects were found once: at each of these calls, whatever is drawn besides."""
    # A crash between an older document's sidecars and the catalogue's note about them.
    cases = [Case("kill", lives.kill, [Wanted("kill", number, ["rename"], scope="cora", after=after)], again=True)
             for number in range(1, 21) for after in (False, True)]
    # SQLite's own temporary files, and a catalogue with its first table alone.
    cases += [Case("kill", lives.kill, [Wanted("kill", 1, ["unlink"], scope="state/tmp")])]
    return cases + [Case("kill", lives.kill, [Wanted("kill", number, ["write", "sync"], scope="state/catalog")])
                    for number in range(1, 30)]


def known_errors():
    # Half-made files, names that stay or are set aside, and attempts spent for a want of the system's.
    return [Case("error, once", lives.fail, [Wanted("fail", number, [kind], error=error, scope=scope)], again=True)
            for kind, error, scope in (
                ("attributes", errno.EDQUOT, "bert/.ingestd-"), ("rename", errno.EIO, "anna/.ingestd-taken"),
                ("unlink", errno.ENOSPC, "anna/.ingestd-taken"), ("sync", errno.EINTR, "bert"),
                ("create", errno.EMFILE, "state/imports"), ("write", errno.EIO, "state/catalog.sqlite3-wal"))
            for number in (1, 2)]


def failed_syncs(chance, count, sizes):
    """A sync in staging fails and the bytes are lost; the power goes some time later."""
    return [Case("failed sync, then power cut", lives.fail_and_cut, [
        Wanted("lose", 1 + at % 16, ["sync"], error=errno.EIO, scope="state/staging"),
        Wanted("cut", int(sizes[0] * (0.3 + 0.6 * chance.random())))], disk=("ext4", "xfs")[at % 2])
        for at in range(count)]


def hunts(chance, sizes):
    """What catches each of the builds that are broken on purpose; a sound one passes all of it."""
    return {
        "unlink-before-commit": [
            Case("kill", lives.kill, [Wanted("kill", number, ["write"], scope="state/catalog.sqlite3-wal")])
            for number in spread(chance, 600, 60)],
        "no-fsync": [Case(f"power cut, {disk}", lives.cut, [Wanted("cut", number)], disk=disk)
                     for disk in ("ext4", "xfs") for number in spread(chance, sizes[0], 20)],
        "fsync-error-ignored": failed_syncs(chance, 24, sizes),
        "short-writes-unchecked": [
            Case("short write", lives.fail, [Wanted("short", number, ["write"], scope="state/staging")])
            for number in range(1, 25)],
    }


def errors(chance, quick, kinds):
    """Each error at each kind of call, once and many times, early and late in the run."""
    cases = []
    for kind in KINDS:
        most = max(made[kind] for made in kinds)
        if not most:
            continue
        for name in FOR_READING if kind in READING else ERRORS:
            for times in (1, 50):
                if quick and chance.random() > 0.06:
                    continue
                for number in spread(chance, most, 1 if quick else 4):
                    cases.append(Case("error, once" if times == 1 else "error, 50 times", lives.fail, [
                        Wanted("fail", number, [kind], times, error=getattr(errno, name))], chance.random() < 0.5))
    most = max(made["write"] for made in kinds)
    for times in (1, 50):
        for number in spread(chance, most, 1 if quick else 30):
            cases.append(Case("short write", lives.fail, [Wanted("short", number, ["write"], times)], chance.random() < 0.5))
    return cases


def fills(chance, quick):
    systems = ["ext4", "tmpfs"] if quick else ["ext4", "xfs", "btrfs", "tmpfs"]
    cases = [Case(f"full disk, {disk}", full.fill_up, disk=disk, left=left)
             for disk in systems for left in ([chance.choice(LEFT)] if quick else LEFT)]
    # btrfs and xfs make inodes as they need them, and run out of bytes first.
    return cases + [Case("no inodes", full.fill_up, disk=disk, left="no inodes") for disk in systems if disk in ("ext4", "tmpfs")]


# Letting them run.

def judged(slot, case):
    """A case with its complaints; what went wrong with the harness itself is one as well."""
    try:
        complaints = case.life(slot, case)
    except Wrong as wrong:
        complaints = [str(wrong)]
    except Exception:
        complaints = ["harness: " + " | ".join(traceback.format_exc().split("\n")[-7:])]
    return case, complaints


def perform(cases, jobs, tally, house):
    if not cases:
        return
    begin, number = time.monotonic(), multiprocessing.Value("i", 1)
    jobs = min(jobs, len(cases))
    with multiprocessing.Pool(jobs, settle_in, (number, house)) as pool:
        for done, (case, complaints) in enumerate(pool.imap_unordered(perform_one, cases), 1):
            tally.add(case, complaints)
            if done % 100 == 0 or done == len(cases):
                print(f"faults: {done} of {len(cases)}, {time.monotonic() - begin:.0f} s", file=sys.stderr, flush=True)
    tally.seconds += time.monotonic() - begin


def settle_in(number, house):
    global slot
    with number.get_lock():
        slot = Slot(os.getpid(), *house)
        number.value += 1


def perform_one(case):
    return judged(slot, case)
