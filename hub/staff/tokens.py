"""Bearer tokens for programs. Shown once, stored as a hash; a token may do what its owner's role may."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from hub.models import ApiToken, Staff
from hub.staff import audit

PREFIX = "hub_"  # makes a token that lies in the wrong place easy to find
_TOUCH = timedelta(minutes=1)


class NotFound(LookupError):
    """There is no such token."""


@dataclass(frozen=True, slots=True)
class Issued:
    """The only time that the token itself can be read."""

    id: int
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Bearer:
    token_id: int
    staff: Staff


async def issue(session: AsyncSession, *, staff_id: int, name: str, now: datetime, by: int | None = None) -> Issued:
    """Make a token that acts as this member of staff. `name` says what will use it."""
    token = PREFIX + secrets.token_urlsafe(32)
    row = ApiToken(name=name.strip()[:200] or "unnamed", token_hash=_digest(token), staff_id=staff_id, created_at=now)
    session.add(row)
    await session.flush()
    token_id = row.id or 0
    await audit.write(
        session, "token.issue", staff_id=staff_id if by is None else by, subject=f"token:{token_id}", now=now
    )
    return Issued(token_id, token)


async def find(session: AsyncSession, token: str, *, now: datetime) -> Bearer | None:
    """Who this token acts as; None when it is unknown, revoked, or its owner's account is off."""
    query = (
        select(ApiToken, Staff)
        .join(Staff, col(Staff.id) == col(ApiToken.staff_id))
        .where(ApiToken.token_hash == _digest(token), col(ApiToken.revoked_at).is_(None), col(Staff.active))
    )
    found = (await session.exec(query)).first()
    if found is None:
        return None
    row, staff = found
    if row.used_at is None or now - row.used_at >= _TOUCH:
        row.used_at = now
    return Bearer(row.id or 0, staff)


async def revoke(session: AsyncSession, token_id: int, *, by: int | None, now: datetime) -> None:
    """End a token for good; twice is the same as once. Raises NotFound."""
    row = await session.get(ApiToken, token_id)
    if row is None:
        raise NotFound(f"There is no token {token_id}")
    row.revoked_at = row.revoked_at or now
    await audit.write(session, "token.revoke", staff_id=by, subject=f"token:{token_id}", now=now)


async def listing(session: AsyncSession, staff_id: int | None = None) -> list[ApiToken]:
    """Newest first, of one member of staff or of all."""
    query = select(ApiToken).order_by(col(ApiToken.id).desc())
    return list(await session.exec(query if staff_id is None else query.where(ApiToken.staff_id == staff_id)))


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
