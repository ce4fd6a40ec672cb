"""Reading the log: a customer's timeline, a conversation's thread, one entry with its attempts and receipts."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, select
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from channels.message import Kind
from hub.interactions import copies
from hub.interactions.copies import Copy
from hub.models import AttachmentRow, Attempt, Campaign, Customer, Interaction, ReceiptRow, Staff
from hub.models.vocabulary import Direction, Origin, Purpose, Recalled, State

LONGEST = 20_000  # characters of each text in a list; one customer's giant mails must not fill the memory

_SUBJECT = 1000
_HTML = 200_000
_REMOTE_PICTURE = r"<img\s[^>]{0,250}src\s*=\s*[\"']?\s*https?:"


class NoSuchEntry(LookupError):
    """The log holds no such interaction."""

    def __init__(self, interaction_id: UUID) -> None:
        super().__init__(f"There is no message {interaction_id} in the log")


@dataclass(frozen=True, slots=True)
class File:
    id: UUID
    name: str
    media_type: str
    size: int
    inline: bool
    content_id: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One word in or out, as it is shown. A campaign's text is not in the log: see `template_version_id`.

    In lists the texts are at most LONGEST characters, and `cut` says that there is more; `entry` gives the whole.
    """

    id: UUID
    at: datetime
    customer_id: UUID
    customer_name: str
    conversation_id: UUID | None
    direction: Direction
    kind: Kind | None  # None: a note
    channel: str
    origin: Origin
    purpose: Purpose
    state: State
    state_at: datetime
    reason: str
    detail: str
    sender: str
    recipient: str
    subject: str
    text: str
    reply_text: str
    closing: str  # what stood below the words of an agent's mail: signature, quoted mail
    has_html: bool
    has_remote_pictures: bool  # in the HTML, as far as its beginning tells
    message_id: str
    reply_to: str  # where the answer goes, when that is not `sender`
    copied: tuple[str, ...]  # the other people in To and Cc
    threaded_by: str  # ThreadedBy
    points_to_id: UUID | None  # the conversation that `flag` speaks of
    language: str
    template_version_id: int | None
    variables: dict[str, Any] | None
    auto: str
    flag: str
    trace: tuple[str, ...]
    call: dict[str, Any] | None
    staff_id: int | None
    staff_name: str
    campaign_id: int | None
    campaign_name: str
    occasion: str
    cut: bool = False
    attachments: tuple[File, ...] = ()
    copies: tuple[Copy, ...] = ()  # of a mail that we wrote: who got it as well


async def timeline(
    session: AsyncSession,
    customer_id: UUID,
    *,
    before: UUID | None = None,
    limit: int = 50,
    kinds: Collection[str] = (),
) -> list[Entry]:
    """A customer's words, newest first, older than `before`, and the mails to others of which they got a copy.

    `kinds`: any of "email", "sms", "voice", "note".
    """
    rows = _entries().where(col(Interaction.customer_id) == customer_id, _SAID).order_by(col(Interaction.id).desc())
    if before is not None:
        rows = rows.where(col(Interaction.id) < before)
    if kinds:
        rows = rows.where(_of_kinds(kinds))
    theirs = await _load(session, rows.limit(limit))
    mails = not kinds or Kind.EMAIL.value in kinds
    had = await copies.had_by(session, customer_id, before=before, limit=limit) if mails else []
    if not had:
        return theirs
    return sorted([*theirs, *await entries(session, had)], key=lambda one: one.id, reverse=True)[:limit]


async def thread(session: AsyncSession, conversation_id: UUID, *, limit: int = 200) -> list[Entry]:
    """The latest words of a conversation, oldest first."""
    rows = _entries().where(col(Interaction.conversation_id) == conversation_id, _SAID)
    return (await _load(session, rows.order_by(col(Interaction.id).desc()).limit(limit)))[::-1]


async def entry(session: AsyncSession, interaction_id: UUID) -> Entry:
    """Raises NoSuchEntry."""
    rows = _entries(longest=None).where(col(Interaction.id) == interaction_id)
    found = (await session.execute(rows)).mappings().first()
    if found is None:
        raise NoSuchEntry(interaction_id)
    return (await _with_files(session, [dict(found)]))[0]


async def entries(session: AsyncSession, interaction_ids: Collection[UUID]) -> list[Entry]:
    """These interactions, newest first; ids that the log does not hold are left out."""
    rows = _entries().where(col(Interaction.id).in_(interaction_ids)).order_by(col(Interaction.id).desc())
    return await _load(session, rows)


async def whole_text(session: AsyncSession, interaction_id: UUID) -> str:
    """The words of one interaction, however long. Raises NoSuchEntry."""
    found = await session.scalar(select(col(Interaction.body_text)).where(col(Interaction.id) == interaction_id))
    if found is None:
        raise NoSuchEntry(interaction_id)
    return found


async def html(session: AsyncSession, interaction_id: UUID) -> str:
    """A mail's HTML exactly as it came: hostile, never shown unsanitised. Raises NoSuchEntry."""
    found = await session.scalar(select(col(Interaction.body_html)).where(col(Interaction.id) == interaction_id))
    if found is None:
        raise NoSuchEntry(interaction_id)
    return found


async def attempts(session: AsyncSession, interaction_id: UUID) -> list[Attempt]:
    """Every conversation with a provider about this message, oldest first."""
    rows = select(Attempt).where(col(Attempt.interaction_id) == interaction_id).order_by(col(Attempt.id))
    return list((await session.scalars(rows)).all())


async def receipts(session: AsyncSession, interaction_id: UUID) -> list[ReceiptRow]:
    """Everything a provider told us about this message, oldest first."""
    rows = select(ReceiptRow).where(col(ReceiptRow.interaction_id) == interaction_id).order_by(col(ReceiptRow.id))
    return list((await session.scalars(rows)).all())


async def file(session: AsyncSession, attachment_id: UUID) -> tuple[File, UUID] | None:
    """A file by its unguessable id, and the customer whose it is."""
    rows = select(*_FILE, col(Interaction.customer_id)).join(
        Interaction, col(Interaction.id) == col(AttachmentRow.interaction_id)
    )
    row = (await session.execute(rows.where(col(AttachmentRow.id) == attachment_id))).mappings().first()
    if row is None:
        return None
    return _file(row), row["customer_id"]


# What was taken back was never said: it is a draft again.
_SAID = (col(Interaction.state) != State.CANCELLED) | (col(Interaction.reason) != Recalled.TAKEN_BACK)


def _of_kinds(kinds: Collection[str]) -> ColumnElement[bool]:
    channels = col(Interaction.kind).in_([Kind(word) for word in kinds if word != "note"])
    return channels | col(Interaction.kind).is_(None) if "note" in kinds else channels


_DERIVED = {
    *("subject", "text", "reply_text", "closing", "cut", "has_html", "has_remote_pictures"),
    *("trace", "customer_name", "staff_name", "campaign_name", "attachments", "copies"),
}
_PLAIN = [name for name in Entry.__slots__ if name not in _DERIVED]

_FILE: Sequence[Any] = tuple(getattr(AttachmentRow, name) for name in File.__slots__)


@cache
def _entries(*, longest: int | None = LONGEST) -> Select[Any]:
    """The columns an entry is made of: never `body_html`, which may be megabytes."""
    return (
        select(
            *(getattr(Interaction, name) for name in _PLAIN),
            _beginning(col(Interaction.subject), longest and _SUBJECT).label("subject"),
            _beginning(col(Interaction.body_text), longest).label("text"),
            _beginning(col(Interaction.reply_text), longest).label("reply_text"),
            _beginning(col(Interaction.closing), longest).label("closing"),
            (col(Interaction.body_html) != "").label("has_html"),
            func.left(col(Interaction.body_html), _HTML).op("~*")(_REMOTE_PICTURE).label("has_remote_pictures"),
            col(Interaction.trace),
            col(Customer.name).label("customer_name"),
            col(Staff.name).label("staff_name"),
            col(Campaign.name).label("campaign_name"),
        )
        .join(Customer, col(Customer.id) == col(Interaction.customer_id))
        .outerjoin(Staff, col(Staff.id) == col(Interaction.staff_id))
        .outerjoin(Campaign, col(Campaign.id) == col(Interaction.campaign_id))
    )


def _beginning(text: Any, longest: int | None) -> Any:
    """Cut by the server, which reads no more of a long text than this; one character more tells that it is cut."""
    return text if longest is None else func.left(text, longest + 1)


async def _load(session: AsyncSession, rows: Select[Any]) -> list[Entry]:
    """A list of entries, their texts cut."""
    return await _with_files(session, [_cut(dict(row)) for row in (await session.execute(rows)).mappings()])


def _cut(row: dict[str, Any]) -> dict[str, Any]:
    too_long = max(len(row["text"]), len(row["reply_text"])) > LONGEST
    return row | {"cut": too_long, "text": row["text"][:LONGEST], "reply_text": row["reply_text"][:LONGEST]}


async def _with_files(session: AsyncSession, found: list[dict[str, Any]]) -> list[Entry]:
    files = await _files(session, [row["id"] for row in found])
    known = await copies.of(session, [row["id"] for row in found if _may_have_copies(row)])
    return [_entry(row, files.get(row["id"], ()), known.get(row["id"], ())) for row in found]


def _may_have_copies(row: dict[str, Any]) -> bool:
    return row["kind"] is Kind.EMAIL and row["direction"] is Direction.OUT and row["campaign_id"] is None


def _entry(row: dict[str, Any], files: tuple[File, ...], known: tuple[Copy, ...]) -> Entry:
    row["trace"] = tuple(row["trace"] or ())
    row["copied"] = tuple(row["copied"] or ())
    row["staff_name"] = row["staff_name"] or ""
    row["campaign_name"] = row["campaign_name"] or ""
    return Entry(**row, attachments=files, copies=known)


async def _files(session: AsyncSession, interactions: Collection[UUID]) -> dict[UUID, tuple[File, ...]]:
    if not interactions:
        return {}
    rows = select(*_FILE, col(AttachmentRow.interaction_id)).where(col(AttachmentRow.interaction_id).in_(interactions))
    found: dict[UUID, tuple[File, ...]] = {}
    for row in (await session.execute(rows.order_by(col(AttachmentRow.name), col(AttachmentRow.id)))).mappings():
        found[row["interaction_id"]] = (*found.get(row["interaction_id"], ()), _file(row))
    return found


def _file(row: Any) -> File:
    return File(**{name: row[name] for name in File.__slots__})
