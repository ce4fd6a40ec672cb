"""A worker process of the full-path benchmark: the hub's own pump for one mail channel, and nothing besides.

`python -m tests.bench.pump_worker DATABASE-URL SMTP-PORT CONNECTIONS` says `ready`, begins when it reads a line, ends
when it is told to (SIGTERM).
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import tempfile
from datetime import time as wall
from pathlib import Path

import structlog
import uvloop

from channels.message import Kind
from channels.providers import open_channel
from hub.database.engine import Database
from hub.jobs.worker import leave_imports_alone
from hub.outbound.delivery import Delivery
from hub.outbound.pump import Pump
from hub.outbound.question import Rules
from hub.outbound.request import Gate
from hub.signing import Signer
from hub.storage import Folder
from tests.bench.letters import OWN

GATE = Gate(
    rules=Rules(
        quiet_from=wall(0),
        quiet_until=wall(0),
        unknown_zone_from=wall(0),
        unknown_zone_until=wall(0),
        marketing_per_week=1_000,
        default_ranking=(Kind.EMAIL, Kind.SMS, Kind.VOICE),
        company_zone="Europe/Warsaw",
    ),
    senders={Kind.EMAIL: ("mail",)},
    signer=Signer(b"a secret for the bench, 32 bytes"),
    public_url="http://hub.example",
    company=OWN.name,
    default_language="en",
)


async def run(url: str, port: int, connections: int) -> None:
    """Send until told to stop."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    smtp = {"host": "127.0.0.1", "port": port, "security": "none", "connections": connections}
    table = {"address": OWN.value, "display_name": OWN.name, "smtp": smtp | {"mails_per_connection": 10_000}}
    channel = open_channel("mail", Kind.EMAIL, "smtp", table, webhook_base="http://127.0.0.1/webhooks/mail")
    database = Database(url)
    with tempfile.TemporaryDirectory() as home:
        delivery = Delivery(database, {"mail": channel}, Folder(Path(home)), GATE, f"bench:{os.getpid()}")
        leave_imports_alone()  # as every worker does before it begins
        print("ready", flush=True)
        await loop.run_in_executor(None, sys.stdin.readline)
        await Pump(delivery, "mail", channel.at_once).run(stop)
    await channel.close()
    await database.close()


if __name__ == "__main__":
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(30), logger_factory=structlog.PrintLoggerFactory(sys.stderr)
    )
    uvloop.run(run(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
