"""What mail servers say when they refuse a mail, and which ground their words mean."""

from __future__ import annotations

import re

from channels.email.reasons import Ground
from channels.email.wording import PHRASES
from channels.email.wording.rows import any_of

_LONGEST = 3_000

# Tags that a program puts there and that mean nothing else: Exchange, Google, Orange (416), PowerMTA.
_TAGGED = any_of(r"nosuchuser|resolver\.adr\.|recipientnotfound|recipnotfound|(?:ofr|lpn)[0-9_]{0,8}_416\b|bad-mailbox")
# A mail system speaks of its own users: Domino, Exchange, IMail, qmail, Exim, Postfix, Yale's phquery.
_OWN_USERS = any_of(
    r"not listed in|directory|recipient name is not recogni[sz]ed|no valid recipients|\bunknown (?:local )?user\b|"
    r"invalid final|"
    r"no mailbox here by that name|unrouteable|unknown recipient|no matches to nameserver query|ディレクトリ|"
    r"no such person at this address|recipient table|mailbox here",
)
_REPLY = re.compile(r"(?<![\d./-])(?<!\d:)[45][0-5]\d(?=[ \-:,;.#)]|$)(?!\.\d)")


# What only the check of a recipient says (Postfix, Exchange Online's directory based blocking).
_AT_RCPT = any_of(r"recipient address rejected ?:")
_GROUPS = "groups.google.com/"  # Google Groups says in sixty languages that one may not post


def is_tagged_unknown(text: str) -> bool:
    """True when a tag for programs says that there is no such user."""
    return bool(_TAGGED.search(text[:_LONGEST]))


def of_own_users(text: str) -> bool:
    """True when who says "no such user" has looked it up itself, and does not pass on another server's reply."""
    if _AT_RCPT.search(text[:_LONGEST]):
        return True
    return not _REPLY.search(text[:_LONGEST]) and bool(_OWN_USERS.search(_plain(text)))


def _plain(text: str) -> str:
    return re.sub(r"\s+", " ", _SILENT.sub("", text[:_LONGEST]))


_SILENT = re.compile(
    r"https?://[^\s<>\"]{1,500}|(?<![^\s<>(\"':;,=])[^\s<>()\"':;,@=]{1,64}(?=@)|(?<=@)[A-Za-z0-9.-]{1,253}"
)


def meaning(text: str) -> Ground | None:
    """What the words say, if they say anything we know. Addresses and links are names, not words."""
    head = _plain(text)
    found = next((ground for ground, pattern in PHRASES if pattern.search(head)), None)
    return Ground.REJECTED if found is None and _GROUPS in text[:_LONGEST] else found
