"""/join/{key}: a stranger signs up, and /join/yes/{token}: whoever has the address says that it was they.

Neither needs a script, a cookie or an account; nobody is told whether an address is known.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from html import escape
from typing import Any
from urllib.parse import urlsplit

from fastapi import APIRouter, Request, Response

from hub import clock
from hub.api.access import hub_of, ip_of
from hub.api.plain import HEADERS
from hub.api.problems import Endpoint
from hub.api.public import join_form
from hub.api.public.join_form import Filled
from hub.api.public.outside import fields, page, sentence, unless_away, words_for
from hub.joining import asking, confirming, forms, markup
from hub.joining.asking import Asked
from hub.joining.confirming import Standing
from hub.joining.markup import TRAP, Typed, Wrong
from hub.joining.page_words import WORDS, Words
from hub.models import SignUpForm
from hub.outbound import confirmations
from hub.staff import audit, throttle

router = APIRouter(prefix="/join", route_class=Endpoint, include_in_schema=False)
_LARGEST, _MOST = 20_000, 100  # bytes, fields


@dataclass(frozen=True, slots=True)
class Visited:
    """A form that is there, in its visitor's language."""

    form: SignUpForm
    offered: dict[str, str]
    said: Words


# ---- whoever has the address ----------------------------------------------------------------


@router.api_route("/yes/{token}", methods=["GET", "HEAD"])
async def question(request: Request, token: str) -> Response:
    """A page with a button. Looking changes nothing: mail scanners open every link."""
    return await unless_away(request, _confirmation(request, token, acts=False), WORDS)


@router.post("/yes/{token}")
async def confirm(request: Request, token: str) -> Response:
    """Confirmed at once; twice is the same as once."""
    return await unless_away(request, _confirmation(request, token, acts=True), WORDS)


async def _confirmation(request: Request, token: str, *, acts: bool) -> Response:
    hub, said = hub_of(request), _said(request)
    number = confirmations.read(hub.signer, token) if len(token) <= 100 else None
    if number is None:
        return await sentence(request, said, said.broken, status=404)
    async with hub.database.unit() as session:
        if acts:
            await _say_yes(session, request, number)
        found = await confirming.read(session, number, now=clock.now())
    if found is None or found.standing is Standing.OVER:
        return await sentence(request, said, said.over, status=410)
    said = words_for(request, WORDS, found.sign_up.language)
    if found.standing is Standing.CONFIRMED:
        return await (_afterwards(request, found.form, said, said.done) if acts else _told(request, said, said.done))
    asked = markup.question(found.sign_up, said)
    return _leading(await page(request, said, asked), found.form)


async def _say_yes(session: Any, request: Request, number: Any) -> None:
    hub, now, ip = hub_of(request), clock.now(), ip_of(request)
    customer = await confirming.confirm(session, number, ip=ip, gate=hub.gate, now=now)
    if customer is not None:
        subject = f"customer:{customer.id}"
        await audit.write(session, "customer.sign_up", staff_id=None, subject=subject, ip=ip, now=now)


# ---- whoever fills in the form --------------------------------------------------------------


@router.api_route("/{key}", methods=["GET", "HEAD"])
async def show(request: Request, key: str) -> Response:
    """The form, empty. `?language=` chooses one of the company's."""
    return await unless_away(request, _shown(request, key), WORDS)


@router.post("/{key}")
async def take(request: Request, key: str) -> Response:
    """The same answer to everybody whose form can be read."""
    return await unless_away(request, _taken(request, key), WORDS)


async def _shown(request: Request, key: str) -> Response:
    visited = await _visited(request, key, request.query_params.get("language", ""))
    return await (_form(request, visited, Typed()) if visited else _closed(request))


async def _taken(request: Request, key: str) -> Response:
    typed = await _typed(request)
    visited = await _visited(request, key, join_form.shown(typed) or typed.get("language"))
    if visited is None:
        return await _closed(request)
    said, network = visited.said, throttle.network(ip_of(request))
    if not request.state.meters.joins.take(network, time.monotonic()):
        return await _form(request, visited, typed, Wrong("", said.too_often), status=429)
    try:
        country = hub_of(request).settings.hub.country
        wanted = join_form.filled(typed, visited.form, visited.offered, country, said)
    except Wrong as wrong:
        return await _form(request, visited, typed, wrong, status=422)
    if not typed.get(TRAP):
        await _ask(request, visited, typed, wanted)
    return await _afterwards(request, visited.form, said, said.nearly.format(days=asking.HOLDS.days))


async def _ask(request: Request, visited: Visited, typed: Typed, wanted: Filled) -> None:
    """In the language that they chose, about what they read in the page's."""
    hub, ip, shown = hub_of(request), ip_of(request), visited.said.language
    wished = typed.get("language") if _spoken(request, typed.get("language")) else shown
    asked = Asked(
        kind=wanted.kind,
        address=wanted.address,
        items=wanted.items,
        language=wished,
        network=throttle.network(ip),
        ip=ip,
        name=wanted.name,
        shown=shown,
    )
    async with hub.database.unit() as session:
        await asking.ask(session, visited.form, asked, gate=hub.gate, now=clock.now())


async def _typed(request: Request) -> Typed:
    form = await fields(request, largest=_LARGEST, most=_MOST)
    return Typed(form, form.getlist("item"))


async def _visited(request: Request, key: str, language: str) -> Visited | None:
    hub = hub_of(request)
    if len(key) > forms.LONGEST_KEY:
        return None
    said = _said(request, language)
    async with hub.database.unit() as session:
        form = await forms.find(session, key)
        if form is None or not form.active:
            return None
        return Visited(form, await forms.offered(session, form, said.language), said)


def _spoken(request: Request, language: str) -> bool:
    return language in hub_of(request).settings.hub.languages


def _said(request: Request, language: str = "") -> Words:
    """Only in the company's languages: what is agreed to here is written in them."""
    return words_for(request, {code: WORDS[code] for code in hub_of(request).settings.hub.languages}, language)


# ---- the pages ------------------------------------------------------------------------------


async def _form(
    request: Request, visited: Visited, typed: Typed, wrong: Wrong | None = None, *, status: int = 200
) -> Response:
    tongues = hub_of(request).settings.hub.languages
    shown = markup.Shown(visited.form, visited.offered, tongues, visited.said, typed, wrong)
    title = markup.title(visited.form, visited.said)
    whole = await page(request, visited.said, markup.body(shown), title=title, status=status)
    return _leading(whole, visited.form)


def _leading(response: Response, form: SignUpForm) -> Response:
    """Browsers hold the way on after a form against the policy as well: the form's own goal is let through."""
    if form.after_url:
        goal = f"https://{urlsplit(form.after_url).netloc}"
        policy = HEADERS["Content-Security-Policy"].replace("form-action 'self'", f"form-action 'self' {goal}")
        response.headers["Content-Security-Policy"] = policy
    return response


async def _afterwards(request: Request, form: SignUpForm, said: Words, told: str) -> Response:
    """On to where the form leads, and nowhere that a visitor could choose."""
    if not form.after_url:
        return await _told(request, said, told)
    return Response(status_code=303, headers={**HEADERS, "Location": form.after_url})


async def _told(request: Request, said: Words, told: str) -> Response:
    body = f'<h1>{escape(said.title)}</h1>\n<p role="status">{escape(told)}</p>'
    return await page(request, said, body)


async def _closed(request: Request) -> Response:
    said = _said(request)
    return await sentence(request, said, said.closed, status=404)
