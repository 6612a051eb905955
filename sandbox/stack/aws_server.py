"""Many `aws` commands in a row without starting Python for each.

`aws` takes half a second to import itself, which is most of the time of a lab's solution. This runs a
command (a `solve.sh`) beside one process that has `aws` imported and forks for each call:

    python -m sandbox.stack.aws_server bash solve.sh

The `aws` in front of the `PATH` is then a small program that hands its arguments, folder, environment and
open files to that process. It is the same code of the real command in a process of its own; where the
handing over is not possible the real command is started as usual.
"""

from __future__ import annotations

import array
import contextlib
import gc
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

SOCKET_VARIABLE = "SANDBOX_AWS_SOCKET"
# Settings that the prepared driver has already looked at; with other values it is made anew.
READ_AT_START = ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "HOME")
LONGEST_MESSAGE = 8 * 1024 * 1024

# The client starts with as little of Python as possible: no site-packages, no environment, no imports
# beyond these. Programs that talk to a person at a terminal are left to the real command.
_CLIENT = """\
#!{python} -ISs
import _signal, _socket, os, sys
def real():
    os.execv({python!r}, [{python!r}, {aws!r}, *sys.argv[1:]])
path = os.environ.get("SANDBOX_AWS_SOCKET")
talks = os.isatty(0) and ("help" in sys.argv or "configure" in sys.argv[1:2])
if not path or talks:
    real()
server = _socket.socket(_socket.AF_UNIX)
try:
    server.connect(path)
except OSError:
    real()
words = [os.getcwd(), str(len(sys.argv) - 1), *sys.argv[1:]]
words += [name + "=" + value for name, value in os.environ.items()]
message = "\\0".join(words).encode("utf-8", "surrogateescape")
fds = b"".join(number.to_bytes(4, sys.byteorder) for number in (0, 1, 2))
server.sendmsg([len(message).to_bytes(4, "big")], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, fds)])
server.sendall(message)
for number in (_signal.SIGINT, _signal.SIGTERM, _signal.SIGHUP):
    _signal.signal(number, lambda n, f: server.sendall(bytes([n])))
code = server.recv(1)
os._exit(code[0] if code else 255)
"""


def main() -> int:
    """Run the command in `sys.argv` beside the server; returns its exit code."""
    command = sys.argv[1:]
    if command[:1] == ["--serve"]:
        # A jail gives the listening socket along, so that loading and building go on side by side.
        _serve(socket.socket(fileno=int(command[1])))
    if not command:
        print("usage: python -m sandbox.stack.aws_server COMMAND [ARGUMENT...]", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="aws-") as folder:
        environment = prepare(Path(folder))
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(environment[SOCKET_VARIABLE])
        listener.listen(64)
        server = os.fork()
        if not server:
            _serve(listener)
        listener.close()
        try:
            return subprocess.call(command, env=os.environ | environment)
        except OSError as error:
            print(f"{command[0]}: {error.strerror}", file=sys.stderr)
            return 127
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.kill(server, signal.SIGKILL)
            os.waitpid(server, 0)


def prepare(folder: Path) -> dict[str, str]:
    """Write the small `aws` into `folder`; returns the variables that make it be used."""
    program = folder / "aws"
    program.write_text(client_program())
    program.chmod(0o755)
    return {
        SOCKET_VARIABLE: str(folder / "socket"),
        "PATH": os.pathsep.join([str(folder), os.environ.get("PATH", os.defpath)]),
    }


def client_program() -> str:
    """The small `aws`, as the text of a program."""
    aws = Path(sys.executable).with_name("aws")
    return _CLIENT.format(python=sys.executable, aws=str(aws))


def _serve(listener: socket.socket) -> None:
    """The server's life: a fork per connection, until it is killed."""
    from awscli.clidriver import create_clidriver

    driver = create_clidriver()
    _warm(driver)
    prepared_with = [os.environ.get(name) for name in READ_AT_START]
    wake_read, wake_write = os.pipe()
    for descriptor in (wake_read, wake_write):
        os.set_blocking(descriptor, False)
    signal.set_wakeup_fd(wake_write)
    signal.signal(signal.SIGCHLD, lambda number, frame: None)
    children: dict[int, socket.socket] = {}
    while True:
        waiting: list[Any] = [listener, wake_read, *children.values()]
        readable, _, _ = select.select(waiting, [], [])
        if wake_read in readable:
            with contextlib.suppress(BlockingIOError):
                os.read(wake_read, 4096)
            _answer_finished(children)
        for pid, connection in list(children.items()):
            if connection in readable:
                _pass_signal(pid, connection)
        if listener in readable:
            connection, _ = listener.accept()
            request = _receive(connection)
            if request is None:
                connection.close()
                continue
            pid = os.fork()
            if not pid:
                listener.close()
                _run(request, driver, prepared_with)
            for descriptor in request[1]:
                os.close(descriptor)
            children[pid] = connection


def _warm(driver) -> None:
    """Load what every call of the labs' commands reads; the forks share it."""
    loader = driver.session.get_component("data_loader")
    for service in ("s3", "dynamodb"):
        for kind in ("service-2", "paginators-1", "waiters-2", "endpoint-rule-set-1"):
            with contextlib.suppress(Exception):
                loader.load_service_model(service, kind)
    for data in ("endpoints", "partitions", "_retry", "sdk-default-configuration", "cli"):
        with contextlib.suppress(Exception):
            loader.load_data(data)
    driver._get_command_table()
    gc.collect()
    gc.freeze()


def _receive(connection: socket.socket) -> tuple[list, list[int]] | None:
    try:
        head, ancillary, _, _ = connection.recvmsg(4, socket.CMSG_SPACE(3 * 4))
        descriptors = array.array("i")
        for level, kind, data in ancillary:
            if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                descriptors.frombytes(data)
        length = int.from_bytes(head, "big")
        if len(head) != 4 or len(descriptors) != 3 or length > LONGEST_MESSAGE:
            return None
        with connection.makefile("rb") as stream:
            message = stream.read(length)
        folder, count, *words = message.decode("utf-8", "surrogateescape").split("\0")
        arguments, variables = words[: int(count)], words[int(count) :]
        environment = dict(pair.split("=", 1) for pair in variables)
        return [arguments, folder, environment], list(descriptors)
    except (OSError, ValueError):
        return None


def _run(request: tuple[list, list[int]], driver, prepared_with: list) -> None:
    """In the forked process: become the command."""
    (arguments, folder, environment), descriptors = request
    code = 255
    try:
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGCHLD, signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        for target, descriptor in enumerate(descriptors):
            os.dup2(descriptor, target)
            os.close(descriptor)
        data_path = os.environ["AWS_DATA_PATH"]
        os.environ.clear()
        os.environ.update(environment)
        # Importing awscli has added its own folder of command descriptions.
        os.environ["AWS_DATA_PATH"] = data_path
        os.chdir(folder)
        sys.argv = ["aws", *arguments]
        sys.stdin = open(0, closefd=False)  # noqa: SIM115
        sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115
        sys.stderr = open(2, "w", closefd=False)  # noqa: SIM115
        if [os.environ.get(name) for name in READ_AT_START] != prepared_with:
            from awscli.clidriver import create_clidriver

            driver = create_clidriver()
        code = driver.main(arguments)
    except SystemExit as leaving:
        code = leaving.code if isinstance(leaving.code, int) else 1
    except BaseException as error:
        with contextlib.suppress(Exception):
            print(f"aws: {error}", file=sys.stderr)
    finally:
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(Exception):
                stream.flush()
        os._exit((code or 0) & 0xFF)


def _answer_finished(children: dict[int, socket.socket]) -> None:
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if not pid:
            return
        connection = children.pop(pid, None)
        if connection is not None:
            code = os.waitstatus_to_exitcode(status)
            with contextlib.suppress(OSError):
                connection.sendall(bytes([code if code >= 0 else 128 - code]))
            connection.close()


def _pass_signal(pid: int, connection: socket.socket) -> None:
    """A byte from the client is a signal for the command; its end is the client's death."""
    try:
        number = connection.recv(1)
    except OSError:
        number = b""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number[0] if number else signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main())
