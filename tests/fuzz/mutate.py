"""Damage the mails of a folder and tell what falls: `python -m tests.fuzz.mutate FOLDER --seconds 300`."""

from __future__ import annotations

import argparse
import random
import resource
import sys
import time
import traceback
from collections.abc import Sequence
from pathlib import Path

from tests.fuzz import judging
from tests.fuzz.mails import damaged


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 30))
    given = parser.parse_args()
    originals = [path.read_bytes() for path in sorted(given.folder.rglob("*")) if path.is_file()]
    resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))
    print(f"{len(originals)} files, seed {given.seed}")
    fallen = _fallen(originals, given.seed, time.monotonic() + given.seconds)
    for what, seed in fallen.items():
        print(f"seed {seed}: {what}")
    return 1 if fallen else 0


def _fallen(originals: Sequence[bytes], seed: int, until: float) -> dict[str, int]:
    """Each surprise once, with the seed that made it."""
    found: dict[str, int] = {}
    slowest, count = 0.0, 0
    while time.monotonic() < until:
        seed, count, started = seed + 1, count + 1, time.process_time()
        try:
            judge(made(originals, seed))
        except Exception as e:  # every surprise is told, and the search goes on
            frame = traceback.extract_tb(e.__traceback__)[-1]
            found.setdefault(f"{type(e).__name__} {e!s:.200} in {frame.filename}:{frame.lineno}", seed)
        slowest = max(slowest, time.process_time() - started)
    print(f"{count} mails, the slowest {slowest:.2f} s")
    return found


def made(originals: Sequence[bytes], seed: int) -> bytes:
    """The mail of this seed: the same again from the same folder."""
    chance = random.Random(seed)
    return damaged(chance.choice(originals), originals, chance)


def judge(raw: bytes) -> None:
    judging.reading(raw)
    judging.splitting(raw.decode("utf-8", "replace"))
    judging.sanitising(raw.decode("utf-8", "replace"))
    judging.small_readers(raw)


if __name__ == "__main__":
    sys.exit(main())
