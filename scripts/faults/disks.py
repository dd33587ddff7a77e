"""Disks in files, mounted over a slot's own: ones whose power can be cut, and small ones that fill up."""
import contextlib, os, subprocess, time

import workload
from slot import Wrong

# Large enough for each file system's least size; the files have holes.
SIZES = {"ext4": "64M", "xfs": "300M", "btrfs": "128M", "tmpfs": "24M"}
MAKE = {
    "ext4": ["mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=0", "-m", "0"],
    "xfs": ["mkfs.xfs", "-q", "-f"],
    "btrfs": ["mkfs.btrfs", "-q", "-f", "--mixed"],
}
# Images of the same make bear the same identity, and xfs would refuse the second.
OPTIONS = {"xfs": ["-o", "nouuid"], "ext4": [], "btrfs": []}


class Image:
    """A file system in a file, and the one that it begins as."""

    def __init__(self, slot, system, name, make_more=()):
        self.slot, self.system = slot, system
        self.template, self.file = slot.home / f"{name}.template", slot.home / f"{name}.image"
        self.make_more = list(make_more)

    def make(self, with_earlier):
        """Makes the disk that cases begin with: the drops in their inboxes, safe on the disk."""
        if self.template.exists():
            return self
        self.format()
        with self.attached():
            self.mount()
            os.chmod(self.slot.disk, 0o755)
            if with_earlier:
                workload.lay(self.slot.disk, workload.earlier(self.slot.root))
                self.slot.finish()
            workload.lay(self.slot.disk, workload.drops(self.slot.root))
            self.unmount()
        self.file.rename(self.template)
        return self

    def format(self):
        succeed("truncate", "-s", SIZES[self.system], self.file)
        succeed(*MAKE[self.system], *self.make_more, self.file)

    @contextlib.contextmanager
    def attached(self):
        """A device over the file: the same one as long as this lasts, as a machine's disk has one name."""
        device = succeed("losetup", "--find", "--show", self.file).strip()
        held = os.open(device, os.O_RDONLY)
        # From now on it goes as soon as nobody has it open any more, however this program ends.
        succeed("losetup", "--detach", device)
        self.device = device
        try:
            yield self
        finally:
            os.close(held)

    def mount(self):
        succeed("mount", *OPTIONS[self.system], self.device, self.slot.disk)

    def unmount(self):
        unmount(self.slot.disk)

    @contextlib.contextmanager
    def fresh(self):
        succeed("cp", "--sparse=always", self.template, self.file)
        with self.attached():
            self.mount()
            try:
                yield self
            finally:
                if os.path.ismount(self.slot.disk):
                    self.unmount()


def succeed(*words):
    """Runs a program that must succeed; returns what it printed."""
    told = subprocess.run(words, capture_output=True, text=True)
    if told.returncode != 0:
        raise Refused(f"{words[0]} ended with {told.returncode}: {' '.join(told.stderr.split())}")
    return told.stdout


class Refused(Exception):
    """What this system does not do for us."""


def unmount(disk, seconds=5):
    """Whoever reads about a dying process in /proc holds what it has mapped for a moment longer than it lives."""
    end = time.monotonic() + seconds
    while True:
        told = subprocess.run(["umount", disk], capture_output=True, text=True)
        if told.returncode == 0:
            return
        if "busy" not in told.stderr or time.monotonic() > end:
            raise Wrong(f"left over: the disk cannot be unmounted: {told.stderr.strip()}")
        time.sleep(0.01)


def refusal(slot, system):
    """Why disks of a kind cannot be had here, as in many containers; nothing mostly."""
    if system == "tmpfs":
        return None
    try:
        probe = Image(slot, system, f"{system}-probe")
        probe.format()
        with probe.attached():
            probe.mount()
            probe.unmount()
        probe.file.unlink()
    except (OSError, Refused) as error:
        return str(error)
    return None


class Memory:
    """A tmpfs of few pages, which is gone when it is unmounted."""

    def __init__(self, slot, options):
        self.slot, self.options = slot, options

    @contextlib.contextmanager
    def fresh(self):
        subprocess.run(["mount", "-t", "tmpfs", "-o", self.options, "tmpfs", self.slot.disk], check=True)
        os.chmod(self.slot.disk, 0o755)
        workload.lay(self.slot.disk, workload.drops(self.slot.root))
        try:
            yield self
        finally:
            unmount(self.slot.disk)


def image(slot, system, with_earlier):
    return Image(slot, system, f"{system}-{'again' if with_earlier else 'first'}").make(with_earlier)
