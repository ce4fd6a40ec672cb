"""The part of config.toml that describes one mail account: how it sends, and how it reads."""

from __future__ import annotations

import ipaddress
import ssl
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, model_validator

from channels import address

Port = Annotated[int, Field(ge=1, le=65535)]
Auth = Literal["password", "xoauth2"]


def _mail_address(text: str) -> str:
    return address.mail(text)


class _Server(BaseModel):
    """One server to connect to. `password` holds the access token when `auth` is xoauth2."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    host: str = Field(min_length=1)
    port: Port
    username: str = ""
    password: SecretStr = SecretStr("")
    auth: Auth = "password"
    timeout_seconds: float = Field(default=60, gt=0, le=600)
    ca_file: Path | None = None  # trust this authority too, for servers with a certificate of their own

    def tls_context(self) -> ssl.SSLContext:
        """Certificate and host name are always checked."""
        return ssl.create_default_context(ssl.Purpose.SERVER_AUTH, cafile=self.ca_file)

    def _refuse_open_password(self, security: str) -> None:
        if security == "none" and self.password.get_secret_value() and not is_loopback(self.host):
            raise ValueError(f'security = "none" would send the password to {self.host} in clear; use "tls"')


class Smtp(_Server):
    """Where mail is handed in (RFC 6409). `connections` stay open between mails."""

    port: Port = 587
    security: Literal["none", "starttls", "tls"] = "starttls"
    connections: int = Field(default=4, ge=1, le=64)

    @model_validator(mode="after")
    def _protects_the_password(self) -> Self:
        self._refuse_open_password(self.security)
        return self


class Imap(_Server):
    """Where mail is read. The IMAP library speaks no STARTTLS, so it is TLS from the first byte or loopback."""

    port: Port = 993
    security: Literal["none", "tls"] = "tls"
    username: str = Field(min_length=1)
    folders: tuple[Annotated[str, Field(min_length=1)], ...] = Field(default=("INBOX",), min_length=1)
    poll_seconds: float = Field(default=60, gt=0, le=3600)
    max_message_bytes: int = Field(default=25_000_000, ge=1_000)
    mark_seen: bool = True  # only after what was read is stored; the flag is never the hub's memory

    @model_validator(mode="after")
    def _protects_the_password(self) -> Self:
        self._refuse_open_password(self.security)
        return self


class Settings(BaseModel):
    """One mail account: the address it speaks as, where it sends, and where it listens (not every account does)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    address: Annotated[str, AfterValidator(_mail_address)]
    display_name: str = ""
    smtp: Smtp
    imap: Imap | None = None


def is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
