"""The room with reports: what the form asks, what is shown, and what can be taken away."""

from __future__ import annotations

import csv
import io
from typing import Any

import openpyxl
import pytest
from axe_playwright_python.async_playwright import Axe
from sqlmodel import col, update

from hub import clock
from hub.models import Interaction
from hub.models.vocabulary import Role, State
from hub.staff import accounts

PARTS = (
    *("volume", "answers", "satisfaction", "promises", "agents", "calls", "campaigns"),
    *("segments", "deliverability", "consents", "loyalty"),
)


async def test_the_room_opens_with_the_volume_and_leads_to_the_others(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.SUPERVISOR)
    seen = await desk.see("/reports")
    assert seen.select_one("main h2").text == "Volume"
    links = [link["href"].partition("?")[0] for link in seen.select("nav.chips a")]
    assert links[: len(PARTS)] == [f"/reports/{name}" for name in PARTS]


async def test_the_picture_has_a_name_and_the_table_below_has_its_numbers(world: Any, signed_in: Any) -> None:
    seen = await (await signed_in(Role.SUPERVISOR)).see("/reports/volume?days=7")
    chart = seen.select_one("svg.chart")
    assert {seen.find(id=name).name for name in chart["aria-labelledby"].split()} == {"title", "desc"}
    rows = seen.select("table")[0].select("tbody tr")
    figures = [int(one.text) for one in seen.select(".report-figures b")]
    assert len(rows) == 7
    assert [sum(int(row.select("td")[column].text) for row in rows) for column in (1, 2)] == figures
    assert figures[0] > 0


async def test_the_workbook_and_the_csv_hold_the_same_rows(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.MARKETER)
    text = (await desk.client.get("/reports/volume.csv?days=7&table=by_channel")).content.decode("utf-8-sig")
    plain = list(csv.reader(io.StringIO(text)))
    file = (await desk.client.get("/reports/volume.xlsx?days=7")).content
    sheet = openpyxl.load_workbook(io.BytesIO(file))["By channel"]
    assert [[str(cell) for cell in row] for row in sheet.iter_rows(values_only=True)] == plain
    assert plain[0] == ["Channel", "Received", "Received before", "Sent", "Sent before"]
    assert len(plain) > 1


@pytest.mark.parametrize(
    "query", ["days=own&first=x", "days=own&first=2026-03-02&last=2026-03-01", "days=5", "team=x", "segment=999"]
)
async def test_what_cannot_be_asked_comes_back_with_the_reason(query: str, world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.SUPERVISOR)
    answer = await desk.client.get(f"/reports/volume?{query}")
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text
    file = await desk.client.get(f"/reports/volume.xlsx?{query}")
    assert (file.status_code, file.text.count("Days: ")) == (422, 1)


async def test_a_marketer_is_not_led_to_what_colleagues_did(world: Any, signed_in: Any) -> None:
    seen = await (await signed_in(Role.MARKETER)).see("/reports")
    led = {link["href"].removeprefix("/reports/").partition("?")[0] for link in seen.select("nav.chips a")}
    assert led == set(PARTS) - {"promises", "agents"}


@pytest.mark.parametrize("name", PARTS)
async def test_every_report_can_be_taken_away(name: str, world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.SUPERVISOR)
    assert openpyxl.load_workbook(io.BytesIO((await desk.client.get(f"/reports/{name}.xlsx")).content)).sheetnames
    assert (await desk.client.get(f"/reports/{name}.csv")).status_code == 200


@pytest.mark.parametrize(("last", "called"), [("08", "2020-03-02-2020-03-08"), ("02", "2020-03-02")])
async def test_a_file_is_called_by_its_days(world: Any, signed_in: Any, last: str, called: str) -> None:
    desk = await signed_in(Role.SUPERVISOR)
    for ending in ("xlsx", "csv"):
        path = f"/reports/volume.{ending}?days=own&first=2020-03-02&last=2020-03-{last}"
        assert f'filename="volume-{called}' in (await desk.client.get(path)).headers["content-disposition"]


async def test_who_has_left_can_still_be_asked_about(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.SUPERVISOR)
    async with world.hub.database.unit() as session:
        left = await accounts.create(
            session,
            email="lea@meadow.example",
            name="Lea",
            role=Role.AGENT,
            password="a long enough password",
            now=clock.now(),
        )
        await accounts.deactivate(session, left.id or 0, now=clock.now())
    seen = await desk.see("/reports/agents")
    assert seen.select_one(f"#r-staff option[value='{left.id}']").text == "Lea (switched off)"


async def test_own_days_stay_in_the_form_and_in_the_links(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.SUPERVISOR)
    seen = await desk.see("/reports/volume?days=own&first=2020-03-02&last=2020-03-08")
    assert [seen.select_one(f"#r-{name}")["value"] for name in ("first", "last")] == ["2020-03-02", "2020-03-08"]
    assert "first=2020-03-02" in seen.select("nav.chips a")[1]["href"]
    assert "Nothing in these days" in seen.text


async def test_a_report_or_a_table_that_there_is_not_is_not_found(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.SUPERVISOR)
    for path in ("/reports/nothing", "/reports/nothing.csv", "/reports/volume.csv?table=x"):
        assert (await desk.client.get(path)).status_code == 404, path


async def test_a_report_is_subscribed_to_as_the_page_is_narrowed_and_stopped_where_it_is_listed(
    world: Any, signed_in: Any
) -> None:
    desk = await signed_in(Role.SUPERVISOR)
    form = (await desk.see("/reports/volume?days=90&channel=sms")).select_one("form[action='/reports/volume/mail']")
    fields = {one["name"]: one["value"] for one in form.select("input")} | {"rhythm": "weekly", "hour": "7"}
    await desk.send("/reports/volume/mail", **fields, file="xlsx")
    listed = await desk.see("/reports/mail")
    (row,) = listed.select("main .entry-row")
    assert "Channel: sms" in row.text
    assert "every Monday" in row.text
    assert row.select_one("a")["href"] == "/reports/volume?channel=sms"
    await desk.send(row.select_one("form")["action"])
    assert "No reports by mail yet" in (await desk.see("/reports/mail")).text


async def test_nobody_subscribes_to_what_they_may_not_read_nor_stops_what_is_a_colleagues(
    world: Any, signed_in: Any
) -> None:
    wish = {"rhythm": "daily", "hour": "7", "file": "csv"}
    lead, marketer = await signed_in(Role.SUPERVISOR), await signed_in(Role.MARKETER)
    assert (await marketer.send("/reports/agents/mail", **wish)).status_code == 403
    await lead.send("/reports/agents/mail", **wish)
    stop = (await lead.see("/reports/mail")).select_one("main .entry-row form")["action"]
    assert (await marketer.send(stop)).status_code == 404
    assert "No reports by mail yet" in (await marketer.see("/reports/mail")).text
    admin = await signed_in(Role.ADMIN)
    assert (await admin.see("/reports/mail")).select_one("main .entry-row form")[
        "action"
    ] == stop  # who manages people sees all
    assert (await admin.send(stop)).status_code == 303


@pytest.mark.parametrize(
    "wrong", [{"rhythm": "hourly"}, {"hour": "24"}, {"file": "exe"}, {"segment": "999"}, {"team": "x"}]
)
async def test_what_cannot_be_subscribed_to_is_refused_and_nothing_is_kept(
    wrong: dict[str, str], world: Any, signed_in: Any
) -> None:
    desk = await signed_in(Role.SUPERVISOR)
    answer = await desk.send("/reports/volume/mail", **{"rhythm": "daily", "hour": "7", "file": "csv", **wrong})
    assert answer.status_code == 422
    assert "No reports by mail yet" in (await desk.see("/reports/mail")).text


@pytest.mark.browser
@pytest.mark.parametrize(("width", "dark"), [(1440, False), (390, True)])
async def test_segments_stand_side_by_side(
    width: int, dark: bool, world: Any, opening: Any, complaints: list[str]
) -> None:
    async with world.hub.database.unit() as session:
        queued = (col(Interaction.campaign_id).is_not(None), col(Interaction.state) == State.QUEUED)
        await session.execute(update(Interaction).where(*queued).values(state=State.SENT))
    page = await opening("/reports/segments", Role.MARKETER, width=width, dark=dark)
    rows = page.locator("main table tbody tr")
    assert [await row.locator("td").all_inner_texts() for row in await rows.all()] == [
        ["Guests", "1", *"00000", *["0.0 %"] * 4, "–", "–"],
        ["Poles", "1", *"00000", *["0.0 %"] * 4, "–", "–"],
    ]
    assert (await Axe().run(page)).response["violations"] == []
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert complaints == []
