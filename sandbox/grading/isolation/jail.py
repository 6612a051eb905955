"""Inside: prepares namespaces and a root file system of its own, then runs the submission's commands.

Run by linux.py as `python -I -S jail.py CONTROL_FD`; standard library only, and nothing of the project,
because it runs before and after the walls are up. Every protection is tried; what does not work here is
reported and left out. The control socket carries one JSON object a line:

    in:  the configuration, then "go"
    out: {"protections": [...]} (with the listening socket as a descriptor), {"exit": code}
"""

import array
import ctypes
import errno
import fcntl
import json
import os
import resource
import shutil
import signal
import socket
import struct
import sys

# `python -I` leaves this folder out of the path; the copy is shared with the portable way.
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from jail_copy import copy_plain

CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWIPC = 0x00020000, 0x04000000, 0x08000000
CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET = 0x10000000, 0x20000000, 0x40000000
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC = 1, 2, 4, 8
MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 32, 4096, 16384, 1 << 18
MNT_DETACH = 2
PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS = 1, 4, 24, 38
SYS_MOUNT_SETATTR, SYS_PIVOT_ROOT = 442, {"x86_64": 155, "aarch64": 41}
AT_RECURSIVE, AT_FDCWD = 0x8000, -100

libc = ctypes.CDLL(None, use_errno=True)


def checked(answer: int, what: str) -> int:
    """Raise the OSError of a libc call that failed."""
    if answer < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{what}: {os.strerror(code)}")
    return answer


def unshare(flags: int) -> None:
    checked(libc.unshare(flags), "unshare")


def mount(source, target, kind, flags, data=None) -> None:
    def raw(text):
        return None if text is None else os.fsencode(text)

    checked(
        libc.mount(raw(source), raw(target), raw(kind), ctypes.c_ulong(flags), raw(data)),
        f"mount {target}",
    )


def prctl(option: int, value: int) -> int:
    return libc.prctl(option, ctypes.c_ulong(value), 0, 0, 0)


class Jail:
    def __init__(self, control: socket.socket, config: dict) -> None:
        self.control = control
        self.config = config
        self.limits = config["limits"]
        self.uid = config["uid"]
        self.gid = config["gid"]
        self.root = config["root"]
        self.protections: list = []
        self.held: dict = {}
        self.listener: socket.socket | None = None
        self.aws_listener: socket.socket | None = None

    def attempt(self, name: str, how: str, action) -> bool:
        """Try one protection and remember whether it holds."""
        try:
            action()
            self.held[name] = True
            self.protections.append([name, True, how])
        except (OSError, ValueError, AttributeError) as error:
            self.held[name] = False
            self.protections.append([name, False, f"not available here: {error}"])
        return self.held[name]

    # Walls, in the order in which they can be put up.

    def build(self) -> None:
        """Put up every wall that this system allows."""
        if os.geteuid() != 0:
            self.attempt("user namespace", "unshare", self._user_namespace)
        self.attempt("file system", "own root in a mount namespace", self._file_system)
        self.attempt("network", "own network namespace, one relay to the endpoint", self._network)
        self.attempt("processes unseen", "own process namespace", lambda: unshare(CLONE_NEWPID))
        self.attempt(
            "shared memory", "own IPC and host names", lambda: unshare(CLONE_NEWIPC | CLONE_NEWUTS)
        )
        self.protections.append(
            [
                "other user",
                self.uid != 0,
                f"user {self.uid}, no privileges, no_new_privs",
            ]
        )

    def _user_namespace(self) -> None:
        uid, gid = os.geteuid(), os.getegid()
        unshare(CLONE_NEWUSER)
        with open("/proc/self/setgroups", "w") as file:
            file.write("deny")
        with open("/proc/self/uid_map", "w") as file:
            file.write(f"{uid} {uid} 1")
        with open("/proc/self/gid_map", "w") as file:
            file.write(f"{gid} {gid} 1")

    def _network(self) -> None:
        unshare(CLONE_NEWNET)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            request = struct.pack("16sh14x", b"lo", 0)
            flags = struct.unpack("16sh14x", fcntl.ioctl(probe, 0x8913, request))[1]
            fcntl.ioctl(probe, 0x8914, struct.pack("16sh14x", b"lo", flags | 1))
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(("127.0.0.1", self.config["port"]))
        self.listener.listen(64)

    def _file_system(self) -> None:
        unshare(CLONE_NEWNS)
        mount(None, "/", None, MS_REC | MS_PRIVATE)
        size, inodes = self.limits["disk_bytes"], self.limits["files"]
        mount(
            "tmpfs",
            self.root,
            "tmpfs",
            MS_NOSUID | MS_NODEV,
            f"size={size},nr_inodes={inodes},mode=755",
        )
        for path in self.config["read_only"]:
            self._show(path)
        self._devices()
        for path, text in self.config["files"].items():
            self._write(path, text)
        for path in ("tmp", "var/tmp", "dev/shm", "proc", "run"):
            os.makedirs(self.inside(path), exist_ok=True)
        for path in ("tmp", "var/tmp", "dev/shm"):
            os.chmod(self.inside(path), 0o1777)
        self._own_folder(self.config["home"])
        self._copy_work(self.config["source"], self.inside(self.config["cwd"]))

    def inside(self, path: str) -> str:
        """Where the jail's `path` is while its root is still a folder of ours."""
        return os.path.join(self.root, path.lstrip("/"))

    def _show(self, path: str) -> None:
        target = self.inside(path)
        if os.path.islink(path):
            os.makedirs(os.path.dirname(target), exist_ok=True)
            os.symlink(os.readlink(path), target)
            return
        if not os.path.exists(path):
            return
        if os.path.isdir(path):
            os.makedirs(target, exist_ok=True)
        else:
            os.makedirs(os.path.dirname(target), exist_ok=True)
            open(target, "a").close()
        mount(path, target, None, MS_BIND | MS_REC)
        self._make_read_only(target)

    def _make_read_only(self, target: str) -> None:
        attributes = struct.pack("QQQQ", MS_RDONLY | MS_NOSUID | MS_NODEV, 0, 0, 0)
        answer = libc.syscall(
            SYS_MOUNT_SETATTR,
            AT_FDCWD,
            os.fsencode(target),
            AT_RECURSIVE,
            attributes,
            ctypes.c_size_t(len(attributes)),
        )
        if answer == 0:
            return
        # Before Linux 5.12; flags that are locked in a user namespace must be repeated.
        kept = os.statvfs(target).f_flag & (MS_NOSUID | MS_NODEV | MS_NOEXEC)
        mount(None, target, None, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | kept)

    def _devices(self) -> None:
        os.makedirs(self.inside("dev"), exist_ok=True)
        for name in ("null", "zero", "full", "random", "urandom"):
            target = self.inside(f"dev/{name}")
            open(target, "a").close()
            mount(f"/dev/{name}", target, None, MS_BIND)
        for name, to in (("fd", "fd"), ("stdin", "fd/0"), ("stdout", "fd/1"), ("stderr", "fd/2")):
            os.symlink(f"/proc/self/{to}", self.inside(f"dev/{name}"))

    def _write(self, path: str, text: str) -> None:
        target = self.inside(path)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        with open(target, "w") as file:
            file.write(text)
        os.chmod(target, 0o755 if text.startswith("#!") else 0o644)

    def _own_folder(self, path: str) -> None:
        target = self.inside(path)
        os.makedirs(target, exist_ok=True)
        os.chown(target, self.uid, self.gid)
        os.chmod(target, 0o700)

    def _copy_work(self, source: str, target: str) -> None:
        os.makedirs(target, exist_ok=True)
        os.chown(target, self.uid, self.gid)
        for folder, folders, files in os.walk(source):
            here = os.path.join(target, os.path.relpath(folder, source))
            for name in folders:
                os.makedirs(os.path.join(here, name), exist_ok=True)
                os.chown(os.path.join(here, name), self.uid, self.gid)
            for name in files:
                to = os.path.join(here, name)
                shutil.copyfile(os.path.join(folder, name), to)
                os.chmod(to, 0o755 if os.access(os.path.join(folder, name), os.X_OK) else 0o644)
                os.chown(to, self.uid, self.gid)

    # Running.

    def serve_aws(self) -> None:
        """A socket for the warm aws command, in the jail's file system."""
        path = self.config.get("aws_socket")
        if not path:
            return
        place = self.inside(path) if self.held["file system"] else path
        try:
            listener = socket.socket(socket.AF_UNIX)
            # The whole path may be longer than a socket's name can be.
            here = os.getcwd()
            os.chdir(os.path.dirname(place))
            listener.bind(os.path.basename(place))
            os.chmod(os.path.basename(place), 0o666)
            os.chdir(here)
            listener.listen(64)
        except OSError:
            return
        self.aws_listener = listener

    def init(self) -> None:
        """Process 1 of the jail: moves into the new root, runs the commands, reaps orphans."""
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        prctl(PR_SET_DUMPABLE, 0)
        if self.held["file system"]:
            unshare(CLONE_NEWNS)
            mount(None, "/", None, MS_REC | MS_PRIVATE)
            if self.held["processes unseen"]:
                try:
                    mount("proc", self.inside("proc"), "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC)
                except OSError as error:
                    if error.errno not in (errno.EPERM, errno.EINVAL):
                        raise
            os.chdir(self.root)
            number = SYS_PIVOT_ROOT.get(os.uname().machine, 155)
            checked(libc.syscall(number, b".", b"."), "pivot_root")
            checked(libc.umount2(b".", MNT_DETACH), "umount")
            os.chdir("/")
            for path in (self.config["home"], "/tmp", "/var/tmp", "/dev/shm"):
                # With what is shown below: the sandbox itself may stand under /tmp.
                mount(path, path, None, MS_BIND | MS_REC)
            mount(None, "/", None, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV)
        if self.held["shared memory"]:
            libc.sethostname(b"sandbox", 7)
        server = self.spawn(self.config["aws_server"]) if self.aws_listener else None
        if self.aws_listener:
            self.aws_listener.close()
        self.control.send(b'{"ready": true}\n')
        if not self.control.recv(16):
            os._exit(0)
        trouble, wanted = os.pipe()
        main = self.spawn(self.config["command"], wanted)
        os.close(wanted)
        message = os.read(trouble, 4096).decode(errors="replace")
        if message:
            self.control.send(json.dumps({"failed": message}).encode() + b"\n")
        while True:
            try:
                pid, status = os.wait()
            except ChildProcessError:
                break
            if pid == main:
                if server:
                    os.kill(server, signal.SIGKILL)
                code = os.waitstatus_to_exitcode(status)
                self.control.send(json.dumps({"exit": code}).encode() + b"\n")
                break
        os._exit(0)

    def spawn(self, command: list, trouble: int | None = None) -> int:
        """Start `command` as the unprivileged user, within the limits.

        What prevents that is written to the descriptor `trouble`, which is closed otherwise.
        """
        pid = os.fork()
        if pid:
            return pid
        try:
            # Descriptor 3: the prepared aws listens there; of the commands it closes when they begin.
            kept = trouble
            if kept is None and self.aws_listener is not None:
                kept = self.aws_listener.fileno()
            if kept is None:
                os._exit(126)
            os.dup2(kept, 3, inheritable=trouble is None)
            self._become_nobody()
            nothing = os.open("/dev/null", os.O_RDWR)
            os.dup2(nothing, 0)
            os.closerange(4, 65536)
            os.chdir(self.config["cwd"])
            os.execvpe(command[0], command, self.config["environment"])
        except BaseException as error:
            if trouble is not None:
                os.write(3, f"the commands could not be started: {error}".encode())
        os._exit(126)

    def _become_nobody(self) -> None:
        os.setsid()
        os.umask(0o022)
        limits = self.limits
        for kind, value in (
            (resource.RLIMIT_CPU, limits["cpu_seconds"]),
            (resource.RLIMIT_FSIZE, limits["file_bytes"]),
            (resource.RLIMIT_NOFILE, limits["open_files"]),
            (resource.RLIMIT_DATA, limits["memory_bytes"]),
            (resource.RLIMIT_NPROC, limits["processes"]),
            (resource.RLIMIT_CORE, 0),
        ):
            hard = resource.getrlimit(kind)[1]
            value = value if hard == resource.RLIM_INFINITY else min(value, hard)
            resource.setrlimit(kind, (value, value))
        for capability in range(64):
            if prctl(PR_CAPBSET_DROP, capability) < 0:
                break
        if os.geteuid() == 0:
            os.setgroups([])
            os.setresgid(self.gid, self.gid, self.gid)
            os.setresuid(self.uid, self.uid, self.uid)
        header, nothing = struct.pack("Ii", 0x20080522, 0), bytes(24)
        libc.capset(header, nothing)
        prctl(PR_SET_NO_NEW_PRIVS, 1)

    def collect(self) -> None:
        """Copy what the commands left behind: plain files only, within the limits."""
        if self.held["file system"]:
            copy_plain(
                self.inside(self.config["cwd"]),
                self.config["collect"],
                self.limits["disk_bytes"],
                self.limits["files"],
            )


def main() -> None:
    prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    control = socket.socket(fileno=int(sys.argv[1]))
    text = b""
    while not text.endswith(b"\n"):
        piece = control.recv(1 << 20)
        if not piece:
            # The grader is gone before it said anything.
            sys.exit(1)
        text += piece
    jail = Jail(control, json.loads(text))
    jail.build()
    jail.serve_aws()
    report = json.dumps({"protections": jail.protections}).encode() + b"\n"
    descriptors = [] if jail.listener is None else [jail.listener.fileno()]
    control.sendmsg(
        [report],
        [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))]
        if descriptors
        else [],
    )
    if jail.listener is not None:
        jail.listener.close()
    child = os.fork()
    if child == 0:
        try:
            jail.init()
        except BaseException as error:
            os.write(2, f"the jail could not be closed: {error}\n".encode())
            os._exit(125)
    _, status = os.waitpid(child, 0)
    try:
        jail.collect()
    except OSError as error:
        os.write(2, f"not everything could be collected: {error}\n".encode())
    control.send(json.dumps({"over": os.waitstatus_to_exitcode(status)}).encode() + b"\n")


if __name__ == "__main__":
    main()
