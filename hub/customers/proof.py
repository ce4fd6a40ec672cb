"""The proof of consent: what holds for a customer and every word of theirs that it comes from, oldest first (G3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from hub.customers import consent, directory, identities, preferences
from hub.models import Consent, Customer, Identity, Staff, Suppression
from hub.models.vocabulary import AddressKind, Kind, Purpose


@dataclass(frozen=True, slots=True)
class Holds:
    """Of one purpose by one channel: the row of the ledger that counts; None: nothing was ever said of it."""

    purpose: Purpose
    channel: Kind
    row: Consent | None


@dataclass(frozen=True, slots=True)
class Proof:
    """`staff`: the names of those who wrote rows down, by their number."""

    made_at: datetime
    customer: Customer
    identities: Sequence[Identity]
    holds: Sequence[Holds]
    ledger: Sequence[Consent]
    suppressions: Sequence[Suppression]
    rankings: Mapping[Purpose, tuple[Kind, ...]]
    staff: Mapping[int, str]


async def of(session: AsyncSession, customer_id: UUID, *, now: datetime) -> Proof:
    """Raises hub.customers.directory.NotFound."""
    customer = await directory.get(session, customer_id)
    known = await identities.of(session, customer_id)
    ledger = (await consent.ledger(session, customer_id))[::-1]
    pairs = {(kind, one.value) for one in known for kind in Kind if AddressKind.of(kind) is one.kind}
    return Proof(
        made_at=now,
        customer=customer,
        identities=known,
        holds=holding(ledger),
        ledger=ledger,
        suppressions=await consent.suppressions(session, pairs),
        rankings=await preferences.rankings(session, customer_id),
        staff=await _names(session, {row.staff_id for row in ledger if row.staff_id is not None}),
    )


def holding(ledger: Sequence[Consent]) -> list[Holds]:
    """What counts now, for each purpose and channel. Pure."""
    return [Holds(p, kind, consent.standing(ledger, p, kind)) for p in Purpose for kind in Kind]


async def _names(session: AsyncSession, numbers: set[int]) -> dict[int, str]:
    rows = select(Staff.id, Staff.name).where(col(Staff.id).in_(numbers))
    return {number: name for number, name in await session.exec(rows) if number is not None}
