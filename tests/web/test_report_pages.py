"""The room with reports: what the form asks, what is shown, and what can be taken away."""

from __future__ import annotations

import csv
import io
from typing import Any

import openpyxl
import pytest

from hub.models.vocabulary import Role

PARTS = ("volume", "answers", "satisfaction", "promises", "agents", "calls", "deliverability", "consents", "loyalty")


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
    assert (await desk.client.get(f"/reports/volume.xlsx?{query}")).status_code == 422


async def test_a_marketer_is_not_led_to_what_colleagues_did(world: Any, signed_in: Any) -> None:
    seen = await (await signed_in(Role.MARKETER)).see("/reports")
    led = {link["href"].removeprefix("/reports/").partition("?")[0] for link in seen.select("nav.chips a")}
    assert led == set(PARTS) - {"promises", "agents"}


@pytest.mark.parametrize("name", PARTS)
async def test_every_report_can_be_taken_away(name: str, world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.SUPERVISOR)
    assert openpyxl.load_workbook(io.BytesIO((await desk.client.get(f"/reports/{name}.xlsx")).content)).sheetnames
    assert (await desk.client.get(f"/reports/{name}.csv")).status_code == 200


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
