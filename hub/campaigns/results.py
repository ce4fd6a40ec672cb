"""What has become of a campaign's messages: figures, and behind each the people it counts. Read only.

A figure of states is a predicate over the log, used for the sum and for the list alike; what recipients did is counted
by `reactions`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, true
from sqlalchemy import select as sums
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from hub.campaigns import counting, reactions
from hub.campaigns.counting import WAITING
from hub.campaigns.reactions import BOUNCED, Totals
from hub.database import paging
from hub.database.engine import Database
from hub.models import Customer, Interaction
from hub.models.vocabulary import Kind, State

PAGE = 50
_PAGE_OF_CSV = 2_000

_DID = tuple(figure for figure in reactions.FIGURES if figure != "bounced")


def _in(*states: State) -> ColumnElement[bool]:
    return col(Interaction.state).in_(states)


def _bounced() -> ColumnElement[bool]:
    return and_(_in(State.FAILED), col(Interaction.reason).in_(BOUNCED))


# Each customer's message is in exactly one of these.
PARTS: Mapping[str, ColumnElement[bool]] = {
    "waiting": _in(*WAITING),
    "on_its_way": _in(State.SENT),
    "delivered": _in(State.DELIVERED, State.READ),
    "missed": _in(State.MISSED),
    "failed": _in(State.FAILED),
    "unknown": _in(State.UNKNOWN),
    "withheld": _in(State.WITHHELD),
    "too_late": _in(State.EXPIRED),
    "cancelled": _in(State.CANCELLED),
}
# These run over the parts: what was handed to a provider, what of the failed bounced, and what recipients did.
OVER: Mapping[str, ColumnElement[bool]] = {"sent": counting.handed_over(), "bounced": _bounced(), "all": true()}
FIGURES = (*PARTS, *OVER, *_DID)


@dataclass(frozen=True, slots=True)
class Figures:
    """`parts` add up to `fed`. `withheld` and `failed`: by reason, the most frequent first."""

    fed: int
    parts: Mapping[str, int]
    sent: int
    bounced: int  # of the failed
    did: Totals
    withheld: Mapping[str, int]
    failed: Mapping[str, int]

    def of(self, figure: str) -> int:
        if figure in self.parts:
            return self.parts[figure]
        over = {"sent": self.sent, "bounced": self.bounced, "all": self.fed}
        return over[figure] if figure in OVER else int(getattr(self.did, figure))

    @property
    def done(self) -> int:
        return self.fed - self.parts["waiting"]


@dataclass(frozen=True, slots=True)
class Person:
    """One customer's message, in a list."""

    id: UUID
    customer_id: UUID
    name: str
    number: str  # the customer's own in another system
    kind: Kind | None
    recipient: str
    state: State
    reason: str
    detail: str
    at: datetime


async def figures(session: AsyncSession, campaign_id: int) -> Figures:
    """All of them, read in the caller's transaction."""
    mine = col(Interaction.campaign_id) == campaign_id
    counts = [func.count().filter(part) for part in (*PARTS.values(), _bounced())]
    row = (await session.execute(sums(func.count(), *counts).where(mine))).one()
    sent = (await session.exec(select(func.count()).select_from(Interaction).where(mine, OVER["sent"]))).one()
    return Figures(
        fed=row[0],
        parts=dict(zip(PARTS, row[1:-1], strict=True)),
        bounced=row[-1],
        sent=sent,
        did=await reactions.totals(session, campaign_id),
        withheld=await counting.reasons(session, campaign_id, State.WITHHELD),
        failed=await counting.reasons(session, campaign_id, State.FAILED),
    )


async def people(
    session: AsyncSession,
    campaign_id: int,
    figure: str,
    *,
    reason: str = "",
    after: UUID | None = None,
    limit: int = PAGE,
) -> list[Person]:
    """The next of those whom a figure counts, in the order of their messages' ids. Raises KeyError: no such figure."""
    if figure in _DID:
        found = await reactions.recipients(session, campaign_id, figure, after=after, limit=limit)
        return await _listed(session, col(Interaction.id).in_([one.interaction_id for one in found]), limit)
    where = [col(Interaction.campaign_id) == campaign_id, {**PARTS, **OVER}[figure]]
    if reason:
        where.append(col(Interaction.reason) == reason)
    if after is not None:
        where.append(col(Interaction.id) > after)
    return await _listed(session, and_(*where), limit)


def pages(database: Database, campaign_id: int, figure: str, *, reason: str = "") -> AsyncIterator[list[Person]]:
    """All of them, a page at a time. Raises KeyError."""

    async def read(session: AsyncSession, after: UUID | None) -> list[Person]:
        return await people(session, campaign_id, figure, reason=reason, after=after, limit=_PAGE_OF_CSV)

    return paging.pages(database, read, lambda last: last.id)


async def _listed(session: AsyncSession, where: ColumnElement[bool], limit: int) -> list[Person]:
    row = Interaction
    columns = (
        *(row.id, row.customer_id, Customer.name, func.coalesce(Customer.external_id, ""), row.kind, row.recipient),
        *(row.state, row.reason, row.detail, row.state_at),
    )
    query = select(*columns).join(Customer, col(Customer.id) == col(row.customer_id)).where(where)  # type: ignore[call-overload]
    return [Person(*found) for found in await session.exec(query.order_by(col(row.id)).limit(limit))]
