"""rate: 1,000 a second with a burst of 100, claimed by four processes that are killed at random; the worst second."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

from hub.database import embedded, migrating
from tests.bench.figures import Figure, say
from tests.claiming import Race, race, worst_second

RACE = Race(rate=1_000, burst=100, seconds=15, processes=4, kills=8)


def measure() -> list[Figure]:
    """Messages in the worst second, and how many a second there were, while there were enough claimers."""
    with tempfile.TemporaryDirectory(prefix="hub-bench-") as home, embedded.server(Path(home)) as url:
        asyncio.run(migrating.upgrade(url))
        moments = asyncio.run(race(url, RACE))
    lasted = moments[-1] - moments[0]
    say(f"rate: {len(moments)} claimed in {lasted:.1f} s, {RACE.processes} processes, {RACE.kills} kills")
    most = RACE.rate + RACE.burst
    return [
        Figure("rate-worst-second", "messages", worst_second(moments), most=most),
        Figure("rate", "messages/s", len(moments) / lasted, "the limit", len(moments) / lasted / RACE.rate),
    ]
