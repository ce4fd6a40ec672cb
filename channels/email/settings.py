"""The part of config.toml that describes one mail account: how it sends, and how it reads."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, model_validator

from channels import address
from channels.email.dkim import Dkim
from channels.email.hosts import is_loopback
from channels.email.oauth import OAuth

Port = Annotated[int, Field(ge=1, le=65535)]


def _mail_address(text: str) -> str:
    return address.mail(text)


class _Server(BaseModel):
    """One server to connect to. Without a password, [oauth] says who lets us in."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    host: str = Field(min_length=1)
    port: Port
    username: str = ""
    password: SecretStr = SecretStr("")
    timeout_seconds: float = Field(default=60, gt=0, le=600)
    ca_file: Path | None = None  # trust this authority too, for servers with a certificate of their own

    def tls_context(self) -> ssl.SSLContext:
        """Certificate and host name are always checked."""
        return ssl.create_default_context(ssl.Purpose.SERVER_AUTH, cafile=self.ca_file)

    def _refuse_open_password(self, security: str) -> None:
        if security == "none" and self.password.get_secret_value() and not is_loopback(self.host):
            raise ValueError(f'security = "none" would send the password to {self.host} in clear; use "tls"')

    def refuse_beside_oauth(self, part: str, security: str) -> None:
        """Raises ValueError for a password that would never be used, and for a token that would travel in clear."""
        if self.password.get_secret_value():
            raise ValueError(f"{part}.password is not used beside oauth: leave it out")
        if security == "none" and not is_loopback(self.host):
            raise ValueError(f'{part}.security = "none" would send tokens to {self.host} in clear; use "tls"')


class Smtp(_Server):
    """Where mail is handed in (RFC 6409). `connections` stay open between mails."""

    port: Port = 587
    security: Literal["none", "starttls", "tls"] = "starttls"
    connections: int = Field(default=4, ge=1, le=64)
    mails_per_connection: int = Field(default=500, ge=1)  # then it is closed: servers that balance load like that
    max_message_bytes: int = Field(default=25_000_000, ge=10_000)  # as it goes over the wire, files encoded

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
    connections: int = Field(default=5, ge=1, le=20)  # folders beyond these share the last one, and are polled
    since_days: int = Field(default=7, ge=0, le=36_500)  # of the mails that lie there at first; 36500: all of them
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
    oauth: OAuth | None = None
    dkim: Dkim | None = None

    @model_validator(mode="before")
    @classmethod
    def _logs_in_as_its_address(cls, table: Any) -> Any:
        """With oauth a mailbox is known by its address: a username is needed only where it differs (shared ones)."""
        if not (isinstance(table, dict) and table.get("oauth")):
            return table
        named = {part: table[part] for part in ("smtp", "imap") if isinstance(table.get(part), dict)}
        return table | {part: {"username": table.get("address", "")} | inner for part, inner in named.items()}

    @model_validator(mode="after")
    def _has_one_way_in(self) -> Self:
        if self.oauth is not None:
            self.smtp.refuse_beside_oauth("smtp", self.smtp.security)
            if self.imap is not None:
                self.imap.refuse_beside_oauth("imap", self.imap.security)
        return self
