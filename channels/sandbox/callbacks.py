"""Twilio's requests to its customers: signed form posts, tried once more when no connection comes about."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urldefrag

import aiohttp
import yarl
from twilio.request_validator import RequestValidator

_SECONDS = 15  # https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides
_MAX_ANSWER = 64 * 1024


@dataclass(frozen=True, slots=True)
class Posted:
    """One request and its answer. `status` 0: nobody answered, `answer` says why."""

    url: str
    form: Mapping[str, str]
    status: int
    answer: str


class Courier:
    """Posts forms to the customer's webhooks, signed with the account's token; keeps a log of them."""

    def __init__(self, auth_token: str) -> None:
        self._sign = RequestValidator(auth_token).compute_signature
        self._session: aiohttp.ClientSession | None = None
        self.log: list[Posted] = []

    async def post(self, url: str, form: Mapping[str, str]) -> Posted:
        """Never raises for what the other side does."""
        url = urldefrag(url).url
        headers = {
            "X-Twilio-Signature": str(self._sign(url, dict(form))),
            "I-Twilio-Idempotency-Token": secrets.token_hex(16),
            "User-Agent": "TwilioProxy/1.1",
        }
        posted = await self._try(url, form, headers)
        if posted.status == 0:
            posted = await self._try(url, form, headers)
        self.log.append(posted)
        return posted

    async def _try(self, url: str, form: Mapping[str, str], headers: Mapping[str, str]) -> Posted:
        try:
            return await asyncio.wait_for(self._post(url, form, headers), _SECONDS)
        except aiohttp.ClientConnectorError as e:
            return Posted(url, form, 0, str(e))
        except (aiohttp.ClientError, OSError, ValueError) as e:  # TimeoutError is an OSError
            return Posted(url, form, 502, f"{type(e).__name__}: {e}")

    async def _post(self, url: str, form: Mapping[str, str], headers: Mapping[str, str]) -> Posted:
        self._session = self._session or aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar())
        exactly = yarl.URL(url, encoded=True)  # the signature covers this very spelling
        async with self._session.post(exactly, data=form, headers=headers, allow_redirects=False) as response:
            answer = await response.content.read(_MAX_ANSWER)
            return Posted(url, form, response.status, answer.decode("utf-8", "replace"))

    async def close(self) -> None:
        if self._session:
            await self._session.close()
            self._session = None
