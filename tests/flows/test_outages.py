"""The database goes away in the middle of everything and comes back (requirement F3)."""

from __future__ import annotations

import asyncio
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
from hub.database import embedded
from hub.models.vocabulary import Direction, Role, State
from hub.reports.health import doctor
from hub.staff import tokens
from tests.flows.town import OURS, PASSWORD, Town, town, working

LETTERS = 60
RATE = 15.0  # a second: slow enough that the outage falls into the middle of the sending
BACK_SECONDS = 10.0
ANSWER_SECONDS = 2.0


class Server:
    """A bundled PostgreSQL of our own, to be stopped and started."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._held: AbstractContextManager[str] | None = None

    def start(self) -> str:
        self._held = embedded.server(self._home, fsync=False)
        return self._held.__enter__()

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
    people = [await meadow.customer(f"Person {n}", email=f"person{n}@mail.example") for n in range(LETTERS)]
    for person in people:
        await meadow.say(person, Kind.EMAIL, "Hello")

    async with working(meadow.hub):
        await _letters(meadow, 5)
        await asyncio.to_thread(server.stop)
        await _everybody_is_told(meadow, token)
        await meadow.world.mail.write("ana@mail.example", OURS, "Are you there?", "Hello?")
        missed = await _text(meadow)
        assert missed.status == 503
        taken = _taken(meadow)
        assert sum(taken.values()) < LETTERS

        await asyncio.to_thread(server.start)
        back = time.monotonic()
        await _letters(meadow, sum(taken.values()) + 1)
        await meadow.until(lambda: _heard(meadow, Kind.EMAIL))
        assert time.monotonic() - back < BACK_SECONDS
        assert (await _told_again(meadow, missed)).status == 204
        assert (await _told_again(meadow, missed)).status == 204
        await meadow.until(lambda: _all_sent(meadow))

    assert _taken(meadow) == Counter({f"person{n}@mail.example": 1 for n in range(LETTERS)})
    heard = [row for row in await meadow.log() if row.direction is Direction.IN]
    assert sorted(row.kind or "" for row in heard) == [Kind.EMAIL, Kind.SMS]
    async with meadow.hub.database.unit() as session:
        assert await doctor(session, now=clock.now()) == []


async def _everybody_is_told(meadow: Town, token: str) -> None:
    """Pages, programs and load balancers hear within two seconds, in words, that it is the database."""
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
            assert time.monotonic() - began < ANSWER_SECONDS, request.url
            assert (answer.status_code, answer.headers.get("Retry-After")) == (503, "5"), (request.url, answer.text)
            assert "cannot be reached" in answer.text
            assert ("<h1>" in answer.text) == ("text/html" in request.headers["Accept"])
        assert (await client.get("/health/live")).status_code == 200


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


async def _heard(meadow: Town, kind: Kind) -> bool:
    return any(row.direction is Direction.IN and row.kind is kind for row in await meadow.log())


async def _all_sent(meadow: Town) -> bool:
    return all(row.state is State.SENT for row in await meadow.log() if row.direction is Direction.OUT)
