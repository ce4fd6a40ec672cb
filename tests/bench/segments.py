"""segments: how long the desk waits for the number of customers that a segment means, by what the segment asks.

BENCH_CUSTOMERS says how many there are (100,000 without it), with ten words each; BENCH_SEGMENTS=folder keeps the
database there.
"""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvloop

from hub import clock
from hub.database import embedded, migrating
from hub.database import statistics as statistics_of
from hub.database.engine import Database
from hub.segments import asking, rolling_up
from tests.bench import segment_rows
from tests.bench.figures import Figure, say

PEOPLE = int(os.environ.get("BENCH_CUSTOMERS", "100000"))
ROUNDS, MOST_MS = 5, 1000


def _is(field: str, op: str, value: object) -> dict[str, Any]:
    return {"field": field, "op": op, "value": value}


_POLES, _GOLD = _is("language", "eq", "pl"), _is("label", "eq", "gold")
SHAPES: Mapping[str, Any] = {
    "fields": [_POLES, _is("country", "in", ["PL", "DE"]), _is("attributes.seats", "ge", 10)],
    "labels": [_GOLD, _POLES],
    "without-label": [_is("label", "ne", "gold")],
    "reached-and-agreed": [_is("has_channel", "eq", "email"), _is("consent", "eq", "marketing:email")],
    "silent-30": [_is("wrote_days", "gt", 30)],
    "silent-365": [_is("wrote_days", "gt", 365)],
    "no-contact-30": [_is("last_contact_days", "gt", 30)],
    "no-contact-180": [_is("last_contact_days", "gt", 180)],
    "no-contact-365": [_is("last_contact_days", "gt", 365)],
    "contact-30": [_is("last_contact_days", "lt", 30)],
    "called-90": [_is("called_days", "lt", 90)],
    "clicked-30": [_is("clicked_days", "lt", 30)],
    "got-campaign": [_is("got_campaign", "eq", 20)],
    "clicked-campaign": [_is("clicked_campaign", "eq", 20)],
    "rfm-30": [_is("rfm", "ge", 30)],
    "rfm-money": [_is("rfm_money", "ge", 20)],
    "purchases-3": [_is("purchases", "ge", 3)],
    "bought-then-silent": [_is("spent", "gt", 100), _is("purchase_days", "gt", 180)],
    "nested": {
        "any": [
            {"all": [_POLES, _is("rfm", "ge", 20)]},
            {"all": [_GOLD, _is("wrote_days", "lt", 90)]},
            {"not": {"any": [_is("got_campaign", "eq", 20), _is("language", "ne", "bg"), _is("purchases", "ge", 1)]}},
        ]
    },
}


def measure() -> Sequence[Figure]:
    """The median of each shape's counts, one after the other, in a log that the database has read once."""
    with _database() as url:
        return uvloop.run(_measured(url))


@contextmanager
def _database() -> Iterator[str]:
    kept = os.environ.get("BENCH_SEGMENTS")
    with tempfile.TemporaryDirectory(prefix="hub-bench-") as passing, embedded.server(Path(kept or passing)) as url:
        uvloop.run(_ready(url))
        yield url


async def _ready(url: str) -> None:
    """Raises RuntimeError for a kept folder of another size."""
    await migrating.upgrade(url)
    there = await segment_rows.there(url)
    if not there:
        await segment_rows.fill(url, PEOPLE)
    elif there != PEOPLE:
        raise RuntimeError(f"BENCH_SEGMENTS holds {there:,} customers of {PEOPLE:,}. Remove the folder and begin again")
    await _read_on(url)


async def _read_on(url: str) -> None:
    """What a worker does every ten minutes; of a log that it has not read before, all of it."""
    database, begun = Database(url, pool_size=1), time.perf_counter()
    try:
        await rolling_up.roll_up(database, now=clock.now())
        async with database.unit() as session:
            await statistics_of.refresh(session, "last_contact")
    finally:
        await database.close()
    say(f"  last contacts are read from the log: {time.perf_counter() - begun:.0f} s")


async def _measured(url: str) -> list[Figure]:
    database = Database(url, pool_size=1)
    try:
        return [await _figure(database, name, raw) for name, raw in SHAPES.items()]
    finally:
        await database.close()


async def _figure(database: Database, name: str, raw: Any) -> Figure:
    took, meant, now = [], 0, clock.now()
    for _ in range(ROUNDS + 1):
        begun = time.perf_counter()
        async with database.unit() as session:
            meant = await asking.count(session, raw, now=now)
        took.append((time.perf_counter() - begun) * 1000)
    rounds = tuple(took[1:])  # the first reads what it needs from the disk
    middle = statistics.median(rounds)
    say(f"segment-{name}: {meant:,} of {PEOPLE:,} customers in {middle:.0f} ms, at first {took[0]:.0f} ms")
    return Figure(f"segment-{name}", "ms", middle, most=MOST_MS, rounds=rounds)
