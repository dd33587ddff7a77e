"""Breaks the daemon on purpose, in a copy, and demands that the harness catches it: else its silence would prove nothing.

usage: python3 scripts/faults/mutants.py [NAME...]     (as root)

Each of Faults/mutants/*.patch is one mistake that others have made. The copy is built below .build/mutants, so that only
what a patch touches is built again. Prints a table and ends with 1 where a broken build was not caught, or where the sound
one was blamed by the same hunt.
"""
import os, pathlib, shutil, subprocess, sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
COPY = ROOT / ".build/mutants"
COPIED = ["Package.swift", "Package.resolved", "Sources", "Tests", "Benchmarks"]
FLAGS = ["--explicit-target-dependency-import-check", "error"]
HARM = {"lost": 2, "duplicated": 3, "corrupt": 4}


def build():
    for product in ("ingestd", "ingest-worker"):
        subprocess.run(["swift", "build", *FLAGS, "--product", product], cwd=COPY, check=True, stdout=subprocess.DEVNULL)
    return COPY / ".build/debug"


def lay_out():
    """Makes the copy as the sources are, and touches nothing that is so already."""
    COPY.mkdir(parents=True, exist_ok=True)
    for name in COPIED:
        for stale in (COPY / name).rglob("*"):
            if stale.is_file() and not (ROOT / stale.relative_to(COPY)).exists():
                stale.unlink()
        if (ROOT / name).is_dir():
            for source in (ROOT / name).rglob("*"):
                place(source)
        elif (ROOT / name).exists():
            place(ROOT / name)


def place(source):
    target = COPY / source.relative_to(ROOT)
    if source.is_dir():
        target.mkdir(parents=True, exist_ok=True)
    elif not target.exists() or target.read_bytes() != source.read_bytes():
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)


def hunt(name, programs):
    """Whether anything was wrong, how many cases there were, the harm by its sort, and the complaints."""
    told = subprocess.run(
        [sys.executable, ROOT / "scripts/faults", programs], capture_output=True, text=True,
        env={**os.environ, "HUNT": name, "ONLY": ""})
    rows = [[cell.strip() for cell in line.strip("| ").split("|")] for line in told.stdout.splitlines()
            if line.startswith("| ") and "---" not in line][1:]
    harm = {sort: sum(int(row[column + 1]) for row in rows) for sort, column in HARM.items()}
    if told.returncode not in (0, 1) or not rows:
        sys.exit(f"mutants: the hunt for {name} failed: {told.stdout[-800:]} {told.stderr[-800:]}")
    complaints = [line for line in told.stdout.splitlines() if line.startswith(("WRONG", "SKIPPED"))]
    return told.returncode == 1, sum(int(row[1]) for row in rows), harm, complaints


def main():
    patches = sorted((ROOT / "Faults/mutants").glob("*.patch"))
    patches = [patch for patch in patches if patch.stem in (sys.argv[1:] or [patch.stem])]
    lay_out()
    sound, wrong = build(), []
    print("| build | points | lost | duplicated | corrupt | verdict |\n| --- | ---: | ---: | ---: | ---: | --- |", flush=True)
    for patch in patches:
        report(f"sound, hunted for {patch.stem}", *hunt(patch.stem, sound), expected=False, wrong=wrong)
    for patch in patches:
        with patch.open() as text:
            subprocess.run(["patch", "-p1", "--quiet", "--fuzz=3", "--no-backup-if-mismatch"], cwd=COPY, stdin=text, check=True)
        try:
            report(patch.stem, *hunt(patch.stem, build()), expected=True, wrong=wrong)
        finally:
            lay_out()
    return 1 if wrong else 0


def report(name, is_blamed, points, harm, complaints, expected, wrong):
    is_right = is_blamed == expected and (not expected or any(harm.values()))
    verdict = ("caught" if expected else "blamed") if is_blamed else ("**missed**" if expected else "passes")
    print(f"| {name} | {points} | {harm['lost']} | {harm['duplicated']} | {harm['corrupt']} | {verdict} |", flush=True)
    if not is_right:
        wrong.append(name)
        print("\n".join(complaints), file=sys.stderr, flush=True)


sys.exit(main())
