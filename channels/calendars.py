"""Bring a calendar whose address somebody typed: from the open Internet only, within limits, no cookies."""

from __future__ import annotations

import asyncio
from urllib.parse import urljoin, urlsplit

import aiohttp

from channels import fetching, posting
from channels.errors import Unreadable

MAX_BYTES = 2 * 1024 * 1024
MAX_REDIRECTS = 3
SECONDS = 20.0
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_HEADERS = {"Accept": "text/calendar", "Accept-Encoding": "identity"}


def usable(url: str, *, loopback: bool) -> bool:
    """May this be fetched? https and a name of the open Internet; or, with `loopback`, this machine."""
    return posting.usable(url, loopback=loopback)


async def fetch(url: str, *, loopback: bool = False) -> bytes:
    """At most 2 MB within 20 s, three redirects followed. Raises Unreadable with the cause."""
    try:
        async with asyncio.timeout(SECONDS):
            return await _follow(url, loopback=loopback)
    except TimeoutError as e:
        raise Unreadable("The calendar did not come in time") from e
    except (aiohttp.ClientError, OSError, ValueError) as e:
        raise Unreadable(f"The calendar could not be fetched: {type(e).__name__}") from e


async def _follow(url: str, *, loopback: bool) -> bytes:
    for hop in range(MAX_REDIRECTS + 1):
        here = loopback and hop == 0  # nobody else sends us to our own machine
        if not usable(url, loopback=here):
            raise Unreadable("The calendar lies where we do not go")
        answer = await _get(url, here=here and urlsplit(url).hostname in posting.HERE)
        if isinstance(answer, bytes):
            return answer
        url = urljoin(url, answer)
    raise Unreadable("The calendar was passed on too often")


async def _get(url: str, *, here: bool) -> bytes | str:
    """The bytes, or where to look for them."""
    connector = aiohttp.TCPConnector(force_close=True) if here else fetching.public_connector()
    async with (
        aiohttp.ClientSession(
            connector=connector, cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False, headers=_HEADERS
        ) as session,
        session.get(url, allow_redirects=False) as response,
    ):
        if response.status in _REDIRECTS:
            return response.headers.get("Location", "")
        if response.status != 200:
            raise Unreadable(f"There is no calendar (HTTP {response.status})")
        return await fetching.content(response, MAX_BYTES)
