"""How customers like to be reached: ranked channel kinds for each purpose, and times when they want to hear nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from channels.message import Kind
from hub import live
from hub.customers import directory
from hub.customers.fields import BadField
from hub.models import ChannelPreference
from hub.models.vocabulary import Purpose
from hub.sentences import Sentence

_KEY = ("customer_id", "purpose")


async def rankings(session: AsyncSession, customer_id: UUID) -> Mapping[Purpose, tuple[Kind, ...]]:
    """Channel kinds, best first, for every purpose the customer spoke of. A kind left out is unwanted."""
    rows = await session.exec(select(ChannelPreference).where(col(ChannelPreference.customer_id) == customer_id))
    return {row.purpose: tuple(Kind(word) for word in row.channels) for row in rows}


async def suggested(session: AsyncSession, customer_id: UUID) -> frozenset[Purpose]:
    """The purposes whose ranking is a suggestion of ours that was taken over, not what the customer said."""
    mine = select(ChannelPreference.purpose).where(col(ChannelPreference.customer_id) == customer_id)
    return frozenset(Purpose(word) for word in await session.exec(mine.where(col(ChannelPreference.learnt))))


async def rank(
    session: AsyncSession, customer_id: UUID, purpose: Purpose, kinds: Sequence[Kind], *, now: datetime
) -> None:
    """Keep a ranking in place of the one before. No kinds at all: nothing of this purpose is wanted."""
    row = {"customer_id": customer_id, "purpose": purpose, "channels": list(dict.fromkeys(k.value for k in kinds))}
    given = insert(ChannelPreference).values(**row, updated_at=now, learnt=False)
    changed = {"channels": row["channels"], "updated_at": now, "learnt": False}
    await session.exec(given.on_conflict_do_update(index_elements=_KEY, set_=changed))
    await live.publish(session, "customer", id=customer_id)


async def take_over(
    session: AsyncSession, customer_id: UUID, purpose: Purpose, kinds: Sequence[Kind], *, now: datetime
) -> bool:
    """Rank as we suggest; False where the customer chose by themselves: their word is never replaced by ours."""
    channels = [kind.value for kind in kinds]
    row = {"customer_id": customer_id, "purpose": purpose, "channels": channels, "updated_at": now, "learnt": True}
    changed = insert(ChannelPreference).values(**row)
    ours = changed.on_conflict_do_update(
        index_elements=_KEY,
        set_={"channels": channels, "updated_at": now},
        where=col(ChannelPreference.learnt).is_(True),
    )
    taken = (await session.exec(ours.returning(col(ChannelPreference.purpose)))).first() is not None
    if taken:
        await live.publish(session, "customer", id=customer_id)
    return taken


async def pause(
    session: AsyncSession, customer_id: UUID, since: datetime | None, until: datetime | None, *, now: datetime
) -> None:
    """Nothing but answers between two moments; two Nones end a pause. Raises NotFound or BadField."""
    if since is not None and until is not None and until <= since:
        raise BadField("paused_until", Sentence("must be later than the beginning of the pause"))
    await directory.change(session, customer_id, {"paused_from": since, "paused_until": until}, now=now)
