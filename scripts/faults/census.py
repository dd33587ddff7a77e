"""Proves that the library counts every call: the same run is watched by strace, which misses none."""
import collections, re, shutil

from plan import DURABLE, KINDS

# What strace calls them, by kind.
CALLS = {
    "write": "write pwrite64 writev pwritev pwritev2 sendfile copy_file_range splice",
    "sync": "fsync fdatasync syncfs sync msync", "rename": "rename renameat renameat2",
    "link": "link linkat symlink symlinkat", "unlink": "unlink unlinkat rmdir", "mkdir": "mkdir mkdirat", "create": "mknod mknodat",
    "truncate": "truncate ftruncate", "allocate": "fallocate",
    "attributes": "chmod fchmod fchmodat chown fchown lchown fchownat setxattr fsetxattr lsetxattr utimensat",
}
LINE = re.compile(r"^(\d+) +(\w+)\((.*)$")
# The file that a call is about, where it is a descriptor: `-y` names it.
FILE = re.compile(r"^(\d+)<([^>]*)>")


def census(slot, case):
    """Runs the twenty drops under both; returns where the counts differ."""
    if not shutil.which("strace"):
        return ["there is no strace to compare with"]
    slot.restore(slot.make_template() if case.again else None)
    plan, log = slot.plan(), slot.home / "strace"
    calls = ",".join(" ".join(CALLS.values()).split()) + ",ioctl,open,openat,openat2,creat,execve"
    run = slot.once(plan, patience=300, before=["strace", "-f", "-y", "-qq", "-e", f"trace={calls}", "-o", log])
    if run.code != 0:
        return [f"the run under strace ended with {run.code}"]
    daemon, others = count(log)
    case.reached = True
    complaints = [f"{kind}: the library counted {plan.counts[kind]}, strace {daemon[kind]}"
                  for kind in DURABLE if plan.counts[kind] != daemon[kind]]
    return complaints + [f"a worker made a {kind} that no fault can strike" for kind in others]


def count(log):
    """Calls by kind, of the daemon's threads and of all other processes."""
    kinds = {call: kind for kind, calls in CALLS.items() for call in calls.split()}
    found, programs, own = collections.defaultdict(collections.Counter), {}, None
    unfinished = {}
    for line in log.read_text(errors="replace").splitlines():
        if not (match := LINE.match(line)):
            continue
        thread, call, rest = match.groups()
        if call == "execve":
            programs[thread] = rest
            own = own or thread
            continue
        if call == "ioctl":
            kind = "clone" if "FICLONE" in rest else None
        elif call in ("open", "openat", "openat2", "creat"):
            kind = "create" if "O_CREAT" in rest or call == "creat" else None
        else:
            kind = kinds.get(call)
        if kind == "write" and not is_file(rest):
            continue
        if kind:
            found[thread][kind] += 1
    # Threads of a worker are no leaders of an own program: they are told by what the leader was.
    workers = {thread for thread, program in programs.items() if "ingest-worker" in program}
    daemon, others = collections.Counter(), collections.Counter()
    for thread, counts in found.items():
        (others if thread in workers else daemon).update(counts)
    return daemon, others


def is_file(rest):
    """Whether what is written to is a file on a disk: no pipe, socket, log, device or mere memory."""
    match = FILE.match(rest)
    if not match or int(match[1]) <= 2:
        return False
    name = match[2]
    return name.startswith("/") and not name.startswith(("/dev/", "/proc/", "/sys/", "/memfd:")) or name.startswith("/dev/shm/")
