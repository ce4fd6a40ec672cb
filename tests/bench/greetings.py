"""greetings: everybody of a million whose turn it is today, found by every customer's own clock; a feast for all, fed.

Birthdays, name days of three countries and an anniversary by an attribute are found together. The feast goes through
the gate into log and outbox with durable commits, as the hub feeds it.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import uvloop
from sqlalchemy import func, text
from sqlmodel import col, select

from hub.database import embedded, migrating
from hub.database.engine import Database
from hub.interactions import partitions
from hub.models import Interaction
from hub.models.vocabulary import Kind, OccasionKind, State
from hub.occasions import due, greeting, name_days, rules, waiting
from hub.occasions.rules import Wish
from hub.outbound import senders
from tests.bench.figures import Figure, say
from tests.bench.processes import cpu_seconds, parent
from tests.bench.rows import connected
from tests.gates import PLAIN, gate_of

NOW = datetime(2026, 7, 26, 9, tzinfo=UTC)  # a Sunday on which Annas are greeted in Poland, in the daytime
GOAL = 50_000
_ALL = 1_000_000
_GATE = gate_of(PLAIN, Kind.EMAIL, Kind.SMS)

# Numbered as the hub numbers customers (`clock.uuid7`): one every two and a half minutes, for five years.
_PEOPLE = """
insert into customer (id, name, given_name, language, timezone, country, birth_month, birth_day, attributes, labels,
  provisional, vip, deceased, do_not_contact, untracked, created_at, updated_at)
select (lpad(to_hex(1600000000000 + n::bigint * 150000), 12, '0') || '7' || substr(md5(n::text), 1, 3) || '8'
    || substr(md5(n::text), 4, 15))::uuid, w.name || ' Nowak', w.name, 'pl',
  (array['Europe/Warsaw', 'Europe/Sofia', 'Europe/Moscow', null])[1 + n % 4],
  (array['PL', 'BG', 'RU', 'DE', 'FI'])[1 + n % 5], 1 + n % 12, 1 + (n / 12) % 28,
  jsonb_build_object('since', to_char(date '2000-01-01' + n % 9000, 'YYYY-MM-DD')), '{}', false, false, n % 200 = 3,
  n % 200 = 4, false, now(), now()
from generate_series(1, $1::int) n
join lateral (select ($2::text[])[1 + (n::bigint * 7919) % array_length($2::text[], 1)] as name) w on true
"""
_REST = (
    """insert into identity (customer_id, kind, value, label, preferred, state, soft_bounces, created_at)
    select id, 'email', 'p' || replace(id::text, '-', '') || '@people.example', '', true, 'ok', 0, now()
    from customer""",
    """insert into consent (customer_id, at, channel, purpose, granted, wording, wording_version, source, evidence)
    select id, now(), null, 'greetings', right(id::text, 1) <> '8', '', '', 'import', '' from customer""",
    "vacuum analyze",
)


def measure() -> list[Figure]:
    """Seconds to find a day's greetings among so many customers (BENCH_CUSTOMERS); greetings a second, fed."""
    count = int(os.environ.get("BENCH_CUSTOMERS", _ALL))
    with tempfile.TemporaryDirectory(prefix="hub-bench-") as home, embedded.server(Path(home)) as url:
        asyncio.run(migrating.upgrade(url))
        asyncio.run(_fill(url, count))
        found = uvloop.run(_find(url))
        fed = uvloop.run(_feed(url))
    return [Figure("greetings-found", "s", found, most=1.0), Figure("greetings-fed", "recipients/s", fed, least=GOAL)]


async def _fill(url: str, count: int) -> None:
    names = [name for calendar in name_days.CALENDARS for some in name_days.names(calendar).values() for name in some]
    async with connected(url) as connection:
        await connection.execute(_PEOPLE, count, names, timeout=3600)
        for statement in _REST:
            await connection.execute(statement, timeout=3600)
    database = Database(url, pool_size=1)
    async with database.unit() as session:
        await partitions.ensure_months(session, NOW)
        for kind, name in ((Kind.EMAIL, "mail"), (Kind.SMS, "sms")):
            await senders.register(session, name, kind, rate=1e6, burst=1e6, now=NOW)
        for country in name_days.CALENDARS:
            wish = Wish(OccasionKind.NAME_DAY, f"Name days {country}", "name-day", {"calendar": country}, (country,))
            await rules.save(session, wish, now=NOW)
        since = Wish(OccasionKind.ANNIVERSARY, "Since", "anniversary", {"attribute": "since"})
        await rules.save(session, since, now=NOW)
    await database.close()


class _Undo(Exception):
    """Who was found is not greeted."""


async def _find(url: str) -> float:
    """Once before, for connections, plans and the pages of the database."""
    database, seconds = Database(url, pool_size=1), 0.0
    server = await _server(database)
    for _ in range(2):
        begun, before = time.perf_counter(), cpu_seconds(server, children=True)
        try:
            await _take_all(database)
        except _Undo:
            seconds = time.perf_counter() - begun
            spent = cpu_seconds(server, children=True) - before
            say(f"greetings: found in {seconds:.1f} s, {spent:.1f} s of the database's processor")
    await database.close()
    return seconds


async def _take_all(database: Database) -> None:
    zone = _GATE.rules.company_zone
    async with database.unit() as session:
        occasions = await rules.listing(session, enabled=True)
        looks = [await waiting.find(session, one, zone=zone, now=NOW) for one in occasions]
        kept = [one for one in looks if one is not None]
        for place, one in enumerate(kept):
            found = 0
            for span in await waiting.spans(session, one, size=greeting.SLICE):
                found += (await due.take(session, one, kept[:place], span, now=NOW))[0]
            say(f"greetings: {one.occasion.name}: {found:,} found")
        raise _Undo


async def _feed(url: str) -> float:
    """A feast of everybody, and what else is kept on the day."""
    database = Database(url, pool_size=greeting.LANES)
    async with database.unit() as session:
        feast = Wish(OccasionKind.FESTIVAL, "Founding day", "festival", {"date": f"{NOW:%m-%d}"})
        await rules.save(session, feast, now=NOW)
    server = await _server(database)
    begun, before = time.perf_counter(), (cpu_seconds(server, children=True), time.process_time())
    await greeting.greet(database, gate=_GATE, clock=lambda: NOW, ahead=10**9)
    seconds = time.perf_counter() - begun
    database_s, own = cpu_seconds(server, children=True) - before[0], time.process_time() - before[1]
    async with database.unit() as session:
        rows = await session.exec(select(Interaction.state, func.count()).group_by(col(Interaction.state)))
        states = dict(rows.all())
        waiting = (await session.execute(text("select count(*) from outbox"))).scalar_one()
    await database.close()
    assert waiting == states[State.QUEUED], "a ticket for each that leaves"
    fed = sum(states.values())
    each = f"{database_s / fed * 1e6:.0f} µs of the database's processor each, {own / fed * 1e6:.0f} of our own"
    say(f"greetings: {fed:,} fed, {states[State.QUEUED]:,} of them leave: {fed / seconds:.0f}/s, {each}")
    return fed / seconds


async def _server(database: Database) -> int:
    """The process whose children serve the connections."""
    async with database.unit() as session:
        return parent((await session.execute(text("select pg_backend_pid()"))).scalar_one())
