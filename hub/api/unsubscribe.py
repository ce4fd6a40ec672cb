"""/u/{token}: leaving without signing in, by a mail program's one click (RFC 8058) or a person's button (U2)."""

from __future__ import annotations

import re
from collections.abc import Awaitable
from dataclasses import dataclass
from datetime import timedelta
from html import escape
from typing import Any
from urllib.parse import parse_qs
from uuid import UUID

from fastapi import APIRouter, Request, Response

from channels.message import Kind
from hub import clock
from hub.api.access import hub_of, ip_of
from hub.api.plain import page, sentence, unless_away
from hub.api.problems import Endpoint, Problem, limited
from hub.api.unsubscribe_words import Words, words
from hub.campaigns.previews import HARMLESS
from hub.customers import consent, directory, wordings
from hub.customers.consent import Statement
from hub.models.vocabulary import Purpose
from hub.outbound import preference_links
from hub.outbound.planning import UNSUBSCRIBE

router = APIRouter(prefix="/u", route_class=Endpoint, include_in_schema=False)
_LARGEST = 10_000  # bytes; the whole form is one word
_ONE_CLICK = "one-click"  # the source
_A_DAY = timedelta(days=1)
_MULTIPART = re.compile(rb'name="?List-Unsubscribe"?[^\r\n]*\r\n(?:[^\r\n]+\r\n)*\r\nOne-Click\r\n')


@dataclass(frozen=True, slots=True)
class Link:
    """What a signed link stops: one purpose on one channel, for one customer."""

    customer_id: UUID
    purpose: Purpose
    channel: Kind


@router.api_route("/{token}", methods=["GET", "HEAD"])
async def ask(request: Request, token: str) -> Response:
    """A page with a button. Looking changes nothing: mail scanners open every link."""
    return await _spoken(request, _asked(request, token))


@router.post("/{token}")
async def leave(request: Request, token: str) -> Response:
    """Done at once, without cookie, redirect or further question; twice is the same as once."""
    return await _spoken(request, _left(request, token))


async def _spoken(request: Request, answer: Awaitable[Response]) -> Response:
    said = _outside(request)
    return await unless_away(answer, said.title, said.away, said.language)


async def _asked(request: Request, token: str) -> Response:
    if token == HARMLESS:
        return _of_a_test(request)
    link, said = await _read(request, token)
    if link is None:
        return _no_such_link(said)
    company = escape(hub_of(request).settings.hub.name)
    button = f'<form method="post"><p><button name="unsubscribe" value="yes">{escape(said.button)}</button></p></form>'
    what = escape(said.what(link.purpose, link.channel))
    body = f"<h1>{company}</h1>\n<p>{what}</p>\n{button}\n{_choosing(request, link, said)}"
    return page(said.title, body, language=said.language)


async def _left(request: Request, token: str) -> Response:
    if token == HARMLESS:
        return _of_a_test(request)
    link, said = await _read(request, token)
    if link is None:
        return _no_such_link(said)
    source = _source(request.headers.get("content-type", ""), await _body(request))
    if source is None:
        return sentence(said.title, said.press, language=said.language, status=400)
    await _withdraw(request, link, source, said)
    company = escape(hub_of(request).settings.hub.name)
    body = f"<h1>{company}</h1>\n<p>{escape(said.done)}</p>\n{_choosing(request, link, said)}"
    return page(said.title, body, language=said.language)


def _choosing(request: Request, link: Link, said: Words) -> str:
    """On to everything else that may be chosen. Links to leave by hold for ever: this one for a day."""
    url = preference_links.address(hub_of(request).gate, link.customer_id, now=clock.now(), holds=_A_DAY)
    return f'<p><a href="{escape(url)}">{escape(said.choose)}</a></p>'


def _of_a_test(request: Request) -> Response:
    said = _outside(request)
    return sentence(said.title, said.test, language=said.language)


def _outside(request: Request) -> Words:
    """The words for somebody of whom nothing is known but their browser."""
    default = hub_of(request).settings.hub.languages[0]
    return words(request.headers.get("accept-language", default)[:2].lower(), default)


async def _withdraw(request: Request, link: Link, source: str, said: Words) -> None:
    one_click = source == _ONE_CLICK
    shown = f"{said.what(link.purpose, link.channel)} [{said.button}]"
    statement = Statement(
        customer_id=link.customer_id,
        purpose=link.purpose,
        channel=link.channel,
        granted=False,
        source=source,
        wording=wordings.ONE_CLICK if one_click else shown,
        wording_version=wordings.version("one-click") if one_click else wordings.version("unsubscribe", said.language),
        evidence=ip_of(request),
    )
    async with hub_of(request).database.unit() as session:
        if await _is_granted(session, link):
            await consent.record(session, statement, now=clock.now())


async def _is_granted(session: Any, link: Link) -> bool:
    """False when the customer has said no to exactly this already, or is gone."""
    try:
        await directory.get(session, link.customer_id)
    except directory.NotFound:
        return False
    latest = consent.standing(await consent.ledger(session, link.customer_id), link.purpose, link.channel)
    return latest is None or latest.granted


async def _read(request: Request, token: str) -> tuple[Link | None, Words]:
    """The link and the words in its customer's language."""
    hub = hub_of(request)
    value = hub.signer.read(UNSUBSCRIBE, token, now=clock.now()) if len(token) <= 500 else None
    default = hub.settings.hub.languages[0]
    if value is None:
        return None, words(request.headers.get("accept-language", default)[:2].lower(), default)
    customer_id, purpose, channel = value.split(" ")
    async with hub.database.unit() as session:
        reader = await directory.standing(session, UUID(customer_id))  # who was merged since is the other one now
        link = Link(reader, Purpose(purpose), Kind(channel))
        try:
            language = (await directory.get(session, link.customer_id)).language
        except directory.NotFound:
            language = default
    return link, words(language, default)


async def _body(request: Request) -> bytes:
    try:
        return await limited(request, _LARGEST).body()
    except Problem:
        return b""


def _source(content_type: str, body: bytes) -> str | None:
    """How the customer said it; None when the form says nothing of the kind."""
    if content_type.startswith("multipart/form-data"):
        return _ONE_CLICK if _MULTIPART.search(body) else None
    fields = parse_qs(body.decode("latin-1"), max_num_fields=10) if body.count(b"&") < 10 else {}
    if fields.get("List-Unsubscribe") == ["One-Click"]:
        return _ONE_CLICK
    return "unsubscribe page" if fields.get("unsubscribe") == ["yes"] else None


def _no_such_link(said: Words) -> Response:
    return sentence(said.title, said.broken, language=said.language, status=404)
