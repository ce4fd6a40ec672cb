"""imap-in: mails from Dovecot into the log by a worker's own loops: fetched, kept, read, received."""

from __future__ import annotations

import asyncio
import os
import tempfile
from dataclasses import replace
from pathlib import Path

from hub.bootstrap import prepare
from hub.database import embedded
from tests.bench import reading
from tests.bench.figures import Figure, say, unavailable
from tests.bench.letters import arriving
from tests.dovecot import PASSWORD, PROGRAM, Dovecot, dovecot

NAME, UNIT, GOAL = "imap-in", "mails/s per core", 700.0
MAILS = int(os.environ.get("BENCH_MAILS", "2000"))


def measure() -> Figure:
    """CPU of the worker and its reading children together; Dovecot and the database (durable) are other machines'."""
    if PROGRAM is None:
        return unavailable(NAME, UNIT, "-", "Dovecot not found; Debian's dovecot-imapd has it")
    used = bring(MAILS)
    say(
        f"{NAME}: {MAILS / used.seconds:.0f} mails/s, the first 50 after {used.first_seconds:.1f} s; worker "
        f"{used.worker_cpu / MAILS * 1e3:.2f} ms and {used.worker_memory >> 20} MB, children "
        f"{used.reader_cpu / MAILS * 1e3:.2f} ms and {used.reader_memory >> 20} MB"
    )
    return replace(Figure(name=NAME, unit=UNIT, value=used.per_core, rounds=(used.per_core,)), goal=GOAL)


def bring(mails: int) -> reading.Used:
    """Put so many mails into a mailbox, and let a worker of its own process bring them in."""
    with (
        dovecot() as peer,
        tempfile.TemporaryDirectory(prefix="hub-bench-") as name,
        embedded.server(Path(name) / "postgres") as url,
    ):
        asyncio.run(prepare(url))
        peer.fill("bench", arriving(mails))
        return reading.run(_settings(peer, Path(name)), url, mails, Path(name))


def _settings(peer: Dovecot, folder: Path) -> dict[str, object]:
    server = {"host": "127.0.0.1", "security": "none", "username": "bench", "password": PASSWORD}
    imap = {**server, "port": peer.port, "since_days": 36_500}  # as new mail, whatever its date
    smtp = {**server, "port": 1}
    mail = {"kind": "email", "provider": "smtp", "address": "support@meadow.example", "smtp": smtp, "imap": imap}
    return {"hub": {"data_dir": str(folder / "data")}, "channels": {"mail": mail}}
