"""Asking for tokens (OAuth 2.0: RFC 6749, PKCE 7636, device flow 8628, revocation 7009). Nothing is kept here."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from urllib.parse import urlencode, urlsplit, urlunsplit

from channels.adapter import DeviceCode, Tokens
from channels.email import token_answers
from channels.email.oauth import OAuth
from channels.email.token_answers import Pending
from channels.email.token_post import Answer, post
from channels.errors import Misconfigured, NotAllowed, TryLater

_DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
_LONGEST_LIFE = 86_400.0  # seconds; an answer that says more is not believed
_USUAL_LIFE = 3_600.0  # when the answer does not say (RFC 6749 5.1 only recommends it)


class MailAuthority:
    """Who lets us into one mailbox. Holds no connection and no token."""

    def __init__(self, channel: str, settings: OAuth, account: str) -> None:
        self._channel, self._settings, self._at = channel, settings, settings.endpoints
        self.name, self.account = settings.name, account
        self.has_device_flow = bool(self._at.device)

    def question(self, *, redirect_uri: str, state: str, challenge: str) -> str:
        """RFC 6749 4.1.1 and RFC 7636 4.3. The provider is told whose mailbox it is, so that it offers that one."""
        words = {
            "response_type": "code",
            "client_id": self._settings.client_id,
            "redirect_uri": redirect_uri,
            "scope": " ".join(self._at.scopes),
            "state": state,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
            "login_hint": self.account,
        } | dict(self._at.extra)
        parts = urlsplit(self._at.authorize)
        return urlunsplit(parts._replace(query="&".join(filter(None, (parts.query, urlencode(words))))))

    async def exchange(self, code: str, *, redirect_uri: str, verifier: str) -> Tokens:
        words = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": verifier,
        }
        return self._lasting(await self._ask(self._at.tokens, words))

    async def refresh(self, refresh_token: str) -> Tokens:
        words = {
            "grant_type": "refresh_token",
            "refresh_token": refresh_token,
            "scope": " ".join(self._at.scopes),  # not more than was granted (RFC 6749 6); Microsoft wants it said
        }
        return self._tokens(await self._ask(self._at.tokens, words))

    async def device(self) -> DeviceCode:
        """RFC 8628 3.1. Raises Misconfigured where the provider has no such way."""
        if not self.has_device_flow:
            raise self._wrong("provider", f"{self.name} has no device flow for mail", "Connect it in the browser")
        answer = await self._ask(self._at.device, {"scope": " ".join(self._at.scopes)})
        url = answer.text("verification_uri") or answer.text("verification_url")
        user_code, device_code = answer.text("user_code"), answer.text("device_code")
        if not (url.startswith(("https://", "http://")) and user_code.isprintable() and user_code and device_code):
            raise self._unclear()
        seconds, interval = answer.seconds("expires_in", 900), answer.seconds("interval", 5)
        return DeviceCode(url, user_code, device_code, min(seconds, 3600), min(max(interval, 0.01), 60))

    async def poll(self, device_code: str) -> Tokens | None:
        try:
            answer = await self._ask(self._at.tokens, {"grant_type": _DEVICE_GRANT, "device_code": device_code})
        except Pending as e:
            if e.too_fast:  # RFC 8628 3.5
                raise TryLater("asked too fast", stage="token", after=timedelta(seconds=5)) from e
            return None
        return self._lasting(answer)

    async def revoke(self, refresh_token: str) -> bool:
        """An answer other than 200 leaves the permission standing at the provider, and is told as an error."""
        if not self._at.revoke:
            return False
        await self._ask(self._at.revoke, {"token": refresh_token, "token_type_hint": "refresh_token"}, bare=True)
        return True

    # ---- inside -----------------------------------------------------------------------------

    async def _ask(self, url: str, words: Mapping[str, str], *, bare: bool = False) -> Answer:
        """Post; an answer that is a yes. `bare`: it need hold nothing."""
        secret = self._settings.client_secret.get_secret_value()
        client = {"client_id": self._settings.client_id} | ({"client_secret": secret} if secret else {})
        answer = await post(url, {**words, **client}, self._settings, provider=self.name)
        if answer.status == 200 and (bare or answer.holds):
            return answer
        problem = token_answers.failure(answer, channel=self._channel, provider=self.name)
        if isinstance(problem, Pending) and words.get("grant_type") != _DEVICE_GRANT:
            raise self._unclear()
        raise problem

    def _tokens(self, answer: Answer) -> Tokens:
        access = answer.text("access_token")
        if answer.text("token_type").lower() != "bearer" or not _is_token(access):
            raise self._unclear()
        refresh = answer.text("refresh_token")
        life = min(answer.seconds("expires_in", _USUAL_LIFE), _LONGEST_LIFE)
        return Tokens(access, life, refresh if _is_token(refresh) else "")

    def _lasting(self, answer: Answer) -> Tokens:
        tokens = self._tokens(answer)
        if tokens.refresh:
            return tokens
        raise NotAllowed(
            f"{self.name} gave access for an hour, but no refresh token",
            channel=self._channel,
            key="oauth.scopes",
            remedy="Allow lasting access: for a provider of your own, scopes usually need offline_access",
        )

    def _unclear(self) -> TryLater:
        return TryLater(f"{self.name} gave an answer that cannot be understood", stage="token", whole_sender=True)

    def _wrong(self, key: str, problem: str, remedy: str) -> Misconfigured:
        return Misconfigured(problem, channel=self._channel, key=f"oauth.{key}", remedy=remedy)


def _is_token(text: str) -> bool:
    """RFC 6749 A.12: visible ASCII. Anything else could break out of the login that carries it."""
    return 0 < len(text) <= 16_384 and text.isascii() and text.isprintable() and " " not in text
