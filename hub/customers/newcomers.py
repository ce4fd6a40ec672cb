"""Whose addresses these are, and new provisional customers: for many mail addresses at once."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from channels.message import Address
from hub.clock import uuid7
from hub.database import copying
from hub.database.engine import fetch
from hub.models import Customer, Identity
from hub.models.columns import defaults
from hub.models.vocabulary import AddressKind


async def owners(session: AsyncSession, values: Collection[str]) -> dict[str, UUID]:
    """The customers who have these canonical addresses, locked until the end as a word of theirs needs it."""
    return dict(await fetch(session, _OWNERS, list(values)))


# In one order: two crowds do not wait for each other.
_OWNERS = """
select i.value, c.id from identity i join customer c on c.id = i.customer_id
where i.kind = 'email' and i.value = any($1::text[]) order by c.id for no key update of c
"""


async def welcome(session: AsyncSession, strangers: Mapping[str, Address], *, now: datetime) -> dict[str, UUID]:
    """Make a customer of each address; which is whose.

    Raises UniqueViolationError when somebody else does so meanwhile: then the words are better taken one by one.
    """
    made = {value: uuid7(now) for value in strangers}
    if made:
        people = [_customer(made[value], address, now) for value, address in strangers.items()]
        owned = [_identity(customer, value, now) for value, customer in made.items()]
        await copying.copy(session, Customer, people)
        await copying.copy(session, Identity, owned)
    return made


def _customer(customer_id: UUID, address: Address, now: datetime) -> dict[str, object]:
    name = " ".join(address.name.split())[:200] or address.value
    told = {"id": customer_id, "name": name, "provisional": True, "created_at": now, "updated_at": now}
    return {**defaults(Customer), **told}


def _identity(customer_id: UUID, value: str, now: datetime) -> dict[str, object]:
    told = {"customer_id": customer_id, "kind": AddressKind.EMAIL, "value": value, "created_at": now}
    return {**defaults(Identity), **told}
