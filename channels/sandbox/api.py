"""Twilio's HTTP API of 2010-04-01, as far as the pretend carrier goes: what the unmodified `twilio` library calls."""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from aiohttp import web

from channels.sandbox import lists
from channels.sandbox.exchange import Dialling, Exchange
from channels.sandbox.magic import Trick, trick
from channels.sandbox.messages import Messages, Order
from channels.sandbox.refusals import Refusal
from channels.sandbox.resources import (
    VERSION,
    Call,
    CompanyNumber,
    Json,
    Message,
    Recording,
    account_json,
    error_json,
    file_json,
    number_json,
)
from channels.sandbox.wav import tone

Form = Mapping[str, str]
_ROOT = f"/{VERSION}/Accounts"


@dataclass(frozen=True, slots=True)
class Books:
    """The account that the API is about."""

    account_sid: str
    auth_token: str
    numbers: tuple[CompanyNumber, ...]
    messages: Messages
    exchange: Exchange


class Api:
    """The endpoints over one account's books."""

    def __init__(self, books: Books, lose_every: int = 0) -> None:
        self._books, self._lose_every, self._made = books, lose_every, 0
        self._slowed: set[tuple[str, str, str]] = set()

    def routes(self) -> list[web.RouteDef]:
        root, sid = f"{_ROOT}/{{account}}", "{sid:[A-Z]{2}[0-9a-f]{32}}"
        served: Sequence[tuple[str, str, Callable[[web.Request], Awaitable[web.StreamResponse]]]] = (
            ("GET", f"{_ROOT}/{{account:AC[0-9a-fA-F]+}}.json", self._account),
            ("GET", f"{root}/IncomingPhoneNumbers.json", self._numbers),
            ("POST", f"{root}/Messages.json", self._create_message),
            ("GET", f"{root}/Messages.json", self._messages),
            ("GET", f"{root}/Messages/{sid}.json", self._message),
            ("POST", f"{root}/Messages/{sid}.json", self._update_message),
            ("DELETE", f"{root}/Messages/{sid}.json", self._delete_message),
            ("GET", f"{root}/Messages/{sid}/Media.json", self._files),
            ("GET", f"{root}/Messages/{sid}/Media/{{file}}", self._file),
            ("POST", f"{root}/Calls.json", self._create_call),
            ("GET", f"{root}/Calls.json", self._calls),
            ("GET", f"{root}/Calls/{sid}.json", self._call),
            ("POST", f"{root}/Calls/{sid}.json", self._update_call),
            ("GET", f"{root}/Calls/{sid}/Recordings.json", self._recordings),
            ("GET", f"{root}/Recordings.json", self._recordings),
            ("GET", f"{root}/Recordings/{sid}.json", self._recording),
            ("DELETE", f"{root}/Recordings/{sid}.json", self._delete_recording),
            ("GET", f"{root}/Recordings/{sid}.wav", self._sound),
            ("GET", f"{root}/Recordings/{sid}", self._sound),
        )
        return [web.route(method, path, self._guarded(do)) for method, path, do in served]

    def _guarded(
        self, do: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def guarded(request: web.Request) -> web.StreamResponse:
            try:
                self._authenticate(request)
                return await do(request)
            except Refusal as no:
                body = error_json(no.status, no.code, no.message)
                return web.json_response(body, status=no.status, headers=dict(no.headers))

        return guarded

    def _authenticate(self, request: web.Request) -> None:
        expected = f"{self._books.account_sid}:{self._books.auth_token}".encode()
        if not hmac.compare_digest(_credentials(request.headers.get("Authorization", "")), expected):
            raise Refusal(401, 20003, "Authenticate", {"WWW-Authenticate": 'Basic realm="Twilio API"'})
        if request.match_info["account"] != self._books.account_sid:
            raise Refusal(404, 20404, f"The requested resource {request.path} was not found")

    async def _account(self, request: web.Request) -> web.Response:
        return web.json_response(account_json(self._books.account_sid))

    async def _numbers(self, request: web.Request) -> web.Response:
        wanted = request.query.get("PhoneNumber", "").strip("*")
        found = [n for n in self._books.numbers if wanted in n.number]
        return lists.page(request, "incoming_phone_numbers", [number_json(self._books.account_sid, n) for n in found])

    # ---- messages -------------------------------------------------------------------------

    async def _create_message(self, request: web.Request) -> web.StreamResponse:
        form = await request.post()
        order = Order(
            sender=_field(form, "From"),
            recipient=_field(form, "To"),
            body=_field(form, "Body"),
            service_sid=_field(form, "MessagingServiceSid"),
            callback=_field(form, "StatusCallback"),
            media_urls=_fields(form, "MediaUrl"),
        )
        if not order.service_sid:
            self._check_sender(order.sender, 21606)
        self._stumble(order.recipient, "message", order.body)
        message = self._books.messages.create(order)
        return self._created(request, order.recipient, message.json())

    async def _messages(self, request: web.Request) -> web.Response:
        wanted, moment = lists.filters(request, _OF_MESSAGE), lists.moments(request, "DateSent", _sent)
        found = [m.json() for m in lists.newest(self._books.messages.all.values()) if wanted(m) and moment(m)]
        return lists.page(request, "messages", found)

    async def _message(self, request: web.Request) -> web.Response:
        return web.json_response(self._the_message(request).json())

    async def _update_message(self, request: web.Request) -> web.Response:
        message, form = self._the_message(request), await request.post()
        if _field(form, "Status") == "canceled":
            self._books.messages.cancel(message)
        if "Body" in form:
            message.body = _field(form, "Body")
        return web.json_response(message.json())

    async def _delete_message(self, request: web.Request) -> web.Response:
        del self._books.messages.all[self._the_message(request).sid]
        return web.Response(status=204)

    async def _files(self, request: web.Request) -> web.Response:
        message = self._the_message(request)
        return lists.page(request, "media_list", [file_json(message, file) for file in message.files])

    async def _file(self, request: web.Request) -> web.Response:
        message, asked = self._the_message(request), request.match_info["file"]
        for file in message.files:
            if asked == f"{file.sid}.json":
                return web.json_response(file_json(message, file))
            if asked == file.sid:
                return web.Response(body=file.content, content_type=file.media_type)
        raise _missing(request)

    def _the_message(self, request: web.Request) -> Message:
        message = self._books.messages.all.get(request.match_info["sid"])
        if message is None:
            raise _missing(request)
        return message

    # ---- calls ----------------------------------------------------------------------------

    async def _create_call(self, request: web.Request) -> web.StreamResponse:
        form = await request.post()
        dialling = Dialling(
            sender=_field(form, "From"),
            recipient=_field(form, "To"),
            url=_field(form, "Url"),
            twiml=_field(form, "Twiml"),
            callback=_field(form, "StatusCallback"),
            callback_events=frozenset(_fields(form, "StatusCallbackEvent") or ("completed",)),
            ring_seconds=_whole(form, "Timeout", 60),
            detects_machine=_field(form, "MachineDetection"),
        )
        self._check_sender(dialling.sender, 21210)
        if not dialling.url and not dialling.twiml:
            raise Refusal(400, 21205, "Url parameter is required.")
        self._stumble(dialling.recipient, "call", dialling.url)
        call = self._books.exchange.place(dialling)
        return self._created(request, dialling.recipient, call.json())

    async def _calls(self, request: web.Request) -> web.Response:
        wanted, moment = lists.filters(request, _OF_CALL), lists.moments(request, "StartTime", _started)
        found = [c.json() for c in lists.newest(self._books.exchange.all.values()) if wanted(c) and moment(c)]
        return lists.page(request, "calls", found)

    async def _call(self, request: web.Request) -> web.Response:
        return web.json_response(self._the_call(request).json())

    async def _update_call(self, request: web.Request) -> web.Response:
        call, form = self._the_call(request), await request.post()
        if _field(form, "Status") in ("completed", "canceled"):
            self._books.exchange.hang_up(call)
        elif "Url" in form or "Twiml" in form:
            self._books.exchange.redirect(call, url=_field(form, "Url"), twiml=_field(form, "Twiml"))
        return web.json_response(call.json())

    def _the_call(self, request: web.Request) -> Call:
        call = self._books.exchange.all.get(request.match_info["sid"])
        if call is None:
            raise _missing(request)
        return call

    # ---- recordings -----------------------------------------------------------------------

    async def _recordings(self, request: web.Request) -> web.Response:
        of_call = request.match_info.get("sid") or request.query.get("CallSid")
        moment = lists.moments(request, "DateCreated", _created)
        every = lists.newest(self._books.exchange.recordings.values())
        found = [r.json() for r in every if (not of_call or r.call_sid == of_call) and moment(r)]
        return lists.page(request, "recordings", found)

    async def _recording(self, request: web.Request) -> web.Response:
        url = self._books.exchange.recording_url(self._the_recording(request))
        return web.json_response(self._the_recording(request).json() | {"media_url": url})

    async def _delete_recording(self, request: web.Request) -> web.Response:
        del self._books.exchange.recordings[self._the_recording(request).sid]
        return web.Response(status=204)

    async def _sound(self, request: web.Request) -> web.Response:
        return web.Response(body=tone(self._the_recording(request).seconds), content_type="audio/x-wav")

    def _the_recording(self, request: web.Request) -> Recording:
        recording = self._books.exchange.recordings.get(request.match_info["sid"])
        if recording is None:
            raise _missing(request)
        return recording

    # ---- misbehaving ----------------------------------------------------------------------

    def _check_sender(self, sender: str, code: int) -> None:
        if sender not in {n.number for n in self._books.numbers}:
            raise Refusal(400, code, f"The From phone number {sender} is not a number of this account.")

    def _stumble(self, recipient: str, kind: str, about: str) -> None:
        """What magic numbers do before anything is created."""
        found, tried = trick(recipient), (kind, recipient, about)
        if found is Trick.BROKEN_SERVER:
            raise Refusal(500, 20500, "An internal server error has occurred")
        if found is Trick.TOO_FAST_ONCE and tried not in self._slowed:
            self._slowed.add(tried)
            raise Refusal(429, 20429, "Too Many Requests", {"Retry-After": "1"})

    def _created(self, request: web.Request, recipient: str, json: Json) -> web.StreamResponse:
        self._made += 1
        lost = self._lose_every > 0 and self._made % self._lose_every == 0
        if (lost or trick(recipient) is Trick.BROKEN_CONNECTION) and request.transport:
            request.transport.abort()
        return web.json_response(json, status=201)


def _sent(message: Message) -> datetime:
    return message.sent or message.created


def _started(call: Call) -> datetime:
    return call.started or call.created


def _created(recording: Recording) -> datetime:
    return recording.created


_OF_MESSAGE: Mapping[str, Callable[[Message], str]] = {"To": lambda m: m.recipient, "From": lambda m: m.sender}
_OF_CALL: Mapping[str, Callable[[Call], str]] = {
    "To": lambda c: c.recipient,
    "From": lambda c: c.sender,
    "Status": lambda c: c.status,
    "ParentCallSid": lambda c: c.parent_sid,
}


def _credentials(header: str) -> bytes:
    scheme, _, coded = header.partition(" ")
    try:
        return base64.b64decode(coded, validate=True) if scheme.lower() == "basic" else b""
    except binascii.Error:
        return b""


def _missing(request: web.Request) -> Refusal:
    return Refusal(404, 20404, f"The requested resource {request.path} was not found")


def _field(form: Mapping[str, object], name: str) -> str:
    value = form.get(name, "")
    return value if isinstance(value, str) else ""


def _whole(form: Mapping[str, object], name: str, default: int) -> int:
    text = _field(form, name) or str(default)
    if not text.isdecimal() or len(text) > 9:
        raise Refusal(400, 20001, f"{name} must be a whole number")
    return int(text)


def _fields(form: object, name: str) -> tuple[str, ...]:
    values: Sequence[object] = form.getall(name, []) if hasattr(form, "getall") else []
    return tuple(value for value in values if isinstance(value, str))
