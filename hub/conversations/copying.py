"""Whom an agent's mail is copied to: what somebody typed, and whom the answered mail suggests."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence

from channels import address
from channels.address import BadAddress
from hub.conversations.answering import is_own
from hub.outbound.request import Copy
from hub.sentences import Sentence

MOST = 20  # of Cc and Bcc together, where servers have to take 100 (RFC 5321 4.5.3.1.8)
LONGEST = 8000  # characters of one field as it is typed

_BETWEEN = re.compile(r"[,;\r\n]")
_NAMED = re.compile(r"[^<>@\x00-\x1f]*<([^<>]+)>\Z")


class BadCopies(ValueError):
    """What stands in Cc or Bcc cannot be written to; the message says what, for the person at the screen."""


def read(cc: str, bcc: str, *, own: Collection[str]) -> tuple[Copy, ...]:
    """The addresses that were typed with commas between them. As `given`."""
    return given(_BETWEEN.split(cc), _BETWEEN.split(bcc), own=own)


def given(cc: Sequence[str], bcc: Sequence[str], *, own: Collection[str]) -> tuple[Copy, ...]:
    """These addresses, each once, in canonical spelling. `own`: our mailboxes'. Raises BadCopies."""
    found = {one.address: one for blind, some in ((True, bcc), (False, cc)) for one in _copies(some, blind, own)}
    if len(found) > MOST:
        gaps = {"number": len(found), "most": MOST}
        raise BadCopies(
            Sentence(
                "A mail goes to at most %(most)s people beside its recipient, and here are %(number)s. Take some out.",
                gaps,
            )
        )
    return tuple(sorted(found.values(), key=lambda one: one.blind))


def everybody(copied: Sequence[str], besides: Collection[str], *, own: Collection[str]) -> tuple[str, ...]:
    """Who else had the answered mail and may be meant by an answer to all: no robot, none of us, nobody twice.

    Of more than `MOST` nobody: who is meant is for a person to choose.
    """
    others = [one for one in dict.fromkeys(copied) if one not in besides and not is_own(one, own)]
    people = tuple(one for one in others if not address.is_robot(one))
    return people if len(people) <= MOST else ()


def _copies(pieces: Sequence[str], blind: bool, own: Collection[str]) -> Iterator[Copy]:
    for piece in filter(None, map(str.strip, pieces)):
        found = _address(piece)
        if is_own(found, own):
            raise BadCopies(
                Sentence(
                    "%(address)s is a mailbox of ours: what you write is here already. Take it out.", {"address": found}
                )
            )
        yield Copy(found, blind)


def _address(piece: str) -> str:
    named = _NAMED.match(piece)
    try:
        return address.mail(named.group(1) if named else piece)
    except BadAddress as e:
        why = Sentence(e.words, {name: _short(value) for name, value in e.gaps.items()})
        raise BadCopies(Sentence("Cc and Bcc: %(why)s. Correct it or take it out.", {"why": why})) from e


def _short(value: str) -> str:
    return value if len(value) <= 80 else f"{value[:80]}…"
