"""Whether a mail is here already: by whichever mailbox it came, the same mail is one word (requirement M10)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, text, update
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from channels.adapter import Channel
from channels.message import Inbound, Kind
from hub.conversations.answering import is_own
from hub.interactions import record
from hub.models import Interaction
from hub.models.vocabulary import Direction

TWIN = "same Message-ID, other text"

_ANY_MAILBOX = ""  # no channel's name: a lock over all of them


@dataclass(frozen=True, slots=True)
class Known:
    """The interaction that a word is already, or the name under which it is to be kept, and what is odd about it."""

    interaction_id: UUID | None
    name: str
    flag: str = ""


@dataclass(frozen=True, slots=True)
class _Copy:
    name: str
    channel: str
    interaction_id: UUID
    direction: Direction
    content: str


async def look(
    session: AsyncSession, channel: Channel, inbound: Inbound, content: str, *, own: Collection[str]
) -> Known:
    """Until this transaction ends nobody else can keep the same word, whichever mailbox it came to.

    `content`: a digest of what was said. A provider's SID never means two texts; a Message-ID is only a claim.
    """
    name = inbound.provider_id
    if inbound.kind is not Kind.EMAIL:
        return Known(await record.claim(session, channel.name, name), name)
    await hold(session, [(channel.name, name)])
    twin = f"{name}#{content[:16]}"
    copies = await _copies(session, [name, twin])
    same = next((one for one in copies if one.content == content or _is_ours(one, inbound, own)), None)
    here = {one.name: one for one in copies if one.channel == channel.name}
    free = name if name not in here else twin
    if same is not None:
        if not any(one.interaction_id == same.interaction_id for one in here.values()):
            await _also_by(session, channel, free, same)
        return Known(same.interaction_id, free)
    return Known(None, free, TWIN if copies else "")


async def hold(session: AsyncSession, words: Sequence[tuple[str, str]]) -> None:
    """Until this transaction ends nobody else can keep words of these names; (channel, name) of each."""
    for channel in sorted({one for one, _ in words}):
        await record.hold(session, channel, [name for one, name in words if one == channel])
    await record.hold(session, _ANY_MAILBOX, [name for _, name in words])


def _is_ours(copy: _Copy, inbound: Inbound, own: Collection[str]) -> bool:
    """What we sent ourselves and get back, as a copy to an address of our own, is no word of a customer's."""
    return copy.direction is Direction.OUT and is_own(inbound.sender.value, own)


async def _also_by(session: AsyncSession, channel: Channel, name: str, copy: _Copy) -> None:
    """The word stays where it is; that it came to this mailbox too is remembered, and said in its details."""
    await record.name(session, channel.name, name, copy.interaction_id)
    if copy.direction is Direction.IN:
        remark = f"it came to {channel.address.value} too"
        said = func.concat_ws("; ", func.nullif(col(Interaction.detail), ""), remark)
        await session.exec(update(Interaction).where(col(Interaction.id) == copy.interaction_id).values(detail=said))


async def _copies(session: AsyncSession, names: list[str]) -> list[_Copy]:
    """Of every mailbox there ever was: one that got another name must not bring its old mail a second time."""
    rows = await session.execute(_COPIES, {"names": names})
    return [_Copy(row.name, row.channel, row.id, Direction(row.direction), row.content_hash) for row in rows]


_COPIES = text("""
select r.provider_id as name, r.channel, i.id, i.direction, i.content_hash
from provider_reference r join interaction i on i.id = r.interaction_id
where r.provider_id = any(:names) and r.channel in (select channel from sender where kind = 'email')
order by i.id
""")
