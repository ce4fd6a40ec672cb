"""How satisfied customers are: the rule by which they are asked, and what they say. Who asks is `surveying`."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import tuple_
from sqlalchemy.orm import aliased
from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from channels.message import Kind
from hub import live
from hub.interactions import record
from hub.models import Customer, Interaction, Survey, SurveyRule
from hub.models.vocabulary import Direction, Origin, Scale, State
from hub.sentences import Sentence
from hub.staff import audit

OCCASION = "satisfaction"
SIGNED = "survey"  # the signer's purpose of the links in mails
LONGEST_COMMENT = 2000
UNHEARD = (State.WITHHELD, State.FAILED, State.EXPIRED, State.CANCELLED)

_UNSEEN = (State.QUEUED, *UNHEARD)
_ANSWERED_WITHIN = timedelta(days=3)  # a number by SMS is an answer for so long


class SurveyProblem(ValueError):
    """The rule or the answer cannot be kept like this; the message says why."""


class NoSuchSurvey(LookupError):
    """Nobody was asked this."""


@dataclass(frozen=True, slots=True)
class Summary:
    """What was said. `figure`, in per cent: of CSAT the share of 4 and 5, of NPS promoters less detractors."""

    asked: int
    answered: int
    figure: int | None


async def rule(session: AsyncSession) -> SurveyRule:
    """As it is kept; off by default."""
    return await session.get(SurveyRule, 1) or SurveyRule()


async def set_rule(session: AsyncSession, wanted: SurveyRule, *, now: datetime, by: int | None) -> None:
    """Raises SurveyProblem."""
    if not 0 <= wanted.delay_minutes <= 24 * 60:
        wrong = Sentence("The question comes from 0 to 1440 minutes after a matter is settled. Correct the number")
        raise SurveyProblem(wrong)
    if not 1 <= wanted.again_days <= 3650 or not 0 <= wanted.low_days <= 3650:
        wrong = Sentence("Days go up to 3650, and nobody is asked twice within one day. Correct the number")
        raise SurveyProblem(wrong)
    values = wanted.model_dump(exclude={"id"})
    kept = await session.get(SurveyRule, 1, with_for_update=True) or SurveyRule()
    kept.sqlmodel_update(values)
    session.add(kept)
    await session.flush()
    detail = f"{'on' if kept.enabled else 'off'}, {kept.scale}"
    await audit.write(session, "satisfaction.change", staff_id=by, subject="satisfaction", detail=detail, now=now)


async def answer(session: AsyncSession, survey_id: int, score: int, comment: str = "", *, now: datetime) -> Survey:
    """What the customer said; said again, the later word counts. Raises NoSuchSurvey or SurveyProblem."""
    survey = await session.get(Survey, survey_id, with_for_update=True)
    if survey is None:
        raise NoSuchSurvey(f"There is no survey {survey_id}")
    if not survey.scale.lowest <= score <= survey.scale.highest:
        raise SurveyProblem(f"The answer goes from {survey.scale.lowest} to {survey.scale.highest}")
    words = comment.replace("\0", "").strip()
    if len(words) > LONGEST_COMMENT:
        raise SurveyProblem(f"The comment has at most {LONGEST_COMMENT} characters")
    if (survey.score, survey.comment) == (score, words):
        return survey
    survey.score, survey.comment, survey.answered_at = score, words, now
    await _consequence(session, survey, now)
    await _log(session, survey, now)
    await live.publish(session, "customer", id=survey.customer_id)
    await live.publish(session, "conversation", id=survey.conversation_id, customer=survey.customer_id)
    return survey


async def get(session: AsyncSession, survey_id: int) -> Survey:
    """Raises NoSuchSurvey."""
    found = await session.get(Survey, survey_id)
    if found is None:
        raise NoSuchSurvey(f"There is no survey {survey_id}")
    return found


async def awaiting_answer(session: AsyncSession, customer_id: UUID, *, now: datetime) -> Survey | None:
    """The question by SMS that a bare number of the customer's answers.

    One that has not left yet nobody answers, and once a person or a program wrote to them a number answers that.
    """
    written = aliased(Interaction)
    since = select(written.id).where(
        written.customer_id == customer_id,
        written.direction == Direction.OUT,
        written.kind == Kind.SMS,
        col(written.origin).in_((Origin.AGENT, Origin.API)),
        col(written.state).not_in(_UNSEEN),
        written.id > col(Interaction.id),
    )
    rows = (
        select(Survey)
        .join(Interaction, col(Interaction.id) == col(Survey.interaction_id))
        .where(Survey.customer_id == customer_id, Survey.asked_at > now - _ANSWERED_WITHIN, col(Survey.sent))
        .where(col(Survey.score).is_(None), col(Interaction.kind) == Kind.SMS)
        .where(col(Interaction.state).not_in(_UNSEEN), ~since.exists())
    )
    return (await session.exec(rows.order_by(col(Survey.asked_at).desc()).limit(1))).first()


async def latest(session: AsyncSession, customer_id: UUID) -> Survey | None:
    """What the customer said last."""
    said = select(Survey).where(Survey.customer_id == customer_id, col(Survey.score).is_not(None))
    return (await session.exec(said.order_by(col(Survey.answered_at).desc()).limit(1))).first()


def place(cursor: str) -> tuple[datetime, int]:
    """When and of which survey the last answer of a page was: "2026-03-10T12:00:00+00:00~7". Raises ValueError."""
    moment, _, number = cursor.partition("~")
    if re.fullmatch(r"[0-9T:.-]{10,30}\+00:00", moment) and re.fullmatch(r"[0-9]{1,18}", number):
        with suppress(ValueError):
            return datetime.fromisoformat(moment), int(number)
    raise ValueError("It is no place in this list")


async def answers(
    session: AsyncSession, *, before: tuple[datetime, int] | None = None, limit: int = 50
) -> list[tuple[Survey, str]]:
    """What was said lately, newest first, each with its customer's name."""
    rows = select(Survey, Customer.name).join(Customer, col(Customer.id) == col(Survey.customer_id))
    rows = rows.where(col(Survey.score).is_not(None))
    if before is not None:
        rows = rows.where(tuple_(col(Survey.answered_at), col(Survey.id)) < before)
    said = rows.order_by(col(Survey.answered_at).desc(), col(Survey.id).desc()).limit(limit)
    return [(survey, name) for survey, name in await session.exec(said)]


async def summary(session: AsyncSession, scale: Scale, *, since: datetime) -> Summary:
    """Of what was asked since then on this scale."""
    good, bad = (4, 0) if scale is Scale.CSAT else (9, 6)
    counted = select(
        func.count(),
        func.count(col(Survey.score)),
        func.count().filter(col(Survey.score) >= good),
        func.count().filter(col(Survey.score) <= bad),
    ).where(Survey.scale == scale, Survey.asked_at >= since, col(Survey.sent))
    asked, answered, high, low = (await session.exec(counted)).one()
    return Summary(asked, answered, round(100 * (high - low) / answered) if answered else None)


async def _consequence(session: AsyncSession, survey: Survey, now: datetime) -> None:
    """Whoever is not satisfied is spared promotions for a while; a better word later lifts that."""
    customer = await session.get(Customer, survey.customer_id, with_for_update={"key_share": True})
    days = (await rule(session)).low_days
    if customer is None:
        return
    low = survey.scale.is_low(survey.score or 0)
    customer.dissatisfied_until = now + timedelta(days=days) if low and days else None


async def _log(session: AsyncSession, survey: Survey, now: datetime) -> None:
    """In the conversation it is about, where colleagues read it."""
    words = f"Satisfaction: {survey.score} of {survey.scale.highest}"
    said = f"{words}\n{survey.comment}".strip()
    whose, where = survey.customer_id, survey.conversation_id
    await record.add(session, record.note(whose, where, said, now=now, origin=Origin.CUSTOMER, occasion=OCCASION))
