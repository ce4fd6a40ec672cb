"""How Twilio lists things: newest first, filtered, page by page."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import TypeVar
from urllib.parse import urlencode

from aiohttp import web

from channels.sandbox.refusals import Refusal
from channels.sandbox.resources import Json

T = TypeVar("T")


def newest(things: Iterable[T]) -> list[T]:
    return list(reversed(list(things)))


def filters(request: web.Request, of: Mapping[str, Callable[[T], str]]) -> Callable[[T], bool]:
    wanted = {name: request.query[name] for name in of if request.query.get(name)}
    return lambda thing: all(of[name](thing) == value for name, value in wanted.items())


def moments(request: web.Request, name: str, of: Callable[[T], datetime]) -> Callable[[T], bool]:
    """Twilio's date filters: `DateSent`, `DateSent<` and `DateSent>`, each a day or an instant, all inclusive."""
    on, before, after = (request.query.get(name + sign) for sign in ("", "<", ">"))
    return lambda thing: (
        (not on or of(thing).date() == _instant(on).date())
        and (not before or of(thing) <= _instant(before, end=True))
        and (not after or of(thing) >= _instant(after))
    )


def _instant(text: str, *, end: bool = False) -> datetime:
    try:
        if len(text) == len("2026-01-31"):
            day = date.fromisoformat(text)
            return datetime(
                day.year, day.month, day.day, 23 if end else 0, 59 if end else 0, 59 if end else 0, tzinfo=UTC
            )
        return datetime.fromisoformat(text).astimezone(UTC)
    except ValueError as e:
        raise Refusal(400, 20001, f"{text!r} is no date") from e


def page(request: web.Request, key: str, every: Sequence[Json]) -> web.Response:
    size = min(max(_number(request, "PageSize", 50), 1), 1000)
    page = max(_number(request, "Page", 0), 0)
    shown = every[page * size : (page + 1) * size]
    return web.json_response(
        {
            key: shown,
            "end": max(page * size + len(shown) - 1, 0),
            "first_page_uri": _page_uri(request, 0, size),
            "next_page_uri": _page_uri(request, page + 1, size) if len(every) > (page + 1) * size else None,
            "page": page,
            "page_size": size,
            "previous_page_uri": _page_uri(request, page - 1, size) if page else None,
            "start": page * size,
            "uri": _page_uri(request, page, size),
        }
    )


def _page_uri(request: web.Request, page: int, size: int) -> str:
    kept = {k: v for k, v in request.query.items() if k not in ("Page", "PageSize")}
    return f"{request.path}?{urlencode(kept | {'PageSize': size, 'Page': page})}"


def _number(request: web.Request, name: str, default: int) -> int:
    text = request.query.get(name, "")
    return int(text) if text.isdecimal() and len(text) < 10 else default
