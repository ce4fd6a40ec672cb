"""Calling a customer from the desk: our own telephone rings first, and the call stands in a conversation."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from hub.conversations import current_calls, threads
from hub.customers import directory, identities
from hub.models.vocabulary import AddressKind, Kind, Purpose
from hub.outbound import calling
from hub.outbound.request import Answer, Gate, Placed
from hub.sentences import Sentence


class CannotCall(ValueError):
    """This call cannot be placed; the message says why, for the person at the screen."""


async def call(
    session: AsyncSession,
    customer_id: UUID,
    *,
    staff_id: int,
    gate: Gate,
    now: datetime,
    number: str = "",
    conversation_id: UUID | None = None,
    purpose: Purpose = Purpose.SERVICE,
    call_list: int | None = None,
) -> Answer:
    """Ring the member of staff, and when they press 1 the customer, at `number` or their best one.

    Through the gate, as every word to a customer. `call_list`: on whose behalf.
    Raises CannotCall, calling.NoTelephone, directory.NotFound.
    """
    await directory.get(session, customer_id)
    wanted = await _number(session, customer_id, number)
    await current_calls.one_at_a_time(session, staff_id)
    if staff_id in await current_calls.busy(session):
        raise CannotCall(current_calls.BUSY)
    if conversation_id is not None:
        conversation_id = await threads.standing(session, conversation_id)
    answer = await calling.bridge(
        session,
        customer_id=customer_id,
        number=wanted,
        staff_id=staff_id,
        gate=gate,
        now=now,
        conversation_id=conversation_id or await threads.open_on(session, customer_id, Kind.VOICE),
        purpose=purpose,
        call_list=call_list,
    )
    if isinstance(answer, Placed):
        await current_calls.placed(session, answer.interaction_id, staff_id, now=now)
    return answer


async def _number(session: AsyncSession, customer_id: UUID, wanted: str) -> str:
    known = await identities.of(session, customer_id)
    if not wanted:
        best = identities.best(known, Kind.VOICE)
        if best is None:
            raise CannotCall(Sentence("There is no telephone number to call."))
        return best.value
    if wanted not in {one.value for one in known if one.kind is AddressKind.PHONE}:
        raise CannotCall(Sentence("%(number)s is no number of this customer.", {"number": wanted}))
    return wanted
