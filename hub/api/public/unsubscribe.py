"""/u/{token}: leaving without signing in, by a mail program's one click (RFC 8058) or a person's button (U2)."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from html import escape
from typing import Any

from fastapi import APIRouter, Request, Response

from hub import clock
from hub.api.access import hub_of, ip_of
from hub.api.problems import Endpoint
from hub.api.public import outside
from hub.api.public.outside import page, sentence, unless_away, words_for
from hub.api.public.unsubscribe_words import WORDS, Words
from hub.campaigns.previews import HARMLESS
from hub.customers import consent, directory, wordings
from hub.customers.consent import Statement
from hub.outbound import preference_links, unsubscribe_links
from hub.outbound.unsubscribe_links import Link

router = APIRouter(prefix="/u", route_class=Endpoint, include_in_schema=False)
_MOST = 10  # fields
_LARGEST = 10_000  # bytes; the whole form is one word
_ONE_CLICK = "one-click"  # the source
_A_DAY = timedelta(days=1)
_MULTIPART = re.compile(rb'name="?List-Unsubscribe"?[^\r\n]*\r\n(?:[^\r\n]+\r\n)*\r\nOne-Click\r\n')


@router.api_route("/{token}", methods=["GET", "HEAD"])
async def ask(request: Request, token: str) -> Response:
    """A page with a button; without one where it is done already. Looking changes nothing: mail scanners open every
    link."""
    return await unless_away(request, _asked(request, token), WORDS)


@router.post("/{token}")
async def leave(request: Request, token: str) -> Response:
    """Done at once, without cookie, redirect or further question; twice is the same as once."""
    return await unless_away(request, _left(request, token), WORDS)


async def _asked(request: Request, token: str) -> Response:
    if token == HARMLESS:
        return await _of_a_test(request)
    link, said = await _read(request, token)
    if link is None:
        return await sentence(request, said, said.broken, status=404)
    async with hub_of(request).database.unit() as session:
        granted = await _is_granted(session, link)
    if not granted:
        return await _done(request, link, said)
    button = f'<form method="post"><p><button name="unsubscribe" value="yes">{escape(said.button)}</button></p></form>'
    what = escape(said.what(link.purpose, link.channel))
    body = f"<h1>{escape(said.title)}</h1>\n<p>{what}</p>\n{button}\n{_choosing(request, link, said)}"
    return await page(request, said, body)


async def _left(request: Request, token: str) -> Response:
    if token == HARMLESS:
        return await _of_a_test(request)
    link, said = await _read(request, token)
    if link is None:
        return await sentence(request, said, said.broken, status=404)
    source = _source(request.headers.get("content-type", ""), await outside.body(request, _LARGEST))
    if source is None:
        return await sentence(request, said, said.press, status=400)
    await _withdraw(request, link, source, said)
    return await _done(request, link, said)


async def _done(request: Request, link: Link, said: Words) -> Response:
    body = f"<h1>{escape(said.title)}</h1>\n<p>{escape(said.done)}</p>\n{_choosing(request, link, said)}"
    return await page(request, said, body)


def _choosing(request: Request, link: Link, said: Words) -> str:
    """On to everything else that may be chosen. Links to leave by hold for ever: this one for a day."""
    url = preference_links.address(hub_of(request).gate, link.customer_id, now=clock.now(), holds=_A_DAY)
    return f'<p><a href="{escape(url)}">{escape(said.choose)}</a></p>'


async def _of_a_test(request: Request) -> Response:
    said = words_for(request, WORDS)
    return await sentence(request, said, said.test)


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
    link = unsubscribe_links.read(hub.signer, token)
    if link is None:
        return None, words_for(request, WORDS)
    async with hub.database.unit() as session:
        reader = await directory.standing(session, link.customer_id)  # who was merged since is the other one now
        link = replace(link, customer_id=reader)
        try:
            language = (await directory.get(session, link.customer_id)).language
        except directory.NotFound:
            language = ""
    return link, words_for(request, WORDS, language)


def _source(content_type: str, body: bytes) -> str | None:
    """How the customer said it; None when the form says nothing of the kind."""
    if content_type.startswith("multipart/form-data"):
        return _ONE_CLICK if _MULTIPART.search(body) else None
    fields = outside.fields_of(body, _MOST)
    if fields.get("List-Unsubscribe") == "One-Click":
        return _ONE_CLICK
    return "unsubscribe page" if fields.get("unsubscribe") == "yes" else None
