"""Asking customers how satisfied they are, once a matter is settled. What they say then is kept by `surveys`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from channels.message import Kind
from hub.conversations import surveys
from hub.models import Conversation, Customer, Interaction, Survey, SurveyRule
from hub.models.vocabulary import ConversationState, Direction, Origin, Purpose, Scale, State
from hub.outbound import templates
from hub.outbound.request import Gate, Placed, Request, Templated, send

TEMPLATE = "satisfaction"
_LINK_HOLDS = timedelta(days=60)
_FRESH = timedelta(days=2)  # what was settled longer ago is not asked about any more
_AT_ONCE = 100


async def ask(session: AsyncSession, *, gate: Gate, now: datetime) -> int:
    """Put the question to those whose matter was settled a while ago; how many will get it.

    Nobody twice within the rule's days; only about conversations in which the customer wrote and a person answered, and
    not while that answer waits to leave.
    What the gate withholds is in the log and not tried again.
    """
    kept = await surveys.rule(session)
    if not kept.enabled:
        return 0
    asked = 0
    for conversation, customer in await _settled(session, kept, now):
        if await _lately(session, customer.id, now - timedelta(days=kept.again_days)):
            continue
        asked += await _ask(session, conversation, customer, kept.scale, gate=gate, now=now)
    return asked


async def _settled(session: AsyncSession, kept: SurveyRule, now: datetime) -> Sequence[tuple[Conversation, Customer]]:
    """Locked with their customers: of several workers one asks a customer."""
    rows = (
        select(Conversation, Customer)
        .join(Customer, col(Customer.id) == col(Conversation.customer_id))
        .where(
            Conversation.state == ConversationState.RESOLVED,
            col(Conversation.resolved_at) <= now - timedelta(minutes=kept.delay_minutes),
            col(Conversation.resolved_at) > now - _FRESH,
            col(Conversation.merged_into_id).is_(None),
            *_spoken_in_both_ways(),
            ~_asked(),
        )
        .order_by(col(Conversation.resolved_at))
        .limit(_AT_ONCE)
        .with_for_update(of=[Conversation, Customer], key_share=True, skip_locked=True)
    )
    return (await session.exec(rows, execution_options={"populate_existing": True})).all()


def _spoken_in_both_ways() -> Iterator[ColumnElement[bool]]:
    """The customer wrote, a person answered, and no answer waits to leave."""
    words = select(Interaction.id).where(col(Interaction.conversation_id) == col(Conversation.id))
    said = words.where(col(Interaction.state).not_in(surveys.UNHEARD))
    yield said.where(col(Interaction.direction) == Direction.IN, Interaction.auto == "").exists()
    by_agents = col(Interaction.origin) == Origin.AGENT
    yield said.where(col(Interaction.direction) == Direction.OUT, by_agents).exists()
    yield ~words.where(col(Interaction.state) == State.QUEUED, by_agents).exists()


def _asked() -> ColumnElement[bool]:
    """Since it was settled last."""
    since = col(Survey.asked_at) >= col(Conversation.resolved_at)
    return select(Survey.id).where(col(Survey.conversation_id) == col(Conversation.id), since).exists()


async def _lately(session: AsyncSession, customer_id: UUID, since: datetime) -> bool:
    """Looked at behind the lock: another worker may have asked just before."""
    rows = select(Survey.id).where(Survey.customer_id == customer_id, Survey.asked_at > since)
    return (await session.exec(rows.limit(1))).first() is not None


async def _ask(
    session: AsyncSession, conversation: Conversation, customer: Customer, scale: Scale, *, gate: Gate, now: datetime
) -> bool:
    survey = Survey(conversation_id=conversation.id, customer_id=customer.id, scale=scale, asked_at=now)
    survey.staff_id = conversation.assignee_id
    session.add(survey)
    await session.flush()
    version = await templates.current(session, TEMPLATE, now=now)
    question = _question(conversation, survey, version.id or 0, gate, now)
    given = await send(session, question, gate=gate, now=now)
    survey.interaction_id, survey.sent = given.interaction_id, isinstance(given, Placed)
    await session.flush()
    return survey.sent


def _question(conversation: Conversation, survey: Survey, version_id: int, gate: Gate, now: datetime) -> Request:
    """By the medium in which they spoke; after a call by SMS, else by mail."""
    written = conversation.kind is not Kind.VOICE
    values = {"nps": survey.scale is Scale.NPS, "survey_url": link(gate, survey, now=now)}
    return Request(
        customer_id=survey.customer_id,
        purpose=Purpose.SERVICE,
        origin=Origin.AUTOMATION,
        content=Templated(version_id, values),
        kinds=(conversation.kind,) if written else (Kind.SMS, Kind.EMAIL),
        channel=conversation.channel if written else "",
        dedupe_key=f"{surveys.OCCASION}:{survey.id}",
        conversation_id=conversation.id,
        occasion=surveys.OCCASION,
        expires_at=now + _FRESH,
        automatic=True,
    )


def link(gate: Gate, survey: Survey, *, now: datetime) -> str:
    """Where the customer answers without signing in."""
    return f"{gate.public_url}/survey/{gate.signer.sign(surveys.SIGNED, str(survey.id), expires=now + _LINK_HOLDS)}"
