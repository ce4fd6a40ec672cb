"""Lines that the log keeps in English (why the gate decided, why a campaign paused, what is late), in the reader's
language.

Each is recognised by the message id that it was made of; a line that none of them fits is shown as it is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, tzinfo
from typing import Protocol
from uuid import UUID

from hub.conversations import appointment_news
from hub.conversations.tasks import CALL_BACK
from hub.models.vocabulary import Kind, Purpose
from hub.web import moments, words
from hub.web.translations import gettext as _
from hub.web.translations import marked as N_  # noqa: N812 (the name that extraction looks for)

# More particular lines stand above those that would fit them too.
LINES = (
    N_(appointment_news.CONFIRMED),
    N_(appointment_news.CANCELLED),
    N_(appointment_news.ANOTHER_TIME),
    N_("The webhook to %(name)s was switched off: it failed for days"),
    N_("allowed, ranked %(place)s"),
    N_("not wanted by the customer for %(purpose)s"),
    N_("no such channel is set up"),
    N_("there is no text for it"),
    N_("opted out %(day)s by STOP"),
    N_("opted out %(day)s by %(source)s"),
    N_("no consent to %(purpose)s"),
    N_("no address"),
    N_("%(address)s is not the customer's"),
    N_("%(address)s does not work any more"),
    N_("%(address)s complained of unwanted messages"),
    N_("%(address)s suppressed %(day)s: %(cause)s"),
    N_("had %(number)s marketing messages in 7 days, %(most)s are allowed"),
    N_("had %(number)s for %(purpose)s in 7 days, %(most)s are allowed"),
    N_("the customer has died"),
    N_("the customer is not to be contacted"),
    N_("the customer wants a pause until %(day)s"),
    N_("the customer wants a pause for the time being"),
    N_("a complaint of the customer's is open"),
    N_("the customer has been waiting for an answer since %(day)s"),
    N_("the customer's card says: %(label)s"),
    N_("no channel was asked for"),
    N_("learnt: the ranking on their card comes first"),
    N_("learnt: nothing is surely better than the usual order"),
    N_("learnt: %(rest)s"),
    N_("nothing was sent; of others %(share)s %% answer"),
    N_("%(counts)s, best between %(begins)s and %(ends)s o’clock"),
    N_("%(counts)s (%(arrived)s known to have arrived)"),
    N_("%(answered)s of %(tried)s answered"),
    N_("quiet hours: not before %(moment)s UTC"),
    N_("too late: of no use after %(moment)s UTC"),
    N_("%(address)s had this automatic answer in the last day"),
    N_("%(address)s had this automatic answer in the last %(number)s days"),
    N_("%(where)s had %(number)s automatic answers in %(minutes)s minutes, %(most)s are allowed"),
    N_("a test: the gate was not asked"),
    N_("the text cannot be sent as it is written"),
    N_("%(number)s of %(all)s messages complained of it: %(share)s, %(most)s are too many"),
    N_("%(number)s of %(all)s messages came back because the address does not exist: %(share)s, %(most)s are too many"),
    N_("%(number)s of %(all)s messages were refused for what they are: %(share)s, %(most)s are too many"),
    N_("%(number)s of %(all)s messages failed: %(share)s, %(most)s are too many"),
    N_("%(part)s, %(language)s, line %(line)s: %(rest)s"),
    N_("%(part)s, %(language)s: %(rest)s"),
    N_("%(length)s characters, and an SMS takes at most %(most)s: no carrier would take it. Shorten it by %(many)s"),
    N_("“%(name)s” is not known. Did you mean “%(near)s”?"),
    N_("“%(name)s” is not known. Take it out, or correct it"),
    N_("%(part)s: there is no text in %(language)s, nor in %(fallback)s. Write one"),
    N_("%(part)s: there is no text in %(language)s. Write one"),
    N_("“%(name)s” has paused itself: %(rest)s. Look into it, then go on with it or cancel it"),
    N_("A campaign did not start: %(rest)s"),
    N_("at sending: %(rest)s"),
    N_("Late: %(name)s waits for the first answer"),
    N_("Late: %(name)s waits for an answer"),
    N_("Late: the matter of %(name)s is not settled"),
    N_(CALL_BACK),
    N_("Satisfaction: %(score)s of %(most)s"),
    N_("Macro: %(name)s"),
    N_("The calendar did not come in time"),
    N_("The calendar could not be fetched: %(error)s"),
    N_("The calendar lies where we do not go"),
    N_("The calendar was passed on too often"),
    N_("There is no calendar (HTTP %(status)s)"),
    N_("Missed call"),
    N_("Voicemail"),
)
_CHANNEL = re.compile(r"(email|sms|voice): (.*)", re.DOTALL)
_GAP = re.compile(r"%\\\((\w+)\\\)s")
_WHEN = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d) UTC")  # as hub.conversations.appointment_news writes it


def retold(line: str) -> str:
    """The line in the reader's language; what stands in its gaps too, where it is a word of ours."""
    channel = _CHANNEL.fullmatch(line)
    if channel is not None:
        return f"{_(words.sign(words.KINDS, Kind(channel[1])).word)}: {retold(channel[2])}"
    for message, fits in _PATTERNS.items():
        found = fits.fullmatch(line)
        if found is not None:
            return _(message) % {name: _filled(name, text) for name, text in found.groupdict().items()}
    return _(line) if line else line


def titled(task: Titled, reader: tzinfo) -> str:
    """The title of a task: as somebody typed it, or in the reader's language and by their clock where nobody did.

    A call that is wrapped up makes a task by its taker's hand, about its customer.
    """
    if task.created_by is None:
        return _WHEN.sub(lambda found: _by_clock(found, reader), retold(task.title))
    found = _PATTERNS[CALL_BACK].fullmatch(task.title) if task.customer_id is not None else None
    return _(CALL_BACK) % found.groupdict() if found else task.title


class Titled(Protocol):
    """A task, as far as its title is concerned."""

    @property
    def title(self) -> str: ...
    @property
    def created_by(self) -> int | None: ...
    @property
    def customer_id(self) -> UUID | None: ...


def _by_clock(found: re.Match[str], reader: tzinfo) -> str:
    """A customer's own words may look like a moment and be none: they stay as they are."""
    try:
        return moments.plain(datetime.fromisoformat(f"{found[1]}+00:00"), reader)
    except ValueError:
        return found[0]


def _filled(name: str, text: str) -> str:
    if name == "purpose" and text in list(Purpose):
        return _(words.sign(words.PURPOSES, text).word)
    if name in ("part", "language", "fallback"):
        return _(text)
    return retold(text) if name in ("rest", "counts") else text


def pattern(message: str) -> re.Pattern[str]:
    """What fits a line that was made of this message id."""
    return re.compile(_GAP.sub(r"(?P<\1>.+?)", re.escape(message.replace("%%", "%"))), re.DOTALL)


_PATTERNS: Mapping[str, re.Pattern[str]] = {message: pattern(message) for message in LINES}
