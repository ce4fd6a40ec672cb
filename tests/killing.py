"""A campaign sent by several worker processes while somebody kills them at random (faults F1 and F2).

Everything is the real thing: `hub worker` processes, PostgreSQL, the wire. What is told in the end is counted on the
far side of the wire and in the log, and compared one by one.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import asyncpg

from channels.message import Kind
from hub import clock
from hub.bootstrap import Hub, open_hub, prepare
from hub.campaigns import lifecycle
from hub.campaigns.lifecycle import Plan
from hub.outbound import evidence, templates
from hub.outbound.evidence import NOT_THERE
from hub.settings import load

_WORDS = {
    "en": {
        "subject": "Spring",
        "body": "Dear {{ customer.name }}, all costs less. {{ unsubscribe_url }}",
        "sms": "{{ customer.name }}: less!",
    }
}
CONCURRENCY = 20  # of one worker: in flight, or landed and not yet written down; what a channel allows by itself
# Numbers of ordinary people: the sandbox plays tricks by those that end in 0001 to 0018.
_PEOPLE = (
    """insert into customer (id, name, given_name, language, timezone, attributes, labels, provisional, vip,
      deceased, do_not_contact, created_at, updated_at)
    select (to_char(n, 'FM00000000') || '-0000-7000-8000-000000000000')::uuid, 'Person ' || n, 'Ana', 'en',
      'Europe/Warsaw', '{}', '{spring}', false, false, false, false, now(), now()
    from generate_series(1, $1::int) n""",
    """insert into identity (customer_id, kind, value, label, preferred, state, soft_bounces, created_at)
    select id, case $1 when 'email' then 'email' else 'phone' end,
      case $1 when 'email' then 'p' || substr(id::text, 1, 8) || '@people.example'
      else '+4873' || substr(id::text, 4, 5) || '77' end, '', true, 'ok', 0, now() from customer""",
    """insert into consent (customer_id, at, channel, purpose, granted, wording, wording_version, source, evidence)
    select id, now(), null, 'marketing', true, '', '', 'import', '' from customer""",
)
_ENDS = "select id::text, state, message_id, recipient, reason from interaction where campaign_id is not null"


@dataclass
class Crew:
    """Worker processes, replaced as soon as they are killed."""

    command: Sequence[str]
    log: Path
    dice: random.Random
    processes: list[asyncio.subprocess.Process] = field(default_factory=list)
    kills: int = 0

    async def start(self, count: int) -> None:
        for _ in range(count):
            await self._one()

    def kill_one(self) -> None:
        """SIGKILL to one of them, at once."""
        living = [process for process in self.processes if process.returncode is None]
        self.dice.choice(living).kill()
        self.kills += 1

    async def replace(self) -> None:
        """A new one for each that is gone."""
        gone = [process for process in self.processes if process.returncode is not None]
        for process in gone:
            self.processes.remove(process)
            await self._one()

    async def stop(self) -> None:
        for process in self.processes:
            if process.returncode is None:
                process.terminate()
        for process in self.processes:
            await process.wait()

    async def _one(self) -> None:
        with self.log.open("ab") as log:
            self.processes.append(
                await asyncio.create_subprocess_exec(
                    *self.command, stdin=asyncio.subprocess.DEVNULL, stderr=log, env=_environment()
                )
            )


@dataclass(frozen=True)
class Havoc:
    """When to kill: whenever `progress`, what the far side has counted, reaches the next of `kill_at`."""

    progress: Callable[[], int]
    kill_at: Sequence[int]
    dice: random.Random


@dataclass(frozen=True)
class Killed:
    """How it ended. `ends` are the log's rows: id, state, the message's name, recipient, reason."""

    seconds: float
    kills: int
    ends: Sequence[asyncpg.Record]
    doubted: int  # whose fate was unknown at some moment
    doctor: Sequence[Mapping[str, object]]

    @property
    def states(self) -> Counter[str]:
        return Counter(row["state"] for row in self.ends)

    def lost(self, taken: Mapping[str, int], called: str) -> list[str]:
        """Messages that are told to have left and never came, or that stopped on the way."""
        on_the_way = [row["id"] for row in self.ends if row["state"] in ("queued", "sending")]
        told = [row for row in self.ends if row["state"] in ("sent", "delivered", "read")]
        return on_the_way + [row["id"] for row in told if not taken.get(row[called])]

    @property
    def unsettled(self) -> list[str]:
        """Recipients of what nobody knows of. What the provider's list does not have is known not to have left."""
        return [row["recipient"] for row in self.ends if row["state"] == "unknown" and row["reason"] != NOT_THERE]

    def slandered(self, taken: Mapping[str, int]) -> list[str]:
        """Recipients of what is said not to have left, although the provider has it."""
        return [row["recipient"] for row in self.ends if row["reason"] == NOT_THERE and taken.get(row["recipient"])]


@asynccontextmanager
async def company(folder: Path, url: str, channels: Mapping[str, object], *, port: int = 9) -> AsyncIterator[Hub]:
    """A hub with these channels on the database at `url`, its configuration in `folder`. `port` is its web server's."""
    await prepare(url)
    document = {
        "hub": {"name": "Meadow", "public_url": f"http://127.0.0.1:{port}", "data_dir": str(folder / "data")},
        "web": {"port": port},
        "database": {"url": url},
        "gate": dict.fromkeys(("quiet_from", "quiet_until", "unknown_zone_from", "unknown_zone_until"), "00:00:00"),
        "channels": channels,
    }
    (folder / "config.toml").write_text("\n".join(_toml("", document)))
    async with open_hub(load(folder / "config.toml"), url) as hub:
        yield hub


def evenly(count: int, kills: int) -> list[int]:
    """After how many messages each kill falls due: spread over the whole run."""
    return [count * number // (kills + 1) for number in range(1, kills + 1)]


def hub_command(folder: Path, name: str) -> list[str]:
    """The real command with that configuration."""
    return [sys.executable, "-m", "hub", name, "--config", str(folder / "config.toml")]


async def campaign(hub: Hub, people: int, kind: Kind) -> int:
    """A marketing campaign to so many people, ready to start."""
    connection = await asyncpg.connect(hub.database.url)
    try:
        await connection.execute(_PEOPLE[0], people)
        await connection.execute(_PEOPLE[1], kind.value)
        await connection.execute(_PEOPLE[2])
        await connection.execute("analyze")
    finally:
        await connection.close()
    async with hub.database.unit() as session:
        version = await templates.save(session, "spring", _WORDS, now=clock.now())
        plan = Plan("Spring", version.id, ({"field": "label", "op": "eq", "value": "spring"},), kinds=(kind,))
        made = await lifecycle.create(session, plan, staff_id=None, now=clock.now())
    assert made.id is not None
    return made.id


async def send(
    hub: Hub, folder: Path, campaign_id: int, plan: Havoc, *, workers: int, patience: float, settled: float = 0
) -> Killed:
    """Run the campaign until nothing is left to do: everything sent, or of unknown fate.

    Those get `settled` more seconds to become known. Raises TimeoutError after `patience` seconds.
    """
    crew = Crew(hub_command(folder, "worker"), folder / "workers.log", plan.dice)
    connection = await asyncpg.connect(hub.database.url)
    try:
        await crew.start(workers)
        await _until(connection, _STARTED, workers)
        async with hub.database.unit() as session:
            await lifecycle.start(session, campaign_id, gate=hub.gate, now=clock.now())
        began = time.monotonic()
        async with _havoc(plan, crew), asyncio.timeout(patience):
            await _until(connection, _DONE, campaign_id)
        seconds = time.monotonic() - began
        with suppress(TimeoutError):
            async with asyncio.timeout(settled):
                await _until(connection, _SETTLED, campaign_id)
        await crew.stop()
        ends, doubted = await connection.fetch(_ENDS), await connection.fetchval(_DOUBTED, campaign_id)
        return Killed(seconds, crew.kills, ends, doubted, await _doctor(folder))
    finally:
        await crew.stop()
        await connection.close()


def _environment() -> dict[str, str]:
    """Compiled modules are kept, as where a hub is installed: to start anew is part of what a kill costs."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


# Each of them sends and reads, by names of its own after host and process.
_STARTED = "select count(distinct regexp_replace(name, ':[^:]*$', '')) >= $1 from worker"
# Nothing fed is left to send. An SMS is `sending` until its carrier says more.
_DONE = """
select c.audience_at is not null and c.fed >= c.audience and c.fed > 0
  and not exists (select from outbox) and not exists (
    select from interaction i where i.campaign_id = c.id and i.state in ('queued', 'sending')
      and not exists (select from provider_reference r where r.interaction_id = i.id))
from campaign c where c.id = $1
"""
_SETTLED = f"""
select not exists (select from interaction where campaign_id = $1
  and (state = 'sending' or state = 'unknown' and reason <> '{NOT_THERE}'))
"""
_DOUBTED = """
select count(distinct a.interaction_id) from attempt a join interaction i on i.id = a.interaction_id
where i.campaign_id = $1 and a.outcome in ('unknown', 'lease_expired')
"""


@asynccontextmanager
async def _havoc(plan: Havoc, crew: Crew) -> AsyncIterator[None]:
    """Over before the crew is told to stop: nobody is replaced any more."""
    wreaking = asyncio.create_task(_wreak(plan, crew))
    try:
        yield
    finally:
        wreaking.cancel()
        await asyncio.wait({wreaking})


async def _wreak(plan: Havoc, crew: Crew) -> None:
    due = list(plan.kill_at)
    while True:
        if due and plan.progress() >= due[0]:
            due.pop(0)
            await asyncio.sleep(plan.dice.random() * 0.05)
            crew.kill_one()
        await crew.replace()
        await asyncio.sleep(0.01)


async def look_for_five_minutes(hub: Hub) -> list[asyncpg.Record]:
    """Ask the providers about what is unknown, each half minute of five that do not pass. Gives the ends again."""
    now = clock.now()
    for turn in range(1, 11):
        await evidence.look(hub.database, hub.channels, gate=hub.gate, now=now + turn * timedelta(seconds=30))
    connection = await asyncpg.connect(hub.database.url)
    try:
        return list(await connection.fetch(_ENDS))
    finally:
        await connection.close()


async def _until(connection: asyncpg.Connection, question: str, value: object) -> None:
    while not await connection.fetchval(question, value):
        await connection.execute("select pg_sleep(0.2)")


async def _doctor(folder: Path) -> list[Mapping[str, object]]:
    command = [*hub_command(folder, "doctor"), "--json"]
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    out, _ = await process.communicate()
    found = json.loads(out)
    return list(found["problems"] if isinstance(found, dict) else found)


def _toml(name: str, table: Mapping[str, object]) -> list[str]:
    """JSON's strings, numbers, lists and booleans are TOML's too."""
    plain = [f"{key} = {json.dumps(value)}" for key, value in table.items() if not isinstance(value, Mapping)]
    lines = [f"[{name}]", *plain] if name else plain
    for key, value in table.items():
        if isinstance(value, Mapping):
            lines += _toml(f"{name}.{key}" if name else key, value)
    return lines
