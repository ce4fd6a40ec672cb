"""From which mailboxes a member of staff writes mail."""

from __future__ import annotations

from sqlmodel.ext.asyncio.session import AsyncSession

from channels.message import Kind
from hub.outbound.request import Gate
from hub.staff import teams


async def offered(session: AsyncSession, staff_id: int, answered: str, *, gate: Gate) -> tuple[str, ...]:
    """Names of channels, the usual one first: the one that was written to, its team's others, those of one's own teams.

    Without any of these the company's first mailbox. `answered` is empty for a first word.
    """
    configured = gate.senders.get(Kind.EMAIL, ())
    owner = await teams.of_channel(session, answered) if answered else None
    groups = [*([owner] if owner else []), *await teams.of(session, staff_id)]
    wanted = dict.fromkeys([answered, *(name for group in groups for name in group.channels)])
    return tuple(name for name in wanted if name in configured) or configured[:1]
