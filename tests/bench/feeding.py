"""feeding: campaigns' customers through the audience's snapshot and the gate into log and outbox, durable commits."""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import uvloop
from sqlalchemy import text

from hub import clock
from hub.campaigns import feeding, lifecycle
from hub.campaigns.lifecycle import Plan
from hub.database import embedded, migrating
from hub.database.engine import Database
from hub.interactions import partitions
from hub.models.vocabulary import Kind
from hub.outbound import senders, templates
from tests.bench.figures import Figure, say
from tests.bench.rows import connected
from tests.gates import PLAIN, gate_of

CUSTOMERS, GOAL = 200_000, 50_000
FEEDERS = ("spring", "summer")  # campaigns that begin together, each with customers of its own
# The weekly cap is counted, and more than the rounds send.
_GATE = gate_of(replace(PLAIN, marketing_per_week=10), Kind.EMAIL, Kind.SMS)
_WORDS = {"en": {"subject": "Spring", "body": "Dear {{ customer.name }}, less. {{ unsubscribe_url }}", "sms": "Less!"}}

# Every twentieth is of a rare sort: no zone, hours of their own, dead, paused, opted out, bouncing, had enough already.
_TOWN = """
insert into customer (id, name, given_name, language, timezone, quiet_from, attributes, labels, provisional, vip,
  deceased, do_not_contact, paused_until, created_at, updated_at)
select (to_char(n, 'FM00000000') || '-0000-7000-8000-000000000000')::uuid, 'Person ' || n, 'Ana',
  (array['en', 'pl', 'bg'])[1 + n % 3],
  case when n % 20 > 1 then (array['Europe/Warsaw', 'Europe/Sofia', 'America/New_York', 'Asia/Tokyo'])[1 + n % 4] end,
  case when n % 20 = 2 then time '22:00' end, '{"city": "Łódź"}',
  array[case when n <= $1::int / 2 then 'spring' else 'summer' end], false, false, n % 200 = 3, n % 200 = 4,
  case when n % 100 = 5 then now() + interval '1 day' end, now(), now()
from generate_series(1, $1::int) n;
"""
_REST = (
    """insert into identity (customer_id, kind, value, label, preferred, state, soft_bounces, created_at)
    select id, 'email', 'p' || substr(id::text, 1, 8) || '@people.example', '', true,
      case when substr(id::text, 7, 2) = '07' then 'dead' else 'ok' end, 0, now() from customer""",
    """insert into identity (customer_id, kind, value, label, preferred, state, soft_bounces, created_at)
    select id, 'phone', '+4873' || substr(id::text, 2, 7), '', true, 'ok', 0, now() from customer
    where substr(id::text, 8, 1) in ('0', '1', '2', '3')""",
    """insert into consent (customer_id, at, channel, purpose, granted, wording, wording_version, source, evidence)
    select id, now(), null, 'marketing', true, '', '', 'import', '' from customer
    where substr(id::text, 7, 2) <> '08'""",
    """insert into consent (customer_id, at, channel, purpose, granted, wording, wording_version, source, evidence)
    select id, now(), 'email', null, false, '', '', 'one-click', '' from customer
    where substr(id::text, 7, 2) = '09'""",
    """insert into channel_preference (customer_id, purpose, channels, updated_at)
    select id, 'marketing', '{sms,email}', now() from customer where substr(id::text, 8, 1) = '3'""",
    """insert into suppression (kind, value, reason, source, at)
    select 'email', value, 'hard_bounce', 'test', now() from identity where value like 'p______10@%'""",
)


def measure() -> Figure:
    """Customers a second, two campaigns being fed at once, each over a connection of its own, as the hub feeds them.

    What senders take away meanwhile is not counted. On standard error also one that is fed alone.
    """
    with tempfile.TemporaryDirectory(prefix="hub-bench-") as home, embedded.server(Path(home)) as url:
        asyncio.run(_prepare(url))
        rounds = [uvloop.run(_round(url, number)) for number in range(1, 4)]
    return Figure("feeding", "recipients/s", sorted(rounds)[1], least=GOAL, rounds=tuple(rounds))


async def _prepare(url: str) -> None:
    await migrating.upgrade(url)
    database, now = Database(url, pool_size=1), clock.now()
    async with database.unit() as session:
        await partitions.ensure_months(session, now)
        for kind, name in ((Kind.EMAIL, "mail"), (Kind.SMS, "sms")):
            await senders.register(session, name, kind, rate=1e6, burst=1e6, now=now)
    await database.close()
    async with connected(url) as connection:
        await connection.execute(_TOWN, CUSTOMERS)
        for statement in _REST:
            await connection.execute(statement)
        await connection.execute("vacuum analyze")


async def _round(url: str, number: int) -> float:
    """One alone first, then both."""
    if number == 1:
        await _feed_all(url, "spring", number=0)
    return sum(await asyncio.gather(*(_feed_all(url, label, number=number) for label in FEEDERS)))


async def _feed_all(url: str, label: str, *, number: int) -> float:
    database, spent, fed = Database(url, pool_size=1), 0.0, 0
    try:
        async with connected(url) as connection:
            campaign, more = await _started(database, label), True
            server, worked = await _server(database), 0.0
            before = _seconds_of(server)
            while more:
                began = time.perf_counter()
                async with database.unit() as session:
                    more = await feeding.feed(session, campaign, gate=_GATE, now=clock.now())
                spent += time.perf_counter() - began
                await connection.execute("delete from outbox where campaign_id = $1", campaign)
            worked = _seconds_of(server) - before
        async with database.unit() as session:
            fed = (await lifecycle.get(session, campaign)).fed
    finally:
        await database.close()
    figures = f"{fed / spent:.0f} recipients/s, {worked / fed * 1e6:.0f} µs of the database's processor each"
    alone = "" if number else ", fed alone"
    say(f"feeding: round {number} of 3: {fed} recipients{alone}, {figures}")
    return fed / spent


async def _server(database: Database) -> int:
    """The process that serves the only connection."""
    async with database.unit() as session:
        return int((await session.execute(text("select pg_backend_pid()"))).scalar_one())


def _seconds_of(process: int) -> float:
    """Processor time, user and system (proc(5), fields 14 and 15)."""
    fields = Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def _started(database: Database, label: str) -> int:
    async with database.unit() as session:
        version = await templates.save(session, "spring", _WORDS, now=clock.now())
        segment = ({"field": "label", "op": "eq", "value": label},)
        campaign = await lifecycle.create(session, Plan(label, version.id, segment), staff_id=None, now=clock.now())
        assert campaign.id is not None
        await lifecycle.start(session, campaign.id, gate=_GATE, now=clock.now())
    return campaign.id
