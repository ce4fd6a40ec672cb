"""webhook-flood: fault F11. 10,000 callbacks in a minute, some twice, late, early or forged, and an agent at work.

At the end the log is what the model says, and what was forged changed nothing.
"""

from __future__ import annotations

import asyncio
import random
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import httpx
import uvloop

from hub import bootstrap, clock
from hub.database.engine import Database
from hub.interactions import receipts
from hub.models.vocabulary import Role, State
from hub.settings import Settings, load
from hub.signing import Signer
from hub.staff import accounts
from tests.bench.figures import Figure, say
from tests.bench.posting import Posted, post_all, post_paced
from tests.bench.processes import free_port, listening
from tests.bench.rows import add_customer, add_interactions, connected
from tests.bench.webhook_in import _CONFIG, _CUSTOMERS_NUMBER, _NUMBER, _TOKEN, _callback

CALLBACKS, A_MINUTE, CONNECTIONS = 10_000, 10_000, 32
MESSAGES = int(CALLBACKS / 2.67 / 1.35)  # two or three steps each, 30 in 100 of them twice, 5 in 100 forged
P99_MS, PAGE_P95_MS = 1000, 1000
_EMAIL, _PASSWORD = "agent@bench.example", "correct horse battery staple"


@dataclass(frozen=True, slots=True)
class Flood:
    """`requests` in the order in which they come, where each message has to end, and which names come only later."""

    requests: Sequence[bytes]
    forged: int
    model: dict[UUID, State]
    early: dict[str, UUID]


def measure() -> Sequence[Figure]:
    """How long callbacks and an agent's pages wait at ten thousand callbacks a minute."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hub-bench-")))
        config = folder / "config.toml"
        words = _CONFIG.format(port=free_port(), folder=folder, number=_NUMBER, token=_TOKEN)
        config.write_text(words, encoding="utf-8")
        settings = load(config)
        url = stack.enter_context(bootstrap.running_database(settings))
        asyncio.run(bootstrap.prepare(url))
        port = settings.web.port
        stack.enter_context(listening(port, [sys.executable, "-m", "hub", "web", "--config", str(config)]))
        posted, pages = uvloop.run(_flooded(url, settings))
    return [
        Figure("webhook-flood", "ms p99", posted.wait(99) * 1000, most=P99_MS),
        Figure("webhook-flood-page", "ms p95", statistics.quantiles(pages, n=20)[-1] * 1000, most=PAGE_P95_MS),
    ]


async def _flooded(url: str, settings: Settings) -> tuple[Posted, list[float]]:
    database = Database(url)
    async with database.unit() as session:
        await accounts.create(session, email=_EMAIL, name="Ada", role=Role.AGENT, password=_PASSWORD, now=clock.now())
    flood = await _flood(url, settings)
    pages: list[float] = []
    agent = asyncio.create_task(_work(settings.hub.public_url, pages))
    posted = await post_paced(settings.web.port, flood.requests, connections=CONNECTIONS, rate=A_MINUTE / 60)
    agent.cancel()
    told = await _told_again(settings.web.port, posted)
    async with database.unit() as session:
        await receipts.join_all(session, "sms", flood.early, now=clock.now())
    await database.close()
    await _judge(url, flood, told)
    say(f"webhook-flood: {len(flood.requests)} callbacks in {posted.seconds:.0f} s, {len(pages)} pages meanwhile")
    return posted, pages


async def _flood(url: str, settings: Settings) -> Flood:
    signer, port, chance = Signer(bootstrap.signing_secret(settings)), settings.web.port, random.Random(11)
    async with connected(url) as connection:
        customer, sending = await add_customer(connection), (State.SENDING.value, State.SENDING.rank)
        ids = await add_interactions(
            connection, customer, MESSAGES, kind="sms", state=sending, recipient=_CUSTOMERS_NUMBER
        )
    requests: list[bytes] = []
    forged, model, early = 0, {}, {}
    for number, message in enumerate(ids):
        sid, overtakes = f"SM{number:032x}", number % 10 == 0
        token = "" if overtakes else signer.message_token(message)  # without one only the create's answer tells
        model[message] = State.DELIVERED if number % 3 else State.SENT
        if overtakes:
            early[sid] = message
        told = [_callback(port, sid, token, step) for step in ("queued", "sent", "delivered")[: 3 if number % 3 else 2]]
        requests += told + [one for one in told if chance.random() < 0.3]
        if chance.random() < 0.17:
            forged += 1
            requests.append(_callback(port, sid, token, "failed").replace(b"Status=failed", b"Status=failee"))
    late = [n + (chance.random() * 400 if chance.random() < 0.3 else 0) for n in range(len(requests))]
    return Flood([requests[n] for n in sorted(range(len(late)), key=late.__getitem__)], forged, model, early)


async def _work(url: str, pages: list[float]) -> None:
    """One agent, who looks at the inbox again and again until cancelled."""
    async with httpx.AsyncClient(base_url=url, headers={"Origin": url}, timeout=30) as client:
        signed_in = await client.post("/sign-in", data={"email": _EMAIL, "password": _PASSWORD})
        if signed_in.status_code >= 400:
            raise RuntimeError(f"The agent cannot sign in: {signed_in.status_code}")
        while True:
            began = time.perf_counter()
            page = await client.get("/inbox/all", headers={"Accept": "text/html"})
            if page.status_code != 200:
                raise RuntimeError(f"The inbox answered {page.status_code}")
            pages.append(time.perf_counter() - began)
            await asyncio.sleep(0.2)


async def _told_again(port: int, posted: Posted) -> Counter[int]:
    """The last answer to each callback: what was answered 503 is told again, as the provider does."""
    statuses, again = Counter(posted.statuses), posted.again
    while again:
        say(f"webhook-flood: {len(again)} were answered 503 and come again")
        statuses[503] -= len(again)
        later = await post_all(port, again, connections=4)
        statuses, again = statuses + later.statuses, later.again
    return statuses


async def _judge(url: str, flood: Flood, told: Counter[int]) -> None:
    expected = Counter({204: len(flood.requests) - flood.forged, 403: flood.forged})
    if told != expected:
        raise RuntimeError(f"Callbacks were answered {dict(told)}; it should be {dict(expected)}")
    async with connected(url) as connection:
        states = {row["id"]: row["state"] for row in await connection.fetch("select id, state from interaction")}
        kept = await connection.fetchval("select count(*) from receipt")
        waiting = await connection.fetchval("select count(*) from early_receipt")
    wrong = sum(states[one] != state.value for one, state in flood.model.items())
    steps = sum(3 if state is State.DELIVERED else 2 for state in flood.model.values())
    if wrong or kept != steps or waiting:
        raise RuntimeError(f"{wrong} messages stand elsewhere; {kept} receipts instead of {steps}; {waiting} unclaimed")
