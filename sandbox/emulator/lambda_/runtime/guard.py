"""The process around one execution environment: puts up its walls, starts the runtime, ends with it.

Run by process.py as `python -I -S guard.py [PATH...]`; standard library only. The first line on
the channel is the configuration (JSON). The runtime is a child that inherits the channel; the guard then
only watches. When the emulator is gone, however it ended, the channel hangs up and everything below the
guard is killed. When the runtime ends, the guard says so on the channel:

    out: "PID n" once the runtime runs, "EXIT n" (exit code, or minus the signal's number) at its end

A guard may be started ahead of time: it waits for its configuration with the runtime's modules loaded.
"""

import ctypes
import fcntl
import json
import os
import select
import signal
import socket
import sys
import time

CLONE_NEWNS, CLONE_NEWUSER, CLONE_NEWPID = 0x00020000, 0x10000000, 0x20000000
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC = 1, 2, 4, 8
MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 32, 4096, 16384, 1 << 18
MNT_DETACH = 2
PR_SET_PDEATHSIG, PR_SET_NO_NEW_PRIVS = 1, 38
SYS_MOUNT_SETATTR, SYS_PIVOT_ROOT = 442, {"x86_64": 155, "aarch64": 41}
AT_RECURSIVE, AT_FDCWD = 0x8000, -100
CHANNEL, OUTPUT = 3, 4
# What a function sees of the machine besides its own folders.
SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/nix", "/snap")
# Of /etc only what programs need to start and to find each other: keys and passwords are there, too.
SETTINGS = (
    "alternatives",
    "ca-certificates",
    "ca-certificates.conf",
    "host.conf",
    "hosts",
    "ld.so.cache",
    "ld.so.conf",
    "ld.so.conf.d",
    "localtime",
    "mime.types",
    "nsswitch.conf",
    "pki",
    "protocols",
    "resolv.conf",
    "services",
    "ssl/certs",
    "ssl/openssl.cnf",
    "timezone",
)

LINUX = sys.platform == "linux"
libc = ctypes.CDLL(None, use_errno=True)


def checked(answer, what):
    """Raise the OSError of a libc call that failed."""
    if answer < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{what}: {os.strerror(code)}")
    return answer


def mount(source, target, kind, flags, data=None):
    def raw(text):
        return None if text is None else os.fsencode(text)

    answer = libc.mount(raw(source), raw(target), raw(kind), ctypes.c_ulong(flags), raw(data))
    checked(answer, f"mount {target}")


class Walls:
    """A root of the environment's own: /var/task, /opt, a private /tmp, the system read-only."""

    def __init__(self, config):
        self.config = config
        self.root = config["root"]

    def separate(self):
        """Leave the emulator's namespaces; the next fork is process 1 of its own."""
        if self.config.get("rejoin"):
            self._rejoin()
            return
        uid, gid = os.geteuid(), os.getegid()
        checked(libc.unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID), "unshare")
        self._write("/proc/self/setgroups", "deny")
        # AWS's functions run as user 993.
        self._write("/proc/self/uid_map", f"993 {uid} 1")
        self._write("/proc/self/gid_map", f"990 {gid} 1")
        mount(None, "/", None, MS_REC | MS_PRIVATE)

    def _rejoin(self):
        """Take over the namespaces of a process that is gone: its root, with /tmp as it was left."""
        numbers = [os.open(path, os.O_RDONLY) for path in self.config["rejoin"]]
        for number in numbers:
            checked(libc.setns(number, 0), "setns")
            os.close(number)
        checked(libc.unshare(CLONE_NEWPID), "unshare")

    def enter(self):
        """Build the root and move into it; called in process 1."""
        if self.config.get("rejoin"):
            # Over the old one, which must be there: the kernel wants to see that nothing is hidden.
            mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC)
            return
        mount("tmpfs", self.root, "tmpfs", MS_NOSUID | MS_NODEV, "mode=755")
        for path in (*SYSTEM, *(f"/etc/{name}" for name in SETTINGS)):
            self._show(path, path)
        for path in self.config["visible"]:
            self._show(path, path)
        for name in ("null", "zero", "full", "random", "urandom"):
            self._show(f"/dev/{name}", f"/dev/{name}", read_only=False)
        for name, to in (("fd", "fd"), ("stdin", "fd/0"), ("stdout", "fd/1"), ("stderr", "fd/2")):
            os.symlink(f"/proc/self/{to}", f"{self.root}/dev/{name}")
        for path in ("dev/shm", "proc", "var/tmp", "tmp", "opt"):
            os.makedirs(f"{self.root}/{path}", exist_ok=True)
        os.chmod(f"{self.root}/opt", 0o755)
        for target, source in self.config["folders"].items():
            self._show(source, target)
        for path, program in self.config.get("links", {}).items():
            os.makedirs(os.path.dirname(self.root + path), exist_ok=True)
            os.symlink(program, self.root + path)
        try:
            mount("proc", f"{self.root}/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC)
        except OSError:
            # Inside a container whose /proc is covered in part; the processes of others stay visible then.
            mount("/proc", f"{self.root}/proc", None, MS_BIND | MS_REC)
        os.chdir(self.root)
        number = SYS_PIVOT_ROOT.get(os.uname().machine, 155)
        checked(libc.syscall(number, b".", b"."), "pivot_root")
        checked(libc.umount2(b".", MNT_DETACH), "umount")
        os.chdir("/")
        size = self.config["storage_bytes"]
        temporary = self.config.get("under_tmp") or ()
        if not temporary:
            mount("tmpfs", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV, f"size={size},mode=1777")
        else:
            os.chmod("/tmp", 0o1777)
            mount("/tmp", "/tmp", None, MS_BIND | MS_REC)
        mount(None, "/", None, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV)

    @staticmethod
    def _write(path, text):
        with open(path, "w") as file:
            file.write(text)

    def _show(self, source, target, read_only=True):
        inside = self.root + target
        if os.path.islink(source) and source == target:
            os.makedirs(os.path.dirname(inside), exist_ok=True)
            if not os.path.lexists(inside):
                os.symlink(os.readlink(source), inside)
            return
        if not os.path.exists(source):
            return
        if os.path.isdir(source):
            os.makedirs(inside, exist_ok=True)
        else:
            os.makedirs(os.path.dirname(inside), exist_ok=True)
            if not os.path.exists(inside):
                open(inside, "a").close()
        mount(source, inside, None, MS_BIND | MS_REC)
        if not read_only:
            return
        attributes = (ctypes.c_uint64 * 4)(MS_RDONLY | MS_NOSUID, 0, 0, 0)
        answer = libc.syscall(
            SYS_MOUNT_SETATTR,
            AT_FDCWD,
            os.fsencode(inside),
            AT_RECURSIVE,
            attributes,
            ctypes.c_size_t(32),
        )
        if answer < 0:
            # Before Linux 5.12; flags that are locked in a user namespace must be repeated.
            kept = os.statvfs(inside).f_flag & (MS_NOSUID | MS_NODEV | MS_NOEXEC)
            mount(None, inside, None, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | kept)


def drop_privileges():
    """Nothing of what the namespaces needed is left to the function."""
    if not LINUX:
        return
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    nothing = (ctypes.c_uint32 * 6)()
    libc.capset(header, nothing)
    libc.prctl(PR_SET_NO_NEW_PRIVS, ctypes.c_ulong(1), 0, 0, 0)


def run_python(config):
    """Become the Python runtime: AWS's client over the channel, in this very process."""
    os.environ.clear()
    os.environ.update(config["environment"])
    time.tzset()
    paths = [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]
    standard = [path for path in sys.path if path not in sys.argv[1:]]
    # As on AWS: the function's folder, layers, the runtime's libraries, then Python's own.
    sys.path[:] = list(dict.fromkeys(config["python_path"] + paths + standard))
    sys.path += [path for path in config["runtime_path"] if path not in sys.path]
    sys.argv = ["/var/runtime/bootstrap.py"]
    os.chdir(config["task_root"])
    # Line by line, as the real runtime's unbuffered output.
    sys.stdout = os.fdopen(1, "w", buffering=1, encoding="utf-8", errors="replace", closefd=False)
    sys.stderr = os.fdopen(2, "w", buffering=1, encoding="utf-8", errors="replace", closefd=False)
    if os.environ.get("AWS_LAMBDA_LOG_FORMAT") == "JSON":
        # AWS's client looks at these variables while it is imported, which was before there were any.
        for name in [name for name in sys.modules if name.partition(".")[0] == "awslambdaric"]:
            del sys.modules[name]
    import runtime_client

    runtime_client.open_channel(CHANNEL)
    from awslambdaric import bootstrap, lambda_runtime_client

    class Client(lambda_runtime_client.LambdaRuntimeClient):
        def post_init_error(self, error_response_data, error_type_override=None):
            kind = error_type_override or error_response_data["errorType"]
            runtime_client.post_init_error(json.dumps(error_response_data), kind)

    handler = os.environ.get("_HANDLER", "")
    bootstrap.run(handler, Client(os.environ["AWS_LAMBDA_RUNTIME_API"]))


def run_program(config):
    """Become another program: Node.js, or the function's own bootstrap."""
    os.chdir(config["task_root"])
    os.set_inheritable(CHANNEL, True)
    os.set_inheritable(OUTPUT, True)
    command = config["command"]
    if "wrapper" in config:
        wrapper = config["wrapper"]
        for usable, fault, code in (
            (os.path.isfile(wrapper), "does not exist", 127),
            (os.access(wrapper, os.X_OK), "is not an executable", 126),
        ):
            if not usable:
                os.write(2, f"{wrapper}: {fault}\n".encode())
                os._exit(code)
        command = [wrapper, *command]
        if config["kind"] == "python":
            kept = {name: config[name] for name in ("python_path", "runtime_path", "task_root")}
            config["environment"]["_SANDBOX_RUNTIME"] = json.dumps(kept)
    try:
        os.execve(command[0], command, config["environment"])
    except OSError as error:
        name = command[0]
        reason = "permission denied" if error.errno == 13 else os.strerror(error.errno or 0).lower()
        os.write(2, f"Error: fork/exec {name}: {reason}\n".encode())
        os._exit(127)


def become_runtime(config, walls):
    """In the child: everything that comes before the runtime's own first instruction."""
    try:
        if LINUX:
            libc.prctl(PR_SET_PDEATHSIG, ctypes.c_ulong(signal.SIGKILL), 0, 0, 0)
        os.setsid()
        if walls is not None:
            walls.enter()
        drop_privileges()
        os.umask(0o022)
    except BaseException as error:
        os.write(CHANNEL, b"FAIL " + str(error).encode().replace(b"\n", b" ") + b"\n")
        os._exit(125)
    code = 0
    try:
        if config["kind"] == "python" and "wrapper" not in config:
            run_python(config)
        else:
            run_program(config)
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else (0 if error.code is None else 1)
    except BaseException:
        import traceback

        traceback.print_exc()
        code = 1
    finally:
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except Exception:
                pass
        os._exit(code & 0xFF)


def watch(child, grouped):
    """Wait for the child's end or the emulator's; returns the child's status, None for the latter."""
    try:
        ended = os.pidfd_open(child)
    except (AttributeError, OSError):
        ended = None
    poll = select.poll()
    poll.register(CHANNEL, 0)
    if ended is not None:
        poll.register(ended, select.POLLIN)
    while True:
        found = poll.poll(None if ended is not None else 20)
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            return os.waitstatus_to_exitcode(status)
        if any(number == CHANNEL for number, _ in found):
            kill(child, grouped)
            return None


def kill(child, grouped):
    """End the runtime and what it started."""
    try:
        os.kill(child, signal.SIGKILL)
        if grouped:
            os.killpg(child, signal.SIGKILL)
    except OSError:
        pass


def preload(paths):
    """Import what the Python runtime needs before anybody asks for it."""
    sys.path.extend(paths)
    import decimal  # noqa: F401
    import importlib  # noqa: F401
    import logging  # noqa: F401
    import traceback  # noqa: F401

    try:
        import awslambdaric.bootstrap

        # Imported only when they are needed, where this path is no longer seen.
        import awslambdaric.lambda_literals
        import awslambdaric.lambda_runtime_client
        import awslambdaric.lambda_runtime_hooks_runner  # noqa: F401
    except ImportError:
        # Said again, with a trace, when the runtime is started.
        pass


def read_line(channel):
    """One line from the channel; empty when the emulator is gone."""
    text = b""
    while not text.endswith(b"\n"):
        piece = channel.recv(1)
        if not piece:
            return b""
        text += piece
        if len(text) == 1:
            # The rest of a long line comes in one piece; it is nothing but the configuration.
            while not text.endswith(b"\n"):
                piece = channel.recv(1 << 16)
                if not piece:
                    return b""
                text += piece
    return text


def take_descriptors():
    """Put the channel and the output at their fixed numbers."""
    # Above every number that is about to be taken.
    given = [
        fcntl.fcntl(int(os.environ.pop(name)), fcntl.F_DUPFD, 10)
        for name in ("SANDBOX_CHANNEL", "SANDBOX_OUTPUT")
    ]
    os.dup2(given[0], CHANNEL)
    os.dup2(given[1], OUTPUT)
    os.closerange(OUTPUT + 1, max(given) + 1)


def main():
    take_descriptors()
    preload(sys.argv[1:])
    channel = socket.socket(fileno=CHANNEL)
    line = read_line(channel)
    if not line:
        os._exit(0)
    config = json.loads(line)
    walls = None
    if config.get("root"):
        walls = Walls(config)
        try:
            walls.separate()
        except OSError as error:
            channel.sendall(b"FAIL " + str(error).encode() + b"\n")
            os._exit(125)
    channel.detach()
    child = os.fork()
    if child == 0:
        become_runtime(config, walls)
    os.write(CHANNEL, f"PID {child}\n".encode())
    # The output belongs to the runtime: its end must be seen when the runtime is gone.
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nothing, number)
    os.close(OUTPUT)
    code = watch(child, walls is None)
    if code is not None:
        kill(child, walls is None)
        try:
            os.write(CHANNEL, f"EXIT {code}\n".encode())
        except OSError:
            pass
    os._exit(0)


if __name__ == "__main__":
    main()
