"""One Twilio account: its settings, the client that speaks for it, and whether it is fit for use."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar
from urllib.parse import urlsplit

import aiohttp
from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator
from twilio.http import AsyncHttpClient
from twilio.http.response import Response
from twilio.rest import Client

from channels import fetching
from channels.adapter import Finding
from channels.errors import ChannelError, Refused, TryLater, Unknown
from channels.message import Attachment, Media
from channels.twilio.codes import failure

T = TypeVar("T")
_MOST_BYTES = 16 * 1024 * 1024  # of an answer; a page of a list has one or two


class Account(BaseModel):
    """The part of a channel's configuration that SMS and voice have in common."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    account_sid: str = Field(pattern=r"^AC[0-9a-fA-F]{32}$")
    auth_token: SecretStr
    previous_auth_token: SecretStr | None = (
        None  # while the token is being rotated, webhooks signed with it are believed
    )
    base_url: str = "https://api.twilio.com"
    timeout_seconds: float = Field(default=10, gt=0, le=60)

    @field_validator("base_url")
    @classmethod
    def _base_url(cls, value: str) -> str:
        url = urlsplit(value)
        local = url.hostname in ("127.0.0.1", "::1", "localhost")
        if not url.hostname or not (url.scheme == "https" or (url.scheme == "http" and local)):
            raise ValueError("must be an https:// address (http:// only on this machine)")
        return value.rstrip("/")

    def tokens(self) -> tuple[str, ...]:
        """Every token a webhook may be signed with."""
        both = (self.auth_token, self.previous_auth_token)
        return tuple(token.get_secret_value() for token in both if token and token.get_secret_value())


class Line:
    """The connection to one account. Opens nothing before it is first used, inside the running loop."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._wire: _Wire | None = None

    @property
    def client(self) -> Any:
        """Twilio's own client, speaking through our wire: its calls raise channel errors, never Twilio's."""
        account, self._wire = self._account, self._wire or _Wire(self._account.timeout_seconds)
        client = Client(
            account.account_sid,
            account.auth_token.get_secret_value(),
            http_client=self._wire,
            environment={"TWILIO_EDGE": "", "TWILIO_REGION": ""},  # either would rewrite a base_url of one's own
        )
        client.api.base_url = account.base_url
        return client

    async def ask(self, request: Awaitable[T]) -> T:
        """Await one of the client's calls. An answer that cannot be understood means Unknown: it may have worked."""
        try:
            return await request
        except ChannelError:
            raise
        except (ValueError, TypeError, KeyError, AttributeError) as e:
            raise Unknown(f"Twilio's answer makes no sense: {type(e).__name__}", stage="answered") from e

    async def listed(self, request: Awaitable[list[Any]]) -> list[Any]:
        """Await a listing, which may be asked for again. Raises TryLater or Misconfigured."""
        try:
            return await self.looked_up(request)
        except Refused as e:
            raise TryLater(f"Twilio's list cannot be read: {e}", code=e.code, stage=e.stage) from e

    async def looked_up(self, request: Awaitable[T]) -> T:
        """Await what changes nothing, and may be asked for again. Raises TryLater, Misconfigured or Refused."""
        try:
            return await self.ask(request)
        except Unknown as e:
            raise TryLater(f"Twilio's answer cannot be read: {e}", code=e.code, stage=e.stage) from e

    async def fetch(self, media: Media) -> Attachment:
        account = self._account
        shelf = fetching.Shelf(
            (".twilio.com",),
            account.base_url,
            account.account_sid,
            account.auth_token.get_secret_value(),
            max(30.0, account.timeout_seconds),
        )
        return await fetching.fetch(shelf, media)

    async def close(self) -> None:
        if self._wire:
            await self._wire.session.close()
            self._wire = None


class _Wire(AsyncHttpClient):  # type: ignore[misc]
    """How the library's client reaches the net; never repeats a request.

    The library's own aiohttp wire waits for ever whatever timeout it is given, and drops Retry-After.
    """

    def __init__(self, seconds: float) -> None:
        super().__init__(None, True, None)
        self._seconds = seconds
        self.session = aiohttp.ClientSession(
            # Half the time for finding and reaching it: what runs out there is known not to have been sent.
            timeout=aiohttp.ClientTimeout(total=None, connect=seconds / 2, sock_connect=seconds / 2),
            cookie_jar=aiohttp.DummyCookieJar(),
        )

    async def request(
        self,
        method: str,
        uri: str,
        params: Mapping[str, object] | None = None,
        data: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,
        allow_redirects: bool = False,
    ) -> Response:
        """One request. Raises TryLater when it demonstrably did not leave, Unknown when nobody can tell."""
        sent = dict(headers or {})
        if auth:
            sent["Authorization"] = fetching.basic_auth(*auth)
        try:
            return await asyncio.wait_for(self._exchange(method, uri, params, data, sent), self._seconds)
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as e:
            raise TryLater(f"Twilio cannot be reached: {e}", stage="connect", whole_sender=True) from e
        except TimeoutError as e:
            raise Unknown(f"Twilio did not answer within {self._seconds:g} s", stage="sent") from e
        except (aiohttp.ClientError, OSError) as e:
            raise Unknown(f"The connection broke before Twilio answered: {type(e).__name__}", stage="sent") from e

    async def _exchange(self, method: str, uri: str, params: Any, data: Any, headers: dict[str, str]) -> Response:
        request = self.session.request(method, uri, params=params, data=data, headers=headers, allow_redirects=False)
        async with request as response:
            text = await _text(response)
            if not 200 <= response.status < 300:
                raise _refusal(response.status, text, response.headers.get("Retry-After", ""))
            return Response(response.status, text, response.headers)


async def _text(response: aiohttp.ClientResponse) -> str:
    """All of an answer; one that does not end is a broken connection: what was asked may have been done."""
    read = bytearray()
    async for chunk in response.content.iter_chunked(65_536):
        read += chunk
        if len(read) > _MOST_BYTES:
            raise aiohttp.ClientPayloadError(f"more than {_MOST_BYTES:,} bytes")
    return read.decode("utf-8", "replace")


def _refusal(status: int, text: str, retry_after: str) -> ChannelError:
    try:
        said = json.loads(text)
        code, detail = int(said["code"]), str(said["message"])
    except (ValueError, TypeError, KeyError, RecursionError):
        code, detail = 0, f"HTTP {status}"
    return failure(code, status, detail, after=rest(retry_after, datetime.now(UTC)))


_LONGEST_REST = timedelta(days=1)


def rest(retry_after: str, now: datetime) -> timedelta | None:
    """What a Retry-After asks for: seconds, or a date (RFC 9110 10.2.3). None when it asks for nothing."""
    said = retry_after.strip()
    if said.isascii() and said.isdecimal():
        return min(timedelta(seconds=int(said[:9])), _LONGEST_REST)
    try:
        until = parsedate_to_datetime(said)
    except (ValueError, OverflowError):
        return None
    return min(max(until.replace(tzinfo=until.tzinfo or UTC) - now, timedelta(0)), _LONGEST_REST)


def made_within(found: Any, since: datetime, until: datetime) -> bool:
    """Whether one of ours was created in this time; what came in, or answers by itself, is none of ours."""
    ours = str(found.direction).startswith("outbound-api")
    return ours and isinstance(found.date_created, datetime) and since <= found.date_created <= until


_UNREACHED = "See whether this machine reaches the internet, and whether base_url is right; then try again"
_AGAIN = "Try again; if it goes on, see whether the provider has trouble"


async def check(line: Line, account: Account, phone: str, able: str, expected_url: str) -> list[Finding]:
    """The account, and its number where the account answers: what is wrong with both is told once."""
    found = await check_account(line, account)
    return [found, *(await check_number(line, phone, able, expected_url) if found.ok else [])]


async def check_account(line: Line, account: Account) -> Finding:
    try:
        found = await line.ask(line.client.api.accounts(account.account_sid).fetch_async())
    except TryLater as e:
        return Finding("account", False, str(e), _UNREACHED if e.stage == "connect" else _AGAIN)
    except Unknown as e:
        return Finding("account", False, str(e), _AGAIN)
    except ChannelError as e:
        return Finding("account", False, str(e), "Check account_sid, auth_token and base_url")
    active = found.status == "active"
    return Finding("account", active, f"{found.friendly_name} is {found.status}", "" if active else "Ask Twilio why")


async def check_number(line: Line, phone: str, able: str, expected_url: str) -> list[Finding]:
    """Whether the account holds the number, can use it (`able`: "sms" or "voice"), and calls our webhook for it."""
    try:
        found = await line.ask(line.client.incoming_phone_numbers.list_async(phone_number=phone, limit=1))
    except ChannelError as e:
        return [Finding("number", False, str(e), "Check the account first")]
    if not found:
        return [Finding("number", False, f"{phone} is not in this account", "Buy it or correct `number`")]
    can = bool((found[0].capabilities or {}).get(able))
    url = found[0].sms_url if able == "sms" else found[0].voice_url
    remedy = f"Set the number's {able} webhook to {expected_url} (POST)"
    return [
        Finding(
            "number", can, f"{phone} can{'' if can else 'not'} do {able}", "" if can else f"Take a number with {able}"
        ),
        Finding(
            "webhook",
            url == expected_url,
            f"{able} arrives at {url or 'nowhere'}",
            "" if url == expected_url else remedy,
        ),
    ]
