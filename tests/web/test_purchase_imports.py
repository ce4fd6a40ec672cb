"""Purchases brought in at the desk: a file, what its columns hold, its first rows, its progress, its wrong rows."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from playwright.async_api import expect
from sqlmodel import col, select

from hub import clock
from hub.models import Audit, Purchase
from hub.models.vocabulary import Brought, Role
from hub.staff import accounts
from tests.web import bringing
from tests.web.conftest import XSS

SOLD = (
    "Bestellung;Date;Total;E-mail;Refund of\r\n"
    "r1;2026-03-03;2,50;;7\r\n"
    "7;01.03.2026;12,50;ana@nowak.example;\r\n"
    "=8;2026-03-01;free;ana@nowak.example;\r\n"
)


async def _upload(desk: Any, content: str | bytes, name: str = "orders.csv") -> Any:
    return await bringing.upload(desk, Brought.PURCHASES, content, name)


async def test_a_file_is_brought_in_after_its_first_rows_were_seen(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.MARKETER)
    path = (await _upload(desk, SOLD)).headers["location"]
    blank = await desk.see(path)
    assert [one["value"] for one in blank.select("#columns option[selected]")] == ["at", "amount", "email", "refund_of"]
    assert "Say which columns hold the number" in blank.select_one("#tried").text
    assert blank.select_one("button[value=begin]") is None

    chosen: dict[str, Any] = {"column": ("number", "at", "amount", "email", "refund_of"), "source": "till"}
    assert (await desk.send(path, act="look", **chosen)).status_code == 303
    told = [" ".join(row.text.split()) for row in (await desk.see(path)).select("#tried tbody tr")]
    assert ["added" in told[0], "added" in told[1], "is not a number" in told[2]] == [True, True, True]
    assert await _numbers(world) == ["A1"], "nothing is written by looking"

    assert (await desk.send(path, act="begin", **chosen)).status_code == 303
    under_way = await desk.see(path)
    assert "live:import-" in under_way.select_one("#progress")["hx-trigger"]
    assert "0 of 3 rows" in under_way.text
    await bringing.work(world, path)
    done = await desk.see(path)
    assert not done.select_one("#progress").has_attr("hx-get")
    assert [one.text for one in done.select("#progress .chips .badge-quiet")] == [
        "2 added", "0 counts already", "0 changed", "1 not taken",
    ]  # fmt: skip
    assert done.select_one("#rejected td").text == "4"
    assert await _numbers(world) == ["A1", "7"]
    async with world.hub.database.unit() as session:
        (noted,) = await session.exec(select(Audit).where(Audit.action == "purchases.import"))
    assert (noted.staff_id, noted.detail) == (world.staff[Role.MARKETER], "orders.csv")


async def test_the_rejected_rows_are_mended_in_their_own_file(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.SUPERVISOR)
    path = (await _upload(desk, SOLD)).headers["location"]
    await desk.send(path, act="begin", source="shop2", column=("number", "at", "amount", "email", "refund_of"))
    await bringing.work(world, path)
    kept = await desk.client.get(f"{path}/rejected.csv")
    (row,) = csv.DictReader(io.StringIO(kept.text))
    assert (row["line"], row["Bestellung"], "Write it as" in row["reason"]) == ("4", "'=8", True)
    mended = kept.text.replace("free", "5")
    again = (await _upload(desk, mended)).headers["location"]
    held = [row.select_one("[selected]") for row in (await desk.see(again)).select("#columns select")]
    assert [one["value"] if one else "-" for one in held] == ["-", "-", "-", "at", "amount", "email", "refund_of"]
    columns = ("-", "-", "number", "at", "amount", "email", "refund_of")
    await desk.send(again, act="begin", source="shop2", column=columns)
    await bringing.work(world, again)
    assert "1 added" in (await desk.see(again)).text
    assert await _numbers(world) == ["A1", "7", "=8"]


async def test_a_wrong_form_comes_back_with_what_was_typed(world: Any, signed_in: Any) -> None:
    desk, path = await signed_in(Role.MARKETER), f"/imports/purchases/{world.purchases['waiting']}"
    for content, words in (("", "The file is empty. Choose one"), ("only a header\n", "a header and no rows")):
        refused = await _upload(desk, content)
        assert (refused.status_code, words in refused.text) == (422, True)
    wrong = await desk.send(path, column=("number", "at", "amount", "email"), source="y" * 51, update="1")
    assert (wrong.status_code, "y" * 51 in wrong.text, "in 1 to 50 characters" in wrong.text) == (422, True, True)
    assert 'name="update" value="1" checked' in wrong.text
    unsaid = await desk.send(path, column=("number", "-", "amount", "email"), source="till", act="begin")
    assert (unsaid.status_code, "Say which columns hold" in unsaid.text) == (422, True)
    done = await desk.send(f"/imports/purchases/{world.purchases['done']}", column=("-",) * 4, source="till")
    assert (done.status_code, "cannot be changed any more" in done.text) == (422, True)


async def test_hostile_cells_names_and_ids_do_nothing(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.MARKETER)
    header, cell = (XSS.replace('"', ""), XSS.replace('"', "")[:40])
    path = (await _upload(desk, f"{header},b\n{cell},\x01\n", name=f"../{header}.csv")).headers["location"]
    seen = await desk.see(path)
    assert (seen.select("script[src='x'], img[src='x']"), "<script>alert(1)" in seen.text) == ([], True)
    nowhere = "/imports/purchases/0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b"
    assert (await desk.client.get(nowhere)).status_code == 404
    assert (await desk.client.get(f"{nowhere}/rejected.csv")).status_code == 404
    for post in (nowhere, f"{nowhere}/remove"):
        assert (await desk.send(post, column="-", source="till")).status_code == 404
    agent = await signed_in(Role.AGENT)
    assert (await _upload(agent, SOLD)).status_code == 403


async def test_an_import_is_removed_and_what_it_brought_stays(world: Any, signed_in: Any) -> None:
    desk, path = await signed_in(Role.MARKETER), f"/imports/purchases/{world.purchases['done']}"
    assert (await desk.send(f"{path}/remove")).headers["location"] == "/imports/purchases"
    await desk.see(path, status=404)
    assert await _numbers(world) == ["A1"]


async def test_wrong_rows_are_told_in_the_readers_language(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.MARKETER)
    async with world.hub.database.unit() as session:
        await accounts.change(session, world.staff[Role.MARKETER], {"language": "pl"}, now=clock.now(), by=None)
    told = (await desk.see(f"/imports/purchases/{world.purchases['done']}")).select_one("#rejected").text
    assert "nobody@nowak.example" in told
    assert "no customer has" not in told


@pytest.mark.browser
@pytest.mark.parametrize(("width", "dark"), [(1440, False), (390, True)])
async def test_a_file_is_brought_in_by_hand_in_a_browser(
    width: int, dark: bool, world: Any, opening: Any, complaints: list[str]
) -> None:
    page = await opening("/imports/purchases", Role.MARKETER, width=width, dark=dark)
    await bringing.by_hand(page, world, SOLD, column="Bestellung", holds="number", rows=3)
    await expect(page.locator("#rejected")).to_contain_text("1 row was not taken")
    assert complaints == []


async def _numbers(world: Any) -> list[str]:
    async with world.hub.database.unit() as session:
        return list(await session.exec(select(Purchase.number).order_by(col(Purchase.id))))
