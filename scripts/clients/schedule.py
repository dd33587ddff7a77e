"""Runs the cases: one after the other, and those that take minutes beside all of them."""
import sys, threading, time

import programs, slow, uploads, writers  # each registers its cases
from case import CASES
from scene import Wrong
from servers import NFSServer, SSHServer


def chosen(words):
    return [c for c in CASES if not words or any(word in c.client for word in words)]


def run(scene, cases):
    scene.ssh, scene.nfs = SSHServer(scene), NFSServer(scene, "inbox")
    scene.start()
    threads = [threading.Thread(target=perform, args=(case, scene)) for case in cases if case.long]
    for thread in threads:
        thread.start()
    for case in cases:
        if not case.long:
            perform(case, scene)
    for thread in threads:
        thread.join()
    settle(scene, cases)
    scene.stop()


def perform(case, scene):
    begin = time.monotonic()
    case.perform(scene)
    print(f"  {case.client}: {time.monotonic() - begin:.1f} s", file=sys.stderr, flush=True)


def settle(scene, cases):
    """Waits until each path has ended as often as it must."""
    for case in cases:
        for expected in case.expected:
            def has_ended():
                return scene.ended_count(expected.path) >= len(expected.contents)
            try:
                scene.await_that(f"{expected.path.name} has ended", has_ended)
            except Wrong as error:
                case.wrong.append(str(error))
