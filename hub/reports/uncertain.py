"""Messages of which nobody knows whether they left, for a person to decide about. Read only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, func, or_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from hub.models import Campaign, Customer, Interaction, Outbox
from hub.models.vocabulary import Kind, Purpose, State
from hub.outbound.uncertain import LEFT, is_bulk

PAGE = 50
_MANY = 1000


@dataclass(frozen=True, slots=True)
class Line:
    """One such message. `again_at`: the hub sends it once more then by itself, unless evidence comes before."""

    id: UUID
    customer_id: UUID
    customer_name: str
    kind: Kind | None
    purpose: Purpose
    recipient: str
    subject: str
    campaign_id: int | None
    campaign_name: str
    since: datetime
    reason: str  # empty, or that the provider's list does not have it
    detail: str
    flag: str
    again_at: datetime | None

    @property
    def bulk(self) -> bool:
        """Decided about by those who run campaigns."""
        return is_bulk(self.campaign_id, self.purpose)


@dataclass(frozen=True, slots=True)
class Whose:
    """Which of them: those of campaigns and greetings (`bulk`), those of agents and services (`single`)."""

    bulk: bool = True
    single: bool = True
    campaign_id: int | None = None


_ALL = Whose()


async def lines(
    session: AsyncSession, *, whose: Whose = _ALL, before: UUID | None = None, limit: int = PAGE
) -> list[Line]:
    """The newest messages first, those older than `before`."""
    row = Interaction
    columns = (
        *(row.id, row.customer_id, Customer.name, row.kind, row.purpose, row.recipient, row.subject),
        *(
            row.campaign_id,
            func.coalesce(Campaign.name, ""),
            row.state_at,
            row.reason,
            row.detail,
            row.flag,
            Outbox.due_at,
        ),
    )
    query = (
        select(*columns)  # type: ignore[call-overload]
        .join(Customer, col(Customer.id) == col(row.customer_id))
        .outerjoin(Campaign, col(Campaign.id) == col(row.campaign_id))
        .outerjoin(Outbox, col(Outbox.interaction_id) == col(row.id))
        .where(*_wanted(whose))
    )
    if before is not None:
        query = query.where(col(row.id) < before)
    return [Line(*found) for found in await session.exec(query.order_by(col(row.id).desc()).limit(limit))]


async def number(session: AsyncSession, *, whose: Whose = _ALL) -> int:
    """How many there are, counted up to a thousand."""
    some = select(Interaction.id).where(*_wanted(whose)).limit(_MANY).subquery()
    return (await session.exec(select(func.count()).select_from(some))).one()


def _wanted(whose: Whose) -> list[ColumnElement[bool]]:
    bulk = or_(
        col(Interaction.campaign_id).is_not(None),
        col(Interaction.purpose).in_([purpose for purpose in Purpose if purpose.needs_consent]),
    )
    wanted = [col(Interaction.state) == State.UNKNOWN, col(Interaction.reason) != LEFT]
    if whose.campaign_id is not None:
        wanted.append(col(Interaction.campaign_id) == whose.campaign_id)
    if not whose.bulk:
        wanted.append(~bulk)
    if not whose.single:
        wanted.append(bulk)
    return wanted
