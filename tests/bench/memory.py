"""How much memory and processor time a process and its children hold or used together. Linux only."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path


class Peak:
    """The most that was seen, in bytes of resident memory; what processes share is counted with each."""

    def __init__(self, pid: int | None = None) -> None:
        self._pid = pid or os.getpid()
        self.bytes = 0

    def look(self) -> None:
        self.bytes = max(self.bytes, resident(self._pid))


def resident(pid: int) -> int:
    """Bytes of a process and everything below it; 0 where it cannot be told."""
    total = 0
    with suppress(OSError, ValueError):
        total = int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        total += sum(map(resident, _children(pid)))
    return total


def processor(pid: int) -> float:
    """Seconds that a process, those below it and those it has waited for have used; proc(5), fields 14 to 17."""
    total = 0.0
    with suppress(OSError, ValueError, IndexError):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        total = sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")
        total += sum(map(processor, _children(pid)))
    return total


def children(pid: int, word: str) -> list[int]:
    """Those right below it whose command has this word."""
    return [one for one in _children(pid) if word.encode() in Path(f"/proc/{one}/cmdline").read_bytes().split(b"\0")]


def _children(pid: int) -> Iterator[int]:
    for task in Path(f"/proc/{pid}/task").iterdir():
        yield from map(int, (task / "children").read_text().split())
