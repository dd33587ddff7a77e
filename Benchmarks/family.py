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
