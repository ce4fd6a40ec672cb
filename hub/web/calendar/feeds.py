"""/calendar/….ics: a person's tasks and appointments for their calendar program, which signs in with the address."""

from __future__ import annotations

import hashlib
import time
from collections import OrderedDict
from datetime import timedelta, tzinfo
from typing import Any
from urllib.parse import urlsplit

from fastapi import APIRouter, Request, Response

from hub import clock
from hub.bootstrap import Hub
from hub.conversations import appointments, icalendar, tasks
from hub.conversations.icalendar import Entry
from hub.customers import directory
from hub.models import Staff
from hub.staff import feeds
from hub.staff.roles import Action, may
from hub.web import moments, translations
from hub.web.access import Anyone, Visit, hub_of
from hub.web.pages import go
from hub.web.problems import Page
from hub.web.retold import titled
from hub.web.translations import gettext as _

router = APIRouter(route_class=Page)
_CACHE = f"private, max-age={int(icalendar.AGAIN.total_seconds())}"


class Pace:
    """How often one address may be asked: `burst` times at once, then once in `seconds`; in this process."""

    def __init__(self, *, seconds: float = 10, burst: int = 30, remembered: int = 10_000) -> None:
        self._seconds, self._ahead, self._remembered = seconds, seconds * (burst - 1), remembered
        self._next: OrderedDict[int, float] = OrderedDict()

    def wait(self, who: int, at: float) -> float:
        """Seconds until this one may ask again; 0: now, and it is counted."""
        due = max(self._next.pop(who, at), at)
        late = due - at > self._ahead
        self._next[who] = due if late else due + self._seconds
        if len(self._next) > self._remembered:
            self._next.popitem(last=False)
        return due - at - self._ahead if late else 0.0


@router.api_route("/calendar/{token}.ics", methods=["GET", "HEAD"])
async def calendar(request: Request, token: str) -> Response:
    """text/calendar; 304 when nothing changed, 404 when the address is no more, 429 when it is asked too often."""
    hub, now = hub_of(request), clock.now()
    async with hub.database.unit() as session:
        staff = await feeds.reader(session, hub.signer, token, now=now)
    if staff is None or not may(staff.role, Action.READ_INBOX):
        return _plain(404, "This calendar is no more. Copy its new address: Your account at the desk.\n")
    wait = request.state.pace.wait(staff.id or 0, time.monotonic())
    if wait:
        return _plain(429, "Asked too often.\n", {"Retry-After": str(int(wait) + 1)})
    content = await _content(hub, staff)
    tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": _CACHE, "X-Robots-Tag": "noindex", "Vary": "Accept-Encoding"}
    if tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    headers["Content-Disposition"] = 'inline; filename="tasks.ics"'
    return Response(content, media_type="text/calendar; charset=utf-8", headers=headers)


@router.post("/account/calendar")
async def renew(visit: Anyone) -> Response:
    visit.demand(Action.READ_INBOX)
    had_one = bool(address(visit))
    async with visit.hub.database.unit() as session:
        await feeds.renew(session, visit.staff_id, now=visit.now)
    said = _("This is the address of your calendar. The one before is no more.") if had_one else _("Noted down.")
    return go(visit, "/account#calendar", said)


@router.post("/account/calendar/end")
async def end(visit: Anyone) -> Response:
    async with visit.hub.database.unit() as session:
        await feeds.end(session, visit.staff_id, now=visit.now)
    return go(visit, "/account#calendar", _("Your calendar has no address any more."))


def address(visit: Visit) -> str:
    """Empty: there is none."""
    token = feeds.token(visit.hub.signer, visit.staff)
    return f"{visit.hub.settings.hub.public_url}/calendar/{token}.ics" if token else ""


async def _content(hub: Hub, staff: Staff) -> bytes:
    now, mine = clock.now(), staff.id or 0
    translations.speak(staff.language)
    start, end_ = now - icalendar.PAST, now + icalendar.AHEAD
    async with hub.database.unit() as session:
        todo = [one for one in await tasks.between(session, start, end_, assignee_id=mine) if one.done_at is None]
        known = may(staff.role, Action.READ_CUSTOMERS)
        people = {one.customer_id for one in todo if one.customer_id} if known else set()
        names = await directory.names(session, people)
        coming = await appointments.between(session, start, end_, owner_id=mine)
    entries = [_task(hub, one, names, moments.zone(staff.timezone)) for one in todo]
    entries += [_appointment(hub, one, known=known) for one in coming]
    return icalendar.written(f"{hub.settings.hub.name}: {staff.name}", entries)


def _task(hub: Hub, task: Any, names: dict[Any, str], reader: tzinfo) -> Entry:
    alarm = timedelta(minutes=task.remind_minutes) if task.remind_minutes else None
    return Entry(
        uid=_uid(hub, "task", task.id),
        title=titled(task, reader),
        at=task.due_at,
        changed_at=task.changed_at,
        url=f"{hub.settings.hub.public_url}/tasks/{task.id}",
        about=names.get(task.customer_id, ""),
        alarm=alarm,
    )


def _appointment(hub: Hub, one: appointments.Coming, *, known: bool) -> Entry:
    return Entry(
        uid=_uid(hub, "appointment", one.id),
        title=one.title,
        at=one.starts_at,
        changed_at=one.changed_at,
        url=f"{hub.settings.hub.public_url}/customers/{one.customer_id}",
        about=one.customer_name if known else "",
        place=one.place,
        state=one.state,
        until=one.ends_at,
    )


def _uid(hub: Hub, kind: str, number: int) -> str:
    return f"{kind}-{number}@{urlsplit(hub.settings.hub.public_url).hostname}"


def _plain(status: int, said: str, headers: dict[str, str] | None = None) -> Response:
    given = {"Cache-Control": "no-store"} | (headers or {})
    return Response(said, status, given, "text/plain; charset=utf-8")
