"""THE table: which module opens which provider. A new provider is one module and one line here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ValidationError

from channels.adapter import Channel
from channels.email import channel as email_channel
from channels.errors import Misconfigured
from channels.message import Kind
from channels.sms import twilio as twilio_sms
from channels.voice import twilio as twilio_voice


@dataclass(frozen=True, slots=True)
class Provider:
    """What a provider's part of config.toml looks like, and how to open a channel with it."""

    settings: type[BaseModel]
    open: Callable[[str, Any, str], Channel]  # (name, settings, webhook_base)


TABLE: Mapping[tuple[Kind, str], Provider] = {
    (Kind.EMAIL, "smtp"): Provider(email_channel.Settings, email_channel.open_channel),
    (Kind.SMS, "twilio"): Provider(twilio_sms.Settings, twilio_sms.open_channel),
    (Kind.VOICE, "twilio"): Provider(twilio_voice.Settings, twilio_voice.open_channel),
}


def open_channel(name: str, kind: Kind, provider: str, table: Mapping[str, object], *, webhook_base: str) -> Channel:
    """Open one configured channel, inside the running event loop. Connects to nothing yet.

    `table` is the provider's part of `[channels.NAME]`; `webhook_base` the public URL that its webhooks start with.
    Raises Misconfigured, naming the key, the value and what is allowed.
    """
    return _find(name, kind, provider).open(name, settings(name, kind, provider, table), webhook_base)


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
    return Misconfigured(f"{first['input']!r}: {first['msg']}", channel=name, key=key)
