"""Who is on a call list: everybody a segment means at that moment, or those of them whose channel is the telephone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from hub.models import CallList, CallListPerson, Campaign, Identity
from hub.models.vocabulary import AddressKind, Kind, Origin
from hub.outbound import dry_run
from hub.outbound.asking import Gate
from hub.outbound.dry_run import Only
from hub.outbound.matter import Matter
from hub.outbound.question import Question
from hub.segments import asking, saved
from hub.segments.tree import Raw

_SLICE = 5_000  # each is some 7 values of a statement, which holds 32,767


@dataclass(frozen=True, slots=True)
class Whom:
    """One of both. `by_telephone`: none but those whom the gate reaches by voice first, or who have no mail address."""

    segment_id: int | None = None
    campaign_id: int | None = None
    by_telephone: bool = False


async def write(session: AsyncSession, made: CallList, whom: Whom, *, gate: Gate, now: datetime) -> int:
    """How many there are; nobody twice. Raises NoSuchSegment, LookupError, BadCondition."""
    where = await asking.where(session, await _tree(session, whom), now=now)
    after, written = None, 0
    while found := await asking.slice_after(session, where, after, limit=_SLICE):
        after = found[-1]
        chosen = await _by_telephone(session, made, found, gate, now) if whom.by_telephone else found
        written += await _write(session, made, chosen, now)
    return written


def question(made: CallList, gate: Gate, *kinds: Kind) -> Question:
    """What the gate is asked. Agents can call where the hub itself has no telephone: voice is always there."""
    configured = {kind for kind, names in gate.senders.items() if names}
    return Question(
        purpose=made.purpose,
        origin=Origin.CAMPAIGN,
        available=frozenset(configured | {Kind.VOICE}),
        texts=frozenset(Kind),
        kinds=kinds,
    )


async def _tree(session: AsyncSession, whom: Whom) -> Raw:
    if whom.campaign_id is None:
        tree: Raw = (await saved.get(session, whom.segment_id or 0)).tree
        return tree
    campaign = await session.get(Campaign, whom.campaign_id)
    if campaign is None:
        raise LookupError(f"There is no campaign {whom.campaign_id}")
    began: Raw = campaign.segment if campaign.meant is None else campaign.meant
    return began


async def _by_telephone(
    session: AsyncSession, made: CallList, found: Sequence[UUID], gate: Gate, now: datetime
) -> list[UUID]:
    about = Matter(question(made, gate), dict.fromkeys(Kind), gate.rules)
    called = await dry_run.answers(session, about, found, now=now, only=Only(kind=Kind.VOICE))
    first = {one.customer_id for one in called}
    kinds: dict[UUID, set[str]] = {}
    rows = select(Identity.customer_id, Identity.kind).where(col(Identity.customer_id).in_(found))
    for customer, kind in await session.exec(rows):
        kinds.setdefault(customer, set()).add(kind)
    return [one for one in found if one in first or kinds.get(one) == {AddressKind.PHONE}]


async def _write(session: AsyncSession, made: CallList, people: Sequence[UUID], now: datetime) -> int:
    if not people:
        return 0
    rows = [{"call_list_id": made.id, "customer_id": one, "due_at": now} for one in people]
    fresh = insert(CallListPerson).values(rows).on_conflict_do_nothing().returning(col(CallListPerson.id))
    return len((await session.exec(fresh)).all())
