"""The stream of changes: every page hears of everything, also of what happened while it was away."""

from __future__ import annotations

import asyncio
import json
import re
import socket
from collections.abc import AsyncIterator, Iterable
from contextlib import aclosing, asynccontextmanager
from typing import Any

import httpx
from bs4 import BeautifulSoup

from hub.database.engine import fetch
from hub.live import NOTIFY, Happening, publish_all
from hub.models.vocabulary import Role
from hub.web import live
from hub.web.relay import Relay
from tests.web.conftest import SignIn, serving


@asynccontextmanager
async def _listening(world: Any) -> AsyncIterator[Relay]:
    """A relay that hears of what happens: the first that it tells is the connection's `resync`."""
    relay = Relay(world.hub.live)
    async with asyncio.timeout(60):
        await relay.news(relay.place(relay.now))
        yield relay


async def _happen(world: Any, *numbers: int) -> None:
    async with world.hub.database.unit() as session:
        await publish_all(session, [Happening("conversation", {"id": str(number)}) for number in numbers])


async def _told(world: Any, relay: Relay, heard: str, *, until: str) -> tuple[list[str], str]:
    """What a page is told until this comes, ids or else topics, and the id behind which it goes on."""
    told, last = list[str](), ""
    async with aclosing(live.stream(world.hub, relay, "", heard, breath=3600)) as pieces:
        async for piece in pieces:
            told += _ids(piece.splitlines())
            last = re.findall(r"^id: (.*)$", piece, re.MULTILINE)[-1]
            if until in told:
                return told, last
    raise AssertionError("The stream ended")


def _ids(lines: Iterable[str]) -> list[str]:
    changes = [json.loads(line[6:]) for line in lines if line.startswith("data: ")]
    return [one["ids"].get("id", one["topic"]) for one in changes]


async def test_a_page_that_comes_again_is_told_what_happened_meanwhile_and_nothing_else(world: Any) -> None:
    async with _listening(world) as relay:
        before = relay.now
        await _happen(world, 1)
        first, heard = await _told(world, relay, before, until="1")
        await _happen(world, 2)
        await _happen(world, 3)
        meanwhile, heard = await _told(world, relay, heard, until="3")
        await _happen(world, 4)
        again, _ = await _told(world, relay, heard, until="4")
    assert (first, meanwhile, again) == (["1"], ["2", "3"], ["4"])


async def test_a_page_from_before_a_restart_or_with_an_id_nobody_gave_looks_at_everything_again(world: Any) -> None:
    async with _listening(world) as relay:
        other = Relay(world.hub.live)
        for unknown in (other.now, f"{relay.now}0000", "1\n\nevent: change", "-", relay.now.partition("-")[0] + "-x"):
            told, heard = await _told(world, relay, unknown, until="resync")
            assert (told, heard) == (["resync"], relay.now)


async def test_a_page_that_was_away_for_longer_than_is_kept_looks_at_everything_again(world: Any) -> None:
    async with _listening(world):
        relay = Relay(world.hub.live, kept=500)
        place = relay.place(before := relay.now)
        for number in range(10):
            await _happen(world, number)
            place, _ = await relay.news(place)
        told, heard = await _told(world, relay, before, until="resync")
        await _happen(world, 10)
        after, _ = await _told(world, relay, heard, until="10")
    assert (told, after) == (["resync"], ["10"])


async def test_what_happens_together_goes_out_in_one_piece_the_same_thing_once_and_where_it_came_last(
    world: Any,
) -> None:
    async with _listening(world) as relay:
        place = relay.place(relay.now)
        doings = [{"topic": "presence", "ids": {"id": doing}} for doing in ("look", "left", "look")]
        async with world.hub.database.unit() as session:
            await fetch(session, NOTIFY, "hub_live", [json.dumps(doings)])
        after, events = await relay.news(place)
    assert after == place + 1
    assert _ids(events.splitlines()) == ["left", "look"]


async def test_more_than_a_page_can_use_at_once_tells_it_to_look_at_everything_again(world: Any) -> None:
    async with _listening(world):
        relay = Relay(world.hub.live, most=2)
        place = relay.place(relay.now)
        await _happen(world, 1, 2, 3)
        place, events = await relay.news(place)
        await _happen(world, 4, 5)
        _, fewer = await relay.news(place)
    assert (_ids(events.splitlines()), _ids(fewer.splitlines())) == (["resync"], ["4", "5"])


async def test_a_page_hears_of_what_happened_since_it_was_made_and_after_a_cut_goes_on_where_it_was(
    world: Any, signed_in: SignIn
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        async with asyncio.timeout(120), serving(world.hub, listening) as address:
            desk = await signed_in(Role.AGENT)
            cookies = {"hub_session": desk.client.cookies["hub_session"]}
            async with httpx.AsyncClient(base_url=address, cookies=cookies, timeout=60) as browser:
                body = BeautifulSoup((await browser.get("/inbox/all")).text, "html.parser").body
                assert body is not None
                path = str(body["data-live"])
                await _happen(world, 1)
                first, heard = await _read(browser, path, {}, until="1")
                await _happen(world, 2)
                second, _ = await _read(browser, path, {"Last-Event-ID": heard}, until="2")
    assert first[-1:] == ["1"]
    assert second == ["2"]


async def _read(browser: httpx.AsyncClient, path: str, headers: dict[str, str], *, until: str) -> tuple[list[str], str]:
    lines = list[str]()
    async with browser.stream("GET", path, headers=headers) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        async for line in answer.aiter_lines():
            lines.append(line)
            if line.startswith("id: ") and until in _ids(lines):
                return _ids(lines), line[4:]
    raise AssertionError("The stream ended")
