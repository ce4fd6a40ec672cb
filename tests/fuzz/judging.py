"""What must hold of every reader, whatever it is given: no surprise, an end in time, text that can be kept."""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Iterator
from typing import Any

from channels.email import addresses, calendar, flowed, marked_quotes, quotes, tnef
from channels.email.reading import read_events, understand
from channels.errors import Unreadable
from hub.web.messages import markup

OWN = "support@shop.example"
CPU_SECONDS = 3.0  # for at most 200 kB, on a busy machine


def reading(raw: bytes) -> None:
    """The reader and, with it, the bounce reader: what they tell can be stored, and sent as JSON."""
    started = time.process_time()
    told = understand(raw)
    json.dumps(told, ensure_ascii=False).encode()
    _keepable(told)
    try:
        events = read_events(raw, OWN)
    except Unreadable:
        events = []
    for event in events:
        _keepable(dataclasses.asdict(event))
    _in_time(started)


def splitting(text: str) -> None:
    """The visible answer holds nothing that the mail does not say."""
    started = time.process_time()
    shown = quotes.reply(text)
    kept = text.replace("\r\n", "\n").replace("\r", "\n")
    assert {line.strip() for line in shown.split("\n")} <= {line.strip() for line in kept.split("\n")} | {""}
    _keepable(marked_quotes.reply(text))
    flowed.unwrapped(text, delete_space=True)
    _in_time(started)


def sanitising(html: str) -> None:
    started = time.process_time()
    shown = markup.document(html)
    assert "<script" not in shown.lower()
    shown.encode()
    _in_time(started)


def small_readers(raw: bytes) -> None:
    """Addresses, invitations, TNEF."""
    started = time.process_time()
    for box in addresses.parse(raw):
        _keepable(dataclasses.asdict(box))
        addresses.canonical(box.address)
    for invitation in calendar.read(raw):
        _keepable(calendar.as_json(invitation))
    unpacked = tnef.unpacked(raw)
    if unpacked is not None:
        _keepable(dataclasses.asdict(unpacked))
    _in_time(started)


def _in_time(started: float) -> None:
    taken = time.process_time() - started
    assert taken < CPU_SECONDS, f"it took {taken:.1f} seconds"


def _keepable(value: Any) -> None:
    """No NUL and no lone surrogate: PostgreSQL and UTF-8 know neither (M6)."""
    for text in _strings(value):
        assert "\0" not in text, repr(text)
        text.encode()


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, one in value.items():
            yield from _strings(key)
            yield from _strings(one)
    elif isinstance(value, list | tuple | set | frozenset):
        for one in value:
            yield from _strings(one)
