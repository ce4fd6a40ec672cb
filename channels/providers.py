"""THE table: which module opens which provider. A new provider is one module and one line here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ValidationError

from channels.adapter import Authority, Channel, TokenSource
from channels.email import channel as email_channel
from channels.errors import Misconfigured, NotAllowed
from channels.message import Kind
from channels.sms import twilio as twilio_sms
from channels.voice import twilio as twilio_voice


@dataclass(frozen=True, slots=True)
class Provider:
    """What a provider's part of config.toml looks like, and how to open a channel with it.

    `authority` tells who lets us into an account with these settings, None when a password does. Where there is one,
    `open` gets a TokenSource as `tokens`.
    """

    settings: type[BaseModel]
    open: Callable[..., Channel]  # (name, settings, webhook_base)
    authority: Callable[[str, Any], Authority | None] = lambda name, settings: None


_LONGEST_SHOWN = 80
Granting = Callable[[str, Authority], TokenSource]  # (name of the channel, who lets us in)


class _Closed:
    """The token source of somebody who keeps no permissions."""

    def __init__(self, name: str) -> None:
        self._name = name

    async def token(self, *, refused: str = "") -> str:
        raise NotAllowed("the mailbox is not connected", channel=self._name, key="oauth")


def closed(name: str, authority: Authority) -> TokenSource:
    """For who keeps no permissions: every such account is closed to them."""
    return _Closed(name)


TABLE: Mapping[tuple[Kind, str], Provider] = {
    (Kind.EMAIL, "smtp"): Provider(email_channel.Settings, email_channel.open_channel, email_channel.authority),
    (Kind.SMS, "twilio"): Provider(twilio_sms.Settings, twilio_sms.open_channel),
    (Kind.VOICE, "twilio"): Provider(twilio_voice.Settings, twilio_voice.open_channel),
}


def open_channel(
    name: str,
    kind: Kind,
    provider: str,
    table: Mapping[str, object],
    *,
    webhook_base: str,
    granting: Granting = closed,
) -> Channel:
    """Open one configured channel, inside the running event loop. Connects to nothing yet.

    `table` is the provider's part of `[channels.NAME]`; `webhook_base` the public URL that its webhooks start with;
    `granting` makes the token source of a channel that needs one.
    Raises Misconfigured, naming the key, the value and what is allowed.
    """
    found, chosen = _find(name, kind, provider), settings(name, kind, provider, table)
    authority = found.authority(name, chosen)
    if authority is None:
        return found.open(name, chosen, webhook_base)
    return found.open(name, chosen, webhook_base, tokens=granting(name, authority))


def authority(name: str, kind: Kind, provider: str, table: Mapping[str, object]) -> Authority | None:
    """Who lets us into the account of a configured channel; None where a password does. Raises Misconfigured."""
    return _find(name, kind, provider).authority(name, settings(name, kind, provider, table))


def settings(name: str, kind: Kind, provider: str, table: Mapping[str, object]) -> BaseModel:
    """Validate a provider's part of the configuration. Raises Misconfigured."""
    try:
        return _find(name, kind, provider).settings.model_validate(table)
    except ValidationError as e:
        raise _first_problem(name, _find(name, kind, provider).settings, e) from e


def _find(name: str, kind: Kind, provider: str) -> Provider:
    found = TABLE.get((kind, provider))
    if found is None:
        known = ", ".join(p for k, p in TABLE if k == kind)
        raise Misconfigured(
            f"{provider!r} is not known for {kind.value}", channel=name, key="provider", remedy=f"Known: {known}"
        )
    return found


def _first_problem(name: str, model: type[BaseModel], error: ValidationError) -> Misconfigured:
    first = error.errors()[0]
    key = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        return Misconfigured("unknown key", channel=name, key=key, remedy=f"Known: {', '.join(model.model_fields)}")
    if first["type"] == "missing":
        return Misconfigured("is missing", channel=name, key=key)
    return Misconfigured(f"{_brief(first['input'])}{first['msg']}", channel=name, key=key)


def _brief(value: object) -> str:
    """A word that was mistyped is shown; a key in PEM, or a whole table, is nothing to print."""
    shown = repr(value)
    return f"{shown}: " if len(shown) <= _LONGEST_SHOWN else ""
