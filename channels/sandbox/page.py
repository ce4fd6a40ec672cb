"""The web page on which one plays the customer: read what arrived, write, text, call, answer calls.

It is served beside the carrier's API, on loopback only, and takes posts from itself only.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import parseaddr
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiosmtplib
import jinja2
from aiohttp import web

from channels import address
from channels.sandbox import enclosures, magic
from channels.sandbox.carrier import Carrier
from channels.sandbox.mail import Letter, MailWorld
from channels.sandbox.resources import Call, Heard, Message, now
from channels.sandbox.telephone import Answer, Held

_HERE = Path(__file__).parent
_HEARTBEAT_SECONDS = 15.0
_NEAREST = 12  # people shown as links; all of them are in the field's list
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cache-Control": "no-store",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}

Endpoint = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class ShownCall:
    """`acts` are (what, key, label) of each thing the person can do now."""

    sid: str
    inbound: bool
    other: str
    state: str
    over: bool
    heard: tuple[Heard, ...]
    problems: tuple[str, ...]
    acts: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, slots=True)
class ShownText:
    way: str  # in: arrived on this telephone, out: written on it
    other: str
    at: datetime
    body: str


@dataclass(frozen=True, slots=True)
class ShownPerson:
    """An address or a number that can be played; `name` is empty for a stranger."""

    address: str
    name: str


class Page:
    """`companies` are the company's mail addresses, `names` the known people by address or number, first of all first.

    `names` belongs to the caller and may grow.
    """

    def __init__(
        self, carrier: Carrier, mail: MailWorld, companies: Sequence[str], names: Mapping[str, str] | None = None
    ) -> None:
        self._carrier, self._mail, self._companies = carrier, mail, tuple(companies)
        self._names = {} if names is None else names
        self._people: dict[str, datetime] = {}
        self._closing = asyncio.Event()
        self._template = jinja2.Environment(
            loader=jinja2.FileSystemLoader(_HERE), autoescape=True, undefined=jinja2.StrictUndefined
        ).get_template("page.html", globals={"answer_to": answer_to, "problem": "", "typed": "", "answered": None})

    def routes(self) -> list[web.AbstractRouteDef]:
        return [
            web.get("/", self._show),
            web.get("/live", self._live),
            web.get("/events", self._events),
            web.get("/file", self._file),
            web.get("/page.css", _asset("page.css", "text/css")),
            web.get("/page.js", _asset("page.js", "text/javascript")),
            web.post("/mail", _from_here(self._write)),
            web.post("/text", _from_here(self._text)),
            web.post("/dial", _from_here(self._dial)),
            web.post("/hold", _from_here(self._hold)),
            web.post("/calls/{sid}/{act}", _from_here(self._act)),
        ]

    def close(self) -> None:
        """End the open event streams, so that the server can stop."""
        self._closing.set()

    # ---- showing --------------------------------------------------------------------------

    async def _show(self, request: web.Request) -> web.Response:
        typed = request.query.get("person", "")
        try:
            person, problem = person_of(typed) if typed else "", ""
        except address.BadAddress as e:
            person, problem = "", str(e)
        answered = self._letter(person, request.query.get("answer", ""))
        context = self._context(person) | {"problem": problem, "typed": typed, "answered": answered}
        html = self._template.render(context)
        return web.Response(text=html, content_type="text/html", headers=_HEADERS)

    async def _live(self, request: web.Request) -> web.Response:
        person = _asked(request.query.get("person", ""))
        context = self._template.new_context(self._context(person))
        html = "".join(self._template.blocks["live"](context))
        return web.Response(text=html, content_type="text/html", headers=_HEADERS)

    async def _file(self, request: web.Request) -> web.Response:
        letter = self._letter(_asked(request.query.get("person", "")), request.query.get("letter", ""))
        return enclosures.given_out(letter, request.query.get("number", ""), _HEADERS)

    def _context(self, person: str) -> dict[str, Any]:
        if person:
            self._people.setdefault(person, now())
        is_mail = "@" in person
        known = self._known()
        return {
            "person": person,
            "name": self._names.get(person, ""),
            "people": known,
            "nearest": known[:_NEAREST],
            "is_mail": is_mail,
            "held": self._carrier.exchange.is_held(person),
            "companies": self._companies,
            "texted": [one.number for one in self._carrier.numbers if one.sms_url],
            "called": [one.number for one in self._carrier.numbers if one.voice_url],
            "magic": magic.table(),
            "letters": list(reversed(self._mail.mailbox(person))) if is_mail else [],
            "texts": _texts(self._carrier, person) if person and not is_mail else [],
            "calls": _calls(self._carrier, person) if person and not is_mail else [],
        }

    def _known(self) -> list[ShownPerson]:
        """Everybody there is to play: whom something happened to last comes first, then the others by acquaintance."""
        company = {*self._companies, *(one.number for one in self._carrier.numbers)}
        met = self._met()
        lately = sorted(met.keys() - company, key=lambda one: (met[one], one), reverse=True)
        others = [one for one in self._names if one not in met]
        return [ShownPerson(one, self._names.get(one, "")) for one in (*lately, *others)]

    def _met(self) -> dict[str, datetime]:
        """When something last happened to an address or a number."""
        met = dict(self._people)
        spoken: list[Message | Call] = [*self._carrier.messages.all.values(), *self._carrier.calls()]
        for one in spoken:
            for number in (one.sender, one.recipient):
                met[number] = max(one.created, met.get(number, one.created))
        for owner in self._mail.addresses():
            last = self._mail.mailbox(owner)[-1].at
            met[owner] = max(last, met.get(owner, last))
        return met

    async def _events(self, request: web.Request) -> web.StreamResponse:
        """Server-sent events: `changed` whenever something happened on this person's telephone or in the mailbox."""
        person = _asked(request.query.get("person", ""))
        stream = web.StreamResponse(headers={**_HEADERS, "Content-Type": "text/event-stream"})
        await stream.prepare(request)
        changed = asyncio.Event()

        async def arrived(letter: Letter) -> None:
            if letter.recipient.lower() == person:
                changed.set()

        stop = self._carrier.subscribe(lambda number: changed.set() if number == person else None)
        self._mail.on_letter.append(arrived)
        try:
            await self._stream(stream, changed)
        except ConnectionError:
            pass  # the page was closed
        finally:
            stop()
            self._mail.on_letter.remove(arrived)
        return stream

    async def _stream(self, stream: web.StreamResponse, changed: asyncio.Event) -> None:
        await stream.write(b": hello\n\n")
        while not self._closing.is_set():
            await _either(changed, self._closing, seconds=_HEARTBEAT_SECONDS)
            await stream.write(b"event: changed\ndata: -\n\n" if changed.is_set() else b": still here\n\n")
            changed.clear()

    def _letter(self, person: str, message_id: str) -> Letter | None:
        """The letter in this mailbox that is meant."""
        return next((one for one in self._mail.mailbox(person) if message_id and one.message_id == message_id), None)

    # ---- doing ----------------------------------------------------------------------------

    async def _write(self, request: web.Request) -> web.Response:
        form = await request.post()
        person = _asked(_field(form, "person"))
        answered = self._letter(person, _field(form, "answered"))
        allowed = [*self._companies, answer_to(answered)] if answered else self._companies
        recipient, subject = _one_of(form, "to", allowed), _field(form, "subject")
        try:
            await self._mail.write(
                person, recipient, subject, _field(form, "text"), in_reply_to=answered.message_id if answered else ""
            )
        except (aiosmtplib.SMTPException, ValueError, OSError) as e:
            raise web.HTTPBadGateway(text=f"The mail could not be sent: {e}") from e
        return _back(person)

    async def _text(self, request: web.Request) -> web.Response:
        form = await request.post()
        person = _asked(_field(form, "person"))
        self._carrier.text(person, _field(form, "body"), to=self._companys_number(form))
        return _back(person)

    async def _dial(self, request: web.Request) -> web.Response:
        form = await request.post()
        person = _asked(_field(form, "person"))
        self._carrier.dial_by_hand(person, to=self._companys_number(form))
        return _back(person)

    async def _hold(self, request: web.Request) -> web.Response:
        form = await request.post()
        person = _asked(_field(form, "person"))
        self._carrier.exchange.hold(person, held=bool(_field(form, "held")))
        return _back(person)

    async def _act(self, request: web.Request) -> web.Response:
        form = await request.post()
        call = self._carrier.exchange.all.get(request.match_info["sid"])
        if call is None or call.over or not isinstance(call.telephone, Held):
            raise web.HTTPConflict(text="This call is over")
        self._do(call, call.telephone, request.match_info["act"], _field(form, "key"))
        return _back(_asked(_field(form, "person")))

    def _do(self, call: Call, telephone: Held, act: str, key: str) -> None:
        match act:
            case "take":
                telephone.take()
            case "decline":
                telephone.take(Answer.BUSY)
            case "press" if key in _KEYS:
                telephone.key(key)
            case "stop":
                telephone.stop()
            case "hangup":
                self._carrier.exchange.hang_up(call)
            case _:
                raise web.HTTPBadRequest(text="A telephone cannot do that")

    def _companys_number(self, form: Any) -> str:
        return _one_of(form, "to", [one.number for one in self._carrier.numbers])


def person_of(typed: str) -> str:
    """The canonical mail address or number. Raises BadAddress."""
    return address.mail(typed) if "@" in typed else address.phone(typed.strip())


def answer_to(letter: Letter) -> str:
    """The bare address: browsers send the words of a choice with other spaces than they were given."""
    return parseaddr(letter.reply_to)[1] or letter.sender


# ---- what is shown ------------------------------------------------------------------------------

_KEYS = ("1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "0", "#")


def _texts(carrier: Carrier, person: str) -> list[ShownText]:
    arrived = [ShownText("in", m.sender, m.created, m.body) for m in carrier.texts(person)]
    written = [
        ShownText("out", m.recipient, m.created, m.body)
        for m in carrier.messages.all.values()
        if m.direction == "inbound" and m.sender == person
    ]
    return sorted(arrived + written, key=lambda text: text.at, reverse=True)


def _calls(carrier: Carrier, person: str) -> list[ShownCall]:
    return [
        ShownCall(
            sid=call.sid,
            inbound=call.recipient == person,
            other=call.sender if call.recipient == person else call.recipient,
            state=_state(call),
            over=call.over,
            heard=tuple(call.heard),
            problems=tuple(call.problems),
            acts=_acts(call, person),
        )
        for call in reversed(carrier.calls(person))
    ]


def _state(call: Call) -> str:
    if not call.over and isinstance(call.telephone, Held) and call.status == "in-progress":
        return call.telephone.doing
    return call.status


def _acts(call: Call, person: str) -> tuple[tuple[str, str, str], ...]:
    if call.over or not isinstance(call.telephone, Held):
        return ()
    if call.status != "in-progress":
        own = (("take", "", "Answer"), ("decline", "", "Decline"))
        return own if call.recipient == person else (("hangup", "", "Hang up"),)
    stop = (("stop", "", "Stop speaking"),) if call.telephone.doing == "speaking" else ()
    return (*stop, *(("press", key, key) for key in _KEYS), ("hangup", "", "Hang up"))


# ---- requests and answers -----------------------------------------------------------------------


def _from_here(endpoint: Endpoint) -> Endpoint:
    """Refuse a post that another site's page makes the browser send."""

    async def guarded(request: web.Request) -> web.StreamResponse:
        if request.headers.get("Origin") != f"http://{request.host}":
            raise web.HTTPForbidden(text="Only the sandbox's own page may do this")
        return await endpoint(request)

    return guarded


def _asset(name: str, media_type: str) -> Endpoint:
    async def asset(request: web.Request) -> web.Response:
        return web.Response(text=(_HERE / name).read_text(), content_type=media_type, headers=_HEADERS)

    return asset


def _asked(typed: str) -> str:
    try:
        return person_of(typed)
    except address.BadAddress as e:
        raise web.HTTPBadRequest(text=str(e)) from e


def _field(form: Any, name: str) -> str:
    value = form.get(name, "")
    return value if isinstance(value, str) else ""


def _one_of(form: Any, name: str, allowed: Sequence[str]) -> str:
    value = _field(form, name)
    if value not in allowed:
        raise web.HTTPBadRequest(text=f"{value!r} does not belong to the company")
    return value


def _back(person: str) -> web.Response:
    return web.Response(status=303, headers={**_HEADERS, "Location": f"/?person={quote(person)}"})


async def _either(*events: asyncio.Event, seconds: float) -> None:
    """Wait until one of them is set, or the time is over."""
    waits = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for one in waits:
            one.cancel()
