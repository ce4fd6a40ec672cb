"""What somebody looks for, understood: words, phrases, what must not be there, and operators such as `from:ana`."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, tzinfo

from channels.message import Kind
from hub.models.vocabulary import ConversationState
from hub.search.dates import NotADate, day
from hub.sentences import Sentence

LONGEST = 500
_MOST = 20  # words and operators
_PART = re.compile(r'(-?)(?:([^\W\d_]+):(?!//))?("[^"]*"?|[^\s"]*)')
_QUOTES = str.maketrans("“”„‟«»\0", '"""""" ')
_WORD = re.compile(r"[^\W_]")
_OPERATORS = "from: to: channel: before: after: state: label: assigned: has:"
_KINDS: Mapping[str, Kind | None] = {
    **dict.fromkeys(("email", "mail"), Kind.EMAIL),
    **dict.fromkeys(("sms", "text"), Kind.SMS),
    **dict.fromkeys(("voice", "call", "phone"), Kind.VOICE),
    "note": None,
}
_FILES = frozenset({"attachment", "attachments", "file", "files"})


class QueryProblem(ValueError):
    """The query cannot be understood; the sentence says which part, why, and what would do."""


@dataclass(frozen=True, slots=True)
class Query:
    """All of it has to hold; of one operator given several times, one of the values."""

    words: tuple[str, ...] = ()  # single words and quoted phrases
    without: tuple[str, ...] = ()
    beginning: bool = False  # the last word may be the beginning of one: it is still being typed
    writers: tuple[str, ...] = ()  # parts of names or addresses; "me" is whoever looks
    recipients: tuple[str, ...] = ()
    kinds: tuple[Kind | None, ...] = ()  # None: notes
    channels: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None  # not included
    states: tuple[ConversationState, ...] = ()
    labels: tuple[str, ...] = ()  # all of them
    assigned: tuple[str, ...] = ()  # "me", "nobody", or parts of a colleague's name or address
    files: bool = False

    @property
    def of_customers(self) -> bool:
        """Whether customers can have all of this."""
        plain = replace(self, words=(), without=(), beginning=False, labels=())
        return plain == Query() and bool(self.words or self.labels)

    @property
    def of_conversations(self) -> bool:
        messages = self.writers or self.recipients or self.files or None in self.kinds
        return not messages and replace(self, without=(), beginning=False) != Query()

    @property
    def of_messages(self) -> bool:
        plain = replace(self, states=(), labels=(), assigned=(), beginning=False)
        return plain != Query()


def understood(
    text: str, *, now: datetime, zone: tzinfo, channels: Collection[str] = (), beginning: bool = False
) -> Query:
    """`zone`: whose days `before:` and `after:` mean. Raises QueryProblem."""
    reading = _Reading(now.astimezone(zone).date(), zone, channels)
    query = Query()
    parts = [one for one in _parts(text) if one[1] or _WORD.search(one[2])]  # signs alone are no word
    if len(parts) > _MOST:
        raise QueryProblem(Sentence("More than %(most)s words at once. Leave some out", {"most": _MOST}))
    for minus, name, value in parts:
        query = reading.take(query, bool(minus), name.lower(), value)
    # A quotation that is closed, or an operator, is whole.
    return replace(query, beginning=beginning and bool(query.words) and bool(re.search(r"[^\W_]\Z", text)))


def _parts(text: str) -> list[tuple[str, str, str]]:
    plain = text[:LONGEST].translate(_QUOTES)
    return [one for one in _PART.findall(plain) if one[1] or one[2].strip('" ')]


@dataclass(frozen=True, slots=True)
class _Reading:
    today: date
    zone: tzinfo
    channels: Collection[str] = field(default=())

    def take(self, query: Query, minus: bool, name: str, value: str) -> Query:
        said = " ".join(value.strip('"').split())
        if not name:
            return self._word(query, said, minus)
        if name not in _TAKERS:
            gaps = {"name": f"{name}:", "known": _OPERATORS}
            raise QueryProblem(Sentence("There is no %(name)s here, but %(known)s Or put the words in quotes", gaps))
        if minus:
            raise QueryProblem(Sentence("A minus goes before words, not before %(name)s", {"name": f"{name}:"}))
        if not said:
            words = "Behind %(name)s something has to stand, without a space: %(example)s"
            raise QueryProblem(Sentence(words, {"name": f"{name}:", "example": f"{name}:{_EXAMPLES[name]}"}))
        return _TAKERS[name](self, query, said)

    @staticmethod
    def _word(query: Query, said: str, minus: bool) -> Query:
        return replace(query, without=(*query.without, said)) if minus else replace(query, words=(*query.words, said))

    def channel(self, query: Query, said: str) -> Query:
        if said.lower() in _KINDS:
            return replace(query, kinds=(*query.kinds, _KINDS[said.lower()]))
        if said in self.channels:
            return replace(query, channels=(*query.channels, said))
        known = ", ".join(("email", "sms", "call", "note", *sorted({*self.channels} - {"email", "sms", "call"})))
        raise QueryProblem(_unknown("channel:", said, known))

    def state(self, query: Query, said: str) -> Query:
        try:
            return replace(query, states=(*query.states, ConversationState(said.lower())))
        except ValueError as e:
            raise QueryProblem(_unknown("state:", said, ", ".join(ConversationState))) from e

    def has(self, query: Query, said: str) -> Query:
        if said.lower() not in _FILES:
            raise QueryProblem(_unknown("has:", said, "attachment"))
        return replace(query, files=True)

    def before(self, query: Query, said: str) -> Query:
        return replace(query, until=self._moment("before:", said))

    def after(self, query: Query, said: str) -> Query:
        return replace(query, since=self._moment("after:", said))

    def _moment(self, name: str, said: str) -> datetime:
        try:
            return datetime.combine(day(said, self.today), time(), self.zone)
        except NotADate as e:
            words = "%(name)s %(said)s is no day. Write it as %(example)s, 2026-03, 2026, today, yesterday or 7d"
            raise QueryProblem(Sentence(words, {"name": name, "said": said, "example": "2026-03-10"})) from e


def _unknown(name: str, said: str, known: str) -> Sentence:
    return Sentence(
        "%(name)s %(said)s is not known. There are: %(known)s", {"name": name, "said": said, "known": known}
    )


_TAKERS: Mapping[str, Callable[[_Reading, Query, str], Query]] = {
    "from": lambda _, query, said: replace(query, writers=(*query.writers, said)),
    "to": lambda _, query, said: replace(query, recipients=(*query.recipients, said)),
    "label": lambda _, query, said: replace(query, labels=(*query.labels, said)),
    "assigned": lambda _, query, said: replace(query, assigned=(*query.assigned, said)),
    "channel": _Reading.channel,
    "state": _Reading.state,
    "in": _Reading.state,
    "has": _Reading.has,
    "before": _Reading.before,
    "after": _Reading.after,
}
_EXAMPLES: Mapping[str, str] = {
    "from": "ana",
    "to": "ana",
    "label": "gold",
    "assigned": "me",
    "channel": "sms",
    "state": "open",
    "in": "open",
    "has": "attachment",
    "before": "2026-03-10",
    "after": "2026-03-10",
}
