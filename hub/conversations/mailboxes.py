"""From which mailboxes a member of staff writes mail."""

from __future__ import annotations

from collections.abc import Sequence

from sqlmodel.ext.asyncio.session import AsyncSession

from channels.message import Kind
from hub.outbound.request import Gate
from hub.staff import teams
from hub.staff.teams import Group


async def offered(session: AsyncSession, staff_id: int, answered: str, *, gate: Gate) -> tuple[str, ...]:
    """Names of channels, the usual one first: the one that was written to, its team's others, those of one's own teams.

    Without any of these the company's first mailbox. `answered` is empty for a first word.
    """
    return among(await teams.listing(session), staff_id, answered, gate=gate)


def among(groups: Sequence[Group], staff_id: int, answered: str, *, gate: Gate) -> tuple[str, ...]:
    """The same, where every team is known already."""
    configured = gate.senders.get(Kind.EMAIL, ())
    owners = [team for team in groups if answered and answered in team.channels]
    own = [team for team in groups if staff_id in team.members]
    wanted = dict.fromkeys([answered, *(name for team in (*owners, *own) for name in team.channels)])
    return tuple(name for name in wanted if name in configured) or configured[:1]
