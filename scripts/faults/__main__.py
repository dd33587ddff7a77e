"""Lets everything go wrong that can under the daemon, one call at a time, and judges what became of twenty drops.

usage: python3 scripts/faults [FOLDER WITH THE BUILT PROGRAMS]     (as root)

Environment:
  FAULTS  "full" or "quick" (full)
  ONLY    some of "census kills errors cuts full restarts" (all of them)
  CASE    a part of the description of the cases to run
  HUNT    what catches one broken build (see mutants.py), instead of these
  SEED    draws the same cases again
  JOBS    how many cases run side by side (the processors)
  TMPDIR  where to work (/dev/shm: a sync costs nothing there)
  KEEP    1 keeps the work for a look

Prints a table and ends with 1 where anything is wrong, with 2 where it was interrupted.

All of it happens in namespaces of its own: every process and every mount ends with this one, however it ends.
"""
import ctypes, fcntl, os, pathlib, shutil, signal, subprocess, sys, tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
INSIDE = "INGESTD_FAULTS_INSIDE"
PREFIX = "ingestd-faults-"
# prctl(2)
PR_SET_CHILD_SUBREAPER = 36


# Outside: a place to work in, which is gone afterwards.

def supervise():
    """Starts this program again where nothing that it does is seen from outside, and removes what it leaves."""
    if os.geteuid() != 0:
        sys.exit("faults: this needs root, for accounts and disks of its own")
    # What the namespace's first process leaves behind comes to this one, which so knows when all is over.
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    base = pathlib.Path(os.environ.get("TMPDIR", "/dev/shm"))
    for stale in base.glob(f"{PREFIX}*"):
        if not is_in_use(stale):
            shutil.rmtree(stale)
    work = pathlib.Path(tempfile.mkdtemp(prefix=PREFIX, dir=base))
    lock = os.open(work, os.O_RDONLY | os.O_DIRECTORY)
    fcntl.flock(lock, fcntl.LOCK_EX)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupted)
    child = None
    try:
        namespaces = ["--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
        # A session of its own: an interrupt comes here, and nowhere else.
        child = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", "unshare", *namespaces, sys.executable, *sys.argv],
            env={**os.environ, INSIDE: str(work)}, start_new_session=True)
        return child.wait()
    except InterruptedError as error:
        print(f"faults: interrupted by {error}", file=sys.stderr)
        return 2
    finally:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        if child:
            child.kill()
            await_all()
        if "KEEP" in os.environ:
            print(f"faults: kept {work}", file=sys.stderr)
        else:
            shutil.rmtree(work)


def interrupted(number, _):
    raise InterruptedError(signal.Signals(number).name)


def await_all():
    try:
        while True:
            os.wait()
    except ChildProcessError:
        return


def is_in_use(work):
    """Whether another run of this program holds a place to work in; one that was killed has let go of it."""
    try:
        folder = os.open(work, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        finally:
            os.close(folder)
    except BlockingIOError:
        return True
    return False


# Inside.

def bury_orphans():
    """Leaves the work to a child: the first process of a namespace is who buries what daemons leave behind."""
    if child := os.fork():
        while True:
            process, status = os.wait()
            if process == child:
                os._exit(os.waitstatus_to_exitcode(status) & 0x7F)


def main():
    if INSIDE not in os.environ:
        return supervise()
    bury_orphans()
    # Nothing is left beside the sources, least of all as root.
    sys.dont_write_bytecode = True
    import schedule

    programs = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / ".build/release").resolve()
    work = pathlib.Path(os.environ[INSIDE])
    work.chmod(0o755)
    build = ["cc", "-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror", "-fPIC", "-shared"]
    subprocess.run([*build, "-o", work / "faults.so", ROOT / "Faults/faults.c", "-ldl"], check=True)
    return schedule.run(work, programs, ROOT)


sys.exit(main())
