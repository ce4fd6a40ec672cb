"""Bring a picture that a mail points to, as a stranger would: from the open Internet only, within limits, no cookies.

Whoever placed it learns that somebody looked, from our server's address; so nothing is fetched until a reader asks.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import SplitResult, urljoin, urlsplit

import aiohttp

from channels import fetching
from channels.errors import Unreadable

MAX_BYTES = 5 * 1024 * 1024
MAX_REDIRECTS = 3
SECONDS = 10.0
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_HEADERS = {"Accept": "image/*", "Accept-Encoding": "identity", "User-Agent": "Mozilla/5.0 (compatible; pictures)"}
_BEGINNINGS = {
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF87a": "image/gif",
    b"GIF89a": "image/gif",
}


@dataclass(frozen=True, slots=True)
class Picture:
    media_type: str
    content: bytes


async def fetch(url: str, *, connector: Callable[[], aiohttp.TCPConnector] = fetching.public_connector) -> Picture:
    """One PNG, JPEG, GIF or WebP of at most 5 MB within 10 s. Raises Unreadable with the cause."""
    try:
        async with asyncio.timeout(SECONDS):
            return picture(await _follow(url, connector))
    except TimeoutError as e:
        raise Unreadable("The picture did not come in time") from e
    except (aiohttp.ClientError, OSError, ValueError) as e:
        raise Unreadable(f"The picture could not be fetched: {type(e).__name__}") from e


def picture(content: bytes) -> Picture:
    """What it is by its own first bytes, whatever it was said to be. Raises Unreadable when it is none we show."""
    known = next((kind for beginning, kind in _BEGINNINGS.items() if content.startswith(beginning)), "")
    if not known and content.startswith(b"RIFF") and content[8:12] == b"WEBP":
        known = "image/webp"
    if not known:
        raise Unreadable("It is no PNG, JPEG, GIF or WebP")
    return Picture(known, content)


async def _follow(url: str, connector: Callable[[], aiohttp.TCPConnector]) -> bytes:
    async with aiohttp.ClientSession(
        connector=connector(), cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False, headers=_HEADERS
    ) as session:
        for _ in range(MAX_REDIRECTS + 1):
            answer = await _get(session, url)
            if isinstance(answer, bytes):
                return answer
            url = urljoin(url, answer)
    raise Unreadable("The picture was passed on too often")


async def _get(session: aiohttp.ClientSession, url: str) -> bytes | str:
    """The bytes, or where to look for them."""
    _check(urlsplit(url))
    async with session.get(url, allow_redirects=False) as response:
        if response.status in _REDIRECTS:
            return response.headers.get("Location", "")
        if response.status != 200:
            raise Unreadable(f"There is no picture (HTTP {response.status})")
        return await fetching.content(response, MAX_BYTES)


def _check(url: SplitResult) -> None:
    """Names only, on the usual ports: the connector then sees to it that the name leads to the open Internet."""
    host = url.hostname or ""
    usual = {"http": (None, 80), "https": (None, 443)}.get(url.scheme, ())
    if url.port not in usual or url.username is not None or not host.isascii() or "." not in host:
        raise Unreadable("The picture lies where we do not go")
    if not fetching.is_name(host):
        raise Unreadable("The picture lies at a bare network address")
