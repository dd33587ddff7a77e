"""What one case does: the lives that the daemon lives in it, and what is judged between and after them.

Each function takes a slot and a case and returns the complaints; what a case found out besides is noted in it.
"""
import signal, time

import disks, judge, workload
from plan import ALL
from slot import PATIENCE, Run, Wrong

# How long a cause lasts that does not go by itself, and how soon afterwards all must be done.
CAUSE, RECOVERY = 12, 30


class Case:
    """One story of faults."""

    def __init__(self, sort, life, faults=(), again=False, **more):
        # `sort` is the row of the table that it counts in.
        self.sort, self.life, self.faults, self.again, self.more = sort, life, tuple(faults), again, more
        self.places, self.reached = [], 0

    def __str__(self):
        story = ", then ".join(map(str, self.faults)) or " ".join(f"{key} {value}" for key, value in self.more.items())
        return f"{self.sort}: {story}" + (", over earlier documents" if self.again else "")


def expectation(slot, again):
    """What a clean run makes, found out by one; on the slot's own plain disk."""
    known = slot.expectations
    if again not in known:
        slot.restore(slot.make_template() if again else None)
        slot.finish()
        expected = judge.Expectation(slot, again)
        if complaints := list(judge.judge(slot, expected)):
            raise Wrong(f"a run without any fault is wrong already: {complaints}")
        known[again] = expected
    return known[again]


def note(case, plan, index=0):
    case.reached += plan.hits(index) > 0
    case.places.append(plan.place(index))


def deaths(mount):
    """How a life may end that a fault ends: without its disk, a page of SQLite's index that is mapped may be touched before
    the kill arrives."""
    return [-signal.SIGKILL, -signal.SIGBUS] if mount else [-signal.SIGKILL]


def lead_to_death(slot, case, fault, mount=""):
    """One life that the fault ends; returns whether it was reached."""
    plan = slot.plan(fault, mount=mount)
    run = slot.once(plan)
    note(case, plan)
    if plan.table.cut_error:
        raise Wrong(f"the power could not be cut: error {plan.table.cut_error}")
    if plan.hits() == 0 and run.code != 0 or plan.hits() and run.code not in deaths(mount):
        raise Wrong(f"stuck: the daemon ended with {run.code}: {run.tail}")
    slot.await_no_workers()


def kill(slot, case):
    """Kills the daemon at each of the faults in turn, then lets it finish."""
    expected = expectation(slot, case.again)
    slot.restore(slot.make_template() if case.again else None)
    for fault in case.faults:
        lead_to_death(slot, case, fault)
        if complaints := list(judge.judge_shown(slot, expected)):
            return complaints
    slot.finish()
    slot.await_no_workers()
    return list(judge.judge(slot, expected))


def cut(slot, case):
    """Cuts the power at each of the faults in turn, then lets the daemon finish."""
    expected = expectation(slot, case.again)
    disk = disks.image(slot, case.more["disk"], case.again)
    with disk.fresh():
        for fault in case.faults:
            lead_to_death(slot, case, fault, mount=slot.disk)
            disk.unmount()
            disk.mount()
        slot.finish()
        slot.await_no_workers()
        return list(judge.judge(slot, expected))


def fail_and_cut(slot, case):
    """Lets a call fail in a life that a power cut ends: an error that was ignored shows only then."""
    expected = expectation(slot, case.again)
    disk = disks.image(slot, case.more["disk"], case.again)
    with disk.fresh():
        plan = slot.plan(*case.faults, mount=slot.disk)
        run = slot.once(plan)
        note(case, plan)
        if run.code not in (deaths(slot.disk) if plan.hits(1) else [0]):
            raise Wrong(f"stuck: the daemon ended with {run.code}: {run.tail}")
        slot.await_no_workers()
        disk.unmount()
        disk.mount()
        slot.finish()
        return list(judge.judge(slot, expected))


def fail(slot, case):
    """Lets calls fail in a daemon that runs on; it must come through by itself, soon after the cause has gone."""
    expected = expectation(slot, case.again)
    slot.restore(slot.make_template() if case.again else None)
    plan = slot.plan(*case.faults)
    process = slot.start(plan=plan)
    try:
        complaint = watch(slot, process, case, end_cause=plan.end_cause, began=lambda: plan.hits() > 0,
                          is_over=lambda: plan.hits() >= case.faults[0].times)
    finally:
        if process.poll() is None:
            slot.kill(process)
    note(case, plan)
    slot.await_no_workers()
    if complaint == REFUSED_START:
        case.more["refused"] = True
        slot.finish()
    elif complaint:
        # Whether anything is lost is told all the same.
        slot.finish()
        return [complaint, *judge.judge(slot, expected, attempts=ALL)]
    elif set(UNREMOVABLE) & set(case.faults[0].kinds):
        # What cannot be removed, or not be opened for that, goes at the next start.
        slot.finish()
    return list(judge.judge(slot, expected))


# Kinds of calls without which nothing can be tidied away.
UNREMOVABLE = ["unlink", "open"]
REFUSED_START = "it did not start"


def watch(slot, process, case, end_cause, began=lambda: True, is_over=lambda: False, count=None):
    """Waits until every drop is a completed document, and stops the daemon; returns what is wrong.

    The cause ends after a while; from then on a clock runs.
    """
    count = count or len(workload.drops(slot.root))
    first_seen, ended = None, None
    done, rested = Done(slot, case.again), 0
    while True:
        now = time.monotonic()
        if began() and first_seen is None:
            first_seen = now
        if process.poll() is not None:
            log = slot.log()
            if not Run(0, log, 0).lines("daemon ready") and process.returncode > 0:
                return REFUSED_START
            return f"stuck: the daemon ended by itself with {process.returncode}: {Run(0, log, 0).tail}"
        if done.count() >= count and (now - rested > 0.25 and is_at_rest(slot)):
            break
        if now - rested > 0.25:
            rested = now
        if ended is None and first_seen is not None and (is_over() or now - first_seen > CAUSE):
            end_cause()
            ended = now
        if ended is not None and now - ended > RECOVERY:
            # Whether all that is missing is in the catalogue is for the judge.
            if done.count() >= count:
                break
            return f"stuck: {done.count()} of {count} done {RECOVERY} s after the cause had gone: " \
                + Run(0, slot.log(), 0).tail
        if first_seen is None and done.seconds() > PATIENCE:
            return f"stuck: {done.count()} of {count} done after {PATIENCE} s: " + Run(0, slot.log(), 0).tail
        time.sleep(0.05)
    end_cause()
    case.more["seconds"] = round(max(0.0, time.monotonic() - ended) if ended else 0.0, 1)
    process.send_signal(signal.SIGTERM)
    if process.wait(PATIENCE) != 0:
        return f"stuck: the daemon stopped with {process.returncode}: {Run(0, slot.log(), 0).tail}"
    return None


def make_room_and_finish(slot, make_room):
    """What a service manager does with a daemon that died: it starts it again, while there is no room and after."""
    slot.await_no_workers()
    slot.once()
    make_room()
    slot.finish()


def is_at_rest(slot):
    """Whether nothing is owed any more: no room held, no name to be removed, no sidecars to be moved."""
    with judge.opened(slot.state / "catalog.sqlite3") as catalog:
        return not any(catalog.execute(question).fetchone()[0] for question in judge.OWED.values())


class Done:
    """How many documents are completed, as the log tells."""

    def __init__(self, slot, again):
        self.file, self.length, self.seen, self.begin = slot.home / "log", 0, set(), time.monotonic()

    def seconds(self):
        return time.monotonic() - self.begin

    def count(self):
        with self.file.open("rb") as log:
            log.seek(self.length)
            whole, newline, _ = log.read().rpartition(b"\n")
        self.length += len(whole + newline)
        for line in whole.splitlines():
            if b'"document completed"' in line:
                self.seen.add(line.partition(b'"document":"')[2][:36])
        return len(self.seen)
