"""Small disks that run full under the daemon, and what it makes of them."""
import json, os, pathlib, signal, time

import disks, judge, lives, workload
from slot import Wrong

# How many files a disk is made for whose names, not its bytes, run out.
FEW_FILES = 600
# Where the drops wait, on the same disk, until the daemon is ready.
ASIDE = ".aside"
# How long the disk stays full after the drops came.
FULL = 12


def fill_up(slot, case):
    """Fills the disk under an idle daemon, drops the files, and makes room again after a while."""
    expected = lives.expectation(slot, False)
    disk = small_disk(slot, case.more["disk"], case.more["left"])
    with disk.fresh():
        move(slot, workload.drops(slot.root), aside=True)
        process = slot.start()
        try:
            return list(live_through(slot, case, process, expected))
        finally:
            if process.poll() is None:
                slot.kill(process)
            slot.await_no_workers()


def live_through(slot, case, process, expected):
    await_line(slot, process, "daemon ready")
    # The inboxes are all looked through, and nothing is in flight.
    await_line(slot, process, "inbox watched", len(workload.INBOXES))
    # A rename needs room on btrfs: the drops come first, to a daemon that does not see them yet.
    process.send_signal(signal.SIGSTOP)
    move(slot, workload.drops(slot.root), aside=False)
    filler = fill(slot.disk, case.more["left"])
    process.send_signal(signal.SIGCONT)
    began = time.monotonic()
    complaint = lives.watch(
        slot, process, case, end_cause=lambda: make_room(filler), began=lambda: time.monotonic() > began)
    case.reached = any(line["event"] in PAUSES for line in slot.log())
    if complaint == lives.REFUSED_START:
        raise Wrong("stuck: a daemon that was ready says it was not")
    if complaint and process.returncode == -signal.SIGBUS:
        # SQLite maps its index of the log, and a copy-on-write file system needs room for each page that is
        # written anew; the kernel has no other way to say so. systemd starts the daemon again.
        case.more["restarted"] = True
        lives.make_room_and_finish(slot, lambda: make_room(filler))
    elif complaint:
        yield complaint
        return
    if "seconds" in case.more and case.more["seconds"] > 0 and not case.reached:
        yield "stuck: it waited for room and its log did not say so"
    yield from judge.judge(slot, expected)


# What the log says when something is in the way.
PAUSES = ("store paused", "catalogue failed", "sidecar not written", "claim abandoned", "stage retrying", "worker not started")


def small_disk(slot, system, left):
    few = left == "no inodes"
    if system == "tmpfs":
        return disks.Memory(slot, f"size={disks.SIZES['tmpfs']},nr_inodes={FEW_FILES if few else '100k'}")
    more = ["-N", str(FEW_FILES)] if few else []
    return disks.Image(slot, system, f"{system}-{'few' if few else 'small'}", more).make(False)


def move(slot, files, aside):
    for drop in files:
        place = slot.disk / drop.inbox / drop.path
        hidden = slot.disk / drop.inbox / ASIDE / drop.path
        source, target = (place, hidden) if aside else (hidden, place)
        if aside:
            for folder in reversed([target.parent, *target.parent.parents]):
                if not folder.exists():
                    folder.mkdir()
                    os.chown(folder, drop.uid, drop.uid)
        source.rename(target)
    if not aside:
        for inbox in workload.INBOXES:
            top = slot.disk / inbox / ASIDE
            for folder, _, _ in os.walk(top, topdown=False):
                os.rmdir(folder)


def await_line(slot, process, event, count=1, seconds=30):
    end = time.monotonic() + seconds
    while sum(line["event"] == event for line in slot.log()) < count:
        if process.poll() is not None or time.monotonic() > end:
            raise Wrong(f"stuck: waited in vain for {event}: {slot.log()[-3:]}")
        time.sleep(0.02)


def fill(disk, left):
    """Takes all room, or all inodes, but what is to be left; returns what can be removed again."""
    folder = disk / "filler"
    folder.mkdir()
    if left == "no inodes":
        try:
            for number in range(200_000):
                (folder / str(number)).touch()
        except OSError:
            return folder
        raise Wrong("the disk has inodes without end")
    kept = folder / "kept"
    if left:
        # Given back at the end: what is free is then what the file system itself calls free.
        kept.write_bytes(b"x" * (left << 10))
    chunk = 1 << 20
    with (folder / "filler").open("wb", buffering=0) as file:
        while chunk >= 512:
            try:
                if file.write(b"x" * chunk) < chunk:
                    chunk //= 2
                os.fsync(file.fileno())
            except OSError:
                chunk //= 2
    if left:
        kept.unlink()
        os.sync()
    return folder


def make_room(folder):
    if folder.exists():
        for entry in folder.iterdir():
            entry.unlink()
        folder.rmdir()
