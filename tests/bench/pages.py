"""pages: how long `hub web` takes for each page of a desk with a million interactions, and how many bytes it sends.

The search is asked for words of every sort, against a read through the log without an index (ILIKE) in the same run.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import httpx
import uvloop

from tests.bench.desk_rows import COOKIE, Desk, desk
from tests.bench.figures import Figure, measured, say
from tests.bench.processes import cpu_seconds
from tests.bench.rows import connected

ROUNDS, PAGE_MS, SEARCH_MS = 40, 200, 100
SEARCHES = 8  # rounds, the first two of which do not count
_ANY = """
select (select id from conversation where state = 'open' order by last_at desc offset 777 limit 1) as talk,
  (select customer_id from conversation where state = 'open' order by last_at desc offset 777 limit 1) as customer,
  (select conversation_id from interaction where conversation_id = any(array(
    select id from conversation where state = 'open' order by last_at desc limit 1000))
   group by conversation_id order by count(*) desc limit 1) as long,
  (select customer_id from conversation group by customer_id order by count(*) desc limit 1) as often
"""
_SCAN = "select id from interaction where subject || ' ' || body_text ilike $1 order by id desc limit 20"
# Words of almost every message, of one in a hundred, of none, in four languages without their accents; names, phrases,
# what is typed letter by letter; every operator, alone and with words; people who write much and people who hardly do.
_WORDS = (
    *(
        "invoice",
        "invoice 77001",
        "zamowienie",
        "reklamacja zwrot",
        "поръчка",
        "заказ",
        "счет",
        "nothing-has-this-word",
    ),
    *("the", "przesyl", "in", '"the amount" -invoice', "petrov", "zolkiewsk", "soko", "person77@", "umowa_1"),
    *("from:me", "from:me invoice", "from:agent19", "from:agent19 invoice", "from:petrov", "from:smith invoice"),
    *("channel:sms", "channel:sms invoice", "channel:note", "channel:call", "from:me channel:sms before:2025-12 zwrot"),
    *("before:2026-01", "before:2026-01 invoice 9001", "before:2025-06 channel:sms", "after:7d invoice"),
    *("to:person7@", "assigned:me state:open", "assigned:nobody faktura", "state:resolved in", "state:snoozed faktura"),
    *("has:attachment", "has:attachment faktura", "label:gold", "label:gold invoice", "label:claim"),
)


@dataclass(slots=True)
class Asked:
    """What one page took: milliseconds each time, bytes, and processor time of both sides for each."""

    waits: list[float] = field(default_factory=list)
    bytes: int = 0
    cpu_ms: float = 0.0

    @property
    def p95(self) -> float:
        return statistics.quantiles(self.waits, n=20)[-1]


def measure() -> Sequence[Figure]:
    """Every page one request after the other, as the server answers it: uncompressed, over loopback."""
    with desk() as served:
        asked = uvloop.run(_pages(served))
    return [
        *(
            Figure(f"page-{name}", "ms p95", one.p95, most=PAGE_MS, rounds=tuple(one.waits))
            for name, one in asked.items()
        ),
        *(Figure(f"page-{name}-bytes", "bytes", float(one.bytes)) for name, one in asked.items()),
        *(Figure(f"page-{name}-cpu", "ms", one.cpu_ms) for name, one in asked.items()),
    ]


def measure_search() -> Sequence[Figure]:
    """The p95 over forty queries of every sort, all groups at once; the ratio says how much faster than a scan."""
    with desk() as served:
        return uvloop.run(_searches(served))


async def _pages(served: Desk) -> Mapping[str, Asked]:
    async with connected(served.url) as connection:
        row = await connection.fetchrow(_ANY)
    paths = {
        "inbox": "/inbox/all",
        "inbox-mine": "/inbox/mine",
        "thread": f"/inbox/all/{row['talk']}",
        "thread-long": f"/inbox/all/{row['long']}",
        "customer": f"/customers/{row['customer']}",
        "customer-often": f"/customers/{row['often']}",
        "customers": "/customers",
        "customers-named": "/customers?q=kowal",
        "search": "/search?q=invoice",
        "campaigns": "/campaigns",
        "tasks": "/tasks",
    }
    async with _browser(served) as client:
        return {name: await _asked(served, client, name, path) for name, path in paths.items()}


def _browser(served: Desk) -> httpx.AsyncClient:
    cookies, plain = {"hub_session": COOKIE}, {"Accept-Encoding": "identity"}
    return httpx.AsyncClient(base_url=f"http://127.0.0.1:{served.port}", cookies=cookies, headers=plain, timeout=60)


async def _asked(served: Desk, client: httpx.AsyncClient, name: str, path: str) -> Asked:
    for _ in range(8):  # templates are read, and the database has made up its mind about its plans
        await _get(client, path)
    asked, before = Asked(), _cpu(served)
    for _ in range(ROUNDS):
        start = time.perf_counter()
        asked.bytes = await _get(client, path)
        asked.waits.append((time.perf_counter() - start) * 1000)
    asked.cpu_ms = (_cpu(served) - before) / ROUNDS * 1000
    say(f"pages: {name}: p95 {asked.p95:.0f} ms, {asked.bytes:,} bytes, {asked.cpu_ms:.0f} ms of processor time")
    return asked


async def _get(client: httpx.AsyncClient, path: str) -> int:
    answer = await client.get(path)
    if answer.status_code != 200:
        raise RuntimeError(f"{path} answers {answer.status_code}")
    return len(answer.content)


def _cpu(served: Desk) -> float:
    return cpu_seconds(served.web) + cpu_seconds(served.postmaster, children=True)


async def _searches(served: Desk) -> Sequence[Figure]:
    scans, waits, before = await _scans(served), dict[str, list[float]](), _cpu(served)
    async with _browser(served) as client:
        for number in range(SEARCHES):
            for words in _WORDS:
                start = time.perf_counter()
                answer = await client.get(
                    "/search", params={"q": words}, headers={"HX-Request": "true", "HX-Target": "results"}
                )
                if answer.status_code != 200 or "alert-warning" in answer.text:
                    raise RuntimeError(f"{words}: {answer.status_code} {answer.text[:300]}")
                if number > 1:
                    waits.setdefault(words, []).append((time.perf_counter() - start) * 1000)
    for words, those in waits.items():
        say(f"search: {words}: median {statistics.median(those):.0f} ms, worst {max(those):.0f} ms")
    cpu = (_cpu(served) - before) / (SEARCHES * len(_WORDS)) * 1000
    every = [wait for those in waits.values() for wait in those]
    p95 = statistics.quantiles(every, n=20)[-1]
    ratio = measured("search", "ms p95", "ILIKE scan", scans, [p95] * len(scans)).ratio
    return [
        Figure("search-cpu", "ms", cpu),
        Figure(
            "search", "ms p95", p95, "ILIKE scan", ratio, most=SEARCH_MS, rounds=tuple(every), other_rounds=tuple(scans)
        ),
    ]


async def _scans(served: Desk) -> list[float]:
    waits = []
    async with connected(served.url) as connection:
        for number in range(3):
            start = time.perf_counter()
            await connection.fetch(_SCAN, f"%nothing has {number}%")
            waits.append((time.perf_counter() - start) * 1000)
    return waits
