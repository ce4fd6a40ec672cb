"""Who has a call: read from what is known of it, or claimed at the desk; and what follows for their work."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from channels.adapter import Channel
from channels.errors import ChannelError, Unknown
from channels.message import CallEvent
from hub.conversations import current_calls, missed_calls
from hub.conversations.current_calls import TakenAlready
from hub.database.engine import Database
from hub.inbound import callfacts
from hub.models import Interaction, ProviderReference, Staff
from hub.models.vocabulary import Direction, Settled, State
from hub.outbound.calling import NoTelephone
from hub.sentences import Sentence
from hub.signing import Signer
from hub.staff import accounts

_OVER = (State.DELIVERED, State.MISSED, State.FAILED)


class CannotTake(Exception):
    """The carrier does not let us have the call; the message says why, for the person at the screen."""


async def take(
    database: Database, channels: Mapping[str, Channel], signer: Signer, call_id: UUID, staff_id: int, *, now: datetime
) -> None:
    """Let a call that rings ring at this person's telephone alone. Raises TakenAlready, NoTelephone or CannotTake."""
    async with database.unit() as session:
        if not (await accounts.get(session, staff_id)).phone:
            raise NoTelephone(
                Sentence("There is no telephone number on this account. Write it down under Your account.")
            )
        channel, provider_id = await _where(session, channels, call_id)
        await current_calls.claim(session, call_id, staff_id, now=now)
    if channel.switchboard is None:
        await _let_go(database, call_id)
        raise CannotTake(Sentence("The provider of this number cannot pass calls on. Answer your telephone instead."))
    try:
        await channel.switchboard.divert(provider_id, signer.message_token(call_id), callfacts.TAKE)
    except Unknown:
        return  # it rings on, at most at more telephones than ours
    except ChannelError as e:
        await _let_go(database, call_id)
        raise CannotTake(
            Sentence("It could not be passed on: %(cause)s. Answer your telephone.", {"cause": str(e)})
        ) from e


async def _where(session: AsyncSession, channels: Mapping[str, Channel], call_id: UUID) -> tuple[Channel, str]:
    call = await session.get(Interaction, call_id)
    channel = channels.get(call.channel) if call is not None else None
    if call is None or channel is None:
        raise TakenAlready(Sentence("This call does not ring any more."))
    rows = select(ProviderReference.provider_id).where(
        col(ProviderReference.interaction_id) == call_id, col(ProviderReference.channel) == channel.name
    )
    return channel, (await session.exec(rows)).first() or ""


async def _let_go(database: Database, call_id: UUID) -> None:
    async with database.unit() as session:
        await current_calls.release(session, call_id)


async def screened(session: AsyncSession, call_id: UUID, event: CallEvent) -> CallEvent:
    """An answer to the question whether one takes a call: no 1 counts where somebody else has it already.

    The call's row is locked by then: whoever claims it at the desk has done so, or comes too late.
    """
    taker = await current_calls.taker(session, call_id)
    staff = await session.get(Staff, taker) if taker is not None else None
    return replace(event, digits="") if staff is not None and staff.phone != event.recipient.value else event


async def follow(session: AsyncSession, call: Interaction, *, now: datetime) -> None:
    """What the call's facts mean for whoever has it, and for what was missed before."""
    facts = call.call or {}
    if callfacts.talked(facts):
        staff_id = await _who(session, call, facts)
        if staff_id is not None:
            await current_calls.talks(session, call, staff_id, now=now)
        how = Settled.CALLED_AGAIN if call.direction is Direction.IN else Settled.CALLED_BACK
        await missed_calls.settle(session, call.customer_id, how, before=call.id, staff_id=staff_id, now=now)
    if call.state in _OVER and (call.direction is Direction.IN or facts.get("bridge")):
        await current_calls.over(session, call.id, now=now)


async def _who(session: AsyncSession, call: Interaction, facts: callfacts.Facts) -> int | None:
    if facts.get("bridge"):
        return call.staff_id
    number = callfacts.taker(facts)
    if not number:
        return None
    claimant = await current_calls.taker(session, call.id)
    staff = await session.get(Staff, claimant) if claimant is not None else None
    if staff is not None and staff.phone == number:
        return staff.id  # of several who share a telephone the one who wanted it
    return await accounts.by_phone(session, number)
