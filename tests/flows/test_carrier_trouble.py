"""Fault F10: a carrier that says "slower", breaks, does not answer, or answers nonsense. Nobody is written to twice."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator

import pytest
from aiohttp import ClientSession, web
from sqlalchemy import text

from channels.adapter import Channel
from channels.message import Kind
from channels.providers import open_channel
from hub.models import SenderRow
from hub.models.vocabulary import State
from hub.outbound.request import Words
from tests.flows.test_outbound_delivery import SID, TEXTS, TOKEN, World, world

__all__ = ["world"]

PEOPLE = 40


class Trouble:
    """Between the hub and the carrier. Of the messages it is asked to create 30 % are answered 429, 10 % 500 (half of
    them after they were created), 5 % never, and 5 % in a language of its own, both after they were created.
    """

    def __init__(self, carrier: str) -> None:
        self._carrier, self._chance, self._never = carrier, random.Random(7), asyncio.Event()
        self.answers: Counter[str] = Counter()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        if request.method != "POST":
            return await self._pass_on(request)
        chance = self._chance.random()
        if chance < 0.3:
            self.answers["429"] += 1
            said = {"code": 20429, "message": "Too Many Requests", "status": 429}
            return web.json_response(said, status=429, headers={"Retry-After": "2"})
        if chance < 0.35:
            self.answers["500"] += 1
            return web.Response(status=500, text="no")
        made = await self._pass_on(request)
        if chance < 0.4:
            self.answers["500 after all"] += 1
            return web.Response(status=500, text="no")
        if chance < 0.45:
            self.answers["never"] += 1
            await self._never.wait()
        if chance < 0.5:
            self.answers["nonsense"] += 1
            return web.Response(status=201, text='{"sid": "SM', content_type="application/json")
        self.answers["good"] += 1
        return made

    async def _pass_on(self, request: web.Request) -> web.Response:
        headers = {name: request.headers[name] for name in ("Authorization", "Content-Type") if name in request.headers}
        url = f"{self._carrier}{request.raw_path}"
        async with (
            ClientSession() as session,
            session.request(request.method, url, data=await request.read(), headers=headers) as answer,
        ):
            return web.Response(status=answer.status, body=await answer.read(), content_type=answer.content_type)

    def stop(self) -> None:
        self._never.set()


@pytest.fixture
async def trouble(world: World) -> AsyncIterator[Trouble]:
    """The world's carrier, reached through trouble."""
    between = Trouble(world.carrier.base_url)
    app = web.Application()
    app.router.add_route("*", "/{anything:.*}", between.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    channels = world.delivery.channels
    assert isinstance(channels, dict)
    direct = channels["sms"]
    channels["sms"] = through(f"http://127.0.0.1:{runner.addresses[0][1]}", world.carrier.base_url)
    yield between
    between.stop()
    await channels["sms"].close()
    await direct.close()
    await runner.cleanup()


def through(base_url: str, hooks: str) -> Channel:
    account = {"account_sid": SID, "auth_token": TOKEN, "number": TEXTS.number, "timeout_seconds": 1}
    return open_channel(
        "sms", Kind.SMS, "twilio", account | {"base_url": base_url}, webhook_base=f"{hooks}/webhooks/sms"
    )


async def rested(world: World) -> float:
    """The sender's rest is over, and its whole burst has gathered. How long the rest still was."""
    async with world.database.unit() as session:
        left = (
            "select coalesce(extract(epoch from paused_until - clock_timestamp()), 0) from sender where channel = 'sms'"
        )
        seconds = float((await session.execute(text(left))).scalar_one())
        again = "paused_until = null, tat = clock_timestamp() - interval '1 minute'"
        await session.execute(text(f"update sender set {again} where channel = 'sms'"))
    return seconds


async def test_f10_a_carrier_in_trouble_doubles_nothing_loses_nothing_and_is_not_pressed(
    world: World, trouble: Trouble
) -> None:
    async with world.database.unit() as session:
        await session.execute(text("update sender set rate = 20, burst = 20 where channel = 'sms'"))
    numbers = [f"+48732500{n:03d}" for n in range(100, 100 + PEOPLE)]
    for number in numbers:
        await world.ask(await world.customer(f"P{number[-3:]}", number), Kind.SMS, Words("See you at ten"))
    paces: list[float] = []
    while await waiting(world):
        before = trouble.answers["429"]
        await world.pump("sms")
        if trouble.answers["429"] > before:
            assert await world.pump("sms") == 0  # the sender rests: nothing at all leaves
            assert 0 < await rested(world) <= 2
            paces.append((await sender(world)).pace)
        else:
            await rested(world)
    await world.carrier.settled()
    created = Counter(len(world.carrier.texts(number)) for number in numbers)
    states = Counter(row.state for row in await world.rows())
    assert set(created) <= {0, 1}  # none twice
    assert states[State.UNKNOWN] == created[0] == trouble.answers["500"]  # what was created is settled by its callback
    assert states[State.DELIVERED] == created[1]  # none lost
    assert trouble.answers.total() <= 1.2 * PEOPLE / 0.7
    assert min(paces) < 1  # it went slower


async def waiting(world: World) -> int:
    async with world.database.unit() as session:
        return int((await session.execute(text("select count(*) from outbox"))).scalar_one())


async def sender(world: World) -> SenderRow:
    return await world.sender("sms")
