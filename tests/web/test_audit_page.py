"""The audit trail as a page: who, what, whom, when; for those who may read it, and to take along for those who may."""

from __future__ import annotations

import csv
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe

from hub import clock
from hub.interactions import history
from hub.models.vocabulary import Role
from hub.staff import audit
from hub.staff.audit import Wanted


async def _write(world: Any, *deeds: tuple[str, str], by: Role = Role.AGENT, at: datetime | None = None) -> None:
    async with world.hub.database.unit() as session:
        for action, subject in deeds:
            staff = world.staff[by]
            await audit.write(session, action, staff_id=staff, subject=subject, detail="=1+1", now=at or clock.now())


def _rows(page: Any) -> list[tuple[str, str]]:
    """What and whom."""
    cells = [row.select("td") for row in page.select("tbody tr") if row.select("code")]
    return [(one[2].text, one[3].text.strip()) for one in cells]


async def test_who_read_a_card_is_found_by_the_customer_by_the_reader_and_by_day(world: Any, signed_in: Any) -> None:
    agent, lead = await signed_in(Role.AGENT), await signed_in(Role.SUPERVISOR)
    await agent.see(f"/customers/{world.customers['georgi']}")
    old = datetime(2024, 5, 5, 12, tzinfo=UTC)
    await _write(world, ("customer.read", f"customer:{world.customers['ana']}"), by=Role.MARKETER, at=old)
    who = world.staff[Role.AGENT]
    for query in ("whom=petrov", "whom=%D0%9F%D0%B5%D1%82%D1%80%D0%BE%D0%B2", f"whom={world.customers['georgi']}"):
        assert _rows(await lead.see(f"/audit?what=customer.read&{query}")) == [("customer.read", "Георги Петров")]
    assert _rows(await lead.see(f"/audit?what=customer&who={who}")) == [("customer.read", "Георги Петров")]
    assert _rows(await lead.see("/audit?since=2024-05-05&until=2024-05-05")) == [("customer.read", "Ana Nowak")]
    assert _rows(await lead.see("/audit?until=2024-05-04")) == []
    assert "Nothing found" in (await lead.see("/audit?whom=nobody+is+called+so")).text


async def test_a_day_that_is_none_is_told_and_the_form_keeps_what_was_typed(world: Any, signed_in: Any) -> None:
    seen = await (await signed_in(Role.SUPERVISOR)).see("/audit?since=yesterday&whom=%22%3E%3Cscript%3E")
    assert "That is no day" in seen.select_one("[role=alert]").text
    assert seen.select_one("#whom")["value"] == '"><script>'


async def test_the_trail_goes_on_where_a_page_ended(world: Any, signed_in: Any) -> None:
    lead = await signed_in(Role.SUPERVISOR)
    await _write(world, *[("team.change", f"team:{number}") for number in range(130)])
    first = await lead.see("/audit?what=team.change")
    rest = await lead.see(first.select_one("a.more")["href"])
    assert [whom for _, whom in _rows(first) + _rows(rest)] == [f"team:{number}" for number in reversed(range(130))]


async def test_the_filtered_trail_as_a_file_whose_cells_no_spreadsheet_runs(world: Any, signed_in: Any) -> None:
    lead = await signed_in(Role.SUPERVISOR)
    await _write(world, ("team.change", "team:1"), ("view.change", "view:2"))
    answer = await lead.client.get("/audit.csv?what=team")
    (head, row) = list(csv.reader(StringIO(answer.text.removeprefix("\ufeff"))))
    assert head[:4] == ["When", "Who", "What", "Whom"]
    assert row[1:5] == ["Olga Agent", "team.change", "team:1", "'=1+1"]
    assert _rows(await lead.see("/audit?what=audit.export")) == [("audit.export", "")]


@pytest.mark.parametrize("role", [Role.AGENT, Role.MARKETER])
async def test_who_may_not_read_the_trail_gets_neither_page_nor_file(role: Role, world: Any, signed_in: Any) -> None:
    desk = await signed_in(role)
    assert [(await desk.client.get(path)).status_code for path in ("/audit", "/audit.csv")] == [403, 403]


@pytest.mark.browser
@pytest.mark.parametrize(("width", "dark"), [(1440, False), (390, True)])
async def test_the_page_is_readable_for_everybody(
    width: int, dark: bool, world: Any, opening: Any, complaints: list[str]
) -> None:
    await _write(world, ("customer.read", f"customer:{world.customers['ana']}"), at=clock.now() - timedelta(days=3))
    page = await opening("/audit", Role.SUPERVISOR, width=width, dark=dark)
    assert (await Axe().run(page)).response["violations"] == []
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert complaints == []


async def test_whoever_asks_for_pieces_of_pages_alone_is_noted_too(world: Any, signed_in: Any) -> None:
    desk, talks = await signed_in(Role.AGENT), world.conversations
    async with world.hub.database.unit() as session:
        (said,) = await history.thread(session, talks["stranger"])
    piece = {"HX-Request": "true", "HX-Target": "messages"}
    newest = "ffffffff-ffff-ffff-ffff-ffffffffffff"
    for _twice in range(2):
        assert (await desk.client.get(f"/customers/{world.customers['ana']}", headers=piece)).status_code == 200
        older = f"/customers/{world.customers['georgi']}?before={newest}"
        assert (await desk.client.get(older, headers={"HX-Request": "true"})).status_code == 200
        assert (await desk.client.get(f"/inbox/all/{talks['xss']}", headers=piece)).status_code == 200
        assert (await desk.client.get(f"/messages/{said.id}/text", headers=piece)).status_code == 200
        assert (await desk.client.get("/palette?q=invoice", headers=piece)).status_code == 200
    async with world.hub.database.unit() as session:
        rows = await audit.latest(session, Wanted(staff_id=world.staff[Role.AGENT]), limit=20)
    people = (world.customers[one] for one in ("ana", "georgi", "evil", "stranger"))
    noted = sorted((row.action, row.subject) for row in rows)
    assert noted == sorted([("search", ""), *(("customer.read", f"customer:{one}") for one in people)])
