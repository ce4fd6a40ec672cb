"""Signing in and staying signed in. A session is a random cookie of which only the hash is stored."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlmodel import col, delete, select
from sqlmodel.ext.asyncio.session import AsyncSession

from channels import address
from hub.database.engine import Database
from hub.models import Staff, StaffSession
from hub.staff import accounts, audit, passwords, throttle
from hub.staff.throttle import TooManyTries

__all__ = [
    "COOKIE",
    "Session",
    "SignedIn",
    "TooManyTries",
    "WrongPassword",
    "change_own_password",
    "csrf_holds",
    "find",
    "sign_in",
    "sign_out",
]

COOKIE = "hub_session"
IDLE, ABSOLUTE = timedelta(hours=12), timedelta(days=14)
ACCOUNT_TRIES, ADDRESS_TRIES = 5, 20  # an office shares one address
_TOUCH = timedelta(minutes=1)  # how exactly idleness is known; saves a write per request


class WrongPassword(Exception):
    """The address and the password do not belong together, or the account is off: which of these is not told."""

    def __init__(self) -> None:
        super().__init__("This address and password do not belong together. Check both and try again")


@dataclass(frozen=True, slots=True)
class SignedIn:
    cookie: str = field(repr=False)
    staff: Staff


@dataclass(frozen=True, slots=True)
class Session:
    staff: Staff
    csrf: str = field(repr=False)


async def sign_in(database: Database, email: str, password: str, *, ip: str, now: datetime) -> SignedIn:
    """Check the password and open a new session. Raises WrongPassword or TooManyTries(after).

    Takes the database, not a session: the failure has to stay counted although this raises, and the slow hash
    is compared while no transaction is open.
    """
    account_key, address_key = _account_key(email), f"ip:{throttle.network(ip)}"
    async with database.unit() as session:
        await throttle.charge(session, {account_key: ACCOUNT_TRIES, address_key: ADDRESS_TRIES}, now=now)
        staff = await accounts.by_email(session, email)
    right = await passwords.holds(staff.password_hash if staff else None, password)
    if staff is None or staff.id is None or not right or not staff.active:
        await _note_failure(database, staff, ip=ip, now=now)
        raise WrongPassword
    fresh = await passwords.hashed(password) if passwords.is_outdated(staff.password_hash) else None
    async with database.unit() as session:
        await throttle.forgive(session, account_key)
        await throttle.forgive(session, address_key, only=now)
        return await _open(session, staff.id, fresh, checked=staff.password_hash, ip=ip, now=now)


async def change_own_password(
    database: Database, staff_id: int, current: str, fresh: str, *, ip: str, now: datetime
) -> SignedIn:
    """Every session of the account ends; the one in the answer begins. Guessing the current one costs time, as at
    signing in. Raises WrongPassword, TooManyTries or passwords.WeakPassword.
    """
    async with database.unit() as session:
        staff = await accounts.get(session, staff_id)
        await throttle.charge(session, {_account_key(staff.email): ACCOUNT_TRIES}, now=now)
    if not await passwords.holds(staff.password_hash, current):
        await _note_failure(database, staff, ip=ip, now=now)
        raise WrongPassword
    passwords.check(fresh, staff.email)
    async with database.unit() as session:
        await throttle.forgive(session, _account_key(staff.email))
        await accounts.change_password(session, staff_id, fresh, now=now, by=staff_id, ip=ip)
        changed = (await accounts.get(session, staff_id)).password_hash
        return await _open(session, staff_id, None, checked=changed, ip=ip, now=now)


async def find(session: AsyncSession, cookie: str, *, now: datetime) -> Session | None:
    """Whose session this cookie is; None when it is unknown, idle for 12 hours, 14 days old, or the account is off."""
    query = (
        select(StaffSession, Staff)
        .join(Staff, col(Staff.id) == col(StaffSession.staff_id))
        .where(
            StaffSession.token_hash == _digest(cookie),
            StaffSession.expires_at > now,
            StaffSession.seen_at > now - IDLE,
            col(Staff.active),
        )
    )
    found = (await session.exec(query)).first()
    if found is None:
        return None
    row, staff = found
    if now - row.seen_at >= _TOUCH:
        row.seen_at = now
    return Session(staff, row.csrf)


async def sign_out(session: AsyncSession, cookie: str) -> None:
    """End the session; harmless when there is none."""
    await session.exec(delete(StaffSession).where(col(StaffSession.token_hash) == _digest(cookie)))


def csrf_holds(signed_in: Session, token: str) -> bool:
    """Did this form come from a page of this session? Compared in constant time."""
    return secrets.compare_digest(signed_in.csrf.encode(), token.encode("utf-8", "replace"))


async def _open(
    session: AsyncSession, staff_id: int, fresh: str | None, *, checked: str, ip: str, now: datetime
) -> SignedIn:
    """The account is read again under a lock: it may have been changed while the password was compared."""
    query = select(Staff).where(Staff.id == staff_id).with_for_update()
    staff = (await session.exec(query)).one()
    if not staff.active or staff.password_hash != checked:
        raise WrongPassword
    staff.password_hash = fresh or staff.password_hash
    staff.away = False
    cookie = secrets.token_urlsafe(32)
    session.add(_row(staff_id, cookie, now))
    await _prune(session, now)
    await audit.write(session, "sign_in", staff_id=staff_id, subject=f"staff:{staff_id}", ip=ip, now=now)
    return SignedIn(cookie, staff)


def _row(staff_id: int, cookie: str, now: datetime) -> StaffSession:
    return StaffSession(
        token_hash=_digest(cookie),
        staff_id=staff_id,
        csrf=secrets.token_urlsafe(32),
        created_at=now,
        seen_at=now,
        expires_at=now + ABSOLUTE,
    )


async def _note_failure(database: Database, staff: Staff | None, *, ip: str, now: datetime) -> None:
    subject = f"staff:{staff.id}" if staff else ""
    async with database.unit() as session:
        await audit.write(session, "sign_in.failed", staff_id=None, subject=subject, ip=ip, now=now)


async def _prune(session: AsyncSession, now: datetime) -> None:
    await session.exec(delete(StaffSession).where(col(StaffSession.expires_at) < now))
    await throttle.prune(session, now=now)


def _account_key(email: str) -> str:
    """One key however the address is spelt: every spelling that signs in to an account is a try at that account.

    Hashed: the same length for anything that is typed into the field, and no foreign bytes in the table.
    """
    try:
        return "email:" + _digest(address.mail(email))
    except address.BadAddress:
        return "email:" + _digest(email.strip().lower())


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()
