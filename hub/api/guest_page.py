"""/e/{token}: whether a guest comes to an event, without signing in and without a script. Looking changes nothing."""

from __future__ import annotations

import time
from dataclasses import dataclass
from html import escape
from typing import cast
from urllib.parse import parse_qs, urlsplit

from fastapi import APIRouter, Request, Response

from hub import clock
from hub.api.access import hub_of, ip_of
from hub.api.guest_words import Words, words
from hub.api.plain import page, sentence, unless_away
from hub.api.problems import Endpoint, Problem, limited
from hub.campaigns.previews import HARMLESS
from hub.conversations import icalendar
from hub.conversations.icalendar import Entry
from hub.customers import directory
from hub.gatherings import links, plans, seats
from hub.gatherings.plans import Listed
from hub.models import Customer, Gathering, Guest
from hub.models.vocabulary import GuestState
from hub.outbound.spoken import spoken, zone_of
from hub.staff import audit

router = APIRouter(prefix="/e", route_class=Endpoint, include_in_schema=False)
_LARGEST = 5_000  # bytes
_ANSWERS = {"yes": True, "no": False}


@dataclass(frozen=True, slots=True)
class Visitor:
    """Whoever holds a link. Without `guest` it is forged, or what it is about is gone."""

    said: Words
    guest: Guest | None = None
    customer: Customer | None = None
    event: Listed | None = None

    @property
    def gathering(self) -> Gathering:
        return cast("Listed", self.event).gathering


@router.api_route("/{token}", methods=["GET", "HEAD"])
async def show(request: Request, token: str) -> Response:
    """How they stand. Mail scanners open every link."""
    said = _outside(request)
    return await unless_away(_answered(request, token, acts=False), said.title, said.away, said.language)


@router.post("/{token}")
async def answer(request: Request, token: str) -> Response:
    """The later answer counts; a yes when all seats are taken waits."""
    said = _outside(request)
    return await unless_away(_answered(request, token, acts=True), said.title, said.away, said.language)


@router.get("/{token}/calendar.ics")
async def calendar(request: Request, token: str) -> Response:
    """For the guest's own calendar program."""
    visitor, hub = await _read(request, token), hub_of(request)
    if visitor.guest is None:
        return sentence(visitor.said.title, visitor.said.broken, language=visitor.said.language, status=404)
    one = visitor.gathering
    entry = Entry(
        uid=f"event-{one.id}@{urlsplit(hub.settings.hub.public_url).hostname}",
        title=one.title,
        at=one.starts_at,
        changed_at=one.created_at,
        url=links.address(hub.gate, visitor.guest.id or 0),
        about=one.about,
        place=one.place,
        until=one.ends_at,
    )
    headers = {"Content-Disposition": 'attachment; filename="event.ics"', "Cache-Control": "no-store"}
    content = icalendar.written(hub.settings.hub.name, [entry])
    return Response(content, media_type="text/calendar; charset=utf-8", headers=headers)


async def _answered(request: Request, token: str, *, acts: bool) -> Response:
    if token == HARMLESS:
        said = _outside(request)
        return sentence(said.title, said.test, language=said.language)
    visitor = await _read(request, token)
    if visitor.guest is None:
        return sentence(visitor.said.title, visitor.said.broken, language=visitor.said.language, status=404)
    if visitor.gathering.starts_at <= clock.now() or visitor.gathering.cancelled_at is not None:
        return sentence(visitor.said.title, visitor.said.gone, language=visitor.said.language, status=410)
    return await _decided(request, token, visitor, visitor.guest) if acts else _page(request, visitor)


async def _decided(request: Request, token: str, visitor: Visitor, guest: Guest) -> Response:
    said, fields = visitor.said, await _fields(request)
    coming = _ANSWERS.get(fields.get("do", ""))
    if coming is None:
        return _page(request, visitor, trouble=said.choose, status=422)
    if fields.get("at") != visitor.gathering.starts_at.isoformat():
        return _page(request, visitor, trouble=said.moved, status=409)
    if not request.state.meters.answers.take(f"guest {guest.id}", time.monotonic()):
        return _page(request, visitor, trouble=said.too_often, status=429)
    hub, now = hub_of(request), clock.now()
    async with hub.database.unit() as session:
        kept = await seats.answer(session, guest.id or 0, coming=coming, gate=hub.gate, now=now)
        subject, detail = f"customer:{kept.customer_id}", f"event:{kept.gathering_id} {kept.state.value}"
        await audit.write(
            session, "event.answer", staff_id=None, subject=subject, detail=detail, ip=ip_of(request), now=now
        )
    return _page(request, await _read(request, token))


async def _fields(request: Request) -> dict[str, str]:
    try:
        body = await limited(request, _LARGEST).body()
    except Problem:
        return {}
    found = parse_qs(body.decode("utf-8", "replace"), max_num_fields=10) if body.count(b"&") < 10 else {}
    return {name: values[0] for name, values in found.items()}


def _outside(request: Request) -> Words:
    """The words for somebody of whom nothing is known but their browser."""
    default = hub_of(request).settings.hub.languages[0]
    return words(request.headers.get("accept-language", default)[:2].lower(), default)


async def _read(request: Request, token: str) -> Visitor:
    hub = hub_of(request)
    number = links.read(hub.signer, token, now=clock.now())
    if number is None:
        return Visitor(_outside(request))
    async with hub.database.unit() as session:
        try:
            guest = await seats.guest(session, number)
            customer = await directory.get(session, guest.customer_id)
        except (seats.NoSuchGuest, directory.NotFound):
            return Visitor(_outside(request))
        event = await plans.listed(session, await plans.get(session, guest.gathering_id))
    return Visitor(words(customer.language, hub.settings.hub.languages[0]), guest, customer, event)


# ---- the page -------------------------------------------------------------------------------


def _page(request: Request, visitor: Visitor, *, trouble: str = "", status: int = 200) -> Response:
    said, one, hub = visitor.said, visitor.gathering, hub_of(request)
    guest = cast("Guest", visitor.guest)
    own = visitor.customer.timezone if visitor.customer else None
    when = spoken(one.starts_at, zone_of(own, one.timezone, hub.settings.hub.timezone), said.language)
    alert = f'<p role="alert"><strong>{escape(trouble)}</strong></p>' if trouble else ""
    path = escape(request.url.path.rpartition("/")[2])  # as the page lies, whatever stands before it
    body = f"""<h1>{escape(one.title)}</h1>
<p>{escape(hub.settings.hub.name)}</p>
{alert}
<p><strong>{escape(when)}</strong>{_facts(said, one)}</p>
{"".join(f"<p>{escape(line)}</p>" for line in one.about.splitlines() if line.strip())}
<p role="status">{escape(said.states[guest.state])}</p>
{_choices(visitor, guest)}
<p><a href="{path}/calendar.ics">{escape(said.calendar)}</a></p>"""
    return page(said.title, body, language=said.language, status=status)


def _facts(said: Words, one: Gathering) -> str:
    known = [(name, value) for name, value in ((said.place, one.place), (said.host, one.host)) if value]
    return "".join(f"<br>{escape(name)}: {escape(value)}" for name, value in known)


def _choices(visitor: Visitor, guest: Guest) -> str:
    """Only what would change something."""
    said, listed = visitor.said, guest.state in (GuestState.COMING, GuestState.WAITING)
    full = not listed and cast("Listed", visitor.event).free == 0
    yes = "" if listed else f'<button name="do" value="yes">{escape(said.yes)}</button>'
    no = f'<button class="plain" name="do" value="no">{escape(said.no)}</button>'
    at = f'<input type="hidden" name="at" value="{visitor.gathering.starts_at.isoformat()}">'
    warning = f"<p>{escape(said.full)}</p>" if full else ""
    choices = yes if guest.state is GuestState.NOT_COMING else f"{yes} {no}"
    return f'{warning}<form method="post">{at}<p>{choices}</p></form>'
