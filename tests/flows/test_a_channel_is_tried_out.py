"""Settings, a channel: it is checked and tried out over the real wires, and its page says what came of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from bs4 import BeautifulSoup

from hub import clock
from hub.models import Interaction
from hub.models.vocabulary import Origin, Role, State
from hub.staff import accounts
from tests.flows.town import PASSWORD, PATIENCE, Town, town, working

MINE, MY_PHONE = "admin@meadow.example", "+48601999888"


@pytest.fixture
async def meadow(database_url: str, tmp_path: Path) -> AsyncIterator[Town]:
    async with town(database_url, tmp_path) as meadow, working(meadow.hub):
        yield meadow


@pytest.fixture
async def desk(meadow: Town) -> AsyncIterator[httpx.AsyncClient]:
    await meadow.staff(Role.ADMIN)
    async with httpx.AsyncClient(
        base_url=meadow.url, headers={"Origin": meadow.url}, timeout=PATIENCE, follow_redirects=True
    ) as client:
        await client.post("/sign-in", data={"email": MINE, "password": PASSWORD})
        yield client


async def _press(desk: httpx.AsyncClient, page: str, button: str) -> httpx.Response:
    seen = BeautifulSoup((await desk.get(page)).text, "html.parser")
    csrf = seen.select_one("input[name=csrf]")
    assert csrf is not None
    return await desk.post(f"{page}/{button}", data={"csrf": str(csrf["value"])})


@pytest.mark.parametrize("channel", ["mail", "sms"])
async def test_a_test_reaches_whoever_asks_for_it_and_its_way_is_on_the_page(
    channel: str, meadow: Town, desk: httpx.AsyncClient
) -> None:
    async with meadow.hub.database.unit() as session:
        staff = await accounts.by_email(session, MINE)
        assert staff is not None
        await accounts.change(session, staff.id or 0, {"phone": MY_PHONE}, now=clock.now(), by=staff.id)
    page = f"/settings/channels/{channel}"
    said = await _press(desk, page, "test")
    assert "The test is on its way to" in said.text

    async def gone() -> Interaction | None:
        rows = [row for row in await meadow.log() if row.direction == "out"]
        return rows[0] if rows and rows[0].state in (State.SENT, State.DELIVERED) else None

    row = await meadow.until(gone)
    assert row is not None
    assert (row.origin, row.channel, row.recipient) == (Origin.TEST, channel, MINE if channel == "mail" else MY_PHONE)
    assert "Meadow & Sons" in row.body_text
    lines = BeautifulSoup((await desk.get(page)).text, "html.parser").select("#tests tbody tr")
    assert len(lines) == 1


@pytest.mark.parametrize("channel", ["mail", "sms", "voice"])
async def test_what_works_is_said_step_by_step(channel: str, meadow: Town, desk: httpx.AsyncClient) -> None:
    answered = await _press(desk, f"/settings/channels/{channel}", "check")
    health = BeautifulSoup(answered.text, "html.parser").select_one("#health [role=status]")
    assert health is not None
    assert health.select("li")
    assert not health.select(".bad")


async def test_the_address_to_tell_the_provider_is_the_one_the_check_wants(
    meadow: Town, desk: httpx.AsyncClient
) -> None:
    for channel, what in (("sms", "message"), ("voice", "incoming"), ("voice", "call-status")):
        page = BeautifulSoup((await desk.get(f"/settings/channels/{channel}")).text, "html.parser")
        field = page.select_one(f"#callback-{what}")
        assert field is not None
        assert field["value"] == f"{meadow.url}/webhooks/{channel}/{what}"
