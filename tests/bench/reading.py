"""`python -m tests.bench.reading SETTINGS.json URL`: a worker's loops that bring mail in, until its input ends.

A process of its own, so that what it used is what a worker uses; `run` starts it, and is the one who looks how far it
has come. Prints JSON: CPU seconds, peak memory.
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

import asyncpg
import uvloop

from hub.bootstrap import open_hub
from hub.jobs import listen, read, worker
from hub.settings import Settings
from tests.bench.memory import Peak, processor

FIRST = 50  # mails: what an agent sees on the first page
_LOOK = 0.1  # seconds between two looks, and for each mail some more: counting many is work for the database
_LOOK_EACH = 1e-5


@dataclass(frozen=True, slots=True)
class Used:
    """What bringing in `mails` took. CPU: the worker and its reading children; memory: the largest of them, bytes."""

    mails: int
    seconds: float
    first_seconds: float  # until the first 50 could be seen
    start_cpu: float  # of the worker before its loops ran: its imports; in none of the others
    worker_cpu: float
    reader_cpu: float  # with the start of each child
    database_cpu: float
    worker_memory: int
    reader_memory: int
    whole_memory: int  # of the worker and its children together
    kept: int  # rows of raw mail at the end ...
    words: int  # ... and of the log: both as many as there are mails

    @property
    def per_core(self) -> float:
        """Mails for a second of one core's time."""
        return self.mails / (self.worker_cpu + self.reader_cpu)

    def each(self, seconds: float) -> float:
        """Milliseconds a mail."""
        return seconds / self.mails * 1e3


def run(settings: dict[str, Any], url: str, postmaster: int, count: int, folder: Path) -> Used:
    """Start this module, wait until it has brought `count` mails, and hear what that took."""
    file = folder / "settings.json"
    file.write_text(json.dumps(settings))
    command = [sys.executable, "-m", "tests.bench.reading", str(file), url]
    before = processor(postmaster)
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        watched = asyncio.run(_watch(url, count, Peak(process.pid)))
        watched["database_cpu"] = processor(postmaster) - before
        process.stdin.close()
        told = json.loads(process.stdout.read().splitlines()[-1])
    return Used(mails=count, **watched, **told)


async def _watch(url: str, count: int, peak: Peak) -> dict[str, Any]:
    """Look now and then, until all are read."""
    connection, began = await asyncpg.connect(url), time.perf_counter()
    first = 0.0
    while (done := await connection.fetchval("select count(*) from raw_message where state = 'processed'")) < count:
        if done >= min(count, FIRST) and not first:
            first = time.perf_counter() - began
        peak.look()
        await asyncio.sleep(_LOOK + count * _LOOK_EACH)
    seconds = time.perf_counter() - began
    kept, words = [await connection.fetchval(f"select count(*) from {one}") for one in ("raw_message", "interaction")]
    await connection.close()
    return {
        "seconds": seconds,
        "first_seconds": first or seconds,
        "whole_memory": peak.bytes,
        "kept": kept,
        "words": words,
    }


async def _main(settings: Settings, url: str) -> dict[str, float]:
    stop, start = asyncio.Event(), _own_cpu()
    async with open_hub(settings, url) as hub:
        worker.leave_imports_alone()
        before = _own_cpu()
        loops = [asyncio.create_task(loop(hub, stop)) for loop in (listen.run, read.run)]
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.read)
        used = _own_cpu() - before
        stop.set()
        await asyncio.gather(*loops)
    own, others = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return {
        "start_cpu": start,
        "worker_cpu": used,
        "reader_cpu": others.ru_utime + others.ru_stime,
        "worker_memory": own.ru_maxrss * 1024,
        "reader_memory": others.ru_maxrss * 1024,
    }


def _own_cpu() -> float:
    own = resource.getrusage(resource.RUSAGE_SELF)
    return own.ru_utime + own.ru_stime


if __name__ == "__main__":
    given = Settings.model_validate(json.loads(Path(sys.argv[1]).read_text()))
    print(json.dumps(uvloop.run(_main(given, sys.argv[2]))))
