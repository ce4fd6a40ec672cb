"""Telling people that their mail arrived: an automatic answer to what opens a conversation (RFC 3834, L1 to L4)."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlmodel.ext.asyncio.session import AsyncSession

from channels.message import Inbound, Kind
from hub.inbound.reception import Reception
from hub.models import Customer, Interaction
from hub.models.vocabulary import Origin, Purpose, ThreadedBy
from hub.outbound import request, templates

TEMPLATE = OCCASION = "acknowledgement"

_OPENS = (ThreadedBy.NEW, ThreadedBy.STRANGER)
_FRESH = timedelta(days=1)
_LONGEST_SUBJECT = 200  # of the answer's, which repeats the mail's


async def acknowledge(
    session: AsyncSession,
    customer: Customer,
    interaction: Interaction,
    inbound: Inbound,
    reception: Reception,
    *,
    now: datetime,
) -> None:
    """Answer a mail in the log that opened its conversation, when the company wants that and no machine is answered.

    The gate brakes it: one such answer to an address in seven days, whoever makes it write again.
    """
    if not _is_due(interaction, inbound, reception, now):
        return
    version = await templates.current(session, TEMPLATE, now=now)
    answer = request.Request(
        customer_id=customer.id,
        purpose=Purpose.SERVICE,
        origin=Origin.AUTOMATION,
        content=request.Templated(version.id or 0, {"subject": inbound.subject[:_LONGEST_SUBJECT]}),
        kinds=(Kind.EMAIL,),
        recipient=interaction.sender,
        channel=interaction.channel,
        dedupe_key=f"{OCCASION}:{interaction.conversation_id}",
        conversation_id=interaction.conversation_id,
        occasion=OCCASION,
        answers=interaction.id,
        automatic=True,
        answers_automatically=True,
        language=reception.gate.default_language if customer.provisional else customer.language,
    )
    await request.send(session, answer, gate=reception.gate, now=now)


def _is_due(interaction: Interaction, inbound: Inbound, reception: Reception, now: datetime) -> bool:
    return (
        reception.acknowledges
        and inbound.answerable
        and interaction.conversation_id is not None
        and interaction.threaded_by in _OPENS
        and _is_fresh(inbound, now)
        and not _is_ours(inbound, reception.own)
    )


def _is_fresh(inbound: Inbound, now: datetime) -> bool:
    """By its own date, which every mail must have (RFC 5322 3.6): whoever wrote days ago is not told "we have it"."""
    return inbound.at is not None and abs(now - inbound.at) <= _FRESH


def _is_ours(inbound: Inbound, own: frozenset[str]) -> bool:
    """From another mailbox of ours, or written by a mail server of ours: `answerable` knows only the one it came to."""
    domains = {address.rpartition("@")[2] for address in own}
    return inbound.sender.value in own or inbound.message_id.rstrip("> ").rpartition("@")[2].lower() in domains
