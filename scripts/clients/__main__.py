"""Publishes a file through every client that people use, into inboxes of the built daemon, and judges what became of each.

usage: python3 scripts/clients [FOLDER WITH THE BUILT PROGRAMS]     (as root)

Environment: ONLY, words of which a client's name must have one ("sftp nfs"; all); STALL_SECONDS, how long the upload
stalls that stalls (180); TMPDIR, where to work (/var/tmp), on a disk; KEEP=1 keeps the work for a look. Prints a table
and ends with 1 where anything is wrong.

All of it happens in namespaces of its own: the network is a loopback device, the accounts are lines in a copy of
/etc/passwd, and every process and every mount ends with this one.
"""
import os, pathlib, shutil, subprocess, sys, tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
INSIDE = "INGESTD_CLIENTS_INSIDE"


def enter_namespaces():
    """Starts this program again where nothing that it does is seen from outside."""
    if os.geteuid() != 0:
        sys.exit("clients: this needs root, for accounts and servers of its own")
    os.environ[INSIDE] = "1"
    namespaces = ["--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
    os.execvp("unshare", ["unshare", *namespaces, sys.executable, *sys.argv])


def main():
    if INSIDE not in os.environ:
        enter_namespaces()
    # Nothing is left beside the sources, least of all as root.
    sys.dont_write_bytecode = True
    import report, schedule
    from scene import Scene

    programs = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / ".build/release").resolve()
    work = pathlib.Path(tempfile.mkdtemp(prefix="ingestd-clients-", dir=os.environ.get("TMPDIR", "/var/tmp")))
    try:
        scene = Scene(work, programs, ROOT)
        cases = schedule.chosen(os.environ.get("ONLY", "").split())
        schedule.run(scene, cases)
        return report.report(scene, cases)
    finally:
        if "KEEP" in os.environ:
            print(f"clients: kept {work}", file=sys.stderr)
        else:
            # A mount point cannot be removed; where the set-up failed there may be none.
            subprocess.run(["umount", "--lazy", work / "tmpfs"], stderr=subprocess.DEVNULL)
            shutil.rmtree(work, ignore_errors=True)


sys.exit(main())
