"""How much memory the bundled server keeps pages in: a quarter of what it may use, as PostgreSQL's manual advises."""

from __future__ import annotations

import os
from pathlib import Path

_MIB = 2**20
_LEAST, _MOST = 128 * _MIB, 1024 * _MIB  # beyond, the system's own cache does as well
# What a container may use, by two versions of control groups. "max", or a number beyond any machine: no limit.
_LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))


def setting() -> str:
    """For `shared_buffers`, of this machine or container."""
    return f"{share(_memory()) // _MIB}MB"


def share(memory: int) -> int:
    """Of so much memory; both in bytes."""
    return min(max(memory // 4, _LEAST), _MOST)


def _memory() -> int:
    machine = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return min([machine, *(told for path in _LIMITS if (told := limit(path)) is not None)])


def limit(path: Path) -> int | None:
    """In bytes, of a control group's file; None: there is none."""
    try:
        told = path.read_text().strip()
    except OSError:
        return None
    return int(told) if told.isdecimal() else None
