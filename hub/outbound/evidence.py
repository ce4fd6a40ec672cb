"""Messages whose fate is unknown, looked for in the provider's own list (requirement F2).

Exactly one entry that can only be it proves that it left, as a callback would. No entry, looked for again once the list
must have it, says that it did not: the reason says so, and a person decides with that knowledge; nothing is sent again
by itself, and evidence that comes later still settles it. No transaction is open while the provider is asked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import ColumnElement, func, or_
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from channels.adapter import Channel
from channels.errors import Misconfigured, TryLater
from channels.message import Address, Call, Outbound, Receipt, Text
from hub.database.engine import Database
from hub.interactions import receipts
from hub.interactions.reckoning import News
from hub.models import Attempt, EvidenceLook, Interaction, ProviderReference, TemplateVersion
from hub.models.vocabulary import Kind, State
from hub.outbound import links, rendering, templates
from hub.outbound.asking import Gate
from hub.outbound.rendering import TemplateProblem

_log = structlog.get_logger("evidence")

AT_LEAST, AT_MOST = timedelta(seconds=20), timedelta(hours=6)  # since it became unknown
_SKEW = timedelta(minutes=2)  # between our clock and the provider's, and a create that took effect late
_CASES = 200  # looked for in one turn: who was never looked for first, then whose last look is the oldest
_AGAIN, _AT_MOST_AGAIN = timedelta(seconds=20), timedelta(minutes=30)  # twice as long after every look in vain
_UNSURE = ("unknown", "lease_expired")
_BETWEEN = timedelta(minutes=1)  # two looks in vain, before a list without it is believed
NOT_THERE = "not_there"  # the reason of an unknown message that the provider's list does not have


@dataclass(frozen=True, slots=True)
class Case:
    """One message to look for, and when it may have been made. `again`: it was looked for in vain before."""

    channel: str
    message: Outbound[Any]
    since: datetime
    until: datetime
    again: bool


async def waiting(session: AsyncSession, *, now: datetime) -> bool:
    """Whether there is anything to look for."""
    found = select(Interaction.id).outerjoin(EvidenceLook, SAME).where(*_unknown(now), turn(now)).limit(1)
    return (await session.exec(found)).first() is not None


async def look(
    database: Database, channels: Mapping[str, Channel], *, gate: Gate, now: datetime, most: int = _CASES
) -> int:
    """Ask the providers about up to so many messages that are unknown; how many of them were settled."""
    async with database.unit() as session:
        cases = await _cases(session, gate, now, most)
    settled = 0
    for name in dict.fromkeys(case.channel for case in cases):
        channel = channels.get(name)
        if channel is not None and channel.finder is not None:
            settled += await _look_at(database, channel, [case for case in cases if case.channel == name], now)
    return settled


async def _look_at(database: Database, channel: Channel, cases: Sequence[Case], now: datetime) -> int:
    """Case by case. A provider that does not answer now is asked again at the next turn."""
    settled = 0
    assert channel.finder is not None
    for case in cases:
        try:
            found = await channel.finder.find(case.message, since=case.since, until=case.until)
        except (TryLater, Misconfigured) as e:
            _log.warning("the provider's list cannot be had", channel=channel.name, error=str(e))
            break
        async with database.unit() as session:
            settled += await _judge(session, case, found, now)
            await note(session, [case.message.id], now)
    if settled:
        _log.info("unknown outcomes settled", channel=channel.name, count=settled)
    return settled


async def _judge(session: AsyncSession, case: Case, found: Sequence[Receipt], now: datetime) -> bool:
    """Whether the list proves that this message left, or did not. What belongs to another message is no evidence."""
    taken = await _taken(session, case.channel, [one.provider_id for one in found])
    free = [one for one in found if one.provider_id not in taken]
    if not free and case.again and now >= case.until:
        return await _not_there(session, case)
    if len(free) != 1 or await _has_twin(session, case):
        return False
    await receipts.apply_all(session, [News(case.channel, free[0], case.message.id)], now=now)
    return True


async def _not_there(session: AsyncSession, case: Case) -> bool:
    """Whether that is news."""
    unknown = col(Interaction.id) == case.message.id, col(Interaction.state) == State.UNKNOWN
    row = (await session.exec(select(Interaction).where(*unknown).with_for_update())).one_or_none()
    if row is None or row.reason:
        return False
    row.reason = NOT_THERE
    await session.flush()
    await receipts.announce(session, row)
    return True


async def _taken(session: AsyncSession, channel: str, provider_ids: Sequence[str]) -> set[str]:
    names = select(ProviderReference.provider_id).where(
        col(ProviderReference.channel) == channel, col(ProviderReference.provider_id).in_(provider_ids)
    )
    return set(await session.exec(names))


async def _has_twin(session: AsyncSession, case: Case) -> bool:
    """Another message to the same telephone that nobody has named yet: the entry may be that one's."""
    named = select(ProviderReference.interaction_id).where(col(ProviderReference.interaction_id) == col(Interaction.id))
    twin = select(Interaction.id).where(
        col(Interaction.state).in_((State.SENDING, State.UNKNOWN)),
        col(Interaction.channel) == case.channel,
        col(Interaction.recipient) == case.message.to.value,
        col(Interaction.id) != case.message.id,
        col(Interaction.state_at) >= case.since,
        ~named.exists(),
    )
    return (await session.exec(twin.limit(1))).first() is not None


# ---- what to look for -----------------------------------------------------------------------


def _unknown(now: datetime) -> tuple[Any, ...]:
    """Mail servers keep no list that we could ask for."""
    return (
        col(Interaction.state) == State.UNKNOWN,
        col(Interaction.kind).in_((Kind.SMS, Kind.VOICE)),
        col(Interaction.state_at) <= now - AT_LEAST,
        col(Interaction.state_at) >= now - AT_MOST,
    )


async def _cases(session: AsyncSession, gate: Gate, now: datetime, most: int) -> list[Case]:
    waiting = select(Interaction).outerjoin(EvidenceLook, SAME).where(*_unknown(now), turn(now))
    first = col(EvidenceLook.looked_at).asc().nulls_first(), col(Interaction.state_at).desc()
    rows = (await session.exec(waiting.order_by(*first).limit(most))).all()
    tried = await _tried(session, [row.id for row in rows])
    again = await _looked_for(session, [row.id for row in rows], now)
    versions = await templates.versions(session, {row.template_version_id for row in rows if row.template_version_id})
    cases = []
    for row in rows:
        message = await _message(session, row, versions, gate)
        if message is not None and row.id in tried:
            began, ended = tried[row.id]
            cases.append(Case(row.channel, message, began - _SKEW, ended + _SKEW, row.id in again))
    named = {case.message.id for case in cases}
    await note(session, [row.id for row in rows if row.id not in named], now)  # nothing can be compared
    return cases


SAME = col(EvidenceLook.interaction_id) == col(Interaction.id)


def turn(now: datetime) -> ColumnElement[bool]:
    """Never looked for since it stands as it does, or long enough ago."""
    looked, times = col(EvidenceLook.looked_at), func.least(col(EvidenceLook.times), 10)
    rest = func.least(_AGAIN * func.power(2, times - 1), _AT_MOST_AGAIN)
    return or_(looked.is_(None), looked < col(Interaction.state_at), looked <= now - rest)


async def _looked_for(session: AsyncSession, ids: Sequence[UUID], now: datetime) -> set[UUID]:
    """Those that were looked for a while ago, since they became unknown."""
    looks = (
        select(EvidenceLook.interaction_id)
        .join(Interaction, SAME)
        .where(
            col(EvidenceLook.interaction_id).in_(ids),
            col(EvidenceLook.looked_at) <= now - _BETWEEN,
            col(EvidenceLook.looked_at) >= col(Interaction.state_at),
        )
    )
    return set(await session.exec(looks))


async def note(session: AsyncSession, ids: Sequence[UUID], now: datetime) -> None:
    """They were looked for now."""
    if not ids:
        return
    rows = insert(EvidenceLook).values([{"interaction_id": one, "looked_at": now, "times": 1} for one in ids])
    again = {"looked_at": now, "times": col(EvidenceLook.times) + 1}
    await session.exec(rows.on_conflict_do_update(index_elements=["interaction_id"], set_=again))


async def _tried(session: AsyncSession, ids: Sequence[UUID]) -> dict[UUID, tuple[datetime, datetime]]:
    """Between when and when each may have left."""
    unsure = (
        select(Attempt.interaction_id, func.min(Attempt.started_at), func.max(Attempt.ended_at))
        .where(col(Attempt.interaction_id).in_(ids), col(Attempt.outcome).in_(_UNSURE))
        .group_by(col(Attempt.interaction_id))
    )
    return {number: (began, ended) for number, began, ended in await session.exec(unsure)}


async def _message(
    session: AsyncSession, row: Interaction, versions: Mapping[int, TemplateVersion], gate: Gate
) -> Outbound[Any] | None:
    """None when its words can no longer be made: then nothing can be compared."""
    to = Address(row.kind or Kind.SMS, row.recipient)
    if row.kind is Kind.VOICE:
        return Outbound(row.id, to, Call(), "")
    version = versions.get(row.template_version_id or 0)
    if version is None:
        return Outbound(row.id, to, Text(row.body_text), "")
    try:
        words = rendering.render(
            version.variants, Kind.SMS, row.language, row.language, row.variables or {}, name="template"
        )
    except TemplateProblem:
        return None
    return Outbound(row.id, to, Text(await links.as_sent(session, words.text, row.id, gate)), "")
