"""Proof by strace that whatever happens in an inbox happens as its owner, beneath its root and following nothing."""
import re

CALLS = "trace=%file,%desc,setfsuid,setfsgid,setgroups"
COMPLAINTS = 20  # one mistake would come with each call
# On what is open already no right is asked for.
ON_OPEN_FILES = {"read", "pread64", "write", "pwrite64", "close", "fsync", "fchmod", "fcntl", "fstat", "getdents64",
                 "lseek", "fstatfs", "ioctl", "dup", "epoll_ctl", "poll", "ppoll", "select", "sendfile", "ftruncate"}


def command(record):
    """What a daemon is started by to be followed from its first instruction; it stays the starter's own child."""
    return ["strace", "-D", "-f", "-y", "-s", "512", "-e", CALLS, "-o", record]


def work(scene):
    """Has two drops of alice's taken, from their first event to their last status file."""
    inbox = scene.inboxes["identity"]
    folder = scene.make_folder(inbox / "sub", scene.alice)
    drop = scene.put(folder / "traced.pdf", scene.pdf(), scene.alice)
    scene.put(inbox / "club.pdf", scene.pdf(), None, 0o640, group=scene.club)
    for path in (drop, inbox / "club.pdf"):
        scene.await_that(lambda: scene.status(path).get("state") == "completed", f"the end of {path.name}")


class Thread:
    uid = gid = groups = None


def judge(scene, record):
    """Reads the trace call by call, keeping each thread's identity."""
    inbox = str(scene.inboxes["identity"])
    threads, counts, pending = {}, {}, {}
    for text in record.read_text(errors="replace").splitlines():
        number, rest = text.split(None, 1)
        if rest.endswith("<unfinished ...>"):
            pending[number] = rest.removesuffix("<unfinished ...>")
            continue
        resumed = re.match(r"<\.\.\. \w+ resumed>(.*)", rest)
        if resumed:
            rest = pending.pop(number, "") + resumed[1]
        call = rest.split("(", 1)[0]
        thread = threads.setdefault(number, Thread())
        arguments = rest[len(call) + 1:]
        if call in ("setfsuid", "setfsgid"):
            value = int(arguments.split(")")[0])
            if value not in (-1, 0xFFFFFFFF):
                setattr(thread, call[-3:], value)
        elif call == "setgroups":
            thread.groups = sorted(map(int, re.findall(r"\d+", arguments.partition(",")[2].partition(")")[0])))
        elif inbox in rest:
            counts[call] = counts.get(call, 0) + 1
            complaint = verdict(scene, thread, call, arguments, inbox)
            if complaint and len(scene.complaints) < COMPLAINTS:
                scene.complain(f"identity: {complaint}: {rest[:300]}")
    for call in ("openat2", "renameat2", "unlinkat", "openat", "statx"):
        if not counts.get(call):
            scene.complain(f"identity: the trace has no {call} in the inbox, so it proves nothing")
    calls = sum(counts.values())
    beneath = counts.get("openat2", 0)
    return f"{calls} calls in the inbox, {beneath} of them openat2; all as alice with her {len(scene.alice.groups)} groups"


def verdict(scene, thread, call, arguments, inbox):
    """What is wrong with one call that concerns the inbox; None where nothing is."""
    if call in ON_OPEN_FILES:
        return None
    if f'"{inbox}"' in arguments and (call == "readlink" or {"O_PATH", "O_NOFOLLOW"} <= set(re.findall(r"\w+", arguments))):
        return None  # the daemon finds the root, and reads nothing
    if call == "statx" and re.match(rf'\d+<{re.escape(inbox)}>, "", ', arguments):
        return None  # and looks who owns it
    if f'"{inbox}' in arguments:
        return "a path in an inbox, not beneath its root"
    if (thread.uid, thread.gid, thread.groups) != (scene.alice.uid, scene.alice.gid, scene.alice.groups):
        return f"as uid {thread.uid}, gid {thread.gid}, groups {thread.groups}"
    if call == "openat2":
        wanted = ["RESOLVE_BENEATH", "RESOLVE_NO_SYMLINKS", "RESOLVE_NO_MAGICLINKS", "O_CLOEXEC", "O_NOFOLLOW"]
        if "O_PATH" not in arguments and "O_DIRECTORY" not in arguments:
            wanted += ["O_NONBLOCK", "O_NOCTTY"]
        missing = [flag for flag in wanted if flag not in arguments]
        return f"without {missing}" if missing else None
    if call == "openat" and 'AT_FDCWD' in arguments:
        return "by a path"
    if call == "openat" and '"."' not in arguments and not ("O_EXCL" in arguments and "O_NOFOLLOW" in arguments):
        return "opened without openat2"
    return None
