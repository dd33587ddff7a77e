"""A place to work in: a disk with inboxes and a state directory, and the daemon over it. One case at a time."""
import json, os, pathlib, signal, subprocess, time

from plan import Plan
import workload

LIBRARY = "faults.so"
# How long a run may take that has nothing to wait for, and one that waits for a cause to go.
PATIENCE = 60


class Wrong(Exception):
    """Something that must not be, in words."""


class Run:
    """One life of the daemon: how it ended, and what it said."""

    def __init__(self, code, log, seconds):
        self.code, self.log, self.seconds = code, log, seconds

    def lines(self, *events):
        return [line for line in self.log if line["event"] in events]

    @property
    def tail(self):
        return " | ".join(json.dumps(line) if "text" not in line else line["text"] for line in self.log[-4:])[-700:]


class Slot:
    def __init__(self, number, home, programs, root, expectations=None):
        # What clean runs make is the same in all slots; by whether earlier documents stand there.
        self.expectations = {} if expectations is None else expectations
        self.number, self.home, self.programs, self.root = number, home / f"slot{number}", programs, root
        self.disk = self.home / "disk"
        self.disk.mkdir(parents=True)
        for folder in (self.home, self.disk):
            folder.chmod(0o755)
        self.config, self.session = self.home / "ingestd.yaml", 0
        self.config.write_text(json.dumps({
            "state": str(self.disk / "state"), "log": {"format": "json", "level": "debug"},
            "inboxes": [{"path": str(self.disk / inbox), "settle": "0s", "settle_without_proof": "0s"}
                        for inbox in workload.INBOXES],
            "workers": {"program": str(programs / "ingest-worker"), "count": 2}}))

    @property
    def state(self):
        return self.disk / "state"

    def plan(self, *faults, mount="", trace=""):
        return Plan(self.home / "plan", faults, mount, trace, self.disk)

    # The daemon.

    def start(self, *arguments, plan=None, before=()):
        environment = {**os.environ, "SWIFT_BACKTRACE": "enable=no"}
        if plan:
            environment |= {"LD_PRELOAD": str(self.home.parent / LIBRARY), "FAULTS_PLAN": str(plan.path)}
        with (self.home / "log").open("wb") as log:
            process = subprocess.Popen(
                [*map(str, before), self.programs / "ingestd", "run", "--config", self.config, *arguments], stderr=log,
                stdin=subprocess.DEVNULL, env=environment, start_new_session=True)
        self.session = process.pid
        return process

    def log(self):
        lines = []
        for line in (self.home / "log").read_bytes().splitlines():
            try:
                lines.append(json.loads(line))
            except ValueError:
                lines.append({"event": "", "text": line.decode(errors="replace")})
        return lines

    def once(self, plan=None, patience=PATIENCE, before=()):
        """Lets the daemon take what is there, to its end, a good one or a bad one."""
        begin = time.monotonic()
        process = self.start("--once", plan=plan, before=before)
        try:
            code = process.wait(patience)
        except subprocess.TimeoutExpired:
            self.kill(process)
            raise Wrong(f"stuck: run --once did not end in {patience} s: {Run(None, self.log(), 0).tail}")
        return Run(code, self.log(), time.monotonic() - begin)

    def kill(self, process):
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def finish(self, patience=PATIENCE):
        """Restarts the daemon without faults; it must come to a good end by itself."""
        run = self.once(patience=patience)
        if run.code != 0:
            raise Wrong(f"stuck: the restart ended with {run.code}: {run.tail}")
        return run

    def await_no_workers(self):
        """What the daemon has started ends with it, however that came about."""
        end = time.monotonic() + 5
        while time.monotonic() < end:
            if self.session not in sessions():
                return
            time.sleep(0.005)
        raise Wrong("left over: a worker outlived its daemon by 5 s")

    # What stands on the disk.

    def restore(self, template=None):
        workload.clear(self.disk)
        if template:
            subprocess.run(["cp", "-a", f"{template}/.", self.disk], check=True)
        workload.lay(self.disk, workload.drops(self.root))

    def make_template(self):
        """A disk on which some of the names bear documents already."""
        template = self.home / "template"
        if not template.exists():
            workload.clear(self.disk)
            workload.lay(self.disk, workload.earlier(self.root))
            self.finish()
            subprocess.run(["cp", "-a", self.disk, template], check=True)
        return template


def sessions():
    """The sessions of all processes. One that is dying has no command line any more, but still its files and this."""
    found = set()
    for process in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            # After the name, which may hold anything: state, parent, group, session.
            found.add(int(process.read_bytes().rpartition(b")")[2].split()[3]))
        except OSError:
            continue
    return found
