"""What a refusal of a token endpoint means: one literal table (RFC 6749 5.2, RFC 8628 3.5, providers' own words).

learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow#error-codes-for-token-endpoint-errors
developers.google.com/identity/protocols/oauth2/web-server#exchange-errors
"""

from __future__ import annotations

import re
from datetime import timedelta

from channels.email.token_post import Answer
from channels.errors import ChannelError, Misconfigured, NotAllowed, TryLater

_ENDED = frozenset(
    {"invalid_grant", "interaction_required", "consent_required", "login_required", "access_denied", "expired_token"}
)
_PASSING = frozenset(
    {"temporarily_unavailable", "server_error", "internal_failure", "rate_limit_exceeded", "too_many_requests"}
)
_OURS = {  # word of the provider → key of [oauth], remedy
    "invalid_client": ("client_secret", "Check client_id and client_secret; a client secret may have expired"),
    "unauthorized_client": ("client_id", "Allow this way of signing in in the app's registration at the provider"),
    "invalid_scope": ("scopes", "Add the mail permissions to the app's registration at the provider"),
    "invalid_resource": ("scopes", "Add the mail permissions to the app's registration at the provider"),
    "unsupported_grant_type": ("token_url", "The provider must allow authorization code and refresh token"),
    "redirect_uri_mismatch": ("client_id", "Register the address that the settings page shows at the provider"),
    "org_internal": ("client_id", "The app is for one organisation only: publish it, or use an account of it"),
}


class Pending(Exception):
    """The owner has not decided yet (RFC 8628 3.5)."""

    def __init__(self, *, too_fast: bool) -> None:
        super().__init__("not decided yet")
        self.too_fast = too_fast


def failure(answer: Answer, *, channel: str, provider: str) -> ChannelError | Pending:
    """The error to raise. It never holds a token, a code or a secret, whatever the far side said."""
    word = answer.text("error").lower()
    if word in ("authorization_pending", "slow_down"):
        return Pending(too_fast=word == "slow_down")
    if word in _ENDED:
        return ended(channel, provider, _details(answer))
    if answer.status in (408, 429) or answer.status >= 500 or answer.status < 400 or word in _PASSING:
        after = None if answer.retry_after is None else timedelta(seconds=min(answer.retry_after, 3600))
        what = f"{provider} gives no token now: HTTP {answer.status} {_details(answer)}".strip()
        return TryLater(what, code=str(answer.status), stage="token", whole_sender=True, after=after)
    key, remedy = _OURS.get(word, ("provider", "See what the provider says, and its page about the app"))
    said = f"{provider} refuses the app: HTTP {answer.status} {_details(answer)}".strip()
    return Misconfigured(said, channel=channel, key=f"oauth.{key}", remedy=remedy)


def ended(channel: str, provider: str, details: str = "") -> NotAllowed:
    """The permission is gone: revoked, run out, or ended by a changed password."""
    more = f" ({details})" if details else ""
    return NotAllowed(
        f"{provider} no longer accepts the permission{more}",
        channel=channel,
        key="oauth",
        remedy="Connect it again: Settings, Mailboxes",
    )


def _details(answer: Answer) -> str:
    """`invalid_client: AADSTS7000222: The provided client secret keys are expired.`"""
    word = answer.shown("error")
    plain = word if re.fullmatch(r"[\w.-]{1,64}", word) else ""
    return ": ".join(filter(None, (plain, answer.shown("error_description"))))
