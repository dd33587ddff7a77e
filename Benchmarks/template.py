"""Speaks the worker's own protocol, so that its processes can be measured without a daemon.

Rule: docs/formats.md, "Worker frames"; the messages are those of Sources/WorkerProtocol.
"""
import os, pathlib, select, socket, struct, subprocess, sys

INFO = struct.pack("<BQ", 1, 20_000)
TEXT = struct.pack("<BQQ", 2, 20_000, 64 << 20)
COVER = struct.pack("<BQQQQ", 3, 1, 300, 400, 85)
REQUESTS = [INFO, TEXT, COVER]


def frame(kind, payload=b""):
    return struct.pack("<IB", len(payload) + 1, kind) + payload


class Template:
    """The confined process that forks a child for each document or share; all that its children took is in its sums."""

    def __init__(self, programs):
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        identity = ["--uid", "65534", "--gid", "65534"] if os.geteuid() == 0 else []
        self.process = subprocess.Popen([programs / "ingest-worker", *identity], stdin=subprocess.DEVNULL,
                                        stdout=theirs, cwd="/", env={})
        theirs.close()
        self.control = ours
        self.child = None

    def fork(self, blob):
        self.child, theirs = socket.socketpair()
        order = struct.pack("<BQQQ", 1, 1 << 30, 480, 60)
        socket.send_fds(self.control, [order], [blob, theirs.fileno(), 2])
        theirs.close()
        answer, descriptors, _, _ = socket.recv_fds(self.control, 64, 1)
        assert answer[0] == 1, answer
        self.pidfd = descriptors[0]

    def turn(self, blob):
        socket.send_fds(self.child, [frame(2)], [blob])

    def read(self, requests=REQUESTS):
        """Stages over the document at hand; returns whether it was looked at, which a child that has grown does not."""
        for request in requests:
            rest, kind = b"", None
            try:
                self.child.sendall(frame(1, request))
            except BrokenPipeError:
                return False
            while kind not in (24, 25):
                while len(rest) < 5 or len(rest) < 4 + struct.unpack("<I", rest[:4])[0]:
                    try:
                        piece = self.child.recv(1 << 20)
                    except ConnectionResetError:
                        piece = b""
                    if not piece and request == requests[0] and kind is None:
                        return False
                    if not piece:
                        sys.exit("bench: a worker has died")
                    rest += piece
                length, kind = struct.unpack("<IB", rest[:5])
                rest = rest[4 + length:]
            if kind != 24:
                sys.exit("bench: a stage has failed")
        return True

    def child_seconds(self):
        """CPU seconds of the child so far."""
        fields = self.child_file("stat").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def child_peak(self):
        """Bytes of memory that the child has had resident at most."""
        return int(self.child_file("status").split("VmHWM:")[1].split()[0]) << 10

    def child_file(self, name):
        number = pathlib.Path(f"/proc/self/fdinfo/{self.pidfd}").read_text().split("Pid:")[1].split()[0]
        return pathlib.Path(f"/proc/{number}/{name}").read_text()

    def reap(self):
        self.child.close()
        select.select([self.pidfd], [], [])
        os.close(self.pidfd)
        self.control.send(b"\2")
        assert self.control.recv(64)[0] == 3

    def end(self):
        """Lets it go; returns the CPU seconds that it and all its children took."""
        self.control.close()
        _, status, usage = os.wait4(self.process.pid, 0)
        self.process.returncode = os.waitstatus_to_exitcode(status)
        assert self.process.returncode == 0, self.process.returncode
        return usage.ru_utime + usage.ru_stime
