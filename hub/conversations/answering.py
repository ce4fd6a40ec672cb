"""Where an answer to a mail goes: to its Reply-To when that is set and sane, else to its sender (RFC 5322 3.6.2).

A Reply-To that leads back to ourselves, or to somebody who is another customer, is never followed by itself: the
first is a loop, the second would put one customer's words into another's mailbox.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from channels import address
from channels.message import Address, Inbound
from hub.customers import directory
from hub.models import Interaction
from hub.models.vocabulary import AddressKind, Direction

MOST_COPIED = 200  # of a mail's other people so many are kept
SOMEBODY_ELSE = "wants the answer to go to another customer"


@dataclass(frozen=True, slots=True)
class Destination:
    """The Reply-To that answers follow, or nothing and why not; `flag` when a person should look at that."""

    reply_to: str = ""
    remark: str = ""
    flag: str = ""


def address_for(interaction: Interaction) -> str:
    """The address that an answer to this word goes to, canonical.

    `reply_to` holds only what may be followed; it need not be one of the customer's own addresses.
    """
    if interaction.direction is Direction.OUT:
        return interaction.recipient
    return interaction.reply_to or interaction.sender


def wanted(inbound: Inbound) -> str:
    """The first usable address in Reply-To, when it is another one than the sender's."""
    stated = next((one.value for one in inbound.reply_to if _is_address(one.value)), "")
    return stated if stated != inbound.sender.value else ""


async def destination(session: AsyncSession, inbound: Inbound, customer_id: UUID, own: Collection[str]) -> Destination:
    """Whether a mail's Reply-To may be followed. `own`: the addresses of our mailboxes."""
    stated = wanted(inbound)
    if not stated:
        return Destination()
    if is_own(stated, own):
        return Destination(remark=f"Reply-To {stated} not followed: it is our own mailbox")
    owner = await directory.find(session, AddressKind.EMAIL, stated)
    if owner is not None and owner.id != customer_id:
        return Destination(remark=f"Reply-To {stated} not followed: another customer's address", flag=SOMEBODY_ELSE)
    return Destination(stated)


def copied(inbound: Inbound, own: Collection[str]) -> list[str]:
    """The other people of a mail: To and Cc without its sender and our own mailboxes, each once, the first 200."""
    everybody = dict.fromkeys(one.value for one in _people(inbound))
    others = [one for one in everybody if one != inbound.sender.value and not is_own(one, own) and _is_address(one)]
    return others[:MOST_COPIED]


def is_own(one: str, own: Collection[str]) -> bool:
    """Is this one of our mailboxes, or a plus-address of one (RFC 5233)?"""
    local, _, domain = one.lower().rpartition("@")
    return f"{local.partition('+')[0]}@{domain}" in own or one.lower() in own


def _people(inbound: Inbound) -> Iterable[Address]:
    return (*inbound.recipients, *inbound.cc)


def _is_address(text: str) -> bool:
    try:
        return address.mail(text) == text
    except address.BadAddress:
        return False
