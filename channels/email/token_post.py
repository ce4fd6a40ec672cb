"""One question to a token endpoint: TLS checked, no redirects, an answer of bounded size in bounded time."""

from __future__ import annotations

import json
import math
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from channels.email.oauth import OAuth
from channels.errors import TryLater

_MOST_BYTES = 65_536
_SECRETS = ("client_secret", "refresh_token", "code", "code_verifier", "device_code", "token")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. `said` is the JSON object, empty when it was none; it may hold tokens, so it is never shown."""

    status: int
    said: Mapping[str, Any] = field(repr=False)
    sent: tuple[str, ...] = field(repr=False)  # secrets of the question: an answer may echo them
    retry_after: float | None = None

    @property
    def holds(self) -> bool:
        return bool(self.said)

    def text(self, key: str) -> str:
        value = self.said.get(key)
        return value if isinstance(value, str) else ""

    def seconds(self, key: str, usual: float) -> float:
        """Some providers write numbers as strings. Nonsense is `usual`."""
        value = self.said.get(key)
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            return usual
        return _number(value, usual)

    def shown(self, key: str) -> str:
        """A text of the answer fit for a person: one line, short, without what we asked with."""
        words = _CONTROL.sub(" ", self.text(key))
        for secret in self.sent:
            words = words.replace(secret, "…")
        return words.strip()[:200]


async def post(url: str, words: Mapping[str, str], settings: OAuth, *, provider: str) -> Answer:
    """Raises TryLater when there is no answer. Its words name the provider, never what was sent."""
    timeout = aiohttp.ClientTimeout(total=settings.timeout_seconds)
    connector = aiohttp.TCPConnector(ssl=ssl.create_default_context(cafile=settings.ca_file), force_close=True)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout, connector=connector, cookie_jar=aiohttp.DummyCookieJar()) as session,
            session.post(url, data=dict(words), headers=_HEADERS, allow_redirects=False) as response,
        ):
            body = await _bounded(response)
            retry_after = _number(response.headers.get("Retry-After", ""), -1)
    except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as e:
        cause = "no answer in time" if isinstance(e, TimeoutError) else type(e).__name__
        raise TryLater(
            f"{provider} could not be asked for a token: {cause}", stage="token", whole_sender=True
        ) from None
    sent = tuple(words[key] for key in _SECRETS if words.get(key))
    return Answer(response.status, _object(body), sent, retry_after if retry_after >= 0 else None)


_HEADERS = {"Accept": "application/json", "Accept-Encoding": "identity"}


async def _bounded(response: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for chunk in response.content.iter_chunked(16_384):
        body += chunk
        if len(body) > _MOST_BYTES:
            raise ValueError("too long")
    return bytes(body)


def _object(body: bytes) -> Mapping[str, Any]:
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


def _number(value: float | str, usual: float) -> float:
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return usual
    return number if math.isfinite(number) and number >= 0 else usual
