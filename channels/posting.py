"""Post words to an address that somebody typed: to the open Internet only, within limits, following nothing."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

import aiohttp

from channels import fetching
from channels.errors import Unreadable

SECONDS = 15.0
_LONGEST_ANSWER = 2_000  # bytes that are kept of it
HERE = frozenset({"127.0.0.1", "::1", "localhost"})


@dataclass(frozen=True, slots=True)
class Answered:
    """`status` 0: nobody answered, and `text` says why. Else the HTTP status and the beginning of the answer."""

    status: int
    text: str
    milliseconds: int

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300


def usable(url: str, *, loopback: bool) -> bool:
    """May this be posted to? https and a name of the open Internet; or, with `loopback`, this machine."""
    try:
        split = urlsplit(url)
        _ = split.port
    except ValueError:
        return False
    if not url.isascii() or not url.isprintable() or " " in url or split.username is not None:
        return False
    return (loopback and _is_here(split)) or (split.scheme == "https" and fetching.is_name(split.hostname or ""))


async def post(url: str, body: bytes, headers: dict[str, str], *, loopback: bool) -> Answered:
    """Within 15 s, redirects not followed. What went wrong is told, never raised."""
    began = time.monotonic()
    if not usable(url, loopback=loopback):
        return Answered(0, "This address may not be posted to", 0)
    try:
        async with asyncio.timeout(SECONDS):
            status, text = await _post(url, body, headers, here=_is_here(urlsplit(url)))
    except TimeoutError:
        status, text = 0, f"No answer within {SECONDS:.0f} s"
    except Unreadable:
        status, text = 0, "The name does not lead to the open Internet"
    except (aiohttp.ClientError, OSError, ValueError) as e:
        status, text = 0, f"{type(e).__name__}: {e}"[:300]
    return Answered(status, text, round(1000 * (time.monotonic() - began)))


async def _post(url: str, body: bytes, headers: dict[str, str], *, here: bool) -> tuple[int, str]:
    connector = aiohttp.TCPConnector(force_close=True) if here else fetching.public_connector()
    async with (
        aiohttp.ClientSession(
            connector=connector, cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False
        ) as session,
        session.post(url, data=body, headers=headers, allow_redirects=False) as answer,
    ):
        said = await answer.content.read(_LONGEST_ANSWER)
        return answer.status, said.decode("utf-8", "replace").replace("\0", "")


def _is_here(url: SplitResult) -> bool:
    return url.scheme in ("http", "https") and url.hostname in HERE
