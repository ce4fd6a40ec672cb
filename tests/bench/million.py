"""million: one campaign by two workers to smtp-sink, on the bundled database, its counters compared with the wire.

`BENCH_RECIPIENTS` is how many people it has: 1000000 is the promise at its full size.
"""

from __future__ import annotations

import asyncio
import os
import random
import re
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager
from pathlib import Path

import asyncpg

from channels.message import Kind
from hub.bootstrap import Hub
from hub.campaigns import results
from hub.campaigns.results import Figures
from hub.database import embedded
from tests.bench import full_path, memory
from tests.bench.figures import Figure, say, unavailable
from tests.bench.processes import free_port, listening
from tests.killing import Havoc, Killed, campaign, company, send

NAME, WORKERS, PEOPLE, FLAT = "million", 2, 20_000, 1.1
_FIRST_LOOK = 10_000  # recipients, behind whom a worker's memory must not grow
_EVERY, _PATIENCE = 5.0, 6 * 3600.0  # seconds
_LANDED = "select count(*) from interaction where campaign_id = $1 and state = 'sent'"

Looks = list[tuple[int, float]]  # mails landed, MiB of the largest worker


def measure() -> Sequence[Figure]:
    """Mails a second; by how many the server, the log and the campaign's page differ from the audience; memory."""
    sink, people = full_path.tool("smtp-sink"), int(os.environ.get("BENCH_RECIPIENTS", PEOPLE))
    if not sink:
        return [unavailable(NAME, "mails/s", "", "smtp-sink not found; Debian's postfix has it")]
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hub-bench-")))
        url = stack.enter_context(embedded.server(home / "postgres"))
        with _counting_sink(sink, home / "counted") as port:
            ended, figures, looks = asyncio.run(_run(home, url, port, people))
        taken = _last_count(home / "counted")
    return list(_figures(people, ended, figures, taken, looks))


def _figures(people: int, ended: Killed, figures: Figures, taken: int, looks: Looks) -> Iterator[Figure]:
    counted = {"server": taken, "log": ended.states["sent"], "page": figures.sent, "fed": figures.fed}
    say(f"{NAME}: {ended.seconds:.0f} s, {counted}, {dict(ended.states)}, doctor: {list(ended.doctor) or 'healthy'}")
    yield Figure(NAME, "mails/s", people / ended.seconds)
    yield Figure(f"{NAME}-apart", "mails", max(abs(number - people) for number in counted.values()), most=0)
    yield Figure(f"{NAME}-doctor", "findings", len(ended.doctor), most=0)
    behind = [held for landed, held in looks if held and landed >= _FIRST_LOOK] or [0.0]
    yield Figure(f"{NAME}-memory", "MiB", behind[-1], f"after {_FIRST_LOOK:,} recipients", most=FLAT * behind[0])


async def _run(home: Path, url: str, port: int, people: int) -> tuple[Killed, Figures, Looks]:
    smtp = {"host": "127.0.0.1", "port": port, "security": "none"}
    mail = {"kind": "email", "provider": "smtp", "address": "support@meadow.example", "smtp": smtp}
    async with company(home, url, {"mail": mail | {"rate": 10_000, "burst": 1_000}}) as hub:
        number = await campaign(hub, people, Kind.EMAIL)
        async with _looking(hub, number) as looks:
            undisturbed = Havoc(lambda: 0, (), random.Random(0))
            ended = await send(hub, home, number, undisturbed, workers=WORKERS, patience=_PATIENCE)
        async with hub.database.unit() as session:
            return ended, await results.figures(session, number), looks


@asynccontextmanager
async def _looking(hub: Hub, campaign_id: int) -> AsyncIterator[Looks]:
    """How far it is and what its workers hold, looked at every few seconds while inside."""
    looks = Looks()
    connection = await asyncpg.connect(hub.database.url)
    watching = asyncio.create_task(_watch(connection, campaign_id, looks))
    try:
        yield looks
    finally:
        watching.cancel()
        await asyncio.wait({watching})
        await connection.close()


async def _watch(connection: asyncpg.Connection, campaign_id: int, looks: Looks) -> None:
    while True:
        landed = await connection.fetchval(_LANDED, campaign_id)
        held = max((memory.resident(one) / 2**20 for one in memory.children(os.getpid(), "worker")), default=0.0)
        looks.append((landed, held))
        if len(looks) % 12 == 1:
            say(f"{NAME}: {landed:,} mails, {held:.0f} MiB")
        await asyncio.sleep(_EVERY)


# ---- the wire -------------------------------------------------------------------------------


@contextmanager
def _counting_sink(sink: str, counted: Path) -> Iterator[int]:
    """smtp-sink, which writes its running counts into a file; its port."""
    port, as_nobody = free_port(), ["-u", "nobody"] if os.geteuid() == 0 else []
    command = " ".join(("exec", sink, "-c", *as_nobody, f"127.0.0.1:{port}", "512", ">", str(counted)))
    with listening(port, ["sh", "-c", command]):
        yield port


def _last_count(counted: Path) -> int:
    """How many mails it has taken: it writes `sess=1 quit=1 mesg=1`, again and again."""
    return int(re.findall(r"mesg=(\d+)", counted.read_text())[-1])
