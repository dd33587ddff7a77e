"""Programs on the same machine: copied, moved, unpacked, edited."""
import os

from case import case


@case("cp")
def cp(case):
    source, path = case.drop()
    case.run("cp", source, path)


@case("cp -p, times of 1970")
def cp_preserving(case):
    source, path = case.drop()
    os.utime(source, (0, 0))
    case.run("cp", "-p", source, path)


@case("cp, times of 2099 set afterwards")
def cp_of_the_future(case):
    source, path = case.drop()
    case.run("cp", source, path)
    case.run("touch", "-d", "2099-12-31", path)


@case("mv on the file system")
def mv(case):
    source, path = case.drop()
    case.run("mv", source, path)


@case("mv from a tmpfs")
def mv_across(case):
    content = case.content()
    source = case.source(content, folder=case.scene.tmpfs)
    case.run("mv", source, case.expect("mv-from-a-tmpfs.pdf", content))


@case("mv of a directory")
def mv_folder(case):
    folder = case.scene.aside / "moved"
    case.run("mkdir", "-p", folder / "deep/er")
    for name in ("one.pdf", "deep/two.pdf", "deep/er/three.pdf"):
        content = case.content(mark=name)
        case.run("cp", case.source(content), folder / name)
        case.expect(f"moved/{name}", content)
    case.run("mv", folder, case.inbox)


@case("mkdir -p a/b/c with files")
def mkdir(case):
    content = [case.content(mark=name) for name in "abc"]
    sources = [case.source(c, name=f"mkdir-{number}.pdf") for number, c in enumerate(content)]
    paths = [case.expect(name, c) for name, c in zip(("a/1.pdf", "a/b/2.pdf", "a/b/c/3.pdf"), content)]
    copies = "; ".join(f"cp {source} {path}" for source, path in zip(sources, paths))
    case.run("sh", "-ec", f"mkdir -p {case.inbox}/a/b/c; {copies}")


@case("install -D")
def install(case):
    source, path = case.drop(name="installed/deep/install.pdf")
    case.run("install", "-D", "-m", "0640", source, path)


@case("tar")
def tar(case):
    source, _ = case.drop(name="tar/tar.pdf")
    archive = case.scene.aside / "archive.tar"
    case.run("tar", "-C", source.parent, "-cf", archive, "--mtime=2001-01-01", f"--transform=s|.*|tar/tar.pdf|", source.name)
    case.run("tar", "-C", case.inbox, "-xf", archive)


@case("unzip")
def unzip(case):
    source, _ = case.drop(name="unzip.pdf")
    archive = case.scene.aside / "archive.zip"
    case.run("zip", "-q", "-j", archive, source)
    case.run("unzip", "-q", archive, "-d", case.inbox)


@case("vim, a new file")
def vim(case):
    source, path = case.drop()
    case.run("vim.tiny", "-b", "-u", "NONE", "-es", path, "-c", f"r {source}", "-c", "wq!")


@case("vim, a file not taken yet")
def vim_again(case):
    content = case.content()
    path = case.expect("vim-a-file-not-taken-yet.pdf", content.replace(b"/Mark", b"/Note"))
    case.run("cp", case.source(content), path)
    case.run("vim.tiny", "-b", "-u", "NONE", "-es", path, "-c", "set nobackup writebackup", "-c", "%s/Mark/Note/", "-c", "wq!")


@case("sed -i")
def sed(case):
    content = case.content()
    path = case.expect("sed-i.pdf", content.replace(b"/Mark", b"/Note"))
    case.run("cp", case.source(content), path)
    case.run("sed", "-i", "s|/Mark|/Note|", path)


@case("curl -T, file:")
def curl(case):
    source, path = case.drop()
    case.run("curl", "-sS", "-T", source, f"file://{path}")


@case("rsync, local")
def rsync(case):
    source, path = case.drop()
    case.run("rsync", "-a", source, path)
