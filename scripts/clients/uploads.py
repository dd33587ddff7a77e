"""Clients of other machines: SFTP, SSH and NFS, as one uses them every day, and cut off in the middle."""
import time

from case import LARGE, STILL_WRITTEN, case
from scene import ACCOUNT
from servers import NFSServer

# So slow that a large file takes four seconds.
KILOBYTES_A_SECOND = 1024


def sftp(case, *lines, limit=None):
    """Starts OpenSSH's sftp on a batch of commands."""
    ssh = case.scene.ssh
    batch = case.source("\n".join(lines).encode(), name=f"{case.slug}.{time.time()}.batch")
    limits = ["-l", limit * 8] if limit else []
    return case.begin("sftp", "-q", "-b", batch, *limits, "-P", ssh.port, *ssh.options, f"{ACCOUNT}@127.0.0.1")


def ended_well(case, process):
    code = process.wait(120)
    if code != 0:
        case.wrong.append(f"the client ended with {code}")


def cut_half_way(case, process, path):
    """Kills the client when half of the file is there; returns what the server had of it when it noticed."""
    case.await_size(path, LARGE // 2)
    case.scene.cut(process)
    case.await_closed(path)
    return path.read_bytes()


@case("sftp put")
def put(case):
    source, path = case.drop(size=LARGE)
    ended_well(case, sftp(case, f"put {source} {path}"))


@case("sftp put -p, times of 2001")
def put_preserving(case):
    source, path = case.drop()
    case.run("touch", "-d", "2001-01-01", source)
    ended_well(case, sftp(case, f"put -p {source} {path}"))


@case("sftp put cut off, put -a within settle")
def put_resumed(case):
    source, path = case.drop(size=LARGE)
    cut_half_way(case, sftp(case, f"put {source} {path}", limit=KILOBYTES_A_SECOND), path)
    ended_well(case, sftp(case, f"put -a {source} {path}"))


@case("sftp put cut off, put again later", note="the part is what the server had; the whole displaces it")
def put_again(case):
    content = case.content(size=LARGE)
    source = case.source(content)
    path = case.expect(f"{case.slug}.pdf")
    part = cut_half_way(case, sftp(case, f"put {source} {path}", limit=KILOBYTES_A_SECOND), path)
    case.expected[0].contents = [part, content]
    case.await_claim(path)
    # There is nothing left to resume.
    if sftp(case, f"put -a {source} {path}").wait(60) == 0:
        case.wrong.append("put -a went on with a file that was taken")
    ended_well(case, sftp(case, f"put {source} {path}"))


@case("sftp rename, as WinSCP's .filepart")
def filepart(case):
    source, path = case.drop(size=LARGE)
    # -l is the protocol's own rename, which the server does by link and unlink.
    ended_well(case, sftp(case, f"put {source} {path}.filepart", f"rename -l {path}.filepart {path}"))


@case("sftp rename, posix-rename")
def posix_rename(case):
    source, path = case.drop(size=LARGE)
    ended_well(case, sftp(case, f"put {source} {path}.filepart", f"rename {path}.filepart {path}"))


@case("scp")
def scp(case):
    source, path = case.drop(size=LARGE)
    case.run("scp", "-q", "-P", case.scene.ssh.port, *case.scene.ssh.options, source, f"{ACCOUNT}@127.0.0.1:{path}")


@case("scp -O -p, the older protocol")
def scp_older(case):
    source, path = case.drop(size=LARGE)
    case.run("scp", "-q", "-O", "-p", "-P", case.scene.ssh.port, *case.scene.ssh.options, source, f"{ACCOUNT}@127.0.0.1:{path}")


def lftp(case, *settings):
    source, path = case.drop(size=LARGE)
    program = case.scene.ssh.command.replace(f" -p {case.scene.ssh.port}", "")
    commands = [f'set sftp:connect-program "{program} -a -x"', *settings,
                f"open -u {ACCOUNT},none sftp://127.0.0.1:{case.scene.ssh.port}", f"put {source} -o {path}", "bye"]
    case.run("lftp", "-c", "; ".join(commands))


@case("lftp put")
def lftp_plain(case):
    lftp(case)


@case("lftp put, xfer:use-temp-file")
def lftp_temporary(case):
    lftp(case, "set xfer:use-temp-file yes", 'set xfer:temp-file-name "*.lftp"')


@case("rclone copyto")
def rclone(case):
    source, path = case.drop(size=LARGE)
    remote = f":sftp,host=127.0.0.1,port={case.scene.ssh.port},user={ACCOUNT},key_file={case.scene.ssh.key}:{path}"
    case.run("rclone", "copyto", source, remote)


@case("curl -T, sftp:")
def curl(case):
    source, path = case.drop(size=LARGE)
    case.run("curl", "-sS", "--insecure", "--key", case.scene.ssh.key, "--pubkey", f"{case.scene.ssh.key}.pub",
             "-T", source, f"{case.scene.ssh.url}{path}")


def rsync(case, source, path, *options):
    return case.begin("rsync", "-e", case.scene.ssh.command, *options, source, f"{ACCOUNT}@127.0.0.1:{path}")


@case("rsync")
def rsync_plain(case):
    source, path = case.drop(size=LARGE)
    ended_well(case, rsync(case, source, path, "-a"))


@case("rsync --inplace")
def rsync_in_place(case):
    source, path = case.drop(size=LARGE)
    ended_well(case, rsync(case, source, path, "--inplace", f"--bwlimit={KILOBYTES_A_SECOND}"))


@case("rsync --partial cut off, resumed within settle")
def rsync_partial(case):
    source, path = case.drop(size=LARGE)
    first = rsync(case, source, path, "--partial", f"--bwlimit={KILOBYTES_A_SECOND}")
    hidden = lambda: [p for p in path.parent.glob(f".{path.name}.*") if case.scene.size(p) >= LARGE // 2]
    case.scene.await_that("half of the file is there", hidden)
    case.scene.cut(first)
    # Now the server gives the part its final name.
    case.await_size(path, 1)
    ended_well(case, rsync(case, source, path, "--partial"))


@case("rsync --append cut off, resumed within settle")
def rsync_append(case):
    source, path = case.drop(size=LARGE)
    cut_half_way(case, rsync(case, source, path, "--append", f"--bwlimit={KILOBYTES_A_SECOND}"), path)
    ended_well(case, rsync(case, source, path, "--append"))


@case("NFSv3, libnfs to nfs-ganesha", long=True, note="nfs-ganesha closes files soon: `FD_LWMark_Percent = 0`")
def nfs3(case):
    source, path = case.drop(size=LARGE)
    case.run("nfs-cp", source, case.scene.nfs.url(path, 3))


def drop_small(case):
    # This libnfs writes no more than 2 KiB by version 4.
    content = (case.scene.root / "Tests/Fixtures/pdf/blank.pdf").read_bytes()
    return case.source(content), case.expect(f"{case.slug}.pdf", content)


@case("NFSv4, libnfs to nfs-ganesha", long=True, note="the same")
def nfs4(case):
    source, path = drop_small(case)
    case.run("nfs-cp", source, case.scene.nfs.url(path, 4))


@case("NFSv4, nfs-ganesha as installed", inbox="kept open", long=True, note="until the server is stopped")
def nfs4_kept_open(case):
    source, path = drop_small(case)
    server = NFSServer(case.scene, "kept open", port=2050, versions="4", closes_files=False)
    case.run("nfs-cp", source, server.url(path, 4))
    case.await_reason(path, STILL_WRITTEN)
    time.sleep(30)
    case.await_reason(path, STILL_WRITTEN)
    server.stop()


@case("NFSv4, nfs-ganesha as installed", inbox="kept open, not waited for", long=True, note="`open_writer_timeout: 20s`; it warns")
def nfs4_let_go(case):
    source, path = drop_small(case)
    case.expected[0].state = "completed_with_warnings"
    server = NFSServer(case.scene, case.inbox_name, port=2051, versions="4", closes_files=False)
    case.run("nfs-cp", source, server.url(path, 4))
