"""What a service level promises in a conversation, and when it is due. Pure: words and hours in, promises out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from hub.models.vocabulary import ConversationState, Promised
from hub.staff.opening import Opening, after, working_time

_WAITING = (ConversationState.OPEN, ConversationState.SNOOZED)


@dataclass(frozen=True, slots=True)
class Terms:
    """How much working time each promise gives (None: it is not promised), and how long before somebody is warned."""

    first: timedelta | None = None
    next: timedelta | None = None
    resolution: timedelta | None = None
    warn: timedelta = timedelta()


@dataclass(frozen=True, slots=True)
class Word:
    """Something said: by us (`ours`) or by the customer. What machines wrote is no word. `planned`: not said yet."""

    at: datetime
    ours: bool
    planned: bool = False


@dataclass(frozen=True, slots=True)
class Due:
    """A promise that is open. `since`: the customer's word it began with; `at` None: the clock stands."""

    kind: Promised
    since: datetime
    at: datetime | None
    warn_at: datetime | None = None


def reckon(
    words: Sequence[Word],
    terms: Terms,
    opening: Opening,
    *,
    state: ConversationState,
    resolved_at: datetime | None = None,
) -> list[Due]:
    """The promises that are open. `words`: all of the conversation, oldest first; `resolved_at`: when it last was.

    Nobody waits for an answer in a conversation that is resolved or waits for the customer; while our answer is only
    planned, the customer waits still. The time to settle a matter begins with the customer's first word since it was
    last resolved, and stands between our answer and their next word.
    """
    if state is ConversationState.RESOLVED:
        return []
    said = [word for word in words if not word.planned]
    if len(said) < len(words) and state is ConversationState.PENDING:
        state = ConversationState.OPEN
    round_ = [word for word in said if resolved_at is None or word.at > resolved_at]
    answer = _answer(said, round_, terms, opening) if state in _WAITING else None
    return [one for one in (answer, _resolution(round_, terms, opening, state)) if one is not None]


def settled_at(due: Due, words: Sequence[Word], *, resolved_at: datetime | None, now: datetime) -> datetime:
    """When a promise that is open no more was settled: by our first word behind it, or by resolving; else now."""
    if due.kind is not Promised.RESOLUTION:
        answered = next((word.at for word in words if word.ours and not word.planned and word.at >= due.since), None)
        if answered is not None:
            return answered
    return resolved_at if resolved_at is not None and resolved_at >= due.since else now


def _answer(words: Sequence[Word], round_: Sequence[Word], terms: Terms, opening: Opening) -> Due | None:
    answered = max((word.at for word in words if word.ours), default=None)
    since = next((w.at for w in round_ if not w.ours and (answered is None or w.at > answered)), None)
    kind = Promised.FIRST if answered is None else Promised.NEXT
    allowed = terms.first if kind is Promised.FIRST else terms.next
    if since is None or allowed is None:
        return None
    return Due(kind, since, after(opening, since, allowed), _warning(opening, since, allowed, terms))


def _resolution(round_: Sequence[Word], terms: Terms, opening: Opening, state: ConversationState) -> Due | None:
    begun = next((word.at for word in round_ if not word.ours), None)
    if begun is None or terms.resolution is None:
        return None
    left, running = terms.resolution, None
    for start, end in _with_us(round_):
        if end is None:
            running = start
        else:
            left -= working_time(opening, start, end)
    if running is None or state is ConversationState.PENDING:
        return Due(Promised.RESOLUTION, begun, None)
    due = after(opening, running, left)
    return Due(Promised.RESOLUTION, begun, due, _warning(opening, running, left, terms))


def _with_us(words: Sequence[Word]) -> Iterator[tuple[datetime, datetime | None]]:
    """From a customer's word to our answer, again and again; None: the customer still waits."""
    since: datetime | None = None
    for word in words:
        if word.ours and since is not None:
            yield since, word.at
            since = None
        elif not word.ours and since is None:
            since = word.at
    if since is not None:
        yield since, None


def _warning(opening: Opening, since: datetime, allowed: timedelta, terms: Terms) -> datetime | None:
    """Nobody is warned when the warning would come with the word itself."""
    if not terms.warn or allowed <= terms.warn:
        return None
    return after(opening, since, allowed - terms.warn)
