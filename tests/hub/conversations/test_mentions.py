"""Who is meant by an at sign, and who has not looked yet."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from sqlmodel import select

from channels.message import Kind
from hub.conversations import inbox, mentions, notes, rearranging, threads
from hub.database.engine import Database
from hub.models import Mention
from hub.staff import teams
from tests.hub.conversations.conftest import Story

PEOPLE = {"Olga": frozenset({1}), "Olga Lis": frozenset({2}), "olga.lis": frozenset({2}), "Sales": frozenset({3, 4})}


@pytest.mark.parametrize(
    ("words", "whom"),
    [
        ("@Olga Lis, look", {2}),
        ("@olga look", {1}),
        ("(@OLGA LIS)", {2}),
        ("@olga.lis!", {2}),
        ("@Olgas bike", set()),
        ("mail to ana@olga.example", set()),
        ("@Sales and @Olga", {1, 3, 4}),
        ("@ Olga, @nobody, @", set()),
        ("@Olga Lisa", {1}),
    ],
)
def test_the_longest_name_that_stands_there_as_a_word_is_meant(words: str, whom: set[int]) -> None:
    assert mentions.named(words, PEOPLE) == whom


def test_of_a_note_full_of_signs_so_many_are_looked_at() -> None:
    name, whom = next(iter(PEOPLE.items()))
    assert mentions.named("@zzz " * (mentions.MOST - 1) + f"@{name}", PEOPLE) == whom
    assert mentions.named("@zzz " * mentions.MOST + f"@{name}", PEOPLE) == frozenset()


@pytest.fixture
def note(database: Database, story: Story, now: datetime) -> Any:
    async def one(words: str, **more: Any) -> None:
        given = {"conversation_id": story.conversation} | more
        async with database.unit() as session:
            await notes.add(session, story.customer, text=words, staff_id=story.magda, now=now, **given)

    return one


async def _unread(database: Database, staff_id: int) -> tuple[int, list[bool]]:
    async with database.unit() as session:
        lines = await inbox.lines(session, "mentions", staff_id=staff_id)
        return (await inbox.tally(session, staff_id=staff_id)).views["mentions"], [line.mentioned for line in lines]


async def test_a_mention_is_unread_until_the_conversation_is_looked_at_and_stays_in_the_view(
    note: Any, database: Database, story: Story, now: datetime
) -> None:
    await note("@o please look, @o!")
    assert [await _unread(database, one) for one in (story.oleg, story.magda)] == [(1, [True]), (0, [])]
    async with database.unit() as session:
        await mentions.read(session, story.conversation, staff_id=story.oleg, now=now)
    assert await _unread(database, story.oleg) == (0, [False])


async def test_a_team_means_its_people_but_not_who_writes(
    note: Any, database: Database, story: Story, now: datetime
) -> None:
    async with database.unit() as session:
        team = (await teams.create(session, "Support", now=now)).id or 0
        await teams.set_members(session, team, [story.magda, story.oleg], now=now)
    await note("@support, who knows?")
    async with database.unit() as session:
        assert (await session.exec(select(Mention.staff_id))).all() == [story.oleg]


async def test_a_mention_goes_along_when_the_conversation_is_merged(
    note: Any, database: Database, story: Story, now: datetime
) -> None:
    await note("@o look")
    async with database.unit() as session:
        other = threads.opened(story.customer, Kind.EMAIL, "mail", subject="Other", now=now)
        session.add(other)
    async with database.unit() as session:
        await rearranging.merge(session, story.conversation, other.id, staff_id=story.magda, now=now)
        lines = await inbox.lines(session, "mentions", staff_id=story.oleg)
    assert [(line.id, line.mentioned) for line in lines] == [(other.id, True)]


async def test_a_note_about_a_customer_alone_mentions_nobody(note: Any, database: Database, story: Story) -> None:
    await note("@o look", conversation_id=None)
    assert await _unread(database, story.oleg) == (0, [])
