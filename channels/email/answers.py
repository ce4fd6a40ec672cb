"""What goes to a reading child and comes from it, as bytes. Mails come as plain tuples: objects take longer."""

from __future__ import annotations

import pickle
import struct
from collections.abc import Sequence
from operator import attrgetter, itemgetter
from typing import Any

from channels.message import Address, Attachment, Inbound, Kind

FRAME = struct.Struct("!?HQ")  # whether another mail follows at once; the lengths of whose mailbox, and of the mail
ANSWER = struct.Struct("!?HQ")  # ok, of how many mails; the length of what was read or why not
SMALL = 64 * 1024  # bytes; before a larger mail all answers are on their way, so that it is known whose fault it is

_ADDRESS = attrgetter("value", "name")
_FILE = attrgetter("name", "media_type", "content", "inline", "content_id")
_LISTS = ("recipients", "cc", "reply_to")
_REST = tuple(
    name for name in Inbound.__dataclass_fields__ if name not in ("kind", "sender", "attachments", "media", *_LISTS)
)
_PLACES = ("kind", "sender", "attachments", "media", *_LISTS, *_REST)
_in_order = itemgetter(*map(_PLACES.index, Inbound.__dataclass_fields__))
_lists, _rest = attrgetter(*_LISTS), attrgetter(*_REST)


def packed(mails: Sequence[Sequence[object]]) -> bytes:
    """Each mail's events, or anything else but tuples that can be pickled. Many together cost half of one by one."""
    return pickle.dumps([[_flat(one) if isinstance(one, Inbound) else one for one in mail] for mail in mails], 5)


def unpacked(answer: bytes) -> list[list[Any]]:
    """What was `packed`. Never for bytes that a stranger wrote."""
    said = pickle.loads(answer)  # noqa: S301 - written by channels.email.child, not by the mail
    return [[_whole(one) if isinstance(one, tuple) else one for one in mail] for mail in said]


def _flat(mail: Inbound) -> tuple[Any, ...]:
    boxes = [[_ADDRESS(one) for one in some] for some in _lists(mail)]
    return _ADDRESS(mail.sender), boxes, [_FILE(file) for file in mail.attachments], _rest(mail)


def _whole(flat: tuple[Any, ...]) -> Inbound:
    sender, boxes, files, rest = flat
    lists = [tuple([Address(Kind.EMAIL, *box) for box in some]) for some in boxes]
    attachments = tuple([Attachment(*file) for file in files])
    return Inbound(*_in_order((Kind.EMAIL, Address(Kind.EMAIL, *sender), attachments, (), *lists, *rest)))
