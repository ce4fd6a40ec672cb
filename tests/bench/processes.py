"""Other programs, started for a benchmark and stopped after it."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path


def free_port() -> int:
    """A port of loopback that nobody listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@contextmanager
def listening(port: int, command: Sequence[str]) -> Iterator[int]:
    """Run `command` while inside, from when it listens on `port`; its number. RuntimeError when not within 60 s."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")}
    process = subprocess.Popen(command, env=environment)
    try:
        _wait(port, process, " ".join(command))
        yield process.pid
    finally:
        process.terminate()
        process.wait(30)


def cpu_seconds(number: int, *, children: bool = False) -> float:
    """The processor time that a process has used so far, or that its living children have."""
    return sum(_used(one) for one in (_children(number) if children else [number]))


def parent(number: int) -> int:
    """Of whom a process is a child."""
    return int(_stat(number)[1])


def processor_seconds(number: int) -> float:
    """What a process of one thread has used so far, to the nanosecond: for what takes milliseconds."""
    return int(Path(f"/proc/{number}/schedstat").read_text(encoding="ascii").split()[0]) / 1e9


def _used(number: int) -> float:
    words = _stat(number)
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK") if words else 0.0


def _children(number: int) -> list[int]:
    every = [int(one.name) for one in Path("/proc").iterdir() if one.name.isdigit()]
    return [one for one in every if (words := _stat(one)) and int(words[1]) == number]


def _stat(number: int) -> list[str]:
    """What follows the name in /proc/NUMBER/stat; nothing for a process that has gone."""
    try:
        return Path(f"/proc/{number}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return []


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
