"""Reading a mail: bytes to a frozen Mail (RFC 5322, 2045-2049; requirements M1-M8). Knows nothing of what it means."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from channels.email import addresses, body, calendar
from channels.email.addresses import MAX_ADDRESSES, Mailbox
from channels.email.headers import Headers
from channels.email.parts import Part, tree
from channels.email.steps import Steps, at_once
from channels.errors import Unreadable
from channels.message import Attachment, Invitation

MAX_BYTES = 25_000_000
_LONGEST_ID = 1_000  # bytes of UTF-8: the log looks mails up by it, and an index holds no more than 2,700
_ID = re.compile(r"<[^<>]{1,1100}>")  # folded ones hold blanks


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail as its sender meant it. Texts hold no NUL and no lone surrogate; addresses are as they were written."""

    headers: Headers = field(repr=False)
    root: Part = field(repr=False)
    sender: Mailbox
    reply_to: tuple[Mailbox, ...]
    to: tuple[Mailbox, ...]
    cc: tuple[Mailbox, ...]
    subject: str
    date: datetime | None
    message_id: str  # as it stands, or made from the bytes (M11)
    in_reply_to: tuple[str, ...]
    references: tuple[str, ...]
    text: str
    html: str
    attachments: tuple[Attachment, ...]
    invitations: tuple[Invitation, ...]  # read from the calendar files among the attachments
    problems: tuple[str, ...]


def read(raw: bytes, limit: int = MAX_BYTES) -> Mail:
    """Raises Unreadable when there is nothing to read, or more than the limits allow."""
    return at_once(steps(raw, limit))


def steps(raw: bytes, limit: int = MAX_BYTES) -> Steps[Mail]:
    """The same, for many mails side by side."""
    if not raw or raw.isspace():
        raise Unreadable("empty: the mailbox has no content for this message")
    if len(raw) > limit:
        raise Unreadable(f"too large: {len(raw)} bytes, the limit is {limit}")
    root = tree(raw)
    yield
    shown = body.choose(root)
    yield
    headers = Headers(root.headers.fields, shown.charset) if shown.charset else root.headers
    to, cc = addresses.of(headers, "to"), addresses.of(headers, "cc")
    if len(to) + len(cc) > MAX_ADDRESSES:
        raise Unreadable(f"too complex: more than {MAX_ADDRESSES} recipients")
    sender, problems = _sender(headers)
    yield
    return Mail(
        headers=headers,
        root=root,
        sender=sender,
        reply_to=addresses.of(headers, "reply-to"),
        to=to,
        cc=cc,
        subject=headers.text("subject"),
        date=_date(headers.plain("date")),
        message_id=_message_id(headers, raw),
        in_reply_to=ids(headers.plain("in-reply-to")),
        references=ids(" ".join(value.decode("ascii", "replace") for value in headers.all("references"))),
        text=shown.text,
        html=shown.html,
        attachments=shown.attachments,
        invitations=calendar.of(shown.attachments),
        problems=(*problems, *shown.problems),
    )


def ids(text: str) -> tuple[str, ...]:
    """Message-IDs with their angle brackets, each once, at most 200. A longer one than any program makes is none."""
    bare = ("".join(found.replace("\0", "").split()) for found in _ID.findall(text[:65536]))
    return tuple(dict.fromkeys(found for found in bare if 2 < len(found.encode()) <= _LONGEST_ID))[:200]


def made_up_id(raw: bytes) -> str:
    """For a mail without one: from its bytes, so that the same mail twice is seen (M11)."""
    import hashlib  # as email.utils below: most mails need neither

    return f"<gen-{hashlib.sha256(raw).hexdigest()}@local>"


def _message_id(headers: Headers, raw: bytes) -> str:
    stated = headers.plain("message-id")
    found = ids(stated)
    if found:
        return found[0]
    bare = re.sub(r"[\s<>\0]", "", stated).encode()[:900].decode("utf-8", "ignore")
    return f"<{bare}>" if bare else made_up_id(raw)


_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_DATE = re.compile(
    rf"(?:[A-Z][a-z]{{2}}, )?([0-9]{{1,2}}) ({'|'.join(_MONTHS)}) ([12][0-9]{{3}}) "
    r"([0-9]{2}):([0-9]{2}):([0-9]{2}) ([+-])([0-9]{2})([0-9]{2})"
)


def _usual_date(found: re.Match[str]) -> datetime:
    """RFC 5322 3.3, without comments. Raises ValueError for what no calendar has, OverflowError before the year 1."""
    day, month, year, hour, minute, second, sign, hours, minutes = found.groups()
    at = datetime(int(year), _MONTHS.index(month) + 1, int(day), int(hour), int(minute), int(second), tzinfo=UTC)
    offset = timedelta(hours=int(hours), minutes=int(minutes))
    if offset >= timedelta(days=1):
        raise ValueError("no zone is so far away")
    return at - offset if sign == "+" else at + offset


_SENDERS = ("from", "reply-to", "sender", "return-path")


def _sender(headers: Headers) -> tuple[Mailbox, list[str]]:
    """From, else Reply-To, else Sender, else Return-Path (M1)."""
    nameless: Mailbox | None = None
    for name in _SENDERS:
        for mailbox in addresses.of(headers, name):
            if "@" in mailbox.address:
                return mailbox, [] if name == "from" else [f"no usable From: taken from {name}"]
            nameless = nameless or mailbox
    return nameless or Mailbox(""), ["no usable sender address"]


def _date(text: str) -> datetime | None:
    """Aware, or None. A date without a zone counts as UTC."""
    try:
        if usual := _DATE.fullmatch(text):
            return _usual_date(usual)
        from email.utils import parsedate_to_datetime

        date = parsedate_to_datetime(text[:200])
        return (date if date.tzinfo else date.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
