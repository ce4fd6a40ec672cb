"""From a mail system's words to ours: enhanced status codes (RFC 3463), SMTP codes, and the phrases servers use."""

from __future__ import annotations

import re

from channels.message import Reason

ENHANCED = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.])")

_BY_STATUS = {
    "1.1": Reason.BAD_ADDRESS,  # bad destination mailbox
    "1.2": Reason.BAD_ADDRESS,  # bad destination system
    "1.3": Reason.BAD_ADDRESS,  # bad syntax
    "1.4": Reason.BAD_ADDRESS,  # ambiguous
    "1.6": Reason.BAD_ADDRESS,  # moved, no forwarding
    "1.10": Reason.BAD_ADDRESS,  # null MX (RFC 7505)
    "1.7": Reason.BLOCKED,  # the sender's address
    "1.8": Reason.BLOCKED,
    "2.1": Reason.UNREACHABLE,  # mailbox disabled
    "2.2": Reason.MAILBOX_FULL,
    "2.3": Reason.TOO_LONG,
    "3.1": Reason.UNREACHABLE,
    "3.4": Reason.TOO_LONG,
    "4.1": Reason.UNREACHABLE,
    "4.4": Reason.BAD_ADDRESS,  # no route: the domain has no mail server
    "4.6": Reason.UNREACHABLE,  # a loop
    "4.7": Reason.UNREACHABLE,  # expired in a queue
}
_BY_SUBJECT = {"4": Reason.UNREACHABLE, "5": Reason.REJECTED, "6": Reason.REJECTED, "7": Reason.BLOCKED}


def _any_of(*phrases: str) -> re.Pattern[str]:
    return re.compile("|".join(phrases), re.IGNORECASE)


# Words come before codes: servers are careless with codes (half of all "550 5.1.1" of some systems mean "blocked"),
# but say in the text what they mean. The first row that matches wins.
_PHRASES: tuple[tuple[re.Pattern[str], Reason], ...] = (
    (
        _any_of(
            r"(?:mailbox|inbox|account|user|recipient|folder)[^.\n]{0,30}\b(?:is )?(?:full|over ?quota|exceed)",
            r"over ?(?:the )?(?:disk |storage |mail)?quota",
            r"quota (?:exceeded|full|violation)|exceed\w* (?:\w+ ){0,4}quota|insufficient (?:disk|system storage)",
            r"mailbox (?:size|quota)|storage (?:limit|quota)|not enough (?:disk|storage) space|disc quota",
            r"too many messages (?:in|on) (?:this|the|mail)|out of (?:disk )?(?:space|quota)",
        ),
        Reason.MAILBOX_FULL,
    ),
    (
        _any_of(
            r"message (?:size|length|file) ?(?:is )?(?:too (?:big|large|long)|exceed)",
            r"size (?:limit )?exceed|exceed\w* (?:\w+ ){0,5}(?:message )?size|message (?:is )?too (?:big|large|long)",
            r"message is larger than|max(?:imum)? message size",
        ),
        Reason.TOO_LONG,
    ),
    (
        _any_of(
            r"\bspam|black ?list|block ?list|blocked|dnsbl|\brbl\b|spf\b|dkim\b|dmarc\b|reputation|virus|malware",
            r"banned|\bpolicy|content (?:re(?:ject|fus)|filter)|relay(?:ing)? (?:denied|not|access)|"
            r"not allowed to relay",
            r"unable to relay|we do not relay|reverse dns|rdns|\bptr\b|too many (?:connections|recipients|"
            r"messages from)",
            r"rate limit|throttl|listed (?:at|by|in)|not authori[sz]ed|authentication required|permission",
            r"suspicious|phish|prohibited|sender (?:address )?(?:re(?:ject|fus)|denied|verify)|access denied|"
            r"restricted",
        ),
        Reason.BLOCKED,
    ),
    (
        _any_of(
            r"(?:user|account|mailbox|recipient|addressee|address|person|customer|name)[^\n]{0,60}"
            r"(?:unknown|not? (?:known|found|exist|valid|listed|here|such)|does(?:n'?t| not) (?:exist|have)|invalid|"
            r"no longer)",
            r"unknown (?:user|recipient|local|address|account|mailbox|name|uid|mail)",
            r"(?:no|not a?) ?(?:such|valid|known) (?:\w+ )?(?:user|recipient|address|mailbox|account|person|name|local|"
            r"alias)",
            r"no (?:\w+ )?mailbox (?:here|by that)|invalid (?:recipient|user|address|mailbox|final)|bad (?:destination|"
            r"address)",
            r"undeliverable address|is not a valid|isn't a valid|user does|not our customer|no account|nosuchuser",
            r"(?:mailbox|address|account) (?:is )?(?:unavailable|not available|has been (?:deleted|removed|closed))",
        ),
        Reason.BAD_ADDRESS,
    ),
    (
        _any_of(
            r"(?:host|domain)[^\n]{0,60}(?:unknown|not found|not exist|no such|unrouteable|invalid)",
            r"(?:unknown|no such|bad) (?:host|domain)|unrouteable|unroutable|nxdomain|no mx\b|null mx|"
            r"name or service not known",
            r"host or domain name not found|not? (?:mx|mail) (?:record|server|exchanger)|illegal (?:host|domain)",
        ),
        Reason.BAD_ADDRESS,
    ),
    (
        _any_of(
            r"expired|timed? ?out|retry time|connection (?:refused|lost|dropped|reset)|could ?n[o']t connect|"
            r"unreachable",
            r"not (?:yet )?been delivered|delayed|try again|too long in queue|temporar|too many hops|loop(?:s|ing|"
            r"ed)?\b",
            r"disabled|suspended|inactive|not active|deactivated|system (?:error|failure)|local (?:error|"
            r"configuration)",
        ),
        Reason.UNREACHABLE,
    ),
)


def by_words(text: str) -> Reason | None:
    """What the text says, if it says anything we know."""
    head = text[:4000]
    return next((reason for pattern, reason in _PHRASES if pattern.search(head)), None)


def by_status(status: str) -> Reason | None:
    """`5.1.1` → BAD_ADDRESS. None for a status that says no more than that it failed (x.0.0 and the like)."""
    match = ENHANCED.match(status)
    if not match:
        return None
    subject, detail = str(int(match.group(2))), str(int(match.group(3)))
    return _BY_STATUS.get(f"{subject}.{detail}") or _BY_SUBJECT.get(subject)
