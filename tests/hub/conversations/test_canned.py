"""Canned answers: kept once they can be filled in, offered to those whose they are."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Any

import pytest

from hub.conversations import canned
from hub.conversations.canned import Canned, CannedProblem, Filled, NoSuchCanned, Wording
from hub.customers import directory
from hub.database.engine import Database
from hub.staff import teams
from tests.hub.conversations.conftest import Story

HOURS = Wording("/Hours", "Opening hours", "Dear {{ customer.first_name }},\nfrom nine to five.\n{{ staff.name }}")


@pytest.fixture
def write(database: Database, story: Story, now: datetime) -> Any:
    async def one(wording: Wording) -> Canned:
        async with database.unit() as session:
            return await canned.create(session, wording, by=story.magda, now=now)

    return one


async def _offered(database: Database, story: Story, query: str = "") -> list[Filled]:
    async with database.unit() as session:
        found = canned.offered(session, story.customer, staff_id=story.magda, company="Meadow", query=query)
        return await found


async def test_an_answer_is_filled_in_for_the_customer_and_for_who_writes(
    write: Any, database: Database, story: Story
) -> None:
    kept = await write(HOURS)
    assert await _offered(database, story, "ho") == [
        Filled(kept.id, "hours", "Opening hours", "Dear Ana,\nfrom nine to five.\nm")
    ]


@pytest.mark.parametrize(
    ("wording", "cause"),
    [
        (Wording("a", "", "Dear {{ customer.first_nam }}"), "first_nam"),
        (Wording("a", "", "{{ customr.name }}"), "“customr” is not known"),
        (Wording("a", "", "{% if %}"), "line 1"),
        (Wording("a", "", " \n "), "no text"),
        (Wording("two words", "", "x"), "after a slash"),
        (Wording("", "", "x"), "after a slash"),
        (Wording("a", "", "x", team_id=77), "team is not there"),
    ],
)
async def test_what_could_not_be_used_is_refused_when_it_is_saved(wording: Wording, cause: str, write: Any) -> None:
    with pytest.raises(CannedProblem, match=cause):
        await write(wording)


async def test_a_shortcut_is_used_once_by_everybody_and_once_by_each_team(
    write: Any, database: Database, now: datetime
) -> None:
    async with database.unit() as session:
        team = (await teams.create(session, "Sales", now=now)).id
    await write(HOURS)
    await write(Wording("hours", "", "Sales: ten to six.", team))
    for taken in (HOURS, Wording("HOURS", "", "x", team)):
        with pytest.raises(CannedProblem, match="/hours already"):
            await write(taken)


async def test_a_teams_answers_are_for_its_people_alone(
    write: Any, database: Database, story: Story, now: datetime
) -> None:
    async with database.unit() as session:
        team = (await teams.create(session, "Sales", now=now)).id or 0
    kept = await write(Wording("offer", "", "We offer you …", team))
    assert await _offered(database, story) == []
    async with database.unit() as session:
        with pytest.raises(NoSuchCanned):
            await canned.filled(session, kept.id, story.customer, staff_id=story.magda, company="Meadow")
        await teams.set_members(session, team, [story.magda], now=now)
    assert [one.text for one in await _offered(database, story)] == ["We offer you …"]


async def test_the_shortcut_counts_more_than_the_title_and_that_more_than_the_text(
    write: Any, database: Database, story: Story
) -> None:
    await write(Wording("zeta", "", "about the order"))
    await write(Wording("beta", "Order is late", "Sorry"))
    await write(Wording("order", "Thanks", "Thank you"))
    await write(Wording("alpha", "", "nothing of it"))
    assert [one.shortcut for one in await _offered(database, story, "order")] == ["order", "beta", "zeta"]


async def test_of_several_that_are_called_alike_at_once_one_is_kept(write: Any) -> None:
    found = await asyncio.gather(*(write(HOURS) for _ in range(4)), return_exceptions=True)
    assert sorted(type(one).__name__ for one in found) == ["Canned", *["CannedProblem"] * 3]


async def test_a_customer_known_by_a_number_alone_has_no_first_name(
    write: Any, database: Database, story: Story, now: datetime
) -> None:
    await write(Wording("hi", "", "Dear {{ customer.first_name or 'customer' }},"))
    async with database.unit() as session:
        number = await directory.create(session, directory.NewCustomer("+48 601 999 888"), now=now)
        found = await canned.offered(session, number.id, staff_id=story.magda, company="Meadow")
    assert [one.text for one in found] == ["Dear customer,"]


async def test_an_answer_that_this_customer_breaks_says_so_and_offers_no_text(
    write: Any, database: Database, story: Story, now: datetime
) -> None:
    await write(Wording("x", "", "{{ customer.first_name | first }}."))
    async with database.unit() as session:
        number = await directory.create(session, directory.NewCustomer("+48 601 999 888"), now=now)
        (found,) = await canned.offered(session, number.id, staff_id=story.magda, company="Meadow")
    assert (found.text, "line 1" in str(found.trouble)) == ("", True)
