"""Lets everything go wrong that can under the daemon, one call at a time, and judges what became of twenty drops.

usage: python3 scripts/faults [FOLDER WITH THE BUILT PROGRAMS]     (as root)

Environment: FAULTS, "full" or "quick" (full); ONLY, some of "census kills errors cuts full restarts" (all of them); HUNT, what catches one
broken build (see mutants.py), instead; SEED, to draw
the same cases again; JOBS, how many cases run side by side (the processors); TMPDIR, where to work (/dev/shm: a sync costs
nothing there); KEEP=1 keeps the work for a look; CASE, a part of the description of the cases to run. Prints a table and
ends with 1 where anything is wrong.

All of it happens in namespaces of its own: every process and every mount ends with this one.
"""
import os, pathlib, shutil, subprocess, sys, tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
INSIDE = "INGESTD_FAULTS_INSIDE"


def enter_namespaces():
    """Starts this program again where nothing that it does is seen from outside."""
    if os.geteuid() != 0:
        sys.exit("faults: this needs root, for accounts and disks of its own")
    os.environ[INSIDE] = "1"
    namespaces = ["--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
    os.execvp("unshare", ["unshare", *namespaces, sys.executable, *sys.argv])


def bury_orphans():
    """Leaves the work to a child: the first process of a namespace is who buries what daemons leave behind."""
    if child := os.fork():
        while True:
            process, status = os.wait()
            if process == child:
                os._exit(os.waitstatus_to_exitcode(status) & 0x7F)


def main():
    if INSIDE not in os.environ:
        enter_namespaces()
    bury_orphans()
    # Nothing is left beside the sources, least of all as root.
    sys.dont_write_bytecode = True
    import schedule

    programs = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / ".build/release").resolve()
    work = pathlib.Path(tempfile.mkdtemp(prefix="ingestd-faults-", dir=os.environ.get("TMPDIR", "/dev/shm")))
    work.chmod(0o755)
    try:
        build = ["cc", "-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror", "-fPIC", "-shared"]
        subprocess.run([*build, "-o", work / "faults.so", ROOT / "Faults/faults.c", "-ldl"], check=True)
        return schedule.run(work, programs, ROOT)
    finally:
        if "KEEP" in os.environ:
            print(f"faults: kept {work}", file=sys.stderr)
        else:
            shutil.rmtree(work, ignore_errors=True)


sys.exit(main())
