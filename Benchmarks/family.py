"""What a daemon and its workers take, while they go on."""
import os, pathlib


def family_cpu(pid):
    """The CPU seconds that a process, all that descend from it, and those of them that ended have taken so far."""
    parents, ticks = {}, {}
    for path in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        parents[int(path.parent.name)] = int(fields[1])
        ticks[int(path.parent.name)] = sum(int(field) for field in fields[11:15])

    def descends(one):
        while one in parents and one != pid:
            one = parents[one]
        return one == pid

    return sum(count for one, count in ticks.items() if descends(one)) / os.sysconf("SC_CLK_TCK")


def own_cpu(pid):
    """The CPU seconds that a process has taken by itself so far."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def family_memory(pid):
    """The bytes of memory that a process and all that descend from it share out among themselves right now.

    What several have in common, as forked processes do, counts once.
    """
    total = 0
    for one in [pid, *descendants(pid)]:
        try:
            lines = pathlib.Path(f"/proc/{one}/smaps_rollup").read_text().splitlines()
        except (FileNotFoundError, ProcessLookupError):
            continue
        total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) * 1024
    return total


def descendants(pid):
    """The processes that descend from one, as they are now."""
    found = []
    for task in pathlib.Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            children = [int(child) for child in task.read_text().split()]
        except (FileNotFoundError, ProcessLookupError):
            continue
        for child in children:
            found += [child, *descendants(child)]
    return found
