"""Writes files in the ways that no everyday program shows at will; run by the cases, as the account.

usage: writer.py WAY SOURCE PATH [MORE]

What is to happen between two steps is awaited on standard input: one line, one step.
"""
import ctypes, mmap, os, sys, time


def pause(said):
    print(said, flush=True)
    if not sys.stdin.readline():
        sys.exit(1)


def through_mapping(source, path):
    """The descriptor is closed long before the last byte is there."""
    content = open(source, "rb").read()
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o644)
    os.ftruncate(file, len(content))
    mapping = mmap.mmap(file, len(content))
    os.close(file)
    half = len(content) // 2
    mapping[:half] = content[:half]
    pause("half")
    mapping[half:] = content[half:]
    mapping.close()


def unnamed_then_linked(source, path):
    content = open(source, "rb").read()
    file = os.open(os.path.dirname(path), os.O_WRONLY | os.O_TMPFILE, 0o644)
    os.write(file, content)
    libc = ctypes.CDLL(None, use_errno=True)
    at_fdcwd, follow = -100, 0x400
    if libc.linkat(at_fdcwd, f"/proc/self/fd/{file}".encode(), at_fdcwd, path.encode(), follow) != 0:
        raise OSError(ctypes.get_errno(), "linkat")
    os.close(file)


def through_another_link(source, path, other):
    """The inbox sees its name appear, and no event of what is written by the other one."""
    content = open(source, "rb").read()
    half = len(content) // 2
    with open(other, "wb") as file:
        file.write(content[:half])
    os.link(other, path)
    pause("half")
    with open(other, "ab") as file:
        file.write(content[half:])
    os.unlink(other)


def two_writers(source, path):
    """The one that closes first is not the last."""
    content = open(source, "rb").read()
    half = len(content) // 2
    second = open(path, "wb")
    first = open(path, "r+b")
    first.write(content[:half])
    first.close()
    pause("half")
    second.seek(half)
    second.write(content[half:])
    second.close()


def renamed_while_written(source, path, aside):
    content = open(source, "rb").read()
    half = len(content) // 2
    with open(aside, "wb", buffering=0) as file:
        file.write(content[:half])
        os.rename(aside, path)
        pause("half")
        file.write(content[half:])


def browser(source, path, partial):
    """Takes the name with an empty file, fills another, and renames that over it."""
    content = open(source, "rb").read()
    open(path, "xb").close()
    with open(partial, "wb", buffering=0) as file:
        for place in range(0, len(content), 65536):
            file.write(content[place:place + 65536])
            time.sleep(0.05)
    os.rename(partial, path)


def scanner(source, path, pages, seconds, keeps_open):
    """Appends a page every few seconds, with its file open all the time or opened anew for each."""
    content = open(source, "rb").read()
    share = -(-len(content) // int(pages))
    kept = open(path, "xb", buffering=0)
    for page in range(int(pages)):
        if page:
            time.sleep(float(seconds))
        # Without O_CREAT: a scanner whose file has gone says so.
        file = kept if keeps_open == "open" else open(path, "r+b", buffering=0)
        file.seek(0, os.SEEK_END)
        file.write(content[page * share:(page + 1) * share])
        if keeps_open != "open":
            kept.close()
            file.close()
    kept.close()


WAYS = {way.__name__: way for way in (
    through_mapping, unnamed_then_linked, through_another_link, two_writers, renamed_while_written, browser, scanner)}
WAYS[sys.argv[1]](*sys.argv[2:])
