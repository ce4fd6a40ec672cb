"""ingest: `hub ingest` of an mbox into an empty log, against Python's `mailbox` and `email` that only read it.

Twice, of N mails and of four times as many: what it holds in memory must not grow with the archive.
"""

from __future__ import annotations

import asyncio
import json
import mailbox
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from hub.bootstrap import prepare
from hub.database import embedded
from tests.bench.figures import Figure, say
from tests.bench.imap_in import postmaster
from tests.bench.import_mail import by_the_library
from tests.bench.letters import OWN, arriving
from tests.bench.memory import Peak, processor

NAME, UNIT, AGAINST = "ingest", "mails/s per core", "mailbox + email.policy.default"
MEMORY, MEGABYTES = "ingest-memory", "MB"
MAILS = int(os.environ.get("BENCH_MAILS", "5000"))
TIMES = 4
LEAST_FLAT = 0.9  # memory at N over memory at TIMES N
_LOOK = 0.1  # seconds
_CONFIG = """
[hub]
data_dir = "{folder}/data"

[database]
url = "{url}"

[channels.mail]
kind = "email"
provider = "smtp"
address = "{own}"
smtp = {{ host = "127.0.0.1", port = 1, security = "none", username = "bench" }}
imap = {{ host = "127.0.0.1", port = 1, security = "none", username = "bench" }}
"""


@dataclass(frozen=True, slots=True)
class _Ran:
    """What one ingestion took: CPU of the command and its reading children, start included; the database's apart."""

    mails: int
    seconds: float
    cpu: float
    database_cpu: float
    memory: int  # bytes, of the command and its children together

    @property
    def words(self) -> str:
        return (
            f"{self.mails} mails in {self.seconds:.0f} s, CPU {self.cpu / self.mails * 1e3:.2f} ms a mail, apart from "
            f"that the database {self.database_cpu / self.mails * 1e3:.2f} ms, {self.memory / 1e6:.0f} MB"
        )


def measure() -> list[Figure]:
    """Mails a second of one core's time, and what was held in memory. Raises RuntimeError when a mail is missing."""
    with tempfile.TemporaryDirectory(prefix="hub-bench-") as name:
        boxes = {count: _mbox(Path(name) / f"{count}.mbox", count) for count in (MAILS, MAILS * TIMES)}
        theirs = MAILS / _cpu_of_the_library(boxes[MAILS])
        ran = [_ingested(count, box) for count, box in boxes.items()]
    few, many = ran
    say(f"{NAME}: {few.words}; {many.words}")
    rate, flat = many.mails / many.cpu, few.memory / many.memory
    megabytes = tuple(one.memory / 1e6 for one in ran)
    return [
        Figure(NAME, UNIT, rate, AGAINST, rate / theirs, rounds=(rate,), other_rounds=(theirs,)),
        Figure(MEMORY, MEGABYTES, megabytes[1], f"{MAILS} mails", flat, LEAST_FLAT, rounds=megabytes),
    ]


def _mbox(file: Path, count: int) -> Path:
    """As RFC 4155 has it; none of these mails has a line that begins with "From "."""
    with file.open("wb") as f:
        for mail in arriving(count):
            f.write(b"From ana@people.example Tue Mar 10 12:00:00 2026\n" + mail.replace(b"\r\n", b"\n") + b"\n")
    return file


def _cpu_of_the_library(box: Path) -> float:
    began = time.process_time()
    for message in mailbox.mbox(box, create=False):
        by_the_library(message.as_bytes())
    return time.process_time() - began


def _ingested(count: int, box: Path) -> _Ran:
    """A database of its own each time."""
    with (
        tempfile.TemporaryDirectory(prefix="hub-bench-") as name,
        embedded.server(Path(name) / "postgres") as url,
    ):
        asyncio.run(prepare(url))
        server = postmaster(Path(name))
        config = Path(name) / "config.toml"
        config.write_text(_CONFIG.format(folder=name, url=url, own=OWN.value))
        before, began = processor(server), time.perf_counter()
        told, cpu, memory = _watched([sys.executable, "-m", "hub", "ingest", str(box), "--json", "-c", str(config)])
        seconds, database_cpu = time.perf_counter() - began, processor(server) - before
        words = asyncio.run(_words(url))
    if (told["read"], told["parked"], words) != (count, 0, count):
        raise RuntimeError(f"{count} mails became {told['read']} read, {told['parked']} parked, {words} in the log")
    return _Ran(count, seconds, cpu, database_cpu, memory)


def _watched(command: list[str]) -> tuple[Mapping[str, int], float, int]:
    """What a command said as JSON, the CPU seconds of it and its children, and the most memory they held."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")}
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(command, stdout=said, env=environment)
        peak = Peak(process.pid)
        while process.poll() is None:
            peak.look()
            time.sleep(_LOOK)
        said.seek(0)
        told = json.loads(said.read())
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return told, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, peak.bytes


async def _words(url: str) -> int:
    connection = await asyncpg.connect(url)
    try:
        return int(await connection.fetchval("select count(*) from interaction"))
    finally:
        await connection.close()
