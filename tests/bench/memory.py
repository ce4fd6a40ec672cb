"""How much memory a process and its children hold together. Linux only."""

from __future__ import annotations

import os
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
        for task in Path(f"/proc/{pid}/task").iterdir():
            total += sum(map(resident, map(int, (task / "children").read_text().split())))
    return total
