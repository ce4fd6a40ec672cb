"""worker-memory: what one worker holds after its first 10,000 recipients and after many more, on the full path.

`BENCH_RECIPIENTS` lists after how many in all it is looked at: `10000,100000,1000000` is the promise at its full size.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

import uvloop

from hub.database import embedded
from tests.bench import full_path, memory
from tests.bench.figures import Figure, say, unavailable
from tests.bench.processes import free_port, listening

NAME, UNIT, FLAT = "worker-memory", "MiB", 1.1
_LOOKS = (10_000, 30_000)


def measure() -> Sequence[Figure]:
    """Resident MiB after the most recipients; the ratio is against those after the fewest, at most `FLAT`."""
    sink, looks = full_path.tool("smtp-sink"), recipients(os.environ)
    if not sink:
        return [unavailable(NAME, UNIT, "", "smtp-sink not found; Debian's postfix has it")]
    port, as_nobody = free_port(), ["-u", "nobody"] if os.geteuid() == 0 else []
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hub-bench-")))
        stack.enter_context(listening(port, [sink, *as_nobody, f"127.0.0.1:{port}", "512"]))
        url = stack.enter_context(embedded.server(home / "data"))
        asyncio.run(full_path.prepare(url))
        held = _looks(url, port, looks)
    first, last = held[0], held[-1]
    return [
        Figure(NAME, UNIT, last, f"after {looks[0]:,} recipients", rounds=tuple(held)),
        Figure(f"{NAME}-growth", "%", 100 * last / first, f"after {looks[0]:,} recipients", most=100 * FLAT),
    ]


def recipients(environment: Mapping[str, str]) -> list[int]:
    """After how many recipients to look, fewest first. Raises ValueError for what is no list of numbers above 0."""
    chosen = environment.get("BENCH_RECIPIENTS", "")
    looks = sorted(int(one) for one in chosen.split(",")) if chosen else list(_LOOKS)
    if looks[0] <= 0:
        raise ValueError(f"BENCH_RECIPIENTS={chosen}: each must be above 0")
    return looks


def _looks(url: str, port: int, looks: Sequence[int]) -> list[float]:
    """One campaign after the other through one worker."""
    held, sent, number = list[float](), 0, 0
    with full_path.pump_process(url, port) as process:
        full_path.go(process)
        for wanted in looks:
            while sent < wanted:
                number += 1
                uvloop.run(full_path.feed_campaign(url, number))
                sent += asyncio.run(full_path.until_empty(url, number))
            held.append(memory.resident(process.pid) / 2**20)
            say(f"{NAME}: {held[-1]:.1f} {UNIT} after {sent:,} recipients")
    return held
