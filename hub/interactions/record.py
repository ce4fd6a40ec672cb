"""Writing into the log: one interaction and its files. Moving it forward afterwards is `progress`'s."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from channels.message import Attachment
from hub.clock import uuid7
from hub.database.engine import fetch
from hub.models import AttachmentRow, Interaction, ProviderReference
from hub.models.vocabulary import Direction, Origin, State


def note(
    customer_id: UUID,
    conversation_id: UUID | None,
    words: str,
    *,
    now: datetime,
    origin: Origin = Origin.AGENT,
    staff_id: int | None = None,
    occasion: str = "",
) -> Interaction:
    """What colleagues read and nobody is sent; it is still to be added."""
    return Interaction(
        id=uuid7(now),
        at=now,
        customer_id=customer_id,
        conversation_id=conversation_id,
        direction=Direction.NOTE,
        origin=origin,
        state=State.NOTED,
        state_at=now,
        body_text=words,
        staff_id=staff_id,
        occasion=occasion,
    )


async def add(session: AsyncSession, interaction: Interaction, *, attachments: Sequence[AttachmentRow] = ()) -> UUID:
    """Keep one interaction, its rank set from its state, with files whose bytes are stored already."""
    interaction.state_rank = interaction.state.rank
    session.add(interaction)
    await session.flush()
    for row in attachments:
        row.interaction_id = interaction.id
        session.add(row)
    await session.flush()
    return interaction.id


async def attach(session: AsyncSession, interaction_id: UUID, attachments: Sequence[Attachment]) -> list[AttachmentRow]:
    """Add files to an interaction, each with an id nobody can guess. A file that is there already is not added again.

    Their bytes lie in the storage already: storing is slow, and no transaction is open meanwhile.
    """
    known = await _files(session, interaction_id)
    rows = [_row(interaction_id, one) for one in attachments]
    fresh = [row for row in rows if (row.name, row.sha256) not in known]
    session.add_all(fresh)
    await session.flush()
    return fresh


async def claim(session: AsyncSession, channel: str, provider_id: str) -> UUID | None:
    """Which interaction a provider's identifier means; until this transaction ends nobody else can claim the name."""
    await hold(session, channel, [provider_id])
    return await known_as(session, channel, provider_id)


async def hold(session: AsyncSession, channel: str, provider_ids: Sequence[str]) -> None:
    """Until this transaction ends nobody else can claim these identifiers; waits for whoever does so now.

    A receipt that finds nothing and the settling that names its message do not see each other's rows: without this
    both could commit and the receipt would wait for ever.
    """
    names = sorted(f"{channel} {one}" for one in provider_ids)  # one order: no deadlock
    await fetch(session, _HOLD, names)


# `receipt_was_faster` (0003_dispatch) does the same.
_HOLD = "select pg_advisory_xact_lock(hashtextextended(name, 0)) from unnest($1::text[]) as t(name)"


async def known_as(session: AsyncSession, channel: str, provider_id: str) -> UUID | None:
    """Which interaction a provider's identifier means."""
    found = await session.exec(
        select(ProviderReference.interaction_id).where(
            col(ProviderReference.channel) == channel, col(ProviderReference.provider_id) == provider_id
        )
    )
    return found.first()


async def name(session: AsyncSession, channel: str, provider_id: str, interaction_id: UUID) -> bool:
    """Remember a provider's identifier of an interaction; False when it means one already."""
    row = {"channel": channel, "provider_id": provider_id, "interaction_id": interaction_id}
    added = await session.exec(
        insert(ProviderReference).values(**row).on_conflict_do_nothing().returning(col(ProviderReference.provider_id))
    )
    return added.first() is not None


async def correct(session: AsyncSession, interaction_id: UUID, state: State, *, now: datetime) -> None:
    """Set the state of a call against its order: a telephone that was answered after all outranks `missed`."""
    await session.exec(
        update(Interaction)
        .where(col(Interaction.id) == interaction_id)
        .values(state=state, state_rank=state.rank, state_at=now, reason="", detail="")
    )


async def _files(session: AsyncSession, interaction_id: UUID) -> set[tuple[str, str]]:
    rows = select(AttachmentRow.name, AttachmentRow.sha256).where(col(AttachmentRow.interaction_id) == interaction_id)
    return set(await session.exec(rows))


def _row(interaction_id: UUID, attachment: Attachment) -> AttachmentRow:
    return AttachmentRow(**file(interaction_id, attachment))


def file(interaction_id: UUID, attachment: Attachment) -> dict[str, Any]:
    """The columns of an attachment's row, without its id."""
    return {
        "interaction_id": interaction_id,
        "name": attachment.name,
        "media_type": attachment.media_type,
        "size": len(attachment.content),
        "sha256": hashlib.sha256(attachment.content).hexdigest(),  # the storage's own name for it
        "inline": attachment.inline,
        "content_id": attachment.content_id,
    }


def digest(*parts: str | bytes) -> str:
    """SHA-256 over parts, each with its length, so that moving a border changes it."""
    pieces: list[bytes] = []
    for part in parts:
        raw = part.encode() if isinstance(part, str) else part
        pieces += (len(raw).to_bytes(8, "big"), raw)
    return hashlib.sha256(b"".join(pieces)).hexdigest()
