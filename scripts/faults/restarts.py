"""Stops and starts: three accounts drop files without a pause while the daemon is stopped and killed again and again."""
import multiprocessing, os, random, signal, subprocess, time, traceback

import judge, lives, workload
from slot import Wrong

# The longest that a stop may take, in seconds, whatever is in hand.
STOP = 5
# How many files each account drops for each restart.
FILES_A_LIFE = 5
# How long the daemon lives at most once it is at work, in seconds; and the fifth that ends before it has got anywhere.
AT_WORK, EARLY = 0.6, 0.1
# Past this size a stop meets a copy that is under way.
HUGE = 8_000_000


def restart(slot, case):
    """Lets the daemon live many short lives under load, and then finish."""
    chance = random.Random(case.more["seed"])
    backlog = case.more["backlog"]
    files = load(slot, chance, backlog, case.more["restarts"] * FILES_A_LIFE)
    expected = expectation(slot, files)
    workload.clear(slot.disk)
    workload.lay(slot.disk, [file for of_one in files.values() for file in of_one[:backlog]])
    pace = multiprocessing.Value("i", 0)
    droppers = [begin(drop, slot, files[inbox][backlog:], pace, chance.random()) for inbox in files]
    try:
        for _ in range(case.more["restarts"]):
            with pace.get_lock():
                pace.value += FILES_A_LIFE
            live(slot, case, chance)
        while droppers:
            _, status = os.waitpid(droppers[-1], 0)
            droppers.pop()
            if status:
                raise Wrong(f"harness: an account's program ended with {status}")
    finally:
        for dropper in droppers:
            os.kill(dropper, signal.SIGKILL)
            os.waitpid(dropper, 0)
    slot.finish(patience=300)
    slot.await_no_workers()
    complaints = list(judge.judge(slot, expected))
    if (slowest := case.more.get("slowest stop", 0)) > STOP:
        complaints.append(f"stuck: a stop took {slowest} s")
    return complaints


def begin(work, *arguments):
    """A process of its own, as a thread cannot have rights of its own; a pool's children may have none of the library's."""
    if child := os.fork():
        return child
    try:
        work(*arguments)
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def live(slot, case, chance):
    """One life: it ends as a service manager ends it, or as a crash does."""
    process = slot.start()
    is_early = chance.random() < 0.2
    if not is_early:
        await_work(slot, process)
        case.reached += 1
    try:
        # What this waits for is chance itself.
        process.wait(chance.random() * (EARLY if is_early else AT_WORK))
    except subprocess.TimeoutExpired:
        pass
    else:
        raise Wrong(f"stuck: the daemon ended by itself with {process.returncode}: {slot.log()[-3:]}")
    if chance.random() < 0.5:
        slot.kill(process)
        slot.await_no_workers()
        return
    began = time.monotonic()
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(lives.PATIENCE)
    except subprocess.TimeoutExpired:
        slot.kill(process)
        raise Wrong(f"stuck: it did not stop in {lives.PATIENCE} s: {slot.log()[-3:]}")
    case.more["slowest stop"] = max(case.more.get("slowest stop", 0), round(time.monotonic() - began, 2))
    # Before it listens to signals, one ends it at once; it has then begun nothing.
    has_begun = any(line["event"] == "daemon started" for line in slot.log())
    if process.returncode != 0 and (has_begun or process.returncode != -signal.SIGTERM):
        raise Wrong(f"stuck: a stop ended with {process.returncode}: {slot.log()[-3:]}")
    slot.await_no_workers()


def await_work(slot, process):
    """Something always waits: the accounts drop more in each life."""
    end = time.monotonic() + lives.PATIENCE
    while not any(line["event"] in WORK for line in slot.log()):
        if process.poll() is not None or time.monotonic() > end:
            slot.kill(process)
            raise Wrong(f"stuck: the daemon does nothing ({process.returncode}): {slot.log()[-3:]}")
        time.sleep(0.01)


WORK = ("claim begun", "stage started")


def load(slot, chance, backlog, count):
    """What each account drops: a heap of small files at first, then small and large ones, tables, equal contents."""
    of = workload.contents(slot.root)
    files = {}
    for inbox in workload.INBOXES:
        files[inbox] = []
        for number in range(backlog + count):
            kind, folder = chance.random() if number >= backlog else 1, chance.choice(["", "sub/", "sub/deep/"])
            name = f"{folder}{number}"
            if kind < 0.1:
                content, is_table = table(f"{inbox}{number}", 5000 if kind < 0.03 else 50), True
            elif kind < 0.3:
                content, is_table = of["english"], False
            elif kind < 0.32:
                content, is_table = of["english"] + b"\n%%%d%b\n" % (number, b"x" * HUGE), False
            else:
                content, is_table = of["korean"] + f"\n% {inbox} {number}\n".encode(), False
            files[inbox].append(workload.Drop(inbox, name + (".csv" if is_table else ".pdf"), content, is_table))
    return files


def table(name, rows):
    return b"name,email\n" + b"".join(f"Person {row},{name}.{row}@example.org\n".encode() for row in range(rows))


def drop(slot, files, pace, seed):
    """What an account's own program does, with its rights: writes in place, or beside and then renames."""
    chance = random.Random(seed)
    os.setgroups([])
    os.setresgid(*[files[0].uid] * 3)
    os.setresuid(*[files[0].uid] * 3)
    for number, file in enumerate(files):
        while pace.value <= number:
            time.sleep(0.01)
        path = slot.disk / file.whole
        path.parent.mkdir(parents=True, exist_ok=True)
        if chance.random() < 0.5:
            write(path, file.content, chance)
        else:
            beside = path.with_name(f".{path.name}")
            write(beside, file.content, chance)
            beside.rename(path)
        time.sleep(chance.random() * 2 * AT_WORK / FILES_A_LIFE)


def write(path, content, chance):
    """Writes a file in two parts: the daemon must not take the first alone."""
    with path.open("wb") as file:
        half = chance.randrange(len(content))
        file.write(content[:half])
        file.flush()
        file.write(content[half:])


def expectation(slot, files):
    """What one clean run makes of the same files."""
    drops = [drop for of_one in files.values() for drop in of_one]
    workload.clear(slot.disk)
    workload.lay(slot.disk, drops)
    slot.finish(patience=300)
    expected = judge.Expectation(slot, False, drops)
    if complaints := list(judge.judge(slot, expected)):
        raise Wrong(f"a run without any fault is wrong already: {complaints[:4]}")
    return expected
