"""The part of config.toml that says who may let us into a mailbox (OAuth 2.0, RFC 6749), and where that is asked.

Addresses and scopes are as the providers publish them:
developers.google.com/workspace/gmail/imap/xoauth2-protocol and /identity/protocols/oauth2/web-server;
learn.microsoft.com/exchange/client-developer/legacy-protocols/how-to-authenticate-an-imap-pop-smtp-application-by-using-oauth
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, model_validator

from channels.email.hosts import is_loopback


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where one provider is asked, and for what. `device` and `revoke` are empty where it has none."""

    authorize: str
    tokens: str
    device: str
    revoke: str
    scopes: tuple[str, ...]
    extra: tuple[tuple[str, str], ...] = ()  # more words of the authorization request


# Google's device flow takes no mail scope (/identity/protocols/oauth2/limited-input-device, "Allowed scopes"), so it is
# not offered. A refresh token is given for access_type=offline, and to somebody who said yes before only with
# prompt=consent.
_GOOGLE = Endpoints(
    authorize="https://accounts.google.com/o/oauth2/v2/auth",
    tokens="https://oauth2.googleapis.com/token",
    device="",
    revoke="https://oauth2.googleapis.com/revoke",
    scopes=("https://mail.google.com/",),
    extra=(("access_type", "offline"), ("prompt", "consent")),
)
_MICROSOFT = "https://login.microsoftonline.com/{tenant}/oauth2/v2.0"
_MICROSOFT_SCOPES = (
    "https://outlook.office.com/IMAP.AccessAsUser.All",
    "https://outlook.office.com/SMTP.Send",
    "offline_access",
)


def _web_address(url: str) -> str:
    """Tokens travel there: TLS, or this machine."""
    parts = urlsplit(url)
    safe = parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname or ""))
    plain = url.isascii() and url.isprintable() and " " not in url
    if url and not (safe and plain and parts.hostname and not parts.fragment):
        raise ValueError("must be an https:// address (http:// only on this machine)")
    return url


Url = Annotated[str, AfterValidator(_web_address)]


class OAuth(BaseModel):
    """The app that was registered with the provider. What the mailbox's owner allows it is not kept here."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    provider: Literal["google", "microsoft", "custom"]
    client_id: str = Field(min_length=1)
    client_secret: SecretStr = SecretStr("")  # none: a public client (RFC 6749 2.1), which PKCE protects
    tenant: str = Field(default="common", pattern=r"^[A-Za-z0-9.-]+$")
    authorize_url: Url = ""
    token_url: Url = ""
    device_url: Url = ""
    revoke_url: Url = ""
    scopes: tuple[Annotated[str, Field(pattern=r"^[\x21\x23-\x5b\x5d-\x7e]+$")], ...] = ()  # RFC 6749 3.3
    timeout_seconds: float = Field(default=20, gt=0, le=60)
    ca_file: Path | None = None  # trust this authority too, for a provider with a certificate of its own

    @model_validator(mode="after")
    def _says_where(self) -> Self:
        own = [key for key in ("authorize_url", "token_url", "device_url", "revoke_url") if getattr(self, key)]
        if self.provider != "custom" and own:
            raise ValueError(f'{own[0]} is for provider = "custom"; where {self.provider} is asked is known')
        if self.provider == "custom" and not (self.authorize_url and self.token_url and self.scopes):
            raise ValueError('provider = "custom" needs authorize_url, token_url and scopes')
        return self

    @property
    def endpoints(self) -> Endpoints:
        """The provider's own, or those of the table. `scopes` of the table go before the provider's."""
        if self.provider == "google":
            found = _GOOGLE
        elif self.provider == "microsoft":
            base = _MICROSOFT.format(tenant=self.tenant)
            found = Endpoints(f"{base}/authorize", f"{base}/token", f"{base}/devicecode", "", _MICROSOFT_SCOPES)
        else:
            return Endpoints(self.authorize_url, self.token_url, self.device_url, self.revoke_url, self.scopes)
        return replace(found, scopes=self.scopes or found.scopes)

    @property
    def name(self) -> str:
        """What people call the provider."""
        known = {"google": "Google", "microsoft": "Microsoft"}
        return known.get(self.provider) or urlsplit(self.authorize_url).hostname or "the provider"
