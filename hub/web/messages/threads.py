"""The words of a conversation or a customer as the desk shows them."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable
from typing import Any
from uuid import UUID

from hub.conversations import held
from hub.conversations.held import Held
from hub.conversations.macro_runs import LOGGED
from hub.interactions import history, prompting
from hub.interactions.history import Entry, File
from hub.models.vocabulary import Direction, Origin, State
from hub.outbound import rendering
from hub.web import retold
from hub.web.messages import invitations

_PICTURES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
_SMALLEST = 60  # bytes; there is no PNG of fewer
_LARGEST = 8_000_000  # bytes of a picture that is shown at once
_ORNAMENT = 8_000  # bytes
_BY_MACHINE = frozenset({Origin.CAMPAIGN, Origin.OCCASION, Origin.REMINDER, Origin.AUTOMATION})


@dataclasses.dataclass(frozen=True, slots=True)
class Told:
    """One entry with what a bubble needs to know about it."""

    entry: Entry
    subject: str
    text: str  # what is new in it
    quoted: str  # the rest of a mail, folded
    machine: bool  # no person wrote it
    sounds: tuple[File, ...]  # to play
    pictures: tuple[File, ...]  # to look at
    files: tuple[File, ...]  # to open: everything else, unless it is an ornament of the mail's design
    calendar: bool  # an invitation came with it
    cut: bool  # there is more than is shown
    held: Held | None = None  # it has not left and can be taken back

    @property
    def id(self) -> UUID:
        return self.entry.id


async def told(session: Any, conversation_id: UUID) -> list[Told]:
    """A conversation, oldest first."""
    return await _all(session, await history.thread(session, conversation_id))


async def prompt(session: Any, conversation_id: UUID) -> Told | None:
    """The campaign's message, the greeting or the reminder that the conversation answers."""
    found = await prompting.prompt(session, conversation_id)
    return (await _all(session, await history.entries(session, [found])))[0] if found else None


async def timeline(
    session: Any, customer_id: UUID, *, before: UUID | None, limit: int, kinds: Collection[str]
) -> list[Told]:
    """A customer's words, newest first."""
    return await _all(session, await history.timeline(session, customer_id, before=before, limit=limit, kinds=kinds))


async def _all(session: Any, entries: Iterable[Entry]) -> list[Told]:
    told = [await _one(session, entry) for entry in entries]
    waiting = [one.id for one in told if one.entry.state in (State.QUEUED, State.CANCELLED)]
    known = await held.of(session, waiting) if waiting else {}
    return [dataclasses.replace(one, held=known.get(one.id)) for one in told]


async def _one(session: Any, entry: Entry) -> Told:
    subject, text = entry.subject, entry.text
    if entry.kind is None and (entry.origin is Origin.CUSTOMER or entry.occasion == LOGGED):  # kept in English
        text = _retold(text)
    if not text and entry.template_version_id is not None:
        rendered = await rendering.text_of(session, entry)
        subject, text = rendered.subject or subject, rendered.text
    new = entry.reply_text or text
    quoted = text if entry.reply_text and entry.reply_text.strip() != text.strip() else entry.closing
    sounds, pictures, files = _sorted(entry)
    return Told(
        entry,
        subject,
        new,
        quoted,
        machine=entry.origin in _BY_MACHINE or bool(entry.auto),
        sounds=sounds,
        pictures=pictures,
        files=files,
        calendar=any(invitations.is_calendar(file) for file in entry.attachments),
        cut=entry.cut,
    )


def _sorted(entry: Entry) -> tuple[tuple[File, ...], tuple[File, ...], tuple[File, ...]]:
    """Sounds, pictures, and other files; ornaments of the mail's own HTML are none of them."""
    sounds = tuple(file for file in entry.attachments if file.media_type.startswith("audio/"))
    pictures = tuple(file for file in entry.attachments if _is_picture(file) and not _is_ornament(file, entry))
    apart = {*sounds, *pictures}
    files = tuple(file for file in entry.attachments if file not in apart and not _is_ornament(file, entry))
    return sounds, pictures, files


def _retold(text: str) -> str:
    """The first line is ours, what stands below it the customer's: to look for our words in that would take long."""
    ours, _end, theirs = text.partition("\n")
    return "\n".join(filter(None, (retold.retold(ours), theirs)))


def _is_picture(file: File) -> bool:
    return file.media_type in _PICTURES and _SMALLEST <= file.size <= _LARGEST


def _is_ornament(file: File, entry: Entry) -> bool:
    """A logo or a line of a design: small, and in its place when the design is opened. A screenshot is none."""
    designed = entry.has_html and entry.direction is Direction.IN
    return designed and file.inline and file.media_type.startswith("image/") and file.size < _ORNAMENT
