"""The database is killed in the middle of a campaign and of a fetch, and comes back (requirement F3).

`HUB_TEST_OUTAGE_SECONDS=20 pytest -s tests/flows/test_outages.py` keeps it away for as long as the requirement says,
and prints the figures.
"""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import httpx
import pytest

from channels.message import Kind
from channels.sandbox.callbacks import Posted
from hub import bootstrap, clock
from hub.campaigns import lifecycle
from hub.campaigns.lifecycle import Plan
from hub.database import embedded
from hub.models.vocabulary import CampaignState, Direction, Purpose, Role
from hub.outbound import templates
from hub.reports.health import doctor
from hub.staff import tokens
from tests.flows.town import OURS, PASSWORD, PATIENCE, Town, town, working

LETTERS = 60
QUESTIONS = 25  # from customers, by mail
DOWN_SECONDS = float(os.environ.get("HUB_TEST_OUTAGE_SECONDS", "0"))  # 0: as long as everybody is asked
RATE = 6.0  # a second: slow enough that the outage falls into the middle of the sending
BACK_SECONDS = 10.0
ANSWER_SECONDS = 2.0


class Server:
    """A bundled PostgreSQL of our own, to be stopped and started."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._held: AbstractContextManager[str] | None = None

    def start(self) -> str:
        self._held = embedded.server(self._home)  # careless, it would forget what it had promised to keep
        return self._held.__enter__()

    def kill(self) -> None:
        """As `pg_ctl -m immediate stop` does: no word to anybody, recovery at the next start."""
        (file,) = self._home.glob("data-*/postmaster.pid")
        os.kill(int(file.read_text().split()[0]), signal.SIGQUIT)
        self.stop()

    def stop(self) -> None:
        held, self._held = self._held, None
        if held is not None:
            held.__exit__(None, None, None)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    server = Server(tmp_path / "postgres")
    yield server
    server.stop()


@pytest.fixture
async def meadow(server: Server, tmp_path: Path) -> AsyncIterator[Town]:
    url = await asyncio.to_thread(server.start)
    await bootstrap.prepare(url)
    async with town(url, tmp_path / "data", rate=RATE) as meadow:
        yield meadow


async def test_an_outage_in_the_middle_of_everything_loses_and_doubles_nothing(meadow: Town, server: Server) -> None:
    token = await _token(meadow)
    for n in range(LETTERS):
        await meadow.customer(f"Person {n}", email=f"person{n}@mail.example")
    campaign = await _campaign(meadow)

    async with working(meadow.hub):
        await _letters(meadow, 5)
        async with meadow.hub.live.subscribe("raw") as kept:
            asking = asyncio.create_task(_ask(meadow))
            await asyncio.wait_for(kept.get(), PATIENCE)  # some are being read, others fetched, others still written
            await asyncio.to_thread(server.kill)
        away = time.monotonic()
        await asking
        slowest = await _everybody_is_told(meadow, token)
        await meadow.world.mail.write("ana@mail.example", OURS, "Are you there?", "Hello?")
        missed = await _text(meadow)
        assert missed.status == 503
        taken = _taken(meadow)
        assert sum(taken.values()) < LETTERS
        while time.monotonic() < away + DOWN_SECONDS:
            slowest = max(slowest, await _everybody_is_told(meadow, token))

        down = time.monotonic() - away
        await asyncio.to_thread(server.start)
        back = time.monotonic()
        await _letters(meadow, sum(taken.values()) + 1)
        await meadow.until(lambda: _heard(meadow, "Are you there?"))
        resumed = time.monotonic() - back
        assert resumed < BACK_SECONDS
        assert (await _told_again(meadow, missed)).status == 204
        assert (await _told_again(meadow, missed)).status == 204
        await meadow.until(lambda: _finished(meadow, campaign))
        await meadow.until(lambda: _all_heard(meadow))

    print(f"F3: away {down:.1f} s, slowest 503 {slowest * 1000:.0f} ms, all goes on after {resumed:.1f} s")
    assert _taken(meadow) == Counter({f"person{n}@mail.example": 1 for n in range(LETTERS)})
    assert Counter(row.kind for row in await meadow.log() if row.direction is Direction.IN) == {
        Kind.EMAIL: QUESTIONS + 1,
        Kind.SMS: 1,
    }
    async with meadow.hub.database.unit() as session:
        assert await doctor(session, now=clock.now()) == []
        assert (await lifecycle.counts(session, campaign)).sent == LETTERS


async def _campaign(meadow: Town) -> int:
    """To everybody, begun at once."""
    words = {"en": {"subject": "Spring", "body": "Dear {{ customer.name }}, we open earlier."}}
    now = clock.now()
    async with meadow.hub.database.unit() as session:
        version = await templates.save(session, "spring", words, now=now)
        plan = Plan("Spring", version.id, ({"field": "language", "op": "eq", "value": "en"},), Purpose.SERVICE)
        campaign = await lifecycle.create(session, plan, staff_id=None, now=now)
        assert campaign.id is not None
        await lifecycle.schedule(session, campaign.id, now, gate=meadow.hub.gate, now=now)
    return campaign.id


async def _ask(meadow: Town) -> None:
    for n in range(QUESTIONS):
        await meadow.world.mail.write(f"person{n}@mail.example", OURS, f"Question {n}", "Hello?")


async def _everybody_is_told(meadow: Town, token: str) -> float:
    """Pages, programs and load balancers hear in words that it is the database; how long the slowest waited for it."""
    slowest = 0.0
    async with httpx.AsyncClient(base_url=meadow.url, timeout=10) as client:
        form = {"email": "admin@meadow.example", "password": PASSWORD}
        asked = [
            client.build_request("GET", "/inbox/all", headers={"Cookie": "hub_session=some", "Accept": "text/html"}),
            client.build_request("POST", "/sign-in", data=form, headers={"Origin": meadow.url}),
            client.build_request("GET", "/api/v1/customers", headers={"Authorization": f"Bearer {token}"}),
            client.build_request("GET", "/health/ready"),
        ]
        for request in asked:
            began = time.monotonic()
            answer = await client.send(request)
            slowest = max(slowest, time.monotonic() - began)
            assert (answer.status_code, answer.headers.get("Retry-After")) == (503, "5"), (request.url, answer.text)
            assert "cannot be reached" in answer.text
            assert ("<h1>" in answer.text) == ("text/html" in request.headers["Accept"])
        assert (await client.get("/health/live")).status_code == 200
    assert slowest < ANSWER_SECONDS
    return slowest


async def _token(meadow: Town) -> str:
    staff = await meadow.staff(Role.ADMIN)
    async with meadow.hub.database.unit() as session:
        return (await tokens.issue(session, staff_id=staff, name="test", now=clock.now())).token


async def _text(meadow: Town) -> Posted:
    """Somebody sends an SMS; what the hub's webhook answered to the carrier."""
    carrier = meadow.world.carrier
    sid = carrier.text("+48601123456", "Hello?").sid
    await carrier.settled()
    (posted,) = (one for one in carrier.log if one.form.get("MessageSid") == sid)
    return posted


async def _told_again(meadow: Town, posted: Posted) -> Posted:
    return await meadow.world.carrier._courier.post(posted.url, posted.form)


async def _letters(meadow: Town, count: int) -> None:
    """Wait until so many have arrived in all mailboxes together."""
    arrived = asyncio.Event()

    async def seen(_letter: object) -> None:
        arrived.set()

    mail = meadow.world.mail
    mail.on_letter.append(seen)
    try:
        async with asyncio.timeout(60):
            while sum(_taken(meadow).values()) < count:
                await arrived.wait()
                arrived.clear()
    finally:
        mail.on_letter.remove(seen)


def _taken(meadow: Town) -> Counter[str]:
    mail = meadow.world.mail
    return Counter({a: len(mail.mailbox(a)) for a in mail.addresses() if a.startswith("person")})


async def _heard(meadow: Town, subject: str) -> bool:
    return any(row.direction is Direction.IN and row.subject == subject for row in await meadow.log())


async def _all_heard(meadow: Town) -> bool:
    return sum(row.direction is Direction.IN for row in await meadow.log()) == QUESTIONS + 2


async def _finished(meadow: Town, campaign: int) -> bool:
    async with meadow.hub.database.unit() as session:
        return (await lifecycle.get(session, campaign)).state is CampaignState.FINISHED
