"""The question about satisfaction: asked once, by the customer's medium; the answer kept, told and minded."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import pytest
from sqlmodel import select

from channels.message import Kind
from hub.conversations import assignment, replies, surveying, surveys
from hub.conversations.replies import Reply
from hub.conversations.surveys import NoSuchSurvey, SurveyProblem
from hub.customers import directory
from hub.database.engine import Database
from hub.models import Interaction, Survey, SurveyRule
from hub.models.vocabulary import Direction, Origin, Scale, State
from hub.outbound.request import Gate
from tests.hub.conversations.conftest import Story

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
NOON_LATER = 10 * MINUTE


async def arranged(database: Database, now: datetime, **more: object) -> None:
    async with database.unit() as session:
        await surveys.set_rule(session, SurveyRule(**{"enabled": True, **more}), now=now, by=None)  # type: ignore[arg-type]


async def settle(
    database: Database, story: Story, gate: Gate, at: datetime, token: str = "f1", state: State = State.SENT
) -> None:
    """Magda answers, and that is that."""
    words = Reply(story.conversation, story.customer, Kind.EMAIL, "At nine.", story.magda, token, resolve=True)
    async with database.unit() as session:
        given = await replies.answer(session, words, gate=gate, now=at)
        message = await session.get(Interaction, given.interaction_id)
        assert message is not None
        message.state = state


async def ask(database: Database, gate: Gate, now: datetime) -> int:
    async with database.unit() as session:
        return await surveying.ask(session, gate=gate, now=now)


async def the_survey(database: Database) -> Survey:
    async with database.unit() as session:
        return (await session.exec(select(Survey))).one()


async def test_off_by_default_and_asked_once_when_it_is_on(
    database: Database, story: Story, gate: Gate, now: datetime
) -> None:
    await settle(database, story, gate, now)
    assert await ask(database, gate, now + NOON_LATER) == 0
    await arranged(database, now)
    assert await ask(database, gate, now + 9 * MINUTE) == 0
    together = await asyncio.gather(*(ask(database, gate, now + NOON_LATER) for _ in range(4)))
    assert sorted(together) == [0, 0, 0, 1]
    assert await ask(database, gate, now + NOON_LATER) == 0
    survey = await the_survey(database)
    async with database.unit() as session:
        question = await session.get(Interaction, survey.interaction_id)
        assert question is not None
    assert (question.kind, question.recipient, question.origin) == (Kind.EMAIL, "ana@example.org", Origin.AUTOMATION)
    assert (question.conversation_id, survey.staff_id, survey.sent) == (story.conversation, story.magda, True)
    link = str((question.variables or {})["survey_url"])
    assert gate.signer.read(surveys.SIGNED, link.rsplit("/", 1)[1], now=now + DAY) == str(survey.id)


async def test_nobody_is_asked_twice_within_the_days_and_again_behind_them(
    database: Database, story: Story, gate: Gate, now: datetime
) -> None:
    await arranged(database, now, again_days=5)
    counts = []
    for day in (0, 4, 6):
        at = now + day * DAY
        await settle(database, story, gate, at, f"f{day}")
        counts.append(await ask(database, gate, at + NOON_LATER))
    assert counts == [1, 0, 1]


async def test_what_nobody_answered_or_was_opened_again_or_is_old_is_not_asked_about(
    database: Database, story: Story, gate: Gate, now: datetime
) -> None:
    await arranged(database, now)
    async with database.unit() as session:
        await assignment.resolve(session, story.conversation, now=now)  # without a word of ours
    assert await ask(database, gate, now + NOON_LATER) == 0
    await settle(database, story, gate, now)
    assert await ask(database, gate, now + 3 * DAY) == 0
    async with database.unit() as session:
        await assignment.reopen(session, story.conversation)
    assert await ask(database, gate, now + NOON_LATER) == 0


async def test_nobody_is_asked_about_an_answer_that_has_not_left(
    database: Database, story: Story, gate: Gate, now: datetime
) -> None:
    await arranged(database, now)
    await settle(database, story, gate, now, state=State.QUEUED)
    assert await ask(database, gate, now + NOON_LATER) == 0
    async with database.unit() as session:
        for message in await session.exec(select(Interaction).where(Interaction.state == State.QUEUED)):
            message.state = State.SENT
    assert await ask(database, gate, now + NOON_LATER) == 1


async def test_a_low_answer_spares_the_customer_promotions_until_a_better_one(
    database: Database, story: Story, gate: Gate, now: datetime
) -> None:
    await arranged(database, now, low_days=20)
    await settle(database, story, gate, now)
    await ask(database, gate, now + NOON_LATER)
    survey, later = await the_survey(database), now + DAY
    async with database.unit() as session:
        await surveys.answer(session, survey.id or 0, 2, " Slow. ", now=later)
    async with database.unit() as session:
        assert (await directory.get(session, story.customer)).dissatisfied_until == later + 20 * DAY
        said = await surveys.latest(session, story.customer)
        assert said is not None
        assert (said.score, said.comment, said.answered_at) == (2, "Slow.", later)
        notes = select(Interaction).where(Interaction.direction == Direction.NOTE)
        (note,) = await session.exec(notes)
        assert (note.body_text, note.conversation_id, note.state) == (
            "Satisfaction: 2 of 5\nSlow.",
            story.conversation,
            State.NOTED,
        )
        await surveys.answer(session, survey.id or 0, 2, "Slow.", now=later)  # a double click
        assert len(list(await session.exec(notes))) == 1
        await surveys.answer(session, survey.id or 0, 4, now=later)
    async with database.unit() as session:
        assert (await directory.get(session, story.customer)).dissatisfied_until is None


async def test_answers_are_summed_as_the_scale_wants(
    database: Database, story: Story, gate: Gate, now: datetime
) -> None:
    async with database.unit() as session:
        assert (await surveys.summary(session, Scale.CSAT, since=now)).figure is None
        for scale, scores in ((Scale.CSAT, (5, 4, 3, 1)), (Scale.NPS, (10, 9, 7, 3, None))):
            for score in scores:
                one = Survey(
                    conversation_id=story.conversation, customer_id=story.customer, scale=scale, asked_at=now, sent=True
                )
                one.score = score
                session.add(one)
        await session.flush()
        csat = await surveys.summary(session, Scale.CSAT, since=now)
        nps = await surveys.summary(session, Scale.NPS, since=now)
    assert (csat.asked, csat.answered, csat.figure) == (4, 4, 50)
    assert (nps.asked, nps.answered, nps.figure) == (5, 4, 25)


@pytest.mark.parametrize("score", [0, 6, -1])
async def test_an_answer_beside_the_scale_is_refused(
    score: int, database: Database, story: Story, gate: Gate, now: datetime
) -> None:
    await arranged(database, now)
    await settle(database, story, gate, now)
    await ask(database, gate, now + NOON_LATER)
    survey = await the_survey(database)
    async with database.unit() as session:
        with pytest.raises(SurveyProblem):
            await surveys.answer(session, survey.id or 0, score, now=now)
        with pytest.raises(NoSuchSurvey):
            await surveys.answer(session, 4711, 3, now=now)


@pytest.mark.parametrize("wrong", [{"delay_minutes": -1}, {"again_days": 0}, {"low_days": -1}, {"low_days": 4000}])
async def test_a_rule_that_makes_no_sense_is_refused(wrong: dict[str, int], database: Database, now: datetime) -> None:
    with pytest.raises(SurveyProblem):
        await arranged(database, now, **wrong)
