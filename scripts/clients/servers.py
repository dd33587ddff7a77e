"""The servers that clients upload to: OpenSSH's, and NFS by nfs-ganesha, both on loopback."""
import os, pathlib, shutil, socket, subprocess, time

from scene import ACCOUNT, Wrong


def await_port(port, process, seconds=30):
    """Returns once somebody listens; a server says so in no other way."""
    end = time.monotonic() + seconds
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except ConnectionRefusedError:
            if process.poll() is not None or time.monotonic() > end:
                raise Wrong(f"nobody listens on port {port}")
            time.sleep(0.05)


class SSHServer:
    port = 2222

    def __init__(self, scene):
        folder = scene.folder("ssh")
        self.key, host = scene.home / "key", folder / "host"
        for key in (self.key, host):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
        for key in (self.key, scene.home / "key.pub"):
            os.chown(key, scene.account.pw_uid, scene.account.pw_gid)
        pathlib.Path("/run/sshd").mkdir(exist_ok=True)
        config = folder / "sshd_config"
        config.write_text(
            f"Port {self.port}\nListenAddress 127.0.0.1\nHostKey {host}\nPidFile none\nUsePAM no\nStrictModes no\n"
            f"AuthorizedKeysFile {scene.home}/key.pub\nPasswordAuthentication no\n"
            "Subsystem sftp /usr/lib/openssh/sftp-server\n")
        log = (folder / "log").open("w")
        # By its full path, or it will not start itself anew for each connection.
        self.process = subprocess.Popen([shutil.which("sshd", path="/usr/sbin:/usr/local/sbin"), "-D", "-e", "-f", config], stderr=log)
        await_port(self.port, self.process)
        self.url = f"sftp://{ACCOUNT}@127.0.0.1:{self.port}"
        self.options = ["-i", self.key, "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=no",
                        "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR"]
        # As one word for programs that call ssh themselves.
        self.command = " ".join(map(str, ["ssh", "-p", self.port, *self.options]))


class NFSServer:
    """nfs-ganesha over an inbox's own file system.

    As it is installed it keeps files open for ever after they were written; here it is told to close them soon,
    unless `closes_files` is false.
    """

    def __init__(self, scene, inbox, port=2049, versions="3, 4", closes_files=True):
        folder = scene.folder(f"nfs-{port}")
        self.identity, self.port = f"uid={scene.account.pw_uid}&gid={scene.account.pw_gid}", port
        if "3" in versions:
            start_rpcbind()
        path = scene.inboxes[inbox]
        config = folder / "ganesha.conf"
        config.write_text(f"""
NFS_CORE_PARAM {{ NFS_Protocols = {versions}; NFS_Port = {port}; Enable_NLM = false; Enable_RQUOTA = false; }}
NFSv4 {{ Graceless = true; RecoveryBackend = fs; RecoveryRoot = {folder}; }}
{"MDCACHE { FD_LWMark_Percent = 0; LRU_Run_Interval = 5; }" if closes_files else ""}
EXPORT {{
    Export_Id = 1; Path = {path}; Pseudo = {path}; Access_Type = RW; Squash = None;
    SecType = sys; Protocols = {versions}; FSAL {{ Name = VFS; }}
}}
""")
        self.process = subprocess.Popen(
            ["ganesha.nfsd", "-F", "-f", config, "-L", folder / "log", "-p", folder / "pid", "-N", "NIV_EVENT"])
        await_port(port, self.process)

    def url(self, path, version):
        return f"nfs://127.0.0.1{path}?version={version}&nfsport={self.port}&{self.identity}"

    def stop(self):
        self.process.terminate()
        self.process.wait(60)


def start_rpcbind():
    # What it leaves in /run would be seen from outside.
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", "/run"], check=True)
    for name in ("/run/sshd", "/run/ganesha", "/run/rpcbind"):
        pathlib.Path(name).mkdir()
    await_port(111, subprocess.Popen(["rpcbind", "-f", "-w"], stderr=subprocess.DEVNULL))
