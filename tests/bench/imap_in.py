"""imap-in: mails from Dovecot into the log by a worker's own loops: fetched, kept, read, received."""

from __future__ import annotations

import asyncio
import os
import resource
import tempfile
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from channels.email import parser
from hub.bootstrap import prepare
from hub.database import embedded
from tests.bench import reading
from tests.bench.figures import Figure, say, unavailable
from tests.bench.letters import OWN, arriving
from tests.dovecot import PASSWORD, PROGRAM, Dovecot, dovecot

NAME, UNIT, GOAL = "imap-in", "mails/s per core", 700.0
MAILS = int(os.environ.get("BENCH_MAILS", "5000"))


def measure() -> Figure:
    """CPU of the worker and its reading children together; Dovecot and the database (durable) are other machines'."""
    if PROGRAM is None:
        return unavailable(NAME, UNIT, "-", "Dovecot not found; Debian's dovecot-imapd has it")
    start = child_start()
    used = bring(arriving(MAILS), MAILS)
    say(
        f"{NAME}: {MAILS / used.seconds:.0f} mails/s, the first {reading.FIRST} after {used.first_seconds:.1f} s; CPU "
        f"a mail: worker {used.each(used.worker_cpu):.2f} ms, children {used.each(used.reader_cpu):.2f} ms (of that "
        f"{used.each(start):.2f} ms to start one), apart from these the database "
        f"{used.each(used.database_cpu):.2f} ms; the worker's imports {used.start_cpu:.1f} s once; memory: worker "
        f"{used.worker_memory >> 20} MB, the largest child {used.reader_memory >> 20} MB"
    )
    return replace(Figure(name=NAME, unit=UNIT, value=used.per_core, rounds=(used.per_core,)), goal=GOAL)


def child_start() -> float:
    """CPU seconds to start a reading child: Python, its imports, one mail."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    asyncio.run(_read_one())
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


async def _read_one() -> None:
    readers = parser.Readers("events", 1)
    await readers.read(next(arriving(1)), OWN.value)
    await readers.close()


def bring(mails: Iterable[bytes], count: int) -> reading.Used:
    """Put so many mails into a mailbox, and let a worker of its own process bring them in."""
    with (
        dovecot() as peer,
        tempfile.TemporaryDirectory(prefix="hub-bench-") as name,
        embedded.server(Path(name) / "postgres") as url,
    ):
        asyncio.run(prepare(url))
        peer.fill("bench", mails)
        return reading.run(_settings(peer, Path(name)), url, postmaster(Path(name)), count, Path(name))


def postmaster(folder: Path) -> int:
    """The first line of postmaster.pid is its process (PostgreSQL, "Creating a database cluster")."""
    (file,) = folder.glob("postgres/data-*/postmaster.pid")
    return int(file.read_text().split()[0])


def _settings(peer: Dovecot, folder: Path) -> dict[str, object]:
    server = {"host": "127.0.0.1", "security": "none", "username": "bench", "password": PASSWORD}
    imap = {**server, "port": peer.port, "since_days": 36_500}  # as new mail, whatever its date
    smtp = {**server, "port": 1}
    mail = {"kind": "email", "provider": "smtp", "address": "support@meadow.example", "smtp": smtp, "imap": imap}
    return {"hub": {"data_dir": str(folder / "data")}, "channels": {"mail": mail}}
