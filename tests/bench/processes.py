"""Other programs, started for a benchmark and stopped after it."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager


def free_port() -> int:
    """A port of loopback that nobody listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@contextmanager
def listening(port: int, command: Sequence[str]) -> Iterator[None]:
    """Run `command` while inside, from when it listens on `port`. Raises RuntimeError when it does not within 60 s."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")}
    process = subprocess.Popen(command, env=environment)
    try:
        _wait(port, process, " ".join(command))
        yield
    finally:
        process.terminate()
        process.wait(30)


def _wait(port: int, process: subprocess.Popen[bytes], what: str) -> None:
    deadline = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"This does not listen on {port}: {what}")
