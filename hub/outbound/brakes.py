"""The brakes on what the hub answers by itself, so that two machines never talk for long (L3, RFC 3834). Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from hub.models.vocabulary import Kind

# One answer of the same words to one address: RFC 3834 section 2 says 7 days. Whoever sends STOP or HELP by SMS on
# another day is owed an answer by the carriers' rules.
_ONCE_IN = {Kind.EMAIL: timedelta(days=7), Kind.SMS: timedelta(days=1)}
LONGEST = max(_ONCE_IN.values())

# So many automatic answers in so many minutes, as Zammad brakes its own
_PER_CONVERSATION = ((10, 10), (15, 30), (25, 60), (50, 180), (100, 600))
_PER_RECIPIENT = ((30, 10), (60, 30), (120, 60), (240, 180), (360, 600))


@dataclass(frozen=True, slots=True)
class AutomaticAnswer:
    """One that was sent, or is to be sent. `words` says which text it is: its occasion."""

    at: datetime
    kind: Kind
    recipient: str
    conversation_id: UUID | None
    words: str


def stopped_by(asked: AutomaticAnswer, earlier: Iterable[AutomaticAnswer]) -> str:
    """Why it may not follow those `earlier` ones, for people to read; empty when it may."""
    lately = [one for one in earlier if asked.at - one.at < LONGEST]
    to_them = [one for one in lately if one.recipient == asked.recipient]
    window = _ONCE_IN.get(asked.kind, LONGEST)
    if any(one.words == asked.words and one.kind is asked.kind and asked.at - one.at < window for one in to_them):
        return f"{asked.recipient} had this automatic answer in the last {_days(window)}"
    here = [one for one in lately if asked.conversation_id and one.conversation_id == asked.conversation_id]
    return _too_many("this conversation", here, _PER_CONVERSATION, asked.at) or _too_many(
        asked.recipient, to_them, _PER_RECIPIENT, asked.at
    )


def _too_many(where: str, answers: Iterable[AutomaticAnswer], limits: Iterable[tuple[int, int]], now: datetime) -> str:
    times = [one.at for one in answers]
    for most, minutes in limits:
        had = sum(1 for at in times if now - at < timedelta(minutes=minutes))
        if had >= most:
            return f"{where} had {had} automatic answers in {minutes} minutes, {most} are allowed"
    return ""


def _days(window: timedelta) -> str:
    return f"{window.days} days" if window.days > 1 else "day"
