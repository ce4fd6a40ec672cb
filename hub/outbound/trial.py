"""Test messages: a member of staff tries out how something looks when it arrives. The same pump and adapters send it.

No customer is written to, so the gate is not asked; whose address may be used is decided here. In the log it stands
with the customer whose values it shows, as a test.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from channels.adapter import Channel
from channels.address import mail, phone
from channels.message import Address
from hub.customers import directory
from hub.interactions import receipts
from hub.models import Customer, Identity, Interaction, Staff, Suppression
from hub.models.vocabulary import AddressKind, Kind, Origin
from hub.outbound import faults, outbox, ungated
from hub.outbound.asking import PRIORITY, Gate
from hub.outbound.rendering import Rendered
from hub.outbound.ungated import Route
from hub.sentences import Sentence
from hub.staff import throttle

MARK = "[Test] "
_WHY = "a test: the gate was not asked"


class NotForTests(Exception):
    """A test cannot go there. Says why, and where it can go."""


async def send(
    session: AsyncSession,
    said: Rendered,
    kind: Kind,
    to: str,
    *,
    customer_id: UUID,
    staff_id: int,
    gate: Gate,
    country: str,
    most: int,
    now: datetime,
    channel: str = "",
) -> UUID:
    """Log it and queue it before everything else. Its subject says that it is a test, an SMS begins with it.

    `to` as it was typed; `country` reads numbers without a country code; `most` a day of one person; `channel` is the
    usual one of this kind unless it is named. Raises channels.address.BadAddress, NotForTests.
    """
    recipient = mail(to) if kind is Kind.EMAIL else phone(to, country)
    channel = channel or next(iter(gate.senders.get(kind, ())), "")
    if not channel:
        raise NotForTests(
            Sentence(
                "No channel is set up for this (%(channel)s). Add one to config.toml",
                {"channel": faults.CHANNELS[kind]},
            )
        )
    await _check(session, kind, recipient)
    if not await throttle.ration(session, f"test:{staff_id}", most, now=now):
        raise NotForTests(Sentence("You have sent %(most)s tests in a day. Try again tomorrow", {"most": most}))
    row = ungated.row(_marked(said, kind), Route(kind, channel, recipient), customer_id, Origin.TEST, _WHY, now=now)
    row.content_hash, row.staff_id = said.sha256, staff_id
    session.add(row)
    await session.flush()
    await outbox.put(session, [outbox.NewTicket(row.id, channel, kind, PRIORITY[Origin.TEST], now)], now=now)
    await receipts.announce(session, row)
    return row.id


async def to_oneself(
    session: AsyncSession,
    said: Rendered,
    channel: Channel,
    staff: Staff,
    *,
    gate: Gate,
    country: str,
    most: int,
    now: datetime,
) -> UUID:
    """Try a channel out: to the address or telephone of whoever asks. In the log it stands with the card of that.

    Raises NotForTests.
    """
    card = await own_card(session, staff, channel.kind, now=now)
    return await send(
        session,
        said,
        channel.kind,
        own_address(staff, channel.kind),
        customer_id=card.id,
        staff_id=staff.id or 0,
        gate=gate,
        country=country,
        most=most,
        now=now,
        channel=channel.name,
    )


async def own_card(session: AsyncSession, staff: Staff, kind: Kind, *, now: datetime) -> Customer:
    """Whom a test is about that shows no customer's values: whoever asks. Raises NotForTests."""
    own = own_address(staff, kind)
    if not own:
        raise NotForTests(Sentence("Your account has no telephone number. Add one under People, then try again"))
    return await _card(session, staff, Address(kind, own, staff.name), now)


async def latest(session: AsyncSession, channel: Channel, staff: Staff, *, limit: int = 5) -> Sequence[Interaction]:
    """What this member of staff has tried out by this channel, newest first."""
    own = own_address(staff, channel.kind)
    card = await directory.find(session, AddressKind.of(channel.kind), own) if own else None
    if card is None:
        return []
    tests = select(Interaction).where(
        col(Interaction.customer_id) == card.id, Interaction.origin == Origin.TEST, Interaction.channel == channel.name
    )
    return (await session.exec(tests.order_by(col(Interaction.at).desc()).limit(limit))).all()


def own_address(staff: Staff, kind: Kind) -> str:
    """Where a test for this member of staff goes; empty when no telephone is known."""
    return staff.email if kind is Kind.EMAIL else staff.phone or ""


async def _card(session: AsyncSession, staff: Staff, address: Address, now: datetime) -> Customer:
    """One card for both of their addresses, unless the other one is a customer's."""
    kind, others = AddressKind.of(address.kind), {Kind.EMAIL: staff.email, Kind.VOICE: staff.phone or ""}
    if await directory.find(session, kind, address.value) is None:
        found = [await directory.find(session, AddressKind.of(one), value) for one, value in others.items() if value]
        card = next((one for one in found if one is not None and one.provisional), None)
        if card is not None:
            await directory.claim(session, card.id, kind, address.value, now=now)
    return (await directory.resolve(session, address, now=now)).customer


async def _check(session: AsyncSession, kind: Kind, recipient: str) -> None:
    """Staff may try things out on themselves, not on customers around the gate, and not on who told us to stop."""
    stopped = select(Suppression.id).where(col(Suppression.kind) == kind, col(Suppression.value) == recipient)
    if (await session.exec(stopped.limit(1))).first() is not None:
        raise NotForTests(
            Sentence("Nobody may write to %(address)s: it is suppressed. Take another address", {"address": recipient})
        )
    column = col(Staff.email) if kind is Kind.EMAIL else col(Staff.phone)
    if (await session.exec(select(Staff.id).where(column == recipient).limit(1))).first() is not None:
        return
    theirs = select(Identity.id).where(col(Identity.kind) == AddressKind.of(kind), col(Identity.value) == recipient)
    if (await session.exec(theirs.limit(1))).first() is not None:
        raise NotForTests(
            Sentence(
                "%(address)s is a customer's. Tests go to colleagues: take your own address", {"address": recipient}
            )
        )


def _marked(said: Rendered, kind: Kind) -> Rendered:
    if kind is Kind.EMAIL:
        return replace(said, subject=f"{MARK}{said.subject}")
    return replace(said, subject="", text=f"{MARK}{said.text}")
