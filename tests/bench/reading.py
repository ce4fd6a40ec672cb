"""`python -m tests.bench.reading SETTINGS.json URL COUNT`: a worker's loops that bring mail in, until COUNT are read.

A process of its own, so that what it used is what a worker uses. Prints JSON: seconds, CPU seconds, peak memory.
"""

from __future__ import annotations

import asyncio
import json
import resource
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvloop
from sqlmodel import SQLModel, col, func, select

from hub.bootstrap import Hub, open_hub
from hub.jobs import listen, read
from hub.models import Interaction, RawMessage
from hub.models.vocabulary import RawState
from hub.settings import Settings
from tests.bench.memory import Peak


@dataclass(frozen=True, slots=True)
class Used:
    """What bringing in `mails` took. CPU: the worker and its reading children; memory: the largest of them, bytes."""

    mails: int
    seconds: float
    first_seconds: float  # until the first 50 could be seen
    worker_cpu: float
    reader_cpu: float
    worker_memory: int
    reader_memory: int
    whole_memory: int  # of the worker and its children together, looked at 20 times a second
    kept: int  # rows of raw mail at the end ...
    words: int  # ... and of the log: both as many as there are mails

    @property
    def per_core(self) -> float:
        """Mails for a second of one core's time."""
        return self.mails / (self.worker_cpu + self.reader_cpu)


def run(settings: dict[str, Any], url: str, count: int, folder: Path) -> Used:
    """Start this module and wait for its answer."""
    file = folder / "settings.json"
    file.write_text(json.dumps(settings))
    command = [sys.executable, "-m", "tests.bench.reading", str(file), url, str(count)]
    return Used(**json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout.splitlines()[-1]))


async def _main(settings: Settings, url: str, count: int) -> dict[str, float]:
    stop, before = asyncio.Event(), resource.getrusage(resource.RUSAGE_SELF)
    async with open_hub(settings, url) as hub:
        began, peak = time.perf_counter(), Peak()
        loops = [asyncio.create_task(loop(hub, stop)) for loop in (listen.run, read.run)]
        first = await _until(hub, min(count, 50), peak) - began
        seconds = await _until(hub, count, peak) - began
        kept, words = await _count(hub, RawMessage), await _count(hub, Interaction)
        stop.set()
        await asyncio.gather(*loops)
    own, others = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return {
        "mails": count,
        "seconds": seconds,
        "first_seconds": first,
        "worker_cpu": own.ru_utime + own.ru_stime - before.ru_utime - before.ru_stime,
        "reader_cpu": others.ru_utime + others.ru_stime,
        "worker_memory": own.ru_maxrss * 1024,
        "reader_memory": others.ru_maxrss * 1024,
        "whole_memory": peak.bytes,
        "kept": kept,
        "words": words,
    }


async def _count(hub: Hub, model: type[SQLModel]) -> int:
    async with hub.database.unit() as session:
        return (await session.exec(select(func.count()).select_from(model))).one()


async def _until(hub: Hub, count: int, peak: Peak) -> float:
    read_ones = select(func.count()).select_from(RawMessage).where(col(RawMessage.state) == RawState.PROCESSED)
    while True:
        async with hub.database.unit() as session:
            if (await session.exec(read_ones)).one() >= count:
                return time.perf_counter()
        peak.look()
        await asyncio.sleep(0.05)


if __name__ == "__main__":
    given = Settings.model_validate(json.loads(Path(sys.argv[1]).read_text()))
    print(json.dumps(uvloop.run(_main(given, sys.argv[2], int(sys.argv[3])))))
