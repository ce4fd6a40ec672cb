"""Letters to colleagues: what the hub itself sends to its staff. They go the way of all mail, and to no customer.

The log, which others read too, says that one left, and of what kind; its words and files lie apart. When it leaves, its
reader has to work here still and to be allowed to read it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from hub.customers import consent
from hub.interactions import receipts
from hub.models import AttachmentRow, DedupeKey, Letter, Staff
from hub.models.vocabulary import Kind, Origin, Purpose
from hub.outbound import outbox, ungated
from hub.outbound.asking import PRIORITY, Gate, NewFile
from hub.outbound.rendering import Rendered
from hub.outbound.ungated import Route
from hub.staff.roles import Action, may

KEPT = timedelta(days=14)  # a letter, for who might have to send it again
_CARD = "hub:reports"  # the external id of the card that these messages stand on
_WHY = "to a colleague who subscribed to it: the gate was not asked"
_APART = "The report itself is read by its recipient alone."


@dataclass(frozen=True, slots=True)
class Sheet:
    """A letter before it is sent. `needs`: what its reader has to be allowed. `key` makes it at most once."""

    said: Rendered
    files: tuple[NewFile, ...]
    needs: tuple[Action, ...]
    key: str
    occasion: str


def allowed(staff: Staff, needs: Collection[Action]) -> bool:
    """Does this person work here, and may they read it?"""
    return staff.active and all(may(staff.role, action) for action in needs)


def channel(gate: Gate) -> str:
    """The mail account that letters leave by; empty: there is none."""
    return next(iter(gate.senders.get(Kind.EMAIL, ())), "")


async def suppressed(session: AsyncSession, address: str) -> bool:
    """Nobody may write to this address, whatever it is about."""
    rows = await consent.suppressions(session, [(Kind.EMAIL, address)])
    return any(row.purpose in (None, Purpose.SERVICE) for row in rows)


async def send(session: AsyncSession, sheet: Sheet, staff: Staff, *, gate: Gate, now: datetime) -> UUID | None:
    """Log and queue it in the caller's transaction. None: it was sent before, or there is no way to this person."""
    if not channel(gate) or await suppressed(session, staff.email) or await _is_taken(session, sheet.key):
        return None
    whose = (await ungated.card(session, _CARD, "Reports to colleagues", now=now)).id
    told = replace(sheet.said, text=_APART, html="", closing="")
    route = Route(Kind.EMAIL, channel(gate), staff.email)
    row = ungated.row(told, route, whose, Origin.REPORT, _WHY, now=now, occasion=sheet.occasion)
    row.content_hash = sheet.said.sha256
    session.add(row)
    await session.flush()
    session.add(DedupeKey(key=sheet.key, interaction_id=row.id))
    session.add(_letter(row.id, sheet, staff, now))
    await session.flush()
    ticket = outbox.NewTicket(row.id, row.channel, Kind.EMAIL, PRIORITY[Origin.REPORT], now)
    await outbox.put(session, [ticket], now=now)
    await receipts.announce(session, row)
    return row.id


async def letters(session: AsyncSession, messages: Collection[UUID]) -> dict[UUID, Letter]:
    """Those of these messages that are letters whose readers may read them now."""
    if not messages:
        return {}
    query = select(Letter, Staff).join(Staff, col(Staff.id) == col(Letter.staff_id))
    found = await session.exec(query.where(col(Letter.interaction_id).in_(messages)))
    readable = (letter for letter, staff in found if allowed(staff, [Action(one) for one in letter.needs]))
    return {letter.interaction_id: letter for letter in readable}


def enclosed(letter: Letter) -> list[AttachmentRow]:
    """Its files, as rows that are not in the database: nobody finds them with the message."""
    return [AttachmentRow(interaction_id=letter.interaction_id, inline=False, **file) for file in letter.files]


async def forget(session: AsyncSession, *, now: datetime) -> list[str]:
    """Delete old letters, and give the digests of their files. That they left stays in the log."""
    gone = await session.exec(delete(Letter).where(col(Letter.at) < now - KEPT).returning(col(Letter.files)))
    return [file["sha256"] for files in gone.scalars() for file in files]


async def _is_taken(session: AsyncSession, key: str) -> bool:
    """The caller holds the row by which only one asks at a time; the key holds whatever becomes of that row."""
    return (await session.exec(select(DedupeKey.key).where(DedupeKey.key == key))).first() is not None


def _letter(message: UUID, sheet: Sheet, staff: Staff, now: datetime) -> Letter:
    files = [{name: value for name, value in asdict(one).items() if name != "content_id"} for one in sheet.files]
    return Letter(
        interaction_id=message,
        staff_id=staff.id or 0,
        needs=[action.value for action in sheet.needs],
        text=sheet.said.text,
        html=sheet.said.html,
        files=files,
        at=now,
    )
