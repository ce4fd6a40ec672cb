"""Customers by address, by id and as a list. An address that nobody knows becomes a provisional customer."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from channels import address as spelling
from channels.message import Address, Kind
from hub import live
from hub.clock import uuid7
from hub.customers import fields
from hub.customers.listing import CustomerLine, listing
from hub.models import Customer, CustomerMerge, Identity
from hub.models.vocabulary import AddressKind

__all__ = [
    "AddressTaken",
    "CustomerLine",
    "Merged",
    "NewCustomer",
    "NotFound",
    "Resolved",
    "change",
    "claim",
    "create",
    "find",
    "find_external",
    "get",
    "listing",
    "resolve",
    "standing",
    "stranger",
]


class NotFound(LookupError):
    """There is no such customer."""

    def __init__(self, what: object) -> None:
        super().__init__(f"There is no customer {what}")
        self.what = what


class Merged(NotFound):
    """There is no such customer any more: they are part of another one."""

    def __init__(self, what: UUID, into: UUID) -> None:
        LookupError.__init__(self, f"Customer {what} was merged into {into}")
        self.what: UUID = what
        self.into = into


class AddressTaken(ValueError):
    """An address belongs to one customer at a time, and this one has an owner."""

    def __init__(self, value: str, owner: UUID) -> None:
        super().__init__(f"{value} already belongs to customer {owner}")
        self.value, self.owner = value, owner


@dataclass(frozen=True, slots=True)
class Resolved:
    customer: Customer
    created: bool


@dataclass(frozen=True, slots=True)
class NewCustomer:
    """What is known of a customer to be made. Addresses in any spelling; numbers with their country code."""

    name: str
    given_name: str = ""
    language: str = "en"
    timezone: str | None = None
    country: str | None = None
    culture: str | None = None
    birthday: tuple[int | None, int, int] | None = None  # year if known, month, day
    emails: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    attributes: Mapping[str, object] = field(default_factory=dict)
    external_id: str | None = None
    vip: bool = False


async def names(session: AsyncSession, customer_ids: Collection[UUID]) -> dict[UUID, str]:
    """What these are called; who is not there any more is left out."""
    rows = await session.exec(select(Customer.id, Customer.name).where(col(Customer.id).in_(customer_ids)))
    return dict(rows.all())


async def get(session: AsyncSession, customer_id: UUID) -> Customer:
    """Raises NotFound; Merged for one who is part of another now."""
    customer = await session.get(Customer, customer_id)
    if customer is None:
        into = await standing(session, customer_id)
        raise NotFound(customer_id) if into == customer_id else Merged(customer_id, into)
    return customer


async def standing(session: AsyncSession, customer_id: UUID) -> UUID:
    """The customer, or whoever they have become part of. One that is not there stands for itself."""
    rows = select(CustomerMerge.winner_id).where(
        col(CustomerMerge.loser_id) == customer_id, col(CustomerMerge.undone_at).is_(None)
    )
    return (await session.exec(rows)).first() or customer_id


async def find(session: AsyncSession, kind: AddressKind, value: str) -> Customer | None:
    """Whose address this is. `value` in canonical spelling."""
    owner = select(Customer).join(Identity, col(Identity.customer_id) == col(Customer.id))
    found = await session.exec(owner.where(col(Identity.kind) == kind, col(Identity.value) == value))
    return found.first()


async def _owner(session: AsyncSession, kind: AddressKind, value: str) -> Customer | None:
    owner = select(Customer).join(Identity, col(Identity.customer_id) == col(Customer.id))
    mine = owner.where(col(Identity.kind) == kind, col(Identity.value) == value)
    locked = mine.with_for_update(key_share=True, of=Customer)
    return (await session.exec(locked, execution_options={"populate_existing": True})).first()


async def find_external(session: AsyncSession, external_id: str) -> Customer | None:
    """Who has this number in another system, or whoever they have become part of."""
    own = (await session.exec(select(Customer).where(col(Customer.external_id) == external_id))).first()
    if own is not None:
        return own
    had = col(CustomerMerge.loser)["external_id"].astext == external_id
    part = select(CustomerMerge.winner_id).where(had, col(CustomerMerge.undone_at).is_(None))
    winner = (await session.exec(part.limit(1))).first()
    return None if winner is None else await session.get(Customer, winner)


async def resolve(session: AsyncSession, address: Address, *, now: datetime) -> Resolved:
    """The customer with this canonical address, made provisionally if there is none. Safe in a race.

    Of two transactions that meet the same stranger the second waits for the first and finds its customer. A known one
    is locked until the end, as whoever writes down a word of theirs needs it: nobody merges them meanwhile, and who is
    just being merged is waited for, gone then, and found again under the winner.
    """
    kind = AddressKind.of(address.kind)
    known = await _owner(session, kind, address.value)
    if known is not None:
        return Resolved(known, created=False)
    stranger = _stranger(address, now)
    session.add(stranger)
    await session.flush()
    if await claim(session, stranger.id, kind, address.value, now=now):
        await live.publish(session, "customer", id=stranger.id)
        return Resolved(stranger, created=True)
    await session.delete(stranger)
    await session.flush()
    winner = await _owner(session, kind, address.value)
    if winner is None:
        raise NotFound(address.value)
    return Resolved(winner, created=False)


async def stranger(session: AsyncSession, name: str, *, now: datetime) -> Customer:
    """A provisional customer of whom no address is known: the writer of one message and no other."""
    nobody = _stranger(Address(Kind.EMAIL, "", name or "Unknown sender"), now)
    session.add(nobody)
    await session.flush()
    await live.publish(session, "customer", id=nobody.id)
    return nobody


async def claim(session: AsyncSession, customer_id: UUID, kind: AddressKind, value: str, *, now: datetime) -> bool:
    """Make an address this customer's; False when it has an owner already."""
    row = {"customer_id": customer_id, "kind": kind, "value": value, "created_at": now, "state": "ok"}
    defaults: dict[str, object] = {"label": "", "preferred": True, "soft_bounces": 0}
    inserted = await session.exec(
        insert(Identity).values(**row, **defaults).on_conflict_do_nothing().returning(col(Identity.id))
    )
    return inserted.first() is not None


async def create(session: AsyncSession, new: NewCustomer, *, now: datetime) -> Customer:
    """Add a customer with their addresses. Raises AddressTaken, channels.address.BadAddress or fields.BadField."""
    emails = dict.fromkeys(spelling.mail(one) for one in new.emails)
    phones = dict.fromkeys(spelling.phone(one, new.country) for one in new.phones)
    customer = Customer(id=uuid7(now), created_at=now, updated_at=now, **_columns(new))
    session.add(customer)
    await session.flush()
    for value in emails:
        await _own(session, customer.id, AddressKind.EMAIL, value, now=now)
    for value in phones:
        await _own(session, customer.id, AddressKind.PHONE, value, now=now)
    await live.publish(session, "customer", id=customer.id)
    return customer


async def change(session: AsyncSession, customer_id: UUID, changes: Mapping[str, object], *, now: datetime) -> Customer:
    """Set the fields that people may set (`fields.CHANGEABLE`). Raises NotFound or fields.BadField."""
    customer = await get(session, customer_id)
    await session.refresh(customer, with_for_update={"key_share": True})
    for name, value in fields.checked(changes).items():
        setattr(customer, name, value)
    customer.updated_at = now
    await session.flush()
    await live.publish(session, "customer", id=customer_id)
    return customer


def _stranger(address: Address, now: datetime) -> Customer:
    name = " ".join(address.name.split())[:200] or address.value
    return Customer(id=uuid7(now), name=name, provisional=True, created_at=now, updated_at=now)


def _columns(new: NewCustomer) -> dict[str, Any]:
    given: dict[str, object] = {
        "name": new.name,
        "given_name": new.given_name,
        "language": new.language,
        "timezone": new.timezone,
        "country": new.country,
        "culture": new.culture,
        "birthday": new.birthday,
        "labels": list(new.labels),
        "attributes": dict(new.attributes),
        "external_id": new.external_id,
        "vip": new.vip,
    }
    return fields.checked(given)


async def _own(session: AsyncSession, customer_id: UUID, kind: AddressKind, value: str, *, now: datetime) -> None:
    if await claim(session, customer_id, kind, value, now=now):
        return
    owner = await find(session, kind, value)
    if owner is not None:
        raise AddressTaken(value, owner.id)
