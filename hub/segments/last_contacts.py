"""When customers were last in contact, as it is kept beside the log, as predicates over `customer`.

What is kept is believed up to an identifier; the log is asked about what came after it, and about customers of whom
something older changed since. `rolling_up` keeps it.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, any_, exists, literal_column, union
from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from hub.models import Customer, Interaction, LastContact, LastContactsUntil, StaleContact

EVER = UUID(int=0)
_MOST_STALE = 20_000  # of more the log is asked about everybody: so many one by one would take longer
_Where = ColumnElement[bool]


async def until(session: AsyncSession) -> UUID | None:
    """Up to where what is kept may be believed until the transaction ends; None: not at all.

    Whoever makes it anew waits for this transaction (`rolling_up`).
    """
    row = await session.exec(select(LastContactsUntil.until))
    stale = select(col(StaleContact.id)).limit(_MOST_STALE + 1).subquery()
    many = (await session.exec(select(func.count()).select_from(stale))).one() > _MOST_STALE
    found = row.first()
    return None if many else found


def since(column: str, log: Sequence[_Where], since: UUID, until: UUID) -> _Where:
    """There is one in `column`, which keeps the latest that `log` means, from `since` on, which is before `until`."""
    kept, stale = col(getattr(LastContact, column)), select(col(StaleContact.customer_id))
    known = select(col(LastContact.customer_id)).where(
        kept >= since, ~exists().where(col(StaleContact.customer_id) == col(LastContact.customer_id))
    )
    later = select(col(Interaction.customer_id)).where(col(Interaction.id) >= until, *log)
    # An array: the planner takes it for a few customers, and looks for each by the timeline's index.
    theirs = col(Interaction.customer_id) == any_(func.array(stale.scalar_subquery()))
    again = select(col(Interaction.customer_id)).where(
        col(Interaction.id) >= since, col(Interaction.id) < until, theirs, *log
    )
    # Not `union_all`: where customers may come twice, the planner believes that there are two hundred of them.
    found = union(known, later, again).subquery()
    return exists(literal_column("1")).where(found.c.customer_id == Customer.id)
