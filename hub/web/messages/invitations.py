"""Invitations that came with a mail, in words: what, when by the reader's clock, where, who asks, who has answered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import tzinfo
from uuid import UUID

from fastapi import APIRouter, Response

from channels import reader
from channels.message import Attendee, Invitation
from hub.bootstrap import Hub
from hub.interactions import history
from hub.interactions.history import File
from hub.storage import Damaged, Missing
from hub.web import moments
from hub.web.access import InboxReader
from hub.web.pages import page
from hub.web.problems import Page
from hub.web.translations import gettext as _
from hub.web.translations import marked as N_  # noqa: N812 (the name that extraction looks for)

router = APIRouter(route_class=Page)

_LARGEST = 1_000_000  # bytes; a calendar of this size is no invitation
_MOST = 5
_METHODS = {
    "REQUEST": N_("Invitation"),
    "REPLY": N_("Answer to an invitation"),
    "COUNTER": N_("Another time is proposed"),
    "CANCEL": N_("Called off"),
}
_EVERY = {
    "DAILY": N_("again day by day"),
    "WEEKLY": N_("again week by week"),
    "MONTHLY": N_("again month by month"),
    "YEARLY": N_("again year by year"),
}
_ANSWERS = {
    "accepted": N_("comes"),
    "declined": N_("does not come"),
    "tentative": N_("comes perhaps"),
    "delegated": N_("sends somebody else"),
}


@dataclass(frozen=True, slots=True)
class Shown:
    """One invitation as the page tells it."""

    what: str
    summary: str
    when: str
    again: str  # that it is not for once; the calendar file says how often and until when
    place: str
    organizer: str
    answers: tuple[tuple[str, str], ...]  # who, and what they answered


@router.get("/messages/{interaction_id}/invitations")
async def invitations(visit: InboxReader, interaction_id: UUID) -> Response:
    async with visit.hub.database.unit() as session:
        entry = await history.entry(session, interaction_id)
    files = [file for file in entry.attachments if is_calendar(file) and file.size <= _LARGEST][:_MOST]
    found = [event for file in files for event in await _read(visit.hub, file)]
    shown = [_shown(event, visit.zone) for event in dict.fromkeys(found)]
    return page(visit, "invitations.html", block="told", invitations=shown)


def is_calendar(file: File) -> bool:
    return reader.is_calendar(file.media_type, file.name)


async def _read(hub: Hub, file: File) -> tuple[Invitation, ...]:
    try:
        return reader.invitations(await hub.storage.get(file.sha256))
    except (Missing, Damaged):
        return ()


def _shown(event: Invitation, zone: tzinfo) -> Shown:
    answered = [one for one in event.attendees if one.answer in _ANSWERS]
    return Shown(
        what=_(_METHODS["CANCEL"] if event.cancelled else _METHODS.get(event.method, N_("Event"))),
        summary=event.summary,
        when=moments.span(event.start, event.end, zone) if event.start else "",
        again=_again(event.repeats),
        place=event.location,
        organizer=_person(event.organizer) if event.organizer else "",
        answers=tuple((_person(one), _(_ANSWERS[one.answer])) for one in answered),
    )


def _again(rule: str) -> str:
    """An RRULE (RFC 5545 3.3.10) in words; an interval other than one, or a rare frequency, is only said to repeat."""
    if not rule:
        return ""
    stated = dict(part.partition("=")[::2] for part in rule.upper().split(";"))
    plain = stated.get("INTERVAL", "1") == "1"
    return _(_EVERY.get(stated.get("FREQ", ""), N_("several times")) if plain else N_("several times"))


def _person(one: Attendee) -> str:
    return f"{one.name} ({one.address})" if one.name and one.address else one.name or one.address
