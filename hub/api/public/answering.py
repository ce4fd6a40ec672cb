"""Links by which people say whether they come: what /a (an appointment) and /e (an invitation) have in common.

Looking changes nothing: mail scanners open every link. An answer is to what its page showed: a form that was opened
before the hour was moved is asked again. The later answer counts.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from html import escape
from typing import Generic, TypeVar
from urllib.parse import urlsplit

from fastapi import APIRouter, Request, Response

from hub import clock
from hub.api.access import hub_of
from hub.api.problems import Endpoint
from hub.api.public import outside
from hub.api.public.outside import Form, sentence, words_for
from hub.bootstrap import Hub
from hub.campaigns.previews import HARMLESS
from hub.conversations import icalendar
from hub.conversations.icalendar import Entry
from hub.languages import PageWords
from hub.models import Customer
from hub.outbound.spoken import spoken, zone_of

_LARGEST, _MOST = 20_000, 10  # bytes, fields


@dataclass(frozen=True, slots=True, kw_only=True)
class Words(PageWords):
    place: str
    calendar: str
    moved: str
    choose: str
    gone: str
    test: str
    too_often: str
    called_off: str = ""  # where somebody else can call it off


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """Whoever holds a link that is good, and what it asks about.

    `name`: of this link alone, such as `guest-7`. `about`: what it is called; empty: the page's own title says it.
    `place_zone`: by whose clock it takes place; None: the company's.
    """

    customer: Customer
    name: str
    at: datetime
    timezone: str | None
    about: str = ""
    called_off: bool = False
    place_zone: str | None = None


V = TypeVar("V", bound=Visitor)
W = TypeVar("W", bound=Words)


class NotKept(ValueError):
    """An answer that cannot be kept; the words are for whoever gave it."""


@dataclass(frozen=True, slots=True)
class Shown(Generic[V, W]):
    """A visitor's page. `typed`: what came and was not kept, because of `trouble`."""

    request: Request
    visitor: V
    said: W
    typed: Form
    trouble: str = ""

    @property
    def when(self) -> str:
        """By the customer's clock, as in the message that the link stood in."""
        usual = hub_of(self.request).settings.hub.timezone
        zone = zone_of(self.visitor.customer.timezone, self.visitor.timezone, usual)
        return spoken(self.visitor.at, zone, self.said.language, ours=zone_of(self.visitor.place_zone, usual))

    @property
    def seen(self) -> str:
        """The field of each form that says which moment stood on its page."""
        return f'<input type="hidden" name="at" value="{self.visitor.at.isoformat()}">'

    @property
    def alert(self) -> str:
        return outside.alert(self.trouble)

    @property
    def calendar(self) -> str:
        """The way to the calendar file, from the page as it lies, whatever stands before it."""
        path = escape(self.request.url.path.rpartition("/")[2])
        return f'<p><a href="{path}/calendar.ics">{escape(self.said.calendar)}</a></p>'


@dataclass(frozen=True, slots=True)
class Question(Generic[V, W]):
    """What is particular to one sort of link. `keep` raises NotKept; `read` is None for a link that is not good."""

    words: Mapping[str, W]
    choices: Collection[str]
    read: Callable[[Hub, str], Awaitable[V | None]]
    keep: Callable[[Request, V, Form, W], Awaitable[None]]
    body: Callable[[Shown[V, W]], str]
    entry: Callable[[Hub, V], Entry]


def router(prefix: str, asked: Question[V, W]) -> APIRouter:
    """The page, its answer, and the calendar file."""
    made = APIRouter(prefix=prefix, route_class=Endpoint, include_in_schema=False)

    @made.api_route("/{token}", methods=["GET", "HEAD"])
    async def show(request: Request, token: str) -> Response:
        return await outside.unless_away(request, _answered(request, token, asked, acts=False), asked.words)

    @made.post("/{token}")
    async def answer(request: Request, token: str) -> Response:
        return await outside.unless_away(request, _answered(request, token, asked, acts=True), asked.words)

    @made.get("/{token}/calendar.ics")
    async def calendar(request: Request, token: str) -> Response:
        return await outside.unless_away(request, _calendar(request, token, asked), asked.words)

    return made


def uid(hub: Hub, name: str) -> str:
    """What a calendar program knows it by, also after it was moved."""
    return f"{name}@{urlsplit(hub.settings.hub.public_url).hostname}"


async def _answered(request: Request, token: str, asked: Question[V, W], *, acts: bool) -> Response:
    said = words_for(request, asked.words)
    if token == HARMLESS:
        return await sentence(request, said, said.test)
    visitor = await asked.read(hub_of(request), token)
    if visitor is None:
        return await sentence(request, said, said.broken, status=404)
    said = words_for(request, asked.words, visitor.customer.language)
    if visitor.called_off or visitor.at <= clock.now():
        return await _closed(Shown(request, visitor, said, Form()))
    if not acts:
        return await _page(asked, Shown(request, visitor, said, Form()))
    return await _decided(request, token, asked, Shown(request, visitor, said, await _form(request)))


async def _closed(shown: Shown[V, W]) -> Response:
    """Which one it was, and why nobody is asked any more."""
    said, visitor = shown.said, shown.visitor
    words = said.called_off if visitor.called_off else said.gone
    body = f"""<h1>{escape(visitor.about or said.title)}</h1>
<p><strong>{escape(shown.when)}</strong></p>
<p>{escape(words)}</p>"""
    return await outside.page(shown.request, said, body, status=410)


async def _form(request: Request) -> Form:
    return await outside.fields(request, largest=_LARGEST, most=_MOST)


async def _decided(request: Request, token: str, asked: Question[V, W], given: Shown[V, W]) -> Response:
    visitor, said, typed = given.visitor, given.said, given.typed

    async def again(trouble: str, status: int) -> Response:
        return await _page(asked, Shown(request, visitor, said, typed, trouble), status)

    if typed.get("do") not in asked.choices:
        return await again(said.choose, 422)
    if typed.get("at") != visitor.at.isoformat():
        return await again(said.moved, 409)
    if not request.state.meters.answers.take(visitor.name, time.monotonic()):
        return await again(said.too_often, 429)
    try:
        await asked.keep(request, visitor, typed, said)
    except NotKept as e:
        return await again(str(e), 422)
    return await _answered(request, token, asked, acts=False)


async def _calendar(request: Request, token: str, asked: Question[V, W]) -> Response:
    """For the customer's own calendar program."""
    hub = hub_of(request)
    visitor = await asked.read(hub, token)
    if visitor is None:
        said = words_for(request, asked.words)
        return await sentence(request, said, said.broken, status=404)
    entry = asked.entry(hub, visitor)
    file = f"{entry.uid.partition('-')[0]}.ics"
    headers = {"Content-Disposition": f'attachment; filename="{file}"', "Cache-Control": "no-store"}
    content = icalendar.written(hub.settings.hub.name, [entry])
    return Response(content, media_type="text/calendar; charset=utf-8", headers=headers)


async def _page(asked: Question[V, W], shown: Shown[V, W], status: int = 200) -> Response:
    return await outside.page(shown.request, shown.said, asked.body(shown), status=status)
