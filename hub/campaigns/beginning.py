"""A campaign's first message: at once, at everybody's own hour, or when each of them answers best.

The campaign's lock is held by the caller.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, time, timedelta
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from hub.campaigns import hours, learning, portions, steps, variants, waiting
from hub.campaigns.learning import Known
from hub.campaigns.portions import Portion
from hub.campaigns.waiting import Turn
from hub.models import Campaign
from hub.outbound.question import Learnt
from hub.outbound.request import Gate

TOO_LATE_TODAY = timedelta(hours=2)  # after everybody's own hour: then tomorrow


async def by_learning(
    session: AsyncSession, campaign: Campaign, customers: Sequence[UUID], *, gate: Gate, now: datetime
) -> None:
    """The first message for these, when they answer best; where nothing is known of that, at the campaign's hour."""
    known = await learning.look(session, campaign, customers, gate=gate, now=now)
    later = await learning.hours(session, campaign, known, gate=gate, now=now)
    others = [one for one in customers if one not in later]
    await waiting.settle(session, campaign.id or 0, 0, later=later)
    if campaign.local_time is not None:
        await _put_off(session, campaign, campaign.local_time, others, gate, now)
    else:
        await _begin(session, campaign, others, known, gate, now)


async def begin(
    session: AsyncSession, campaign: Campaign, customers: Sequence[UUID], *, gate: Gate, now: datetime
) -> None:
    """The first message for these: their variant of it while there is a test, at once."""
    known = await learning.look(session, campaign, customers, gate=gate, now=now)
    await _begin(session, campaign, customers, known, gate, now)


async def turn(session: AsyncSession, campaign: Campaign, turns: Sequence[Turn], *, gate: Gate, now: datetime) -> None:
    """Everybody's own hour has come; for whom it passed hours ago, it comes again tomorrow."""
    missed = [one.customer_id for one in turns if now - one.due_at > TOO_LATE_TODAY]
    ready = [one.customer_id for one in turns if now - one.due_at <= TOO_LATE_TODAY]
    if campaign.learnt and missed:
        await waiting.settle(session, campaign.id or 0, 0, now_due=missed)
        await by_learning(session, campaign, missed, gate=gate, now=now)
    elif campaign.local_time is not None:
        await _put_off(session, campaign, campaign.local_time, missed, gate, now)
    await waiting.settle(session, campaign.id or 0, 0, now_due=ready)
    await begin(session, campaign, ready, gate=gate, now=now)


async def _begin(
    session: AsyncSession, campaign: Campaign, customers: Sequence[UUID], known: Known | None, gate: Gate, now: datetime
) -> None:
    for portion in await _portions(session, campaign, customers, learning.told(known)):
        campaign.fed += await portions.feed(session, portion, gate=gate, now=now)
    for step in (await steps.of(session, campaign.id or 0))[:1]:
        await waiting.enlist(session, step, now=now, customers=customers)


async def _portions(
    session: AsyncSession, campaign: Campaign, customers: Sequence[UUID], learnt: Mapping[UUID, Learnt] | None
) -> list[Portion]:
    """What each of them is sent first. Who waits for the end of a test is in none."""
    test, tried = await variants.of(session, campaign.id or 0)
    if not customers:
        return []
    if test is None or test.decided_at is not None:
        return [Portion.of(await portions.mailing(session, campaign, learnt=learnt), customers)]
    words = {one.variant: one.template_version_id for one in tried}
    return [
        Portion.of(await portions.mailing(session, campaign, version_id=words[variant], learnt=learnt), some)
        for variant, some in variants.parts(test, tried, customers).items()
    ]


async def _put_off(
    session: AsyncSession, campaign: Campaign, hour: time, customers: Sequence[UUID], gate: Gate, now: datetime
) -> None:
    if customers:
        low, high = UUID(int=max(min(customers).int - 1, 0)), max(customers)
        zone = gate.rules.company_zone
        await hours.put_off(session, campaign, hour, low=low, high=high, company_zone=zone, now=now, only=customers)
