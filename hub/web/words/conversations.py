"""The inbox: its views, how conversations stand and what joined them, and what its search understands."""

from __future__ import annotations

from collections.abc import Mapping

from hub.models.vocabulary import Assigning, ConversationState, Promised, Rearranged, ThreadedBy
from hub.web.translations import marked as N_  # noqa: N812 (the name that extraction looks for)
from hub.web.words.signs import Sign

VIEWS: Mapping[str, Sign] = {
    "mine": Sign(N_("Mine"), "user"),
    "unassigned": Sign(N_("Unassigned"), "inbox"),
    "all": Sign(N_("All open"), "messages"),
    "mentions": Sign(N_("Mentions"), "at"),
    "snoozed": Sign(N_("Snoozed"), "zzz"),
    "late": Sign(N_("Late"), "urgent"),
    "resolved": Sign(N_("Resolved"), "circle-check"),
}

CONVERSATIONS: Mapping[str, Sign] = {
    ConversationState.OPEN: Sign(N_("open"), "circle-dot"),
    ConversationState.PENDING: Sign(N_("waiting for them"), "clock"),
    ConversationState.SNOOZED: Sign(N_("snoozed"), "zzz"),
    ConversationState.RESOLVED: Sign(N_("resolved"), "circle-check", "good"),
}

FLAGS = frozenset(
    (
        N_("possible thread"),
        N_("refers to two conversations"),
        N_("wants the answer to go to another customer"),
        N_("same Message-ID, other text"),
        N_("no sender address"),
        N_("may be double"),
        N_("a copy did not arrive"),
        N_("missed call"),
        N_("voicemail"),
    )
)

# "In this conversation because …"
THREADED: Mapping[str, str] = {
    ThreadedBy.IN_REPLY_TO: N_("it answers a mail of it"),
    ThreadedBy.REFERENCES: N_("it refers to a mail of it"),
    ThreadedBy.ADDRESS: N_("it came to the answer address of one of our messages"),
    ThreadedBy.SUBJECT: N_("its subject carries the mark of one of our messages"),
    ThreadedBy.CITED: N_("a mail that came before it refers to it, or to the same mail as it does"),
    ThreadedBy.OPEN: N_("it was the customer's open conversation"),
    ThreadedBy.NEW: N_("it began it"),
    ThreadedBy.STRANGER: N_("it refers to another conversation, in which its sender takes no part"),
    ThreadedBy.MOVED: N_("a colleague moved it here"),
    ThreadedBy.SPLIT: N_("a colleague made a conversation of it"),
    ThreadedBy.MERGED: N_("a colleague merged its conversation into this one"),
    ThreadedBy.JOINED: N_("the mail between the two parts came late and joined them"),
}

REARRANGED: Mapping[str, str] = {
    Rearranged.MOVE: N_("Undo the move"),
    Rearranged.SPLIT: N_("Undo the split"),
    Rearranged.MERGE: N_("Undo the merge"),
}

ASSIGNING: Mapping[str, str] = {
    Assigning.BY_HAND: N_("By hand"),
    Assigning.ROUND_ROBIN: N_("One after the other"),
    Assigning.LEAST_BUSY: N_("To whoever has the fewest"),
}

PROMISES: Mapping[str, str] = {
    Promised.FIRST: N_("First answer"),
    Promised.NEXT: N_("Next answer"),
    Promised.RESOLUTION: N_("To be settled"),
}

FOUND: Mapping[str, str] = {
    "customers": N_("Customers"),
    "conversations": N_("Conversations"),
    "messages": N_("Messages"),
}

# What the search understands, shown where nothing is looked for yet.
OPERATORS: tuple[tuple[str, str], ...] = (
    ("from:ana", N_("written by a customer or colleague called so, or with this address; from:me")),
    ("to:ana", N_("written to this customer")),
    ("channel:sms", N_("by email, sms, call, or a note")),
    ("before:2026-03-10", N_("earlier than this day; also 2026-03, yesterday, 7d")),
    ("after:2026-03", N_("from this day on")),
    ("state:open", N_("in conversations that are open, pending, snoozed or resolved")),
    ("label:gold", N_("of customers with this label")),
    ("assigned:me", N_("in conversations of mine, of a colleague or of nobody")),
    ("has:attachment", N_("with a file")),
)


def because(word: str) -> str:
    """Why a word stands in its conversation; an unknown reason is shown as it is."""
    return THREADED.get(word, word)
