"""Segments on the desk: written in groups, counted while they are, saved, meant by campaigns."""

from __future__ import annotations

from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import expect

from hub import clock
from hub.models import Campaign, SavedSegment
from hub.models.vocabulary import Role
from hub.segments import asking, saved
from hub.staff import accounts
from tests.web.conftest import rows

POLES, VIPS = ("language", "eq", "pl"), ("vip", "eq", "yes")


async def _tree(world: Any, path: str) -> Any:
    async with world.hub.database.unit() as session:
        return (await session.get_one(SavedSegment, int(path.rpartition("/")[2]))).tree


async def test_groups_of_conditions_are_saved_and_come_back_as_they_were_typed(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.MARKETER)
    fields = rows(POLES, ("segment", "ne", "poles"), key="a") | rows(VIPS, ("age", "gt", "30"), key="b", how="none")
    answer = await desk.send("/segments/new", name="Odd", join="any", **fields | {"group": ("a", "b")})
    path = answer.headers["location"]
    assert await _tree(world, path) == {
        "any": [
            {"all": [_leaf(POLES), {"field": "segment", "op": "ne", "value": world.segment}]},
            {"not": {"any": [_leaf(VIPS, True), {"field": "age", "op": "gt", "value": 30}]}},
        ]
    }
    seen = await desk.see(path)
    assert [one["value"] for one in seen.select("[name^=value]")] == ["pl", "Poles", "yes", "30"]
    chosen = [one.select_one("[selected]")["value"] for one in seen.select("[name^=how], [name=join]")]
    assert chosen == ["any", "all", "none"]


def _leaf(row: tuple[str, str, str], value: object = None) -> dict[str, object]:
    return {"field": row[0], "op": row[1], "value": row[2] if value is None else value}


async def test_without_scripts_a_row_and_a_group_are_added_by_buttons(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.MARKETER)
    answer = await desk.send("/segments/new", name="New", more="1", **rows(POLES))
    assert (answer.status_code, answer.text.count('name="value.1"'), 'value="New"' in answer.text) == (200, 2, True)
    answer = await desk.send("/segments/new", name="New", more="group", **rows(POLES))
    assert answer.text.count('name="group"') == 2
    assert (await desk.see("/segments/condition?group=ab")).select_one("[name='op.ab']") is not None
    assert (await desk.see("/segments/group")).select_one("[name=group]")["value"] != "1"


async def test_while_it_is_typed_it_is_counted_with_people_for_example(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.MARKETER)
    told = await desk.send("/segments/count", **rows(POLES))
    assert "Means 1 customer." in told.text
    assert f'href="/customers/{world.customers["ana"]}"' in told.text
    assert "nothing is called “Nix”" in (await desk.send("/segments/count", **rows(("segment", "eq", "Nix")))).text
    evil = await desk.send("/segments/count", **rows(("name", "contains", "<script>")))
    assert "<script>" not in evil.text


@pytest.mark.parametrize(
    ("name", "row", "said"),
    [
        ("POLES", POLES, "There is a segment “POLES” already"),
        ("Old", ("age", "gt", "old"), "takes a number"),
        ("x" * 101, POLES, "Shorten it"),
    ],
)
async def test_what_cannot_be_saved_comes_back_as_it_was_typed(
    name: str, row: tuple[str, str, str], said: str, world: Any, signed_in: Any
) -> None:
    desk = await signed_in(Role.MARKETER)
    answer = await desk.send("/segments/new", name=name, **rows(row))
    assert (answer.status_code, said in answer.text, f'value="{row[2]}"' in answer.text) == (422, True, True)


async def test_a_value_nobody_chose_a_field_for_is_not_dropped(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.MARKETER)
    answer = await desk.send("/segments/new", name="Kraków", **rows(POLES, ("", "eq", "Kraków")))
    assert (answer.status_code, "“Kraków” is compared with nothing" in answer.text) == (422, True)
    assert 'value="Kraków"' in answer.text
    assert "compared with nothing" in (await desk.send("/segments/count", **rows(("", "eq", "Kraków")))).text


async def test_yes_and_no_are_written_in_the_language_of_the_desk(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.MARKETER)
    async with world.hub.database.unit() as session:
        await accounts.change(session, world.staff[Role.MARKETER], {"language": "pl"}, now=clock.now())
    asked = rows(("vip", "eq", "Tak"), ("age", "exists", "nie"), ("name", "eq", "nie"))
    path = (await desk.send("/segments/new", name="Odd", **asked)).headers["location"]
    assert [one["value"] for one in (await _tree(world, path))["all"]] == [True, False, "nie"]
    assert [one["value"] for one in (await desk.see(path)).select("[name^=value]")] == ["tak", "nie", "nie"]


async def test_a_segment_of_a_program_that_is_deeper_is_shown_and_can_be_renamed(world: Any, signed_in: Any) -> None:
    deep = {"not": {"all": [{"not": {"all": [_leaf(POLES)]}}]}}
    async with world.hub.database.unit() as session:
        made = await saved.create(session, saved.Draft("Deep", deep), staff_id=None, now=clock.now())
    desk = await signed_in(Role.MARKETER)
    path = f"/segments/{made.id}"
    assert "deeper than groups" in (await desk.see(path)).text
    await desk.send(path, name="Deeper", deep="1")
    assert await _tree(world, path) == deep
    assert "Deeper" in (await desk.see("/segments")).text


async def test_one_in_the_archive_is_offered_no_more_until_it_is_taken_out(world: Any, signed_in: Any) -> None:
    desk, path = await signed_in(Role.SUPERVISOR), f"/segments/{world.segment}"
    await desk.send(f"{path}/archive")
    offered, put_away = await desk.see("/segments"), await desk.see("/segments?archived=1")
    assert [one.text for one in offered.select("td a")] == ["Guests"]
    assert [one.text for one in put_away.select("td a")] == ["Poles"]
    await desk.send(f"{path}/restore")
    assert (await desk.see(f"{path}/count")).text.strip() == "Means 1 customer."


async def test_the_list_has_the_number_alone_below_its_heading(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.MARKETER)
    cells = (await desk.see("/segments")).select("td[hx-get]")
    assert {(await desk.see(one["hx-get"])).text.strip() for one in cells} == {"1"}


async def test_a_campaign_means_a_segment_by_its_name_as_it_was_when_it_began(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.MARKETER)
    fields = {"name": "To Poles", "purpose": "marketing", "text.en.sms": "Hi {{ unsubscribe_url }}"}
    answer = await desk.send("/campaigns/new", **fields, **rows(("segment", "eq", "Poles")))
    path = answer.headers["location"]
    assert "1 customer in the segment" in (await desk.see(path)).text
    await desk.send(f"{path}/start")
    await desk.send(f"/segments/{world.segment}", name="Poles", **rows(("language", "eq", "bg")))
    async with world.hub.database.unit() as session:
        campaign = await session.get_one(Campaign, int(path.rpartition("/")[2]))
        now = campaign.started_at
        assert campaign.segment == [{"field": "segment", "op": "eq", "value": world.segment}]
        assert [one.name for one in await asking.sample(session, campaign.meant, limit=3, now=now)] == ["Ana Nowak"]


@pytest.mark.browser
@pytest.mark.parametrize(("width", "dark"), [(1440, False), (390, True)])
async def test_a_segment_is_put_together_in_a_browser(
    width: int, dark: bool, world: Any, opening: Any, complaints: list[str]
) -> None:
    page = await opening("/segments/new", Role.MARKETER, width=width, dark=dark)
    await page.get_by_label("Name").fill("Quiet")
    await page.get_by_label("What").select_option("language")
    await page.get_by_label("Value").fill("pl")
    await expect(page.locator("#count")).to_contain_text("Means 1 customer. The newest: Ana Nowak")
    await page.get_by_role("button", name="Add a group").click()
    other = page.locator(".segment-group").nth(1)
    await other.get_by_label("joined").select_option("none")
    await other.get_by_role("button", name="Add a condition").click()
    await expect(other.locator(".condition")).to_have_count(2)
    await other.get_by_label("What").nth(1).select_option("vip")
    await other.get_by_label("Value").nth(1).fill("yes")
    await expect(page.locator("#count")).to_contain_text("Means 0 customers.")
    assert (await Axe().run(page)).response["violations"] == []
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await page.get_by_role("button", name="Save").click()
    await expect(page.locator(".segment-group")).to_have_count(2)
    assert (await Axe().run(page)).response["violations"] == []
    assert complaints == []
