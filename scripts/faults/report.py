"""Counts what became of the cases, and prints it as a table."""
import collections, datetime, platform, sys

from plan import DURABLE

SORTS = ["lost", "duplicated", "corrupt", "stuck", "left over"]
# So many complaints are printed in full.
MOST_SHOWN = 400


class Tally:
    def __init__(self, quick):
        self.quick, self.seconds = quick, 0.0
        self.points, self.reached, self.found = collections.Counter(), collections.Counter(), collections.Counter()
        self.refused, self.slowest, self.complaints, self.kinds = collections.Counter(), {}, [], []
        self.restarted, self.slowest_stop = collections.Counter(), 0
        self.places, self.skipped = collections.Counter(), {}

    def take_census(self, counts):
        """Notes what undisturbed runs call; returns how many durable calls each makes."""
        self.kinds = counts
        for name, made in zip(("first", "over earlier documents"), counts):
            print(f"faults: durable calls, {name}: {sum(made[kind] for kind in DURABLE)}: "
                  + ", ".join(f"{kind} {count}" for kind, count in made.items() if count), flush=True)
        return [sum(made[kind] for kind in DURABLE) for made in counts]

    def skip(self, count, where):
        self.skipped[where] = count

    def add(self, case, complaints):
        self.points[case.sort] += case.more.get("restarts", 1)
        self.reached[case.sort] += case.reached if "restarts" in case.more else bool(case.reached)
        self.refused[case.sort] += bool(case.more.get("refused"))
        self.restarted[case.sort] += bool(case.more.get("restarted"))
        self.slowest_stop = max(self.slowest_stop, case.more.get("slowest stop", 0))
        seconds = case.more.get("seconds", 0)
        self.slowest[case.sort] = max(self.slowest.get(case.sort, 0), seconds)
        for place in case.places:
            self.places[place.partition(" ")[0]] += 1
        for sort in {sort_of(complaint) for complaint in complaints}:
            self.found[case.sort, sort] += 1
        for complaint in complaints[:4]:
            self.complaints.append(f"{case} [{'; '.join(case.places)}]: {complaint}")
            # At once as well: a full run takes long.
            print(f"faults: {self.complaints[-1]}"[:600], file=sys.stderr, flush=True)

    def print(self):
        print(f"\nkernel {platform.release()}, {datetime.date.today()}, {self.seconds:.0f} s\n")
        columns = ["fault", "points", "reached", *SORTS]
        print("| " + " | ".join(columns) + " |\n| --- |" + " ---: |" * (len(columns) - 1))
        for row in self.points:
            cells = [row, self.points[row], self.reached[row], *(self.found[row, sort] for sort in SORTS)]
            print("| " + " | ".join(map(str, cells)) + " |")
        for row in self.points:
            if self.refused[row]:
                print(f"{row}: {self.refused[row]} of them met the start, which was refused; the next one succeeded")
            if self.restarted[row]:
                print(f"{row}: {self.restarted[row]} of them ended the daemon with SIGBUS; the next start succeeded")
            if self.slowest[row]:
                print(f"{row}: all done at most {self.slowest[row]} s after the cause had gone")
        if self.slowest_stop:
            print(f"the slowest stop under load took {self.slowest_stop} s")
        print("struck: " + ", ".join(f"{kind} {count}" for kind, count in sorted(self.places.items()) if kind))
        for complaint in self.complaints[:MOST_SHOWN]:
            print(f"WRONG: {complaint}")
        for where, count in self.skipped.items():
            print(f"SKIPPED: {count} cases {where}")
        # A thinned run does with what there is; a full one proves nothing without all of it.
        wrong = sum(self.found.values()) + (0 if self.quick else len(self.skipped)) + (not self.points and not self.skipped)
        skipped = f", {sum(self.skipped.values())} SKIPPED" if self.skipped else ""
        print(f"\n{self.points.total()} cases, " + (f"{wrong} wrong" if wrong else "all right") + skipped)
        return 1 if wrong else 0


def sort_of(complaint):
    sort = complaint.partition(":")[0]
    return sort if sort in SORTS else "corrupt"
