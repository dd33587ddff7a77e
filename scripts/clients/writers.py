"""Ways of writing for which there is no everyday program: our own does them, as the account."""
import pathlib, subprocess, sys

from case import LARGE, SECOND_NAME, STILL_WRITTEN, case

WRITER = [sys.executable, pathlib.Path(__file__).parent / "writer.py"]


def in_two_steps(case, way, source, path, *more, reason):
    """Lets the writer rest half-way until the status file has told the true reason."""
    process = case.begin(*WRITER, way, source, path, *more, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout.readline() == b"half\n"
    case.await_reason(path, reason)
    process.communicate(b"\n")
    assert process.returncode == 0, f"{way}: {process.returncode}"


@case("browser: empty file, then a rename over it")
def browser(case):
    source, path = case.drop(size=LARGE)
    case.run(*WRITER, "browser", source, path, f"{path}.crdownload")


@case("O_TMPFILE and link")
def unnamed(case):
    source, path = case.drop()
    case.run(*WRITER, "unnamed_then_linked", source, path)


@case("writer through mmap, descriptor closed", long=True)
def mapping(case):
    source, path = case.drop()
    in_two_steps(case, "through_mapping", source, path, reason=STILL_WRITTEN)


@case("writer through a hard link elsewhere", long=True)
def other_link(case):
    source, path = case.drop()
    in_two_steps(case, "through_another_link", source, path, case.scene.aside / "other-link", reason=SECOND_NAME)


@case("two writers", long=True)
def two(case):
    source, path = case.drop()
    in_two_steps(case, "two_writers", source, path, reason=STILL_WRITTEN)


@case("renamed in while still written", long=True)
def renamed(case):
    source, path = case.drop()
    in_two_steps(case, "renamed_while_written", source, path, case.scene.aside / "renamed", reason=STILL_WRITTEN)
