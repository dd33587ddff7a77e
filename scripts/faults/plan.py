"""What the harness and the preloaded library tell each other: the bytes that Faults/plan.h describes."""
import ctypes, errno, mmap, pathlib

KINDS = ["write", "sync", "rename", "link", "unlink", "mkdir", "truncate", "allocate", "clone", "create", "attributes",
         "open", "read", "spawn"]
# What changes a disk: these calls are numbered for kills and power cuts.
DURABLE = KINDS[:11]
DEEDS = ["none", "kill", "cut", "fail", "short", "pretend", "pretend short", "lose"]
MAGIC = 0x464C5401
PLACE_LENGTH, KIND_LIMIT, FAULT_COUNT = 512, 32, 2
ALL = 1 << 40


class Fault(ctypes.Structure):
    _fields_ = [("kinds", ctypes.c_uint64), ("number", ctypes.c_uint64), ("times", ctypes.c_uint64),
                ("met", ctypes.c_uint64), ("hits", ctypes.c_uint64), ("deed", ctypes.c_uint32),
                ("is_after", ctypes.c_uint32), ("error", ctypes.c_int32), ("is_over", ctypes.c_uint32),
                ("scope", ctypes.c_char * PLACE_LENGTH), ("place", ctypes.c_char * PLACE_LENGTH)]


class Table(ctypes.Structure):
    _fields_ = [("magic", ctypes.c_uint32), ("cut_error", ctypes.c_int32), ("mount", ctypes.c_char * PLACE_LENGTH),
                ("trace", ctypes.c_char * PLACE_LENGTH), ("counts", ctypes.c_uint64 * KIND_LIMIT),
                ("faults", Fault * FAULT_COUNT)]


class Wanted:
    """One fault: what happens at which calls; `scope` is a path below the disk."""

    def __init__(self, deed, number, kinds=DURABLE, times=1, after=False, error=0, scope=""):
        self.deed, self.number, self.kinds, self.times = deed, number, kinds, times
        self.after, self.error, self.scope = after, error, scope

    def __str__(self):
        what = self.deed if not self.error else errno.errorcode[self.error]
        when = "after" if self.after else "at"
        where = "durable call" if self.kinds == DURABLE else "/".join(self.kinds)
        often = "" if self.times == 1 else f" {self.times} times" if self.times < ALL else " for good"
        return f"{what} {when} {where} {self.number}{often}" + (f" in {self.scope}" if self.scope else "")


class Plan:
    """The shared file of one run of the daemon."""

    def __init__(self, path, faults=(), mount="", trace="", disk=""):
        self.path = pathlib.Path(path)
        self.path.write_bytes(bytes(ctypes.sizeof(Table)))
        with self.path.open("r+b") as file:
            self.memory = mmap.mmap(file.fileno(), 0)
        self.table = Table.from_buffer(self.memory)
        self.table.magic, self.table.mount, self.table.trace = MAGIC, str(mount).encode(), str(trace).encode()
        for place, wanted in zip(self.table.faults, faults):
            place.kinds = sum(1 << KINDS.index(kind) for kind in wanted.kinds)
            place.number, place.times, place.error = wanted.number, wanted.times, wanted.error
            place.deed, place.is_after = DEEDS.index(wanted.deed), wanted.after
            place.scope = f"{disk}/{wanted.scope}".encode() if wanted.scope else b""

    @property
    def counts(self):
        return {kind: self.table.counts[index] for index, kind in enumerate(KINDS)}

    @property
    def durable(self):
        return sum(self.counts[kind] for kind in DURABLE)

    def hits(self, fault=0):
        return self.table.faults[fault].hits

    def place(self, fault=0):
        return self.table.faults[fault].place.decode(errors="replace")

    def end_cause(self):
        for fault in self.table.faults:
            fault.is_over = 1
