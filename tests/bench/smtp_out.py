"""smtp-out: the mail sender with its pool, composing and sending, against Postfix's smtp-source into the same sink."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import uvloop

from channels.adapter import Channel
from channels.email.compose import compose
from channels.message import Kind
from channels.providers import open_channel
from tests.bench.figures import Figure, compare, unavailable
from tests.bench.letters import OWN, outbound
from tests.bench.processes import free_port, listening

NAME, UNIT, AGAINST = "smtp-out", "mails/s", "smtp-source -d"
MAILS, CONNECTIONS = 3000, 8


def measure() -> Figure:
    """Mails a second from `Outbound` to the sink's 250, loopback, no TLS."""
    tools = {name: _tool(name) for name in ("smtp-sink", "smtp-source")}
    if missing := [name for name, path in tools.items() if path is None]:
        return unavailable(NAME, UNIT, AGAINST, f"{' and '.join(missing)} not found; Debian's postfix has them")
    port, as_nobody = free_port(), ["-u", "nobody"] if os.geteuid() == 0 else []
    sink = [tools["smtp-sink"] or "", *as_nobody, f"127.0.0.1:{port}", "256"]
    with listening(port, sink), tempfile.TemporaryDirectory() as folder:
        letter = Path(folder) / "letter.eml"
        letter.write_bytes(compose(outbound(0), OWN, datetime(2026, 3, 10, tzinfo=UTC)).replace(b"\r\n", b"\n"))
        source = [tools["smtp-source"] or "", "-d", "-s", str(CONNECTIONS), "-m", str(MAILS), "-F", str(letter)]
        source += ["-f", OWN.value, "-t", "customer@people.example", f"127.0.0.1:{port}"]
        return compare(NAME, UNIT, AGAINST, lambda: uvloop.run(_send_all(port)), lambda: _timed(source))


def _tool(name: str) -> str | None:
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin")


def _timed(command: list[str]) -> float:
    began = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return MAILS / (time.perf_counter() - began)


async def _send_all(port: int) -> float:
    smtp = {"host": "127.0.0.1", "port": port, "security": "none", "connections": CONNECTIONS}
    table = {"address": OWN.value, "display_name": OWN.name, "smtp": smtp}
    channel = open_channel("bench", Kind.EMAIL, "smtp", table, webhook_base="http://127.0.0.1/webhooks/bench")
    numbers = iter(range(MAILS))
    try:
        began = time.perf_counter()
        await asyncio.gather(*(_send(channel, numbers) for _ in range(CONNECTIONS)))
        return MAILS / (time.perf_counter() - began)
    finally:
        await channel.close()


async def _send(channel: Channel, numbers: Iterator[int]) -> None:
    for number in numbers:
        await channel.sender.send(outbound(number))
