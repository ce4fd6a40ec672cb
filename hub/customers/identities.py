"""The addresses of a customer, and what their mail servers and carriers say about them (requirement B2)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import SelectOfScalar

from channels import address as spelling
from channels.message import Kind, Reason
from hub import live
from hub.customers import consent, directory
from hub.database.engine import fetch
from hub.models import Customer, Identity, IdentityEvent
from hub.models.vocabulary import AddressKind, IdentityState

HIDDEN = "unknown"  # the address of everybody who hides theirs
SOFT_LIMIT = 3  # this many soft bounces …
SOFT_SPAN = timedelta(days=3)  # … over at least this long, with nothing delivered in between, and the address is dead
SOFT_MEMORY = timedelta(days=30)  # older ones are forgotten when the next one comes

_TIRED = "select kind, value from identity where value = any($1::text[]) and (soft_bounces > 0 or state = 'soft')"


async def of(session: AsyncSession, customer_id: UUID) -> list[Identity]:
    """All addresses of a customer, preferred ones first."""
    order = (col(Identity.preferred).desc(), col(Identity.id))
    found = await session.exec(select(Identity).where(col(Identity.customer_id) == customer_id).order_by(*order))
    return list(found)


async def hides(session: AsyncSession, *customers: UUID) -> bool:
    """Is one of these everybody who hides their address?"""
    rows = select(Identity.id).where(col(Identity.customer_id).in_(customers), col(Identity.value) == HIDDEN)
    return (await session.exec(rows.limit(1))).first() is not None


async def add(session: AsyncSession, customer_id: UUID, kind: AddressKind, value: str, *, now: datetime) -> Identity:
    """Give a customer one more address; their own again changes nothing. Raises AddressTaken, BadAddress, NotFound."""
    customer = await directory.get(session, customer_id)
    canonical = _canonical(customer, kind, value)
    if not await directory.claim(session, customer_id, kind, canonical, now=now):
        owner = await directory.find(session, kind, canonical)
        if owner is not None and owner.id != customer_id:
            raise directory.AddressTaken(canonical, owner.id)
    await live.publish(session, "customer", id=customer_id)
    return (await session.exec(_at(kind, canonical))).one()


def best(identities: Sequence[Identity], kind: Kind) -> Identity | None:
    """The address to use for a channel kind: usable, preferred, in good health, oldest. Pure."""
    wanted = [one for one in identities if one.kind is AddressKind.of(kind) and one.state is not IdentityState.DEAD]
    healthy = {IdentityState.OK: 0, IdentityState.SOFT: 1, IdentityState.COMPLAINED: 2}
    return min(wanted, key=lambda one: (not one.preferred, healthy[one.state], one.id or 0), default=None)


async def bounced(
    session: AsyncSession, kind: Kind, value: str, *, hard: bool, reason: str, detail: str, now: datetime
) -> None:
    """A message did not arrive: hard kills the address, soft ones do when they go on for days.

    A telephone has two ways in: a landline cannot take an SMS, a number that SMS does not find may still ring. It is
    suppressed for that way only, and dead when both have found nobody.
    """
    identity = await _locked(session, kind, value)
    if identity is None or identity.state is IdentityState.DEAD:
        return
    if reason == Reason.WRONG_CHANNEL:
        await consent.suppress(session, kind, value, purpose=None, reason=reason, source="receipt", now=now)
        return
    if hard and (kind is Kind.EMAIL or await _unheard_both_ways(session, kind, value, reason, now)):
        await _move(session, identity, IdentityState.DEAD, reason, detail, now)
    if hard:
        return
    if identity.soft_since is None or now - identity.soft_since > SOFT_MEMORY:
        identity.soft_bounces, identity.soft_since = 0, now
    identity.soft_bounces += 1
    tired = identity.soft_bounces >= SOFT_LIMIT and now - identity.soft_since >= SOFT_SPAN
    if tired or identity.state is IdentityState.OK:
        await _move(session, identity, IdentityState.DEAD if tired else IdentityState.SOFT, reason, detail, now)


async def delivered(session: AsyncSession, kind: Kind, value: str, *, now: datetime) -> None:
    """A message arrived: soft bounces are forgotten. A dead address stays dead until a person mends it."""
    identity = await _locked(session, kind, value)
    if identity is None or not (identity.soft_bounces or identity.state is IdentityState.SOFT):
        return
    identity.soft_bounces, identity.soft_since = 0, None
    if identity.state is IdentityState.SOFT:
        await _move(session, identity, IdentityState.OK, "delivered", "", now)


async def tired(session: AsyncSession, addresses: Collection[tuple[AddressKind, str]]) -> set[tuple[AddressKind, str]]:
    """Those of these addresses that had soft bounces lately: to the others a delivery is no news."""
    if not addresses:
        return set()
    rows = await fetch(session, _TIRED, sorted({value for _, value in addresses}))
    return {(AddressKind(kind), value) for kind, value in rows} & set(addresses)


async def complained(session: AsyncSession, value: str, *, now: datetime) -> None:
    """The owner of a mailbox reported our mail as unwanted (ARF, requirement B4)."""
    identity = await _locked(session, Kind.EMAIL, value)
    if identity is None or identity.state in (IdentityState.COMPLAINED, IdentityState.DEAD):
        return
    await _move(session, identity, IdentityState.COMPLAINED, "complained", "", now)


async def not_theirs(session: AsyncSession, customer_id: UUID, value: str, *, now: datetime) -> None:
    """Somebody else answered at this number: nobody calls or writes there any more until it is mended."""
    identity = await _locked(session, Kind.VOICE, value)
    if identity is None or identity.customer_id != customer_id or identity.state is IdentityState.DEAD:
        return
    await _move(session, identity, IdentityState.DEAD, "wrong_number", "", now)


async def mend(session: AsyncSession, identity_id: int, *, detail: str, now: datetime) -> Identity:
    """A person says that the address works again. Raises NotFound."""
    identity = await session.get(Identity, identity_id, with_for_update=True)
    if identity is None:
        raise directory.NotFound(f"with the address number {identity_id}")
    identity.soft_bounces, identity.soft_since = 0, None
    await _move(session, identity, IdentityState.OK, "mended", detail, now)
    return identity


async def _unheard_both_ways(session: AsyncSession, kind: Kind, value: str, reason: str, now: datetime) -> bool:
    """Suppress a telephone for this kind. True when the other kind had found nobody there before."""
    await consent.suppress(session, kind, value, purpose=None, reason=reason, source="receipt", now=now)
    other = Kind.VOICE if kind is Kind.SMS else Kind.SMS
    return any(one.reason == reason for one in await consent.suppressions(session, [(other, value)]))


def _canonical(customer: Customer, kind: AddressKind, value: str) -> str:
    return spelling.mail(value) if kind is AddressKind.EMAIL else spelling.phone(value, customer.country)


def _at(kind: AddressKind, value: str) -> SelectOfScalar[Identity]:
    return select(Identity).where(col(Identity.kind) == kind, col(Identity.value) == value)


async def _locked(session: AsyncSession, kind: Kind, value: str) -> Identity | None:
    return (await session.exec(_at(AddressKind.of(kind), value).with_for_update())).first()


async def _move(
    session: AsyncSession, identity: Identity, state: IdentityState, reason: str, detail: str, now: datetime
) -> None:
    identity.state = state
    if identity.id is not None:
        session.add(IdentityEvent(identity_id=identity.id, at=now, state=state, reason=reason, detail=detail[:500]))
    await session.flush()
    await live.publish(session, "customer", id=identity.customer_id)
