"""What was claimed, held against what really leaves: a guess that was wrong is put right with the sender."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from hub.outbound import costs
from hub.outbound.outbox import Ticket
from hub.outbound.preparing import Ready

_RECKON = text("""
with more as (
  select id, case unit when 'segments' then cast(:segments as int) else cast(:messages as int) end as units
  from sender where id = :sender)
update sender s
set used = greatest(used + units, 0), tat = tat + units / (rate * pace) * interval '1s'
from more where s.id = more.id and units <> 0
""")


async def reckon(session: AsyncSession, claimed: Sequence[Ticket], ready: Sequence[Ready]) -> list[Ready]:
    """The words are made. What was guessed too low is taken from the sender, what was guessed too high is given back,
    and so is what does not leave after all. Gives the messages with what they really cost.
    """
    if not claimed:
        return list(ready)
    weighed = [replace(one, ticket=replace(one.ticket, cost=costs.of_content(one.message.content))) for one in ready]
    segments = sum(one.ticket.cost for one in weighed) - sum(ticket.cost for ticket in claimed)
    messages = len(weighed) - len(claimed)
    if segments or messages:
        values = {"sender": claimed[0].sender_id, "segments": segments, "messages": messages}
        await session.execute(_RECKON, values)
    return weighed
