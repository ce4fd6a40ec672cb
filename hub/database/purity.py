"""What the database cannot hold is taken out of whatever comes from outside, before anything else sees it (M6)."""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping
from dataclasses import fields, is_dataclass, replace
from datetime import date, datetime
from enum import Enum
from functools import cache
from operator import attrgetter, is_
from typing import Any, TypeVar, cast

from channels.message import Inbound

UNHOLDABLE = re.compile("[\0\ud800-\udfff]")  # NUL, and halves of characters
_HOLDABLE = {int, bool, float, bytes, date, datetime}

_WORDS = attrgetter("provider_id", "text", "subject", "html", "reply_text", "message_id")
_LISTS = attrgetter("in_reply_to", "references", "tokens", "problems")

T = TypeVar("T")


def storable(event: T) -> T:
    """The same event, every text in it valid UTF-8 without NUL; bytes are left alone."""
    return event if isinstance(event, Inbound) and _is_good(event) else cast("T", _pure(event))


def _is_good(mail: Inbound) -> bool:
    """All its words are looked at together: one by one, thirty fields of every mail take ten times as long."""
    if mail.invitations or mail.media:
        return False
    words = list(_WORDS(mail))
    for lists in _LISTS(mail):
        words += lists
    for one in (mail.sender, *mail.recipients, *mail.cc, *mail.reply_to):
        words += (one.value, one.name)
    for file in mail.attachments:
        words += (file.name, file.media_type, file.content_id)
    return _is_holdable("".join(words))


def _pure(value: Any) -> Any:
    """The very same object when there is nothing to take out, which is nearly always: then nothing is copied."""
    if type(value) is str:
        return value if _is_holdable(value) else UNHOLDABLE.sub("\N{REPLACEMENT CHARACTER}", value)
    if not value or type(value) in _HOLDABLE:
        return value
    if isinstance(value, tuple):
        pure = tuple(map(_pure, value))
        return value if all(map(is_, pure, value)) else pure
    if names := _names(cast("Hashable", type(value))):
        changed = _changed(value, names)
        return replace(value, **changed) if changed else value
    return _oddly_pure(value)


def _changed(value: object, names: tuple[str, ...]) -> dict[str, Any]:
    """Thirty fields of every mail pass through here: what is plainly good is not looked at again by `_pure`."""
    changed = {}
    for name in names:
        one = getattr(value, name)
        if one and not (type(one) is str and one.isascii() and "\0" not in one):
            pure = _pure(one)
            if pure is not one:
                changed[name] = pure
    return changed


def _oddly_pure(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {_pure(key): _pure(one) for key, one in value.items()}
    return _pure(str(value)) if isinstance(value, str) and not isinstance(value, Enum) else value


def _is_holdable(words: str) -> bool:
    try:
        return b"\0" not in words.encode()
    except UnicodeEncodeError:
        return False


@cache
def _names(kind: Hashable) -> tuple[str, ...]:
    """Of a dataclass; nothing else has fields to look at."""
    return tuple(field.name for field in fields(kind)) if is_dataclass(kind) else ()
