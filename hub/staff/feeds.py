"""The address under which a person's calendar can be subscribed to: secret, signed, ended by a new one or by none."""

from __future__ import annotations

import secrets
from datetime import datetime

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from hub.models import Staff
from hub.signing import Signer
from hub.staff import accounts, audit

_PURPOSE = "calendar"


def token(signer: Signer, staff: Staff) -> str:
    """What stands in the address; empty when there is none."""
    return signer.sign(_PURPOSE, f"{staff.id}.{staff.calendar_key}") if staff.calendar_key else ""


async def renew(session: AsyncSession, staff_id: int, *, now: datetime) -> Staff:
    """A new address; the one before is dead."""
    staff = await accounts.get(session, staff_id)
    staff.calendar_key = secrets.token_hex(16)
    await session.flush()
    await audit.write(session, "calendar.address", staff_id=staff_id, subject=f"staff:{staff_id}", now=now)
    return staff


async def end(session: AsyncSession, staff_id: int, *, now: datetime) -> None:
    """No address any more."""
    staff = await accounts.get(session, staff_id)
    staff.calendar_key = None
    await session.flush()
    await audit.write(session, "calendar.end", staff_id=staff_id, subject=f"staff:{staff_id}", now=now)


async def reader(session: AsyncSession, signer: Signer, given: str, *, now: datetime) -> Staff | None:
    """Whose calendar it is; None when the address is forged, was ended, or its person's account is off."""
    number, _dot, key = (signer.read(_PURPOSE, given, now=now) or "").partition(".")
    if not key or not number.isdecimal():
        return None
    rows = select(Staff).where(col(Staff.id) == int(number), col(Staff.calendar_key) == key, col(Staff.active))
    return (await session.exec(rows)).first()
