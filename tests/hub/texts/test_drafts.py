"""Drafts of templates: kept by many, sent by nobody until they are published; versions compared and brought back."""

from __future__ import annotations

import asyncio
from datetime import datetime

import pytest
from sqlalchemy import text

from hub.database.engine import Database
from hub.models import TemplateVersion
from hub.models.vocabulary import Purpose, Role
from hub.outbound import templates
from hub.staff import accounts
from hub.texts import drafts, history, shelf
from hub.texts.drafts import Overtaken
from hub.texts.shelf import Shown, TextProblem

ONE = {"en": {"subject": "One", "body": "One\nsame"}}
TWO = {"en": {"subject": "One", "body": "Two\nsame"}, "pl": {"sms": "Dwa"}}
PASSWORD = "correct horse battery staple"
MJML = "<mjml><mj-body><mj-section><mj-column><mj-text>Hi</mj-text></mj-column></mj-section></mj-body></mjml>"


@pytest.fixture
async def people(database: Database, now: datetime) -> tuple[int, int]:
    """Marek and Olga."""
    made = []
    async with database.unit() as session:
        for name in ("Marek", "Olga"):
            staff = await accounts.create(
                session,
                email=f"{name}@meadow.example",
                name=name,
                role=Role.MARKETER,
                password=PASSWORD,
                now=now,
            )
            made.append(staff.id or 0)
    return made[0], made[1]


async def test_a_draft_is_sent_by_nobody_until_it_is_published(
    database: Database, now: datetime, people: tuple[int, int]
) -> None:
    async with database.unit() as session:
        await templates.save(session, "news", ONE, now=now)
        await drafts.keep(session, "news", TWO, seen=0, staff_id=people[0], now=now)
        assert (await templates.current(session, "news", now=now)).variants == ONE
        await drafts.publish(session, "news", seen=None, staff_id=people[0], now=now)
        assert (await templates.current(session, "news", now=now)).variants == TWO
        assert (await drafts.read(session, "news")).revision == 0
        assert [(one.number, one.who) for one in await history.listing(session, "news")] == [(2, "Marek"), (1, "")]


async def test_a_new_message_is_offered_to_nobody_before_it_is_published(
    database: Database, now: datetime, people: tuple[int, int]
) -> None:
    async with database.unit() as session:
        name = await shelf.create(session, "Łąka: Lato!", Purpose.MARKETING, staff_id=people[0], now=now)
        assert name not in await templates.names(session)
        with pytest.raises(TextProblem, match="no text yet"):
            await drafts.publish(session, name, seen=None, staff_id=people[0], now=now)
        await drafts.keep(session, name, ONE, seen=1, staff_id=people[0], now=now)
        await drafts.publish(session, name, seen=None, staff_id=people[0], now=now)
        assert name in await templates.names(session)


async def test_who_writes_over_another_is_told_and_may_do_so_all_the_same(
    database: Database, now: datetime, people: tuple[int, int]
) -> None:
    marek, olga = people
    async with database.unit() as session:
        await templates.save(session, "news", ONE, now=now)
        seen = await drafts.keep(session, "news", TWO, seen=0, staff_id=marek, now=now)
        other = {"en": {"body": "Three"}}
        with pytest.raises(Overtaken, match="Marek has changed this text"):
            await drafts.keep(session, "news", other, seen=0, staff_id=olga, now=now)
        assert (await drafts.read(session, "news")).variants == TWO
        assert await drafts.keep(session, "news", other, seen=0, staff_id=olga, now=now, anyway=True) == seen + 1


async def test_what_nobody_looked_at_is_not_published(
    database: Database, now: datetime, people: tuple[int, int]
) -> None:
    marek, olga = people
    async with database.unit() as session:
        await templates.save(session, "news", ONE, now=now)
        seen = await drafts.keep(session, "news", TWO, seen=0, staff_id=marek, now=now)
        other = await drafts.keep(session, "news", {"en": {"body": "Three"}}, seen=seen, staff_id=olga, now=now)
        with pytest.raises(Overtaken, match="Look at how it stands now"):
            await drafts.publish(session, "news", seen=seen, staff_id=marek, now=now)
        assert (await templates.current(session, "news", now=now)).variants == ONE
        await drafts.publish(session, "news", seen=other, staff_id=marek, now=now)
        with pytest.raises(Overtaken, match="published meanwhile"):
            await drafts.publish(session, "news", seen=other, staff_id=olga, now=now)


async def test_what_was_published_meanwhile_is_not_written_over_by_older_words(
    database: Database, now: datetime, people: tuple[int, int]
) -> None:
    marek, olga = people
    async with database.unit() as session:
        await templates.save(session, "news", ONE, now=now)
        begun_at = (await drafts.read(session, "news")).version
        await templates.save(session, "news", TWO, staff_id=olga, now=now)
        mine = {"en": {"body": "Three"}}
        with pytest.raises(Overtaken, match="Olga has published another text"):
            await drafts.keep(session, "news", mine, seen=0, staff_id=marek, now=now, begun_at=begun_at)
        assert (await drafts.read(session, "news")).variants == TWO
        await drafts.keep(session, "news", mine, seen=0, staff_id=marek, now=now, begun_at=begun_at, anyway=True)
        assert (await drafts.read(session, "news")).variants == mine


async def test_what_is_saved_while_somebody_publishes_is_not_lost(
    database: Database, now: datetime, people: tuple[int, int]
) -> None:
    marek, olga = people
    three = {"en": {"subject": "One", "body": "Three"}}

    async def publish() -> TemplateVersion:
        async with database.unit() as session:
            return await drafts.publish(session, "news", seen=None, staff_id=olga, now=now)

    async with database.unit() as session:
        await templates.save(session, "news", ONE, now=now)
        seen = await drafts.keep(session, "news", TWO, seen=0, staff_id=marek, now=now)
    async with database.unit() as session:
        await drafts.keep(session, "news", three, seen=seen, staff_id=marek, now=now)
        publishing = asyncio.create_task(publish())
        waits = text("select count(*) from pg_locks where not granted")
        while not (await session.execute(waits)).scalar_one():  # noqa: ASYNC110
            await asyncio.sleep(0)
    assert (await publishing).variants == three


async def test_texts_in_mjml_are_made_into_html_when_they_are_saved(
    database: Database, now: datetime, people: tuple[int, int]
) -> None:
    async with database.unit() as session:
        await templates.save(session, "news", ONE, now=now)
        await drafts.keep(session, "news", {"en": {"subject": "x", "mjml": MJML}}, seen=0, staff_id=people[0], now=now)
        made = (await drafts.publish(session, "news", seen=None, staff_id=people[0], now=now)).variants["en"]
    assert made["mjml"] == MJML
    assert made["html"].startswith("<!DOCTYPE html>")


async def test_a_text_that_is_too_long_is_refused_and_nothing_of_it_is_kept(
    database: Database, now: datetime, people: tuple[int, int]
) -> None:
    async with database.unit() as session:
        await templates.save(session, "news", ONE, now=now)
        long = {"en": {"body": "x" * (drafts.LONGEST_PART + 1)}}
        with pytest.raises(TextProblem, match="100001 characters are too many"):
            await drafts.keep(session, "news", long, seen=0, staff_id=people[0], now=now)
        assert (await drafts.read(session, "news")).revision == 0


async def test_versions_are_compared_line_by_line_and_an_earlier_one_becomes_the_draft(
    database: Database, now: datetime, people: tuple[int, int]
) -> None:
    async with database.unit() as session:
        await templates.save(session, "news", ONE, now=now)
        await templates.save(session, "news", TWO, now=now, staff_id=people[1])
        changes = await history.changes(session, "news", 2)
        assert [(one.language, one.part) for one in changes] == [("en", "body"), ("pl", "sms")]
        assert changes[0].lines == (("…", ""), ("-", "One"), ("+", "Two"), (" ", "same"))
        await history.restore(session, "news", 1, staff_id=people[0], now=now)
        assert (await drafts.read(session, "news")).variants == ONE
        with pytest.raises(TextProblem, match="a draft already"):
            await history.restore(session, "news", 1, staff_id=people[0], now=now)
        assert (await templates.current(session, "news", now=now)).variants == TWO


async def test_a_template_in_the_archive_is_offered_no_more_and_still_sent_by_what_uses_it(
    database: Database, now: datetime
) -> None:
    async with database.unit() as session:
        version = await templates.save(session, "news", ONE, now=now)
        await shelf.archive(session, "news", now=now)
        await shelf.archive(session, "birthday", now=now)
        assert not {"news", "birthday"} & set(await templates.names(session))
        assert (await templates.current(session, "news", now=now)).id == version.id
        assert [one.name for one in await shelf.listing(session, shown=Shown.ARCHIVE)] == ["birthday", "news"]
        await shelf.restore(session, "news", now=now)
        assert "news" in await templates.names(session)


async def test_the_list_is_searched_by_name_and_by_what_the_texts_say(database: Database, now: datetime) -> None:
    async with database.unit() as session:
        await templates.save(session, "news", {"en": {"sms": "Żółw"}}, now=now)
        assert [one.name for one in await shelf.listing(session, query="żółw")] == ["news"]
        assert [one.name for one in await shelf.listing(session, query="BIRTHD")] == ["birthday"]
        assert await shelf.listing(session, query="nothing says this") == []


async def test_two_messages_of_one_title_have_names_of_their_own(
    database: Database, now: datetime, people: tuple[int, int]
) -> None:
    async with database.unit() as session:
        titles = ("Birthday", "Birthday", "New", "campaign spring", "Ж")
        made = [await shelf.create(session, one, Purpose.MARKETING, staff_id=people[0], now=now) for one in titles]
    assert made == ["birthday-2", "birthday-3", "new-2", "text-campaign-spring", "message"]


@pytest.mark.parametrize("title", ["", "  \t", "x" * 101], ids=["none", "blank", "long"])
async def test_a_title_that_is_none_or_too_long_is_refused(title: str, database: Database, now: datetime) -> None:
    async with database.unit() as session:
        with pytest.raises(TextProblem):
            await shelf.create(session, title, Purpose.MARKETING, staff_id=None, now=now)
