"""Whose addresses these are, and new provisional customers: for many mail addresses at once."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from channels.message import Address
from hub.clock import uuid7
from hub.models import Customer, Identity
from hub.models.columns import defaults
from hub.models.vocabulary import AddressKind


async def owners(session: AsyncSession, values: Collection[str]) -> dict[str, UUID]:
    """The customers who have these canonical addresses, locked until the end as a word of theirs needs it."""
    rows = select(Identity.value, Identity.customer_id).where(
        col(Identity.kind) == AddressKind.EMAIL, col(Identity.value).in_(list(values))
    )
    found = dict((await session.exec(rows)).all())
    locked = select(Customer.id).where(col(Customer.id).in_(sorted(set(found.values())))).order_by(col(Customer.id))
    await session.exec(locked.with_for_update(key_share=True))  # in one order: two crowds do not wait for each other
    return found


async def welcome(session: AsyncSession, strangers: Mapping[str, Address], *, now: datetime) -> dict[str, UUID]:
    """Make a customer of each address; which is whose.

    Raises IntegrityError when somebody else does so meanwhile: then the words are better taken one by one.
    """
    made = {value: uuid7(now) for value in strangers}
    if made:
        people = [_customer(made[value], address, now) for value, address in strangers.items()]
        owned = [_identity(customer, value, now) for value, customer in made.items()]
        await session.execute(insert(Customer.__table__), people)  # type: ignore[attr-defined]
        await session.execute(insert(Identity.__table__), owned)  # type: ignore[attr-defined]
    return made


def _customer(customer_id: UUID, address: Address, now: datetime) -> dict[str, object]:
    name = " ".join(address.name.split())[:200] or address.value
    told = {"id": customer_id, "name": name, "provisional": True, "created_at": now, "updated_at": now}
    return defaults(Customer) | told


def _identity(customer_id: UUID, value: str, now: datetime) -> dict[str, object]:
    told = {"customer_id": customer_id, "kind": AddressKind.EMAIL, "value": value, "created_at": now}
    return defaults(Identity) | told
