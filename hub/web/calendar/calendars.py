"""Appointments out of calendars elsewhere: a file that is uploaded, and addresses that are fetched now and then."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Form, HTTPException, Response, UploadFile

from hub.conversations import appointment_calendars, calendar_feeds
from hub.conversations.appointment_calendars import NoCalendar, Report, Terms
from hub.conversations.appointment_sync import Outcome
from hub.conversations.calendar_feeds import FeedProblem, NoSuchFeed
from hub.sentences import Sentence
from hub.staff import accounts
from hub.web import uploads
from hub.web.access import Booker, Visit
from hub.web.calendar import leads
from hub.web.pages import go, page
from hub.web.problems import Page
from hub.web.translations import gettext as _
from hub.web.translations import marked as N_  # noqa: N812 (the name that extraction looks for)
from hub.web.translations import worded

router = APIRouter(route_class=Page)
_OUTCOMES: Mapping[Outcome, str] = {
    Outcome.ADDED: N_("added"),
    Outcome.CHANGED: N_("changed"),
    Outcome.CANCELLED: N_("cancelled"),
    Outcome.UNCHANGED: N_("unchanged"),
    Outcome.REJECTED: N_("not taken"),
}
_NO_FILE = Sentence("Choose a file that ends in .ics")


@router.get("/appointments/calendars")
async def listing(visit: Booker) -> Response:
    return page(visit, "calendars.html", **await _data(visit))


@router.post("/appointments/calendars")
async def add(
    visit: Booker,
    name: Annotated[str, Form()] = "",
    url: Annotated[str, Form()] = "",
    remind: Annotated[list[str], Form()] = [],  # noqa: B006
) -> Response:
    try:
        async with visit.hub.database.unit() as session:
            feed = await calendar_feeds.add(
                session,
                name,
                url,
                owner_id=visit.staff_id,
                remind_before=leads.chosen(remind),
                loopback=visit.hub.settings.webhooks.loopback,
                now=visit.now,
            )
            await _note(session, visit, "add", feed.id)
    except FeedProblem as e:
        typed = {"name": name, "url": url, "remind": remind}
        return page(visit, "calendars.html", status=422, **await _data(visit, worded(e), typed))
    return go(visit, "/appointments/calendars", _("Added. It is fetched within a minute."))


@router.post("/appointments/calendars/upload")
async def upload(
    visit: Booker,
    file: UploadFile | None = None,
    remind: Annotated[list[str], Form()] = [],  # noqa: B006
) -> Response:
    """The whole file at once; the answer says what became of every event."""
    zone = visit.hub.settings.hub.timezone
    try:
        content = await uploads.content(file, appointment_calendars.MAX_BYTES)
        if not content:
            raise NoCalendar(_NO_FILE)
        events = await asyncio.to_thread(appointment_calendars.read, content, zone)
    except NoCalendar as e:
        return page(visit, "calendars.html", status=422, **await _data(visit, worded(e)))
    terms = Terms("file", zone, visit.staff_id, leads.chosen(remind))
    async with visit.hub.database.unit() as session:
        report = await appointment_calendars.take(session, events, terms, now=visit.now)
        await _note(session, visit, "upload", None, calendar_feeds.told(report))
    return page(visit, "calendars.html", **await _data(visit) | {"report": report, "told": _told(report)})


@router.post("/appointments/calendars/{feed_id}/delete")
async def remove(visit: Booker, feed_id: int) -> Response:
    try:
        async with visit.hub.database.unit() as session:
            await calendar_feeds.remove(session, feed_id)
            await _note(session, visit, "remove", feed_id)
    except NoSuchFeed as e:
        raise HTTPException(404) from e
    return go(visit, "/appointments/calendars", _("It is fetched no more. What it brought stays."))


async def _data(visit: Visit, trouble: str = "", typed: Mapping[str, object] | None = None) -> dict[str, Any]:
    async with visit.hub.database.unit() as session:
        feeds = await calendar_feeds.listing(session)
        owners = {one.id: one.name for one in await accounts.listing(session)}
    filled = typed or {"name": "", "url": "", "remind": ["24h"]}
    return {
        "feeds": feeds,
        "brought": {feed.id: _brought(feed.told) for feed in feeds},
        "owners": owners,
        "trouble": trouble,
        "typed": filled,
        "offered": leads.OFFERED,
        "report": None,
        "told": [],
    }


def _told(report: Report) -> list[tuple[int, str]]:
    """How many, and what became of them, in the reader's language."""
    return [(report.counts[one], _(word)) for one, word in _OUTCOMES.items()]


def _brought(told: str) -> str:
    """What a calendar brought (`2 added, 1 rejected`), in the reader's language."""
    pairs = [one.split(" ", 1) for one in told.split(", ") if one]
    return ", ".join(f"{count} {_(_OUTCOMES[Outcome(word)])}" for count, word in pairs)


async def _note(session: Any, visit: Visit, what: str, feed_id: int | None, detail: str = "") -> None:
    subject = f"calendar:{feed_id}" if feed_id else "calendar"
    await visit.note(session, f"calendar.{what}", subject=subject, detail=detail)
