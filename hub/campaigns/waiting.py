"""Who of a campaign waits for a moment of their own: rows with `due_at`, which come up when it has come.

A row waits (`due_at`), has its message (`interaction_id`), or was passed over (`passed`): one of the three.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, text, update
from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from hub.models import CampaignRecipient, CampaignStep
from hub.models.vocabulary import Passed

# Passed over at one step, and perhaps not at the next.
_GOES_ON = (Passed.CONDITION, Passed.LATE, Passed.UNKNOWN, Passed.NO_CHANNEL)


@dataclass(frozen=True, slots=True)
class Turn:
    """One customer's time at one step has come."""

    step: int
    customer_id: UUID
    due_at: datetime


async def due(session: AsyncSession, campaign_id: int, *, now: datetime, limit: int) -> list[Turn]:
    """The next whose time has come, the longest overdue first."""
    columns = (col(CampaignRecipient.step), col(CampaignRecipient.customer_id), col(CampaignRecipient.due_at))
    rows = select(*columns).where(
        col(CampaignRecipient.campaign_id) == campaign_id, col(CampaignRecipient.due_at) <= now
    )
    found = await session.exec(rows.order_by(col(CampaignRecipient.due_at)).limit(limit))
    return [Turn(step, customer, due_at) for step, customer, due_at in found if due_at is not None]


async def anybody(session: AsyncSession, campaign_id: int, *, step: int | None = None) -> bool:
    """Does anybody wait, or anybody at this step?"""
    rows = select(CampaignRecipient.customer_id).where(
        col(CampaignRecipient.campaign_id) == campaign_id, col(CampaignRecipient.due_at).is_not(None)
    )
    if step is not None:
        rows = rows.where(col(CampaignRecipient.step) == step)
    return (await session.exec(rows.limit(1))).first() is not None


async def until(session: AsyncSession, campaign_id: int, *, step: int) -> tuple[int, datetime | None]:
    """How many wait at this step, and until when the last of them does."""
    rows = select(func.count(), func.max(col(CampaignRecipient.due_at))).where(
        col(CampaignRecipient.campaign_id) == campaign_id,
        col(CampaignRecipient.due_at).is_not(None),
        col(CampaignRecipient.step) == step,
    )
    return (await session.exec(rows)).one()


async def enlist(
    session: AsyncSession,
    step: CampaignStep,
    *,
    now: datetime,
    customers: Collection[UUID] | None = None,
    between: tuple[UUID, UUID] = (UUID(int=0), UUID(int=2**128 - 1)),
    paused: bool = False,
) -> None:
    """Whoever came through the step before waits for this one: after their message was to leave, or after now.

    `customers` None: all of them, above the first and up to the second of `between`. Who waits for it, or has come to
    it already, stays as they are. `paused`: the campaign's tickets lie aside and tell no time; it is after now, and
    whose message has not left by then is looked at again.
    """
    values = {
        "campaign": step.campaign_id,
        "step": step.step,
        "before": step.step - 1,
        "wait": timedelta(seconds=step.wait_seconds),
        "now": now,
        "all": customers is None,
        "low": between[0],
        "high": between[1],
        "customers": list(customers or ()),
        "paused": paused,
        "goes_on": [word.value for word in _GOES_ON],
    }
    await session.execute(_ENLIST, values)


async def settle(
    session: AsyncSession,
    campaign_id: int,
    step: int,
    *,
    now_due: Collection[UUID] = (),
    later: Mapping[UUID, datetime] | None = None,
    passed: Mapping[UUID, Passed] | None = None,
) -> None:
    """What comes of turns: a message now (`now_due`, made in this transaction), another moment, or none."""
    outcomes: list[tuple[UUID, datetime | None, str | None]] = [(one, None, None) for one in now_due]
    outcomes += [(one, moment, None) for one, moment in (later or {}).items()]
    outcomes += [(one, None, reason.value) for one, reason in (passed or {}).items()]
    if not outcomes:
        return
    customers, moments, reasons = zip(*outcomes, strict=True)
    columns = {"customers": list(customers), "moments": list(moments), "reasons": list(reasons)}
    await session.execute(_SETTLE, {"campaign": campaign_id, "step": step, **columns})


async def hurry(session: AsyncSession, campaign_id: int, *, now: datetime) -> None:
    """After a pause: what came due meanwhile is due now, and none of it is late. The first message keeps its hour."""
    late = update(CampaignRecipient).where(
        col(CampaignRecipient.campaign_id) == campaign_id,
        col(CampaignRecipient.due_at) < now,
        col(CampaignRecipient.step) > 0,
    )
    await session.exec(late.values(due_at=now))


async def drop(session: AsyncSession, campaign_id: int, *, beyond: int) -> None:
    """Nobody waits for steps beyond this number any more."""
    rows = delete(CampaignRecipient).where(
        col(CampaignRecipient.campaign_id) == campaign_id,
        col(CampaignRecipient.step) > beyond,
        col(CampaignRecipient.due_at).is_not(None),
    )
    await session.exec(rows)


def by_step(turns: Sequence[Turn]) -> dict[int, list[Turn]]:
    found: dict[int, list[Turn]] = {}
    for turn in turns:
        found.setdefault(turn.step, []).append(turn)
    return found


_ENLIST = text("""
insert into campaign_recipient (campaign_id, step, customer_id, due_at)
select r.campaign_id, :step, r.customer_id, greatest(o.due_at, cast(:now as timestamptz)) + cast(:wait as interval)
from campaign_recipient r left join outbox o on o.interaction_id = r.interaction_id and not :paused
where r.campaign_id = :campaign and r.step = :before and (:all or r.customer_id = any(cast(:customers as uuid[])))
  and r.customer_id > :low and r.customer_id <= :high
  and (r.interaction_id is not null or r.passed = any(cast(:goes_on as text[])))
on conflict do nothing
""")

_SETTLE = text("""
update campaign_recipient r set due_at = t.due_at, passed = t.passed
from unnest(cast(:customers as uuid[]), cast(:moments as timestamptz[]), cast(:reasons as text[]))
  as t(customer_id, due_at, passed)
where r.campaign_id = :campaign and r.step = :step and r.customer_id = t.customer_id
""")
