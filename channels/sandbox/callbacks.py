"""Twilio's requests to its customers: signed form posts, tried again as the address asks for behind its `#`."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs, urldefrag

import aiohttp
import yarl
from twilio.request_validator import RequestValidator

_SECONDS = 15.0  # for all tries together: https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides
_MOST = 5  # tries after the first
_PAUSE = 0.25  # seconds before the second try, twice as long before each further one; Twilio does not publish its own
_MAX_ANSWER = 64 * 1024
_SILENT = 504  # connected, but no answer came in time


@dataclass(frozen=True, slots=True)
class Posted:
    """One request and its answer. `status` 0: nobody answered, `answer` says why."""

    url: str
    form: Mapping[str, str]
    status: int
    answer: str


@dataclass(frozen=True, slots=True)
class Patience:
    """What the fragment of a webhook's address asks for: how many more tries, and after what."""

    tries: int = 1  # rc
    after: frozenset[str] = frozenset({"ct"})  # rp: 4xx, 5xx, ct (no connection), rt (no answer), all

    @classmethod
    def of(cls, fragment: str) -> Patience:
        """`rc=5&rp=ct,5xx`; what is missing or makes no sense is Twilio's own habit."""
        asked = parse_qs(fragment)
        count, after = asked.get("rc", [""])[0], asked.get("rp", [""])[0]
        tries = min(int(count), _MOST) if count.isascii() and count.isdigit() and len(count) < 3 else cls().tries
        return cls(tries, frozenset(after.lower().split(",")) if after else cls().after)

    def again(self, posted: Posted) -> bool:
        """Is this outcome one to try again after?"""
        kind = {0: "ct", _SILENT: "rt"}.get(posted.status, f"{posted.status // 100}xx")
        return kind in self.after or ("all" in self.after and kind not in ("2xx", "3xx"))


class Courier:
    """Posts forms to the customer's webhooks, signed with the account's token; keeps a log of them."""

    def __init__(self, auth_token: str) -> None:
        self._sign = RequestValidator(auth_token).compute_signature
        self._session: aiohttp.ClientSession | None = None
        self.log: list[Posted] = []

    async def post(self, url: str, form: Mapping[str, str]) -> Posted:
        """Never raises for what the other side does."""
        url, fragment = urldefrag(url)
        headers = {
            "X-Twilio-Signature": str(self._sign(url, dict(form))),
            "I-Twilio-Idempotency-Token": secrets.token_hex(16),
            "User-Agent": "TwilioProxy/1.1",
        }
        posted = await self._until_taken(url, form, headers, Patience.of(fragment))
        self.log.append(posted)
        return posted

    async def _until_taken(
        self, url: str, form: Mapping[str, str], headers: Mapping[str, str], patience: Patience
    ) -> Posted:
        end = time.monotonic() + _SECONDS
        posted = await self._try(url, form, headers, _SECONDS)
        for number in range(patience.tries):
            pause = _PAUSE * 2**number if number or posted.status else 0.0
            if not patience.again(posted) or time.monotonic() + pause >= end:
                break
            await asyncio.sleep(pause)
            posted = await self._try(url, form, headers, end - time.monotonic())
        return posted

    async def _try(self, url: str, form: Mapping[str, str], headers: Mapping[str, str], seconds: float) -> Posted:
        try:
            return await asyncio.wait_for(self._post(url, form, headers), seconds)
        except aiohttp.ClientConnectorError as e:
            return Posted(url, form, 0, str(e))
        except TimeoutError:
            return Posted(url, form, _SILENT, "No answer in time")
        except (aiohttp.ClientError, OSError, ValueError) as e:
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
