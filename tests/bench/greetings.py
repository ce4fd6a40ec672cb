"""greetings: everybody of a million whose turn it is today, found by every customer's own clock; written in turn.

Birthdays, name days of three countries, an anniversary by an attribute, an own festival for one country in twenty.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
from sqlalchemy import make_url

from hub.database import embedded, migrating
from hub.database.engine import Database
from hub.models import Occasion
from hub.models.vocabulary import OccasionKind
from hub.occasions import name_days, rules
from hub.occasions.due import due
from hub.occasions.rules import Wish
from tests.bench.figures import Figure, say

NOW = datetime(2026, 7, 26, 18, tzinfo=UTC)  # a Sunday on which Annas are greeted in Poland
_ALL = 1_000_000

_PEOPLE = """
insert into customer (id, name, given_name, language, timezone, country, birth_month, birth_day, attributes, labels,
  provisional, vip, deceased, do_not_contact, untracked, created_at, updated_at)
select gen_random_uuid(), w.name || ' Nowak', w.name, 'pl',
  (array['Europe/Warsaw', 'Europe/Sofia', 'Europe/Moscow', null])[1 + n % 4],
  (array['PL', 'BG', 'RU', 'DE', 'FI'])[1 + n % 5], 1 + n % 12, 1 + (n / 12) % 28,
  jsonb_build_object('since', to_char(date '2000-01-01' + n % 9000, 'YYYY-MM-DD')), '{}', false, false, false,
  false, false, now(), now()
from generate_series(1, $1::int) n
join lateral (select ($2::text[])[1 + (n::bigint * 7919) % array_length($2::text[], 1)] as name) w on true
"""


def measure() -> list[Figure]:
    """Seconds to find a day's greetings among so many customers (BENCH_ROWS), all occasions together."""
    count = int(os.environ.get("BENCH_ROWS", _ALL))
    with tempfile.TemporaryDirectory(prefix="hub-bench-") as home, embedded.server(Path(home), fsync=False) as url:
        asyncio.run(migrating.upgrade(url))
        asyncio.run(_fill(url, count))
        seconds, found = asyncio.run(_find(url))
    say(f"greetings: {found:,} found among {count:,}")
    return [Figure("greetings-found", "s", seconds, most=1.0)]


async def _fill(url: str, count: int) -> None:
    names = [name for calendar in name_days.CALENDARS for some in name_days.names(calendar).values() for name in some]
    connection = await asyncpg.connect(make_url(url).set(drivername="postgresql").render_as_string(hide_password=False))
    try:
        await connection.execute(_PEOPLE, count, names, timeout=3600)
        await connection.execute("vacuum analyze customer")
    finally:
        await connection.close()


async def _find(url: str) -> tuple[float, int]:
    database = Database(url, pool_size=1)
    async with database.unit() as session:
        for country in name_days.CALENDARS:
            wish = Wish(OccasionKind.NAME_DAY, f"Name days {country}", "name-day", {"calendar": country}, (country,))
            await rules.save(session, wish, now=NOW)
        since = Wish(OccasionKind.ANNIVERSARY, "Since", "anniversary", {"attribute": "since"})
        await rules.save(session, since, now=NOW)
        occasions = await rules.listing(session, enabled=True)
    await _all(database, occasions)  # once before: connections, plans and pages of the database
    begun = time.perf_counter()
    found = await _all(database, occasions)
    seconds = time.perf_counter() - begun
    await database.close()
    return seconds, found


async def _all(database: Database, occasions: Sequence[Occasion]) -> int:
    found = 0
    async with database.unit() as session:
        for place, one in enumerate(occasions):
            some = await due(session, one, occasions[:place], zone="Europe/Warsaw", now=NOW, most=_ALL)
            say(f"  {one.name}: {len(some):,}")
            found += len(some)
    return found
