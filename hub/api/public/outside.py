"""What all pages for people outside share: in whose language they speak, and what came with their forms."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from html import escape
from typing import TypeAlias, TypeVar
from urllib.parse import parse_qsl

from fastapi import Request, Response
from starlette.datastructures import ImmutableMultiDict

from hub.api import plain
from hub.api.access import hub_of
from hub.api.problems import Problem, limited
from hub.bootstrap import Hub
from hub.branding import brands, paper
from hub.branding.brands import Brand
from hub.branding.paper import Company
from hub.database import outage
from hub.languages import PageWords, in_language

W = TypeVar("W")
Form: TypeAlias = ImmutableMultiDict[str, str]


def words_for(request: Request, table: Mapping[str, W], language: str = "") -> W:
    """In the language of whoever this is about; of somebody unknown, in their browser's; else in the company's."""
    browser = request.headers.get("accept-language", "")[:2].lower()
    return in_language(table, language, browser, hub_of(request).settings.hub.languages[0])


async def fields(request: Request, *, largest: int, most: int) -> Form:
    """At most so many fields in so many bytes. Empty when it is anything else."""
    return fields_of(await body(request, largest), most)


def fields_of(content: bytes, most: int) -> Form:
    """Blank ones too; without NUL, which no column holds, and without the space around."""
    try:
        found = parse_qsl(content.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=most)
    except ValueError:
        return Form()
    return Form([(name, value.replace("\0", "").strip()) for name, value in found])


async def body(request: Request, largest: int) -> bytes:
    """Empty when it is larger: nobody's form is."""
    try:
        return await limited(request, largest).body()
    except Problem:
        return b""


async def page(request: Request, said: PageWords, inside: str, *, title: str = "", status: int = 200) -> Response:
    """A whole page in the company's brand. Every foreign word of `inside` went through `escape`."""
    hub = hub_of(request)
    async with hub.database.unit() as session:
        brand = await brands.read(session)
    return _framed(hub, brand, said, inside, title, status)


def bare(request: Request, said: PageWords, inside: str, *, title: str = "", status: int = 200) -> Response:
    """The same without the database, which may be away or is not to be asked: with the company's name alone."""
    return _framed(hub_of(request), Brand(), said, inside, title, status)


async def sentence(request: Request, said: PageWords, words: str, *, status: int = 200) -> Response:
    """A page that says one thing."""
    return await page(request, said, _sentence(said, words), status=status)


def alert(words: str) -> str:
    """What went wrong, as a piece of a page; nothing when nothing did."""
    return f'<p role="alert"><strong>{escape(words)}</strong></p>' if words else ""


async def unless_away(request: Request, answer: Awaitable[Response], table: Mapping[str, PageWords]) -> Response:
    """A person reads this: an outage too is told in words. Mail programs look at the status and come again."""
    try:
        return await answer
    except Exception as e:
        if not outage.is_away(e):
            raise
    said = words_for(request, table)
    away = bare(request, said, _sentence(said, said.away), status=503)
    away.headers["Retry-After"] = str(outage.RETRY_AFTER)
    return away


def _sentence(said: PageWords, words: str) -> str:
    return f"<h1>{escape(said.title)}</h1>\n<p>{escape(words)}</p>"


def _framed(hub: Hub, brand: Brand, said: PageWords, inside: str, title: str, status: int) -> Response:
    company = Company(hub.settings.hub.name, hub.settings.hub.languages[0], hub.signer)
    around = paper.frame(company, brand, said.language)
    return plain.page(title or said.title, inside, language=said.language, status=status, frame=around)
