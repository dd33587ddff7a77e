"""Clients that take their time, each beside all the others."""
import os, signal, time

from case import LARGE, STILL_WRITTEN, case
from uploads import KILOBYTES_A_SECOND, ended_well, sftp
from writers import WRITER

STALL_SECONDS = float(os.environ.get("STALL_SECONDS", 180))
PAGES, PAGE_SECONDS = 5, 8


@case("scanner, a page every 8 s, its file open", long=True)
def scanner(case):
    source, path = case.drop()
    case.run(*WRITER, "scanner", source, path, PAGES, PAGE_SECONDS, "open")


@case("scanner, a page every 8 s, reopened for each", inbox="scans", long=True, note="`settle: 10s`")
def scanner_reopening(case):
    source, path = case.drop()
    case.run(*WRITER, "scanner", source, path, PAGES, PAGE_SECONDS, "reopen")


@case("upload that stalls, its file open", long=True, note=f"for {STALL_SECONDS:.0f} s")
def stall(case):
    source, path = case.drop(size=LARGE)
    process = sftp(case, f"put {source} {path}", limit=KILOBYTES_A_SECOND)
    case.await_size(path, LARGE // 2)
    os.killpg(process.pid, signal.SIGSTOP)
    begin = time.monotonic()
    case.await_reason(path, STILL_WRITTEN)
    time.sleep(max(0, begin + STALL_SECONDS - time.monotonic()))
    # It must have stayed so.
    case.await_reason(path, STILL_WRITTEN)
    os.killpg(process.pid, signal.SIGCONT)
    ended_well(case, process)
