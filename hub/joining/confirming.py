"""The yes of whoever has the address: only then there is a customer, and a row in the ledger. Unconfirmed ones go."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import delete, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from channels.message import Address
from hub.customers import consent, directory, preferences
from hub.customers.consent import Statement
from hub.joining import asking, forms
from hub.models import Customer, Interaction, SignUp, SignUpForm
from hub.outbound.asking import Gate

SOURCE = "sign-up form"


class Standing(StrEnum):
    """What a genuine link is good for."""

    WAITING = "waiting"
    CONFIRMED = "confirmed"  # saying so again changes nothing
    OVER = "over"


@dataclass(frozen=True, slots=True)
class Waiting:
    """One sign-up and its form."""

    sign_up: SignUp
    form: SignUpForm
    standing: Standing


async def read(session: AsyncSession, sign_up_id: UUID, *, now: datetime, lock: bool = False) -> Waiting | None:
    """None when it was deleted meanwhile."""
    mine = select(SignUp).where(col(SignUp.id) == sign_up_id)
    row = (await session.exec(mine.with_for_update() if lock else mine)).first()
    if row is None:
        return None
    form = await forms.get(session, row.form_id)
    if row.confirmed_at is not None:
        return Waiting(row, form, Standing.CONFIRMED)
    return Waiting(row, form, Standing.OVER if row.asked_at + asking.HOLDS < now else Standing.WAITING)


async def confirm(session: AsyncSession, sign_up_id: UUID, *, ip: str, gate: Gate, now: datetime) -> Customer | None:
    """Make or find the customer and write each yes into the ledger. None when it is over, or was done before."""
    found = await read(session, sign_up_id, now=now, lock=True)
    if found is None or found.standing is not Standing.WAITING:
        return None
    row, form = found.sign_up, found.form
    customer = await _customer(session, row, now)
    evidence = _evidence(row, form, ip, now)
    for item, wording in row.items.items():
        await consent.record(session, _yes(customer, row, item, wording, evidence), now=now)
    await _wanted(session, customer, row, now)
    await _given_over(session, customer, row, now)
    await asking.count(session, row.form_id, gate, "confirmed", now=now)
    return customer


def _yes(customer: Customer, row: SignUp, item: str, wording: str, evidence: str) -> Statement:
    purpose, topic = forms.about(item)
    return Statement(
        customer_id=customer.id,
        purpose=purpose,
        channel=row.kind,
        granted=True,
        source=SOURCE,
        wording=wording,
        wording_version=row.version,
        evidence=evidence,
        topic=topic,
    )


async def forget(session: AsyncSession, *, now: datetime) -> int:
    """Delete what nobody has confirmed for days, and the traces of what was; how many."""
    old = select(SignUp.id).where(col(SignUp.asked_at) < now - asking.FORGOTTEN)
    return await _delete(session, (await session.exec(old)).all())


async def forget_addresses(session: AsyncSession, addresses: Collection[str]) -> int:
    """Delete what was asked for with these and never confirmed; how many."""
    theirs = select(SignUp.id).where(col(SignUp.address).in_(addresses), col(SignUp.address) != "")
    return await _delete(session, (await session.exec(theirs)).all())


async def _delete(session: AsyncSession, ids: Collection[UUID]) -> int:
    """A confirmed one's message is the customer's, and stays with them."""
    if not ids:
        return 0
    asked = select(SignUp.id).where(col(SignUp.id).in_(ids), col(SignUp.confirmed_at).is_(None))
    await session.exec(delete(Interaction).where(col(Interaction.id).in_((await session.exec(asked)).all())))
    await session.exec(delete(SignUp).where(col(SignUp.id).in_(ids)))
    return len(ids)


async def _customer(session: AsyncSession, row: SignUp, now: datetime) -> Customer:
    """Of one who is known nothing is changed: the form proves an address and no name."""
    found = await directory.resolve(session, Address(row.kind, row.address, row.name), now=now)
    if not found.created:
        return found.customer
    changes: dict[str, object] = {"language": row.language, "provisional": False}
    return await directory.change(session, found.customer.id, changes, now=now)


async def _wanted(session: AsyncSession, customer: Customer, row: SignUp, now: datetime) -> None:
    """A ranking of theirs that leaves this channel out would keep away what they have just asked for."""
    rankings = await preferences.rankings(session, customer.id)
    for purpose in {forms.about(item)[0] for item in row.items}:
        ranking = rankings.get(purpose)
        if ranking is not None and row.kind not in ranking:
            await preferences.rank(session, customer.id, purpose, (*ranking, row.kind), now=now)


async def _given_over(session: AsyncSession, customer: Customer, row: SignUp, now: datetime) -> None:
    """The message is the customer's now. Of the sign-up stays that it was confirmed, for who presses twice."""
    theirs = update(Interaction).where(col(Interaction.id) == row.id).values(customer_id=customer.id)
    await session.exec(theirs)
    row.confirmed_at, row.address, row.name, row.ip = now, "", "", ""
    session.add(row)
    await session.flush()


def _evidence(row: SignUp, form: SignUpForm, ip: str, now: datetime) -> str:
    asked, confirmed = (at.astimezone(UTC).isoformat(timespec="seconds") for at in (row.asked_at, now))
    return f"form {form.key}; asked {asked} from {row.ip}; confirmed {confirmed} from {ip}; message {row.id}"
