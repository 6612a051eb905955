"""The aws command without its start-up time, for replays and demonstrations.

`aws` needs about 0.7 s, most of it imports. This process has them done, and forks for each call: the call
gets the arguments, environment, folder and descriptors of the client, and runs awscli's own main. It
serves one jail and runs as the same user in it, so it may do nothing that `aws` there may not.

Run with its listening Unix socket as descriptor 3 (see inside.AWS_SHIM for the client).
"""

from __future__ import annotations

import array
import contextlib
import os
import signal
import socket
import sys
from typing import Any

SERVICES = ("s3", "dynamodb")


def main() -> None:
    """Load, then serve until killed."""
    listener = socket.socket(fileno=3)
    driver = _warm_driver()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        connection, _ = listener.accept()
        if os.fork() == 0:
            listener.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            _serve(connection, driver)
        connection.close()


def _warm_driver() -> Any:
    import awscli.clidriver
    import s3transfer.manager  # noqa: F401

    first = awscli.clidriver.create_clidriver()
    first._get_command_table()
    for service in SERVICES:
        first.session.create_client(
            service,
            region_name="us-east-1",
            endpoint_url="http://127.0.0.1:1",
            aws_access_key_id="warm",
            aws_secret_access_key="warm",
        )
    # The one that serves has read no settings yet, only shares the models that are loaded.
    driver = awscli.clidriver.create_clidriver()
    loader = first.session.get_component("data_loader")
    driver.session.register_component("data_loader", loader)
    driver._get_command_table()
    session = driver.session
    session._config = session._profile_map = session._profile = session._credentials = None
    return driver


def _serve(connection: socket.socket, driver: Any) -> None:
    """In the forked process: become the client, run awscli, answer the exit code."""
    code = 255
    try:
        arguments = _receive(connection)
        code = _run(driver, arguments)
    except BaseException as error:
        with contextlib.suppress(OSError):
            os.write(2, f"aws: {type(error).__name__}: {error}\n".encode())
    with contextlib.suppress(OSError):
        connection.sendall(str(code).encode())
    os._exit(0)


def _receive(connection: socket.socket) -> list[str]:
    room = socket.CMSG_SPACE(3 * 4)
    head, ancillary, _, _ = connection.recvmsg(8, room)
    descriptors = array.array("i")
    for _level, _kind, data in ancillary:
        descriptors.frombytes(data)
    wanted, data = int.from_bytes(head, "big"), b""
    while len(data) < wanted:
        data += connection.recv(wanted - len(data))
    folder, count, *rest = data.decode("utf-8", "surrogateescape").split("\0")
    arguments, environment = rest[: int(count)], rest[int(count) :]
    for number, descriptor in enumerate(descriptors):
        os.dup2(descriptor, number)
    os.environ.clear()
    os.environ.update(pair.partition("=")[::2] for pair in environment)
    os.chdir(folder)
    return arguments


def _run(driver: Any, arguments: list[str]) -> int:
    import io

    sys.stdin = io.TextIOWrapper(io.FileIO(0, closefd=False))
    sys.stdout = io.TextIOWrapper(io.BufferedWriter(io.FileIO(1, "w", closefd=False)))
    sys.stderr = io.TextIOWrapper(io.FileIO(2, "w", closefd=False), write_through=True)
    sys.argv = ["aws", *arguments]
    try:
        code = driver.main(arguments)
    except SystemExit as end:
        code = end.code
    with contextlib.suppress(BrokenPipeError):
        sys.stdout.flush()
    return code if isinstance(code, int) else 0 if code is None else 1


if __name__ == "__main__":
    main()
