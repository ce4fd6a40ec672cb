"""Mails that nobody could understand so far: which, their bytes as they came, and reading them once more."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Update, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from hub.models import RawMessage
from hub.models.vocabulary import RawState


class NoSuchMail(LookupError):
    """Nothing is kept under this number."""

    def __init__(self, raw_id: int) -> None:
        super().__init__(f"There is no mail {raw_id} among those that came in")


async def unprocessed(session: AsyncSession, *, limit: int = 100) -> list[RawMessage]:
    """Mails that could not be understood so far, parked ones and those still tried, newest first."""
    rows = select(RawMessage).where(
        (col(RawMessage.state) == RawState.PARKED)
        | ((col(RawMessage.state) == RawState.RECEIVED) & (col(RawMessage.error) != ""))
    )
    return list(await session.exec(rows.order_by(col(RawMessage.id).desc()).limit(limit)))


async def sha256(session: AsyncSession, raw_id: int) -> str:
    """Under which name the storage holds the mail's bytes. Raises NoSuchMail."""
    found = await session.get(RawMessage, raw_id)
    if found is None:
        raise NoSuchMail(raw_id)
    return found.sha256


async def again(session: AsyncSession, raw_id: int, *, now: datetime) -> bool:
    """Read a parked mail once more, as if it had just come; False when it is not parked."""
    return bool((await session.exec(_again(now).where(col(RawMessage.id) == raw_id))).rowcount)


async def all_again(session: AsyncSession, *, now: datetime) -> int:
    """Read every parked mail once more, as if they had just come; how many there are."""
    return (await session.exec(_again(now))).rowcount


def _again(now: datetime) -> Update:
    waiting = {"state": RawState.RECEIVED, "tries": 0, "next_try_at": now}
    return update(RawMessage).where(col(RawMessage.state) == RawState.PARKED).values(**waiting)
