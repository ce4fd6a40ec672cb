"""A pretend OAuth 2.0 provider (RFC 6749) for the company's mailboxes: a page on which the owner says yes or no, tokens
with PKCE (7636), refresh tokens that are used once (9700 4.14.2), device codes (8628), revocation (7009) and
introspection (7662). It keeps everything in memory and believes only what it gave itself.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlencode

from aiohttp import web

from channels.sandbox import authority_pages as pages

_MINUTES = 60.0
_DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"


@dataclass(frozen=True, slots=True)
class App:
    """What is registered here. A public client has no secret."""

    client_id: str
    client_secret: str = field(default="", repr=False)
    redirect_uris: tuple[str, ...] = ()


@dataclass(slots=True)
class Grant:
    """One yes of one owner: every token that came of it ends with it."""

    account: str
    client_id: str
    standing: bool = True


@dataclass(frozen=True, slots=True)
class _Code:
    grant: Grant
    redirect_uri: str
    challenge: str
    ends: float


@dataclass(slots=True)
class _Device:
    client_id: str
    user_code: str
    ends: float
    grant: Grant | None = None
    denied: bool = False


class Refusal(Exception):
    """An error of the token endpoint (RFC 6749 5.2), with its word."""

    def __init__(self, word: str, status: int = 400) -> None:
        super().__init__(word)
        self.word, self.status = word, status


class Authority:
    """`accounts` may let the registered `apps` in. Tokens are good for `life` seconds."""

    def __init__(
        self,
        accounts: Sequence[str],
        apps: Sequence[App],
        *,
        life: float = 3600,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.accounts, self.life, self.asked = tuple(accounts), life, list[Mapping[str, str]]()
        self._apps = {app.client_id: app for app in apps}
        self._clock = clock
        self._codes: dict[str, _Code] = {}
        self._devices: dict[str, _Device] = {}
        self._refresh: dict[str, tuple[Grant, bool]] = {}  # token → (what it stands for, is it the newest)
        self._access: dict[str, tuple[Grant, float]] = {}

    def routes(self) -> list[web.AbstractRouteDef]:
        return [
            web.get("/oauth/authorize", self._ask),
            web.post("/oauth/authorize", self._decide),
            web.post("/oauth/token", self._token),
            web.post("/oauth/device", self._device),
            web.get("/oauth/activate", self._activation),
            web.post("/oauth/activate", self._activate),
            web.post("/oauth/revoke", self._revoke),
            web.get("/oauth/introspect", self._introspect),
        ]

    def accepts(self, account: str, token: str) -> bool:
        """May whoever presents this token use the account's mailbox?"""
        return self.owner(token) == account

    def owner(self, token: str) -> str:
        """Whose mailbox a living access token opens; empty for any other."""
        grant, ends = self._access.get(token, (None, 0.0))
        return grant.account if grant and grant.standing and self._clock() < ends else ""

    def expire(self) -> None:
        """End every access token before its time, as a provider does that thinks something is wrong."""
        self._access.clear()

    def withdraw(self, account: str) -> None:
        """The owner takes back whatever was allowed."""
        for grant, _ in self._refresh.values():
            if grant.account == account:
                grant.standing = False

    # ---- what the owner sees ----------------------------------------------------------------

    async def _ask(self, request: web.Request) -> web.Response:
        words = request.query
        app = self._apps.get(words.get("client_id", ""))
        if app is None or words.get("redirect_uri") not in app.redirect_uris:
            return pages.wrong("This app or its redirect address is not registered here")
        if words.get("response_type") != "code" or words.get("code_challenge_method") != "S256":
            return _back(words, error="invalid_request")
        return pages.question("/oauth/authorize", dict(words), self.accounts, words.get("login_hint", ""))

    async def _decide(self, request: web.Request) -> web.Response:
        words = {key: str(value) for key, value in (await request.post()).items()}
        app = self._apps.get(words.get("client_id", ""))
        if app is None or words.get("redirect_uri") not in app.redirect_uris:
            return pages.wrong("This app or its redirect address is not registered here")
        if words.get("decision") != "allow" or words.get("account") not in self.accounts:
            return _back(words, error="access_denied")
        code, grant = secrets.token_urlsafe(24), Grant(words["account"], app.client_id)
        ends = self._clock() + 10 * _MINUTES
        self._codes[code] = _Code(grant, words["redirect_uri"], words.get("code_challenge", ""), ends)
        return _back(words, code=code)

    async def _activation(self, request: web.Request) -> web.Response:
        return pages.question("/oauth/activate", {}, self.accounts, "", user_code=request.query.get("code", ""))

    async def _activate(self, request: web.Request) -> web.Response:
        words = {key: str(value) for key, value in (await request.post()).items()}
        typed = words.get("user_code", "").strip().upper()
        found = next((one for one in self._devices.values() if one.user_code == typed), None)
        if found is None or self._clock() >= found.ends or words.get("account") not in self.accounts:
            return pages.wrong("This code is not known, or too old")
        found.denied = words.get("decision") != "allow"
        found.grant = None if found.denied else Grant(words["account"], found.client_id)
        return pages.done()

    # ---- what apps ask ----------------------------------------------------------------------

    async def _token(self, request: web.Request) -> web.Response:
        words = {key: str(value) for key, value in (await request.post()).items()}
        self.asked.append(words)
        try:
            app = self._known(words)
            return self._given(*self._redeem(app, words))
        except Refusal as e:
            body = {"error": e.word, "error_description": f"The sandbox says {e.word}."}
            return web.json_response(body, status=e.status, headers=_NO_STORE)

    def _known(self, words: Mapping[str, str]) -> App:
        app = self._apps.get(words.get("client_id", ""))
        if app is None or not hmac.compare_digest(app.client_secret, words.get("client_secret", "")):
            raise Refusal("invalid_client", 401)
        return app

    def _redeem(self, app: App, words: Mapping[str, str]) -> tuple[Grant, str]:
        """What the app may have, and the refresh token it gets with it."""
        match words.get("grant_type"):
            case "authorization_code":
                return self._by_code(app, words)
            case "refresh_token":
                return self._by_refresh(app, words)
            case grant_type if grant_type == _DEVICE_GRANT:
                return self._by_device(app, words)
        raise Refusal("unsupported_grant_type")

    def _by_code(self, app: App, words: Mapping[str, str]) -> tuple[Grant, str]:
        code = self._codes.pop(words.get("code", ""), None)
        if code is None or self._clock() >= code.ends or code.grant.client_id != app.client_id:
            raise Refusal("invalid_grant")
        digest = hashlib.sha256(words.get("code_verifier", "").encode()).digest()
        proven = hmac.compare_digest(base64.urlsafe_b64encode(digest).rstrip(b"=").decode(), code.challenge)
        if words.get("redirect_uri") != code.redirect_uri or not proven:
            raise Refusal("invalid_grant")
        return code.grant, self._new_refresh(code.grant)

    def _by_refresh(self, app: App, words: Mapping[str, str]) -> tuple[Grant, str]:
        """A token that was exchanged before is in two hands: the whole grant ends (RFC 9700 4.14.2)."""
        token = words.get("refresh_token", "")
        grant, newest = self._refresh.get(token, (None, False))
        if grant is None or grant.client_id != app.client_id:
            raise Refusal("invalid_grant")
        grant.standing = grant.standing and newest
        if not grant.standing:
            raise Refusal("invalid_grant")
        self._refresh[token] = (grant, False)
        return grant, self._new_refresh(grant)

    def _by_device(self, app: App, words: Mapping[str, str]) -> tuple[Grant, str]:
        key = words.get("device_code", "")
        device = self._devices.get(key)
        if device is None or device.client_id != app.client_id:
            raise Refusal("invalid_grant")
        if self._clock() >= device.ends:
            raise Refusal("expired_token")
        if device.denied:
            raise Refusal("access_denied")
        if device.grant is None:
            raise Refusal("authorization_pending")
        del self._devices[key]
        return device.grant, self._new_refresh(device.grant)

    def _new_refresh(self, grant: Grant) -> str:
        token = secrets.token_urlsafe(32)
        self._refresh[token] = (grant, True)
        return token

    def _given(self, grant: Grant, refresh: str) -> web.Response:
        access = secrets.token_urlsafe(32)
        self._access[access] = (grant, self._clock() + self.life)
        body = {"access_token": access, "token_type": "Bearer", "expires_in": self.life, "refresh_token": refresh}
        return web.json_response(body, headers=_NO_STORE)

    async def _device(self, request: web.Request) -> web.Response:
        words = {key: str(value) for key, value in (await request.post()).items()}
        try:
            app = self._known(words)
        except Refusal as e:
            return web.json_response({"error": e.word}, status=e.status)
        key, user_code = secrets.token_urlsafe(24), secrets.token_hex(4).upper()
        self._devices[key] = _Device(app.client_id, user_code, self._clock() + 15 * _MINUTES)
        body = {
            "device_code": key,
            "user_code": user_code,
            "verification_uri": f"http://{request.host}/oauth/activate",
            "expires_in": 900,
            "interval": 1,
        }
        return web.json_response(body, headers=_NO_STORE)

    async def _revoke(self, request: web.Request) -> web.Response:
        """RFC 7009 2.2: a token that is not known is no error."""
        grant, _ = self._refresh.get(str((await request.post()).get("token", "")), (None, False))
        if grant is not None:
            grant.standing = False
        return web.Response()

    async def _introspect(self, request: web.Request) -> web.Response:
        """For resource servers that ask whose token it is, as Dovecot does."""
        account = self.owner(request.headers.get("Authorization", "").removeprefix("Bearer "))
        return web.json_response({"active": bool(account), "username": account} if account else {"active": False})


_NO_STORE = {"Cache-Control": "no-store"}


def _back(words: Mapping[str, str], **answer: str) -> web.Response:
    """Send the browser back to the app (RFC 6749 4.1.2)."""
    query = urlencode(answer | {"state": words.get("state", "")})
    return web.Response(status=303, headers={"Location": f"{words['redirect_uri']}?{query}"} | _NO_STORE)
