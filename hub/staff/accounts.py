"""The accounts of members of staff. Nobody is ever deleted: an account is switched off, its history stays."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlmodel import col, delete, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from channels import address
from hub.models import Staff, StaffSession
from hub.models.vocabulary import Role
from hub.sentences import LONG_NAME, Sentence, too_long
from hub.staff import audit, passwords
from hub.staff.roles import Action, may

LONGEST_NAME = 200
LONGEST_UNDO = 60  # seconds


class NotFound(LookupError):
    """There is no such account."""


class AccountProblem(ValueError):
    """The account cannot be made or changed like this; the message says why, for the person at the screen."""


class EmailTaken(AccountProblem):
    """Another account signs in with this address."""


class LastAdmin(AccountProblem):
    """Without this administrator nobody could manage the hub."""


async def create(
    session: AsyncSession,
    *,
    email: str,
    name: str,
    role: Role,
    password: str,
    now: datetime,
    language: str = "en",
    timezone: str = "UTC",
    phone: str | None = None,
    by: int | None = None,
    ours: Collection[str] = (),
) -> Staff:
    """Make an account. `phone` in E.164 or any spelling with its country code, none of the hub's own (`ours`).

    `by` is who made it. Raises EmailTaken, AccountProblem, passwords.WeakPassword or channels.address.BadAddress.
    """
    canonical = address.mail(email)
    passwords.check(password, canonical)
    await _free(session, canonical)
    staff = Staff(
        email=canonical,
        name=_named(name),
        role=role,
        password_hash=await passwords.hashed(password),
        language=language,
        timezone=_zone(timezone),
        phone=_not_ours(_phone(phone), ours),
        created_at=now,
    )
    session.add(staff)
    await session.flush()
    await audit.write(session, "staff.create", staff_id=by, subject=f"staff:{staff.id}", detail=role, now=now)
    return staff


async def get(session: AsyncSession, staff_id: int) -> Staff:
    """Raises NotFound."""
    staff = await session.get(Staff, staff_id)
    if staff is None:
        raise NotFound(f"There is no account {staff_id}")
    return staff


async def by_email(session: AsyncSession, email: str) -> Staff | None:
    """The account that signs in with this address, in any spelling."""
    try:
        canonical = address.mail(email)
    except address.BadAddress:
        return None
    return (await session.exec(select(Staff).where(Staff.email == canonical))).first()


async def by_phone(session: AsyncSession, number: str) -> int | None:
    """Whose telephone this is; of several who share it the first that works here."""
    rows = select(Staff.id).where(Staff.phone == number).order_by(col(Staff.active).desc(), col(Staff.id)).limit(1)
    return (await session.exec(rows)).first()


async def set_phone(
    session: AsyncSession, staff_id: int, phone: str, *, now: datetime, ours: Collection[str] = ()
) -> None:
    """Where calls reach this person, by their own word; empty: nowhere. Raises as `change`."""
    await change(session, staff_id, {"phone": phone.strip() or None}, now=now, by=staff_id, ours=ours)


async def listing(session: AsyncSession, *, inactive: bool = True) -> list[Staff]:
    """Everybody by name; `inactive=False` leaves out who is switched off."""
    query = select(Staff).order_by(func.lower(Staff.name), col(Staff.id))
    return list(await session.exec(query if inactive else query.where(col(Staff.active))))


async def change(
    session: AsyncSession,
    staff_id: int,
    changes: Mapping[str, object],
    *,
    now: datetime,
    by: int | None = None,
    ours: Collection[str] = (),
) -> Staff:
    """Change name, language, timezone or phone, which is none of the hub's own (`ours`).

    Raises NotFound, AccountProblem or BadAddress.
    """
    staff = await get(session, staff_id)
    for field, value in changes.items():
        if field not in _CHANGES:
            gaps = {"field": field, "names": ", ".join(_CHANGES)}
            raise AccountProblem(Sentence("%(field)s cannot be changed here. What can: %(names)s", gaps))
        fresh = _CHANGES[field](None if value is None else str(value))
        setattr(staff, field, _not_ours(fresh, ours) if field == "phone" else fresh)
    detail = ", ".join(changes)
    await audit.write(session, "staff.change", staff_id=by, subject=f"staff:{staff_id}", detail=detail, now=now)
    return staff


async def change_password(
    session: AsyncSession, staff_id: int, password: str, *, now: datetime, by: int | None = None, ip: str = ""
) -> None:
    """Set a new password; every session of the account ends, and the address of its calendar.

    Raises NotFound or WeakPassword.
    """
    staff = await get(session, staff_id)
    passwords.check(password, staff.email)
    staff.password_hash = await passwords.hashed(password)
    await _end_sessions(session, staff)
    await audit.write(session, "staff.password", staff_id=by, subject=f"staff:{staff_id}", ip=ip, now=now)


async def set_role(session: AsyncSession, staff_id: int, role: Role, *, now: datetime, by: int | None = None) -> Staff:
    """Raises NotFound or LastAdmin."""
    staff = await get(session, staff_id)
    if role is not Role.ADMIN:
        await _keep_an_admin(session, staff)
    staff.role = role
    await audit.write(session, "staff.role", staff_id=by, subject=f"staff:{staff_id}", detail=role, now=now)
    return staff


def answers(staff: Staff) -> bool:
    """Whether this person answers customers: what comes in can be theirs."""
    return staff.active and may(staff.role, Action.ANSWER)


async def deactivate(session: AsyncSession, staff_id: int, *, now: datetime, by: int | None = None) -> None:
    """Switch an account off: its sessions end, the address of its calendar too, and its tokens open nothing.

    Raises NotFound or LastAdmin.
    """
    staff = await get(session, staff_id)
    await _keep_an_admin(session, staff)
    staff.active = False
    await _end_sessions(session, staff)
    await audit.write(session, "staff.deactivate", staff_id=by, subject=f"staff:{staff_id}", now=now)


async def activate(session: AsyncSession, staff_id: int, *, now: datetime, by: int | None = None) -> None:
    """Switch an account on again. Raises NotFound."""
    staff = await get(session, staff_id)
    staff.active = True
    await audit.write(session, "staff.activate", staff_id=by, subject=f"staff:{staff_id}", now=now)


async def set_available(session: AsyncSession, staff_id: int, available: bool) -> None:
    """Whether calls ring at this person now. Raises NotFound."""
    (await get(session, staff_id)).available = available


async def set_away(session: AsyncSession, staff_id: int, away: bool) -> None:
    """Whether new conversations come to this person. Raises NotFound."""
    (await get(session, staff_id)).away = away
    await session.flush()


async def set_undo_seconds(session: AsyncSession, staff_id: int, seconds: int | None, *, now: datetime) -> None:
    """How long what this person sends can be taken back; None: as the company does. Raises NotFound, AccountProblem."""
    if seconds is not None and not 0 <= seconds <= LONGEST_UNDO:
        gaps = {"seconds": seconds, "most": LONGEST_UNDO}
        long = Sentence("%(seconds)s seconds are too long to wait. Choose 0 to %(most)s, or nothing", gaps)
        raise AccountProblem(long)
    (await get(session, staff_id)).undo_seconds = seconds
    subject = f"staff:{staff_id}"
    await audit.write(session, "staff.change", staff_id=staff_id, subject=subject, detail="undo_seconds", now=now)


async def _free(session: AsyncSession, email: str) -> None:
    if await by_email(session, email) is not None:
        taken = Sentence(
            "%(email)s already has an account. Use another address, or change that account", {"email": email}
        )
        raise EmailTaken(taken)


async def _keep_an_admin(session: AsyncSession, staff: Staff) -> None:
    """The rows are locked, so that two administrators cannot remove each other at the same moment."""
    query = select(Staff.id).where(Staff.role == Role.ADMIN, col(Staff.active)).with_for_update()
    if list(await session.exec(query)) == [staff.id]:
        gaps = {"name": staff.name}
        raise LastAdmin(Sentence("%(name)s is the only administrator. Make somebody else one first", gaps))


async def _end_sessions(session: AsyncSession, staff: Staff) -> None:
    """And whatever else was handed out to be read without signing in."""
    staff.calendar_key = None
    await session.exec(delete(StaffSession).where(col(StaffSession.staff_id) == staff.id))


def _named(name: str | None) -> str:
    tidy = " ".join("".join(c if c.isprintable() else " " for c in name or "").split())
    if not tidy:
        raise AccountProblem(Sentence("The account needs a name: colleagues and customers see it"))
    if long := too_long(LONG_NAME, tidy, LONGEST_NAME):
        raise AccountProblem(long)
    return tidy


def _language(language: str | None) -> str:
    return (language or "en")[:8]


def _zone(name: str | None) -> str:
    try:
        return ZoneInfo(name or "UTC").key
    except (ValueError, OSError, KeyError) as e:  # zoneinfo's own error is a KeyError
        gaps = {"name": name or ""}
        raise AccountProblem(Sentence("“%(name)s” is not a time zone. Write it as in Europe/Warsaw", gaps)) from e


def _phone(phone: str | None) -> str | None:
    return address.phone(phone) if phone else None


def _not_ours(phone: str | None, ours: Collection[str]) -> str | None:
    """Each call would ring the hub, and that call again."""
    if phone in ours:
        gaps = {"number": phone or ""}
        raise AccountProblem(Sentence("%(number)s is the company's own number. Write down a telephone of yours", gaps))
    return phone


_CHANGES = {"name": _named, "language": _language, "timezone": _zone, "phone": _phone}
