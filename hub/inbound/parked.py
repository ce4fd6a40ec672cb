"""Mails that nobody could understand: their bytes as they came, and reading all of them once more."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import update
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from hub.models import RawMessage
from hub.models.vocabulary import RawState


class NoSuchMail(LookupError):
    """Nothing is kept under this number."""

    def __init__(self, raw_id: int) -> None:
        super().__init__(f"There is no mail {raw_id} among those that came in")


async def sha256(session: AsyncSession, raw_id: int) -> str:
    """Under which name the storage holds the mail's bytes. Raises NoSuchMail."""
    found = await session.get(RawMessage, raw_id)
    if found is None:
        raise NoSuchMail(raw_id)
    return found.sha256


async def all_again(session: AsyncSession, *, now: datetime) -> int:
    """Read every parked mail once more, as if they had just come; how many there are."""
    moved = await session.exec(
        update(RawMessage)
        .where(col(RawMessage.state) == RawState.PARKED)
        .values(state=RawState.RECEIVED, tries=0, next_try_at=now)
    )
    return moved.rowcount
