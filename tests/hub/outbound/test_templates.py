"""Versions of templates: immutable, numbered, and new when a file changes."""

from __future__ import annotations

import asyncio
from datetime import datetime

import pytest

from hub.database.engine import Database
from hub.outbound import templates

FIRST = {"en": {"subject": "One", "body": "One"}}
SECOND = {"en": {"subject": "Two", "body": "Two"}}


async def test_saving_other_words_makes_the_next_version_and_the_same_words_none(
    database: Database, now: datetime
) -> None:
    async with database.unit() as session:
        one = await templates.save(session, "news", FIRST, now=now)
        two = await templates.save(session, "news", SECOND, now=now)
        again = await templates.save(session, "news", SECOND, now=now)
    assert (one.number, two.number, again.id) == (1, 2, two.id)
    assert one.variants == FIRST


async def test_earlier_words_can_become_current_again(database: Database, now: datetime) -> None:
    async with database.unit() as session:
        one = (await templates.save(session, "news", FIRST, now=now)).id
        await templates.save(session, "news", SECOND, now=now)
        await templates.save(session, "news", FIRST, now=now)
    async with database.unit() as session:
        assert (await templates.current(session, "news", now=now)).id == one


async def test_a_shipped_template_is_there_without_having_been_saved(database: Database, now: datetime) -> None:
    async with database.unit() as session:
        version = await templates.current(session, "birthday", now=now)
        again = await templates.current(session, "birthday", now=now)
    assert version.number == 1
    assert again.id == version.id
    assert "Happy birthday" in version.variants["en"]["subject"]


async def test_what_a_marketer_saves_over_a_shipped_template_stays_current(database: Database, now: datetime) -> None:
    async with database.unit() as session:
        await templates.current(session, "birthday", now=now)
        saved = await templates.save(session, "birthday", FIRST, now=now)
    async with database.unit() as session:
        assert (await templates.current(session, "birthday", now=now)).id == saved.id


async def test_two_who_ask_at_once_for_the_first_version_get_the_same(database: Database, now: datetime) -> None:
    async def ask() -> int | None:
        async with database.unit() as session:
            return (await templates.current(session, "birthday", now=now)).id

    assert len(set(await asyncio.gather(*(ask() for _ in range(6))))) == 1


async def test_an_unknown_template_is_named_with_the_known_ones(database: Database, now: datetime) -> None:
    async with database.unit() as session:
        with pytest.raises(templates.NoSuchTemplate, match=r"“nonsense”.*birthday"):
            await templates.current(session, "nonsense", now=now)
