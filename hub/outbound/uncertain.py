"""What a person decides about a message of which nobody knows whether it left: send it again, or leave it (decision of
the log's semantics: unknown is never blindly resent). Evidence that comes later still settles it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import delete
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from hub.interactions import receipts
from hub.models import Campaign, Interaction, Outbox
from hub.models.vocabulary import CampaignState, Kind, Purpose, State
from hub.outbound import outbox
from hub.outbound.asking import PRIORITY
from hub.outbound.patience import MAY_BE_DOUBLE
from hub.staff import audit
from hub.staff.roles import Action

LEFT = "left"  # the reason of an unknown message that somebody has decided to leave


class Why(StrEnum):
    """Why nothing is to be decided about a message any more."""

    KNOWN = "Its outcome is known by now"
    LEFT = "Somebody has decided already to leave it"
    AGAIN = "Somebody has just decided to send it again"
    GOING = "It is being sent again at this moment"
    CANCELLED = "Its campaign was cancelled: nothing of it is sent any more"


class NotUncertain(Exception):
    """Nothing is to be decided about this message any more."""

    def __init__(self, why: Why, detail: str = "") -> None:
        super().__init__(f"{why.value}: {detail}" if detail else why.value)
        self.why = why


def is_bulk(campaign_id: int | None, purpose: Purpose) -> bool:
    """Is such a message decided about by those who run campaigns? Else by those who answer."""
    return campaign_id is not None or purpose.needs_consent


async def decide(
    session: AsyncSession,
    interaction_id: UUID,
    *,
    again: bool,
    demand: Callable[[Action], None],
    staff_id: int | None,
    ip: str,
    now: datetime,
) -> None:
    """Send it again or leave it, noted with who decided. `demand` raises when they may not. Raises NotUncertain."""
    row = await session.get(Interaction, interaction_id)
    if row is None or row.state is not State.UNKNOWN:
        raise NotUncertain(Why.KNOWN)
    demand(Action.CAMPAIGNS if is_bulk(row.campaign_id, row.purpose) else Action.ANSWER)
    if again:
        await send_again(session, interaction_id, now=now)
    else:
        await leave(session, interaction_id)
    subject, detail = f"customer:{row.customer_id}", f"interaction:{interaction_id}"
    what = "uncertain.again" if again else "uncertain.leave"
    await audit.write(session, what, staff_id=staff_id, subject=subject, detail=detail, ip=ip, now=now)


async def send_again(session: AsyncSession, interaction_id: UUID, *, now: datetime) -> Interaction:
    """Queue the very same message once more: same words, same Message-ID, marked as one that may come twice.

    The gate is asked again when it leaves. Raises LookupError, NotUncertain.
    """
    row = await _taken_back(session, interaction_id)
    if await _cancelled(session, row):
        raise NotUncertain(Why.CANCELLED)
    row.flag, row.reason = row.flag or MAY_BE_DOUBLE, ""
    session.add(row)
    await session.flush()
    priority, kind = PRIORITY.get(row.origin, 5), row.kind or Kind.EMAIL
    ticket = outbox.NewTicket(row.id, row.channel, kind, priority, now, campaign_id=row.campaign_id)
    await outbox.put(session, [ticket], now=now)
    await receipts.announce(session, row)
    return row


async def leave(session: AsyncSession, interaction_id: UUID) -> Interaction:
    """It stays unknown and nobody is asked about it again. Raises LookupError, NotUncertain."""
    row = await _taken_back(session, interaction_id)
    row.reason = LEFT
    session.add(row)
    await session.flush()
    await receipts.announce(session, row)
    return row


async def _taken_back(session: AsyncSession, interaction_id: UUID) -> Interaction:
    """The message, locked, and without the ticket that waits for evidence. Ticket first, as senders lock them.

    Raises LookupError; NotUncertain also when a sender holds the ticket: it is on its way.
    """
    held = select(Outbox).where(col(Outbox.interaction_id) == interaction_id)
    ticket = (await session.exec(held.with_for_update())).one_or_none()
    row = await _unknown(session, interaction_id)
    if ticket is None:
        ticket = (await session.exec(held)).one_or_none()  # somebody else has decided meanwhile
        if ticket is not None:
            raise NotUncertain(Why.AGAIN)
    elif ticket.lease_until is not None:
        raise NotUncertain(Why.GOING)
    await session.exec(delete(Outbox).where(col(Outbox.interaction_id) == row.id))
    return row


async def _unknown(session: AsyncSession, interaction_id: UUID) -> Interaction:
    query = select(Interaction).where(col(Interaction.id) == interaction_id).with_for_update()
    row = (await session.exec(query.execution_options(populate_existing=True))).one_or_none()
    if row is None:
        raise LookupError(f"there is no message {interaction_id}")
    if row.state is not State.UNKNOWN:
        raise NotUncertain(Why.KNOWN, f"the message is {row.state.value}")
    if row.reason == LEFT:
        raise NotUncertain(Why.LEFT)
    return row


async def _cancelled(session: AsyncSession, row: Interaction) -> bool:
    campaign = await session.get(Campaign, row.campaign_id) if row.campaign_id is not None else None
    return campaign is not None and campaign.state is CampaignState.CANCELLED
