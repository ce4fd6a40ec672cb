"""Writing a mail: one function that turns an Outbound into the bytes on the wire, and checks what it wrote.

Bytes are put together directly: the standard library's message objects re-parse and re-fold every header, which is
fifty times slower and lets header values break out (see channels.email.words).
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import lru_cache

from channels.email import bodies, proofread, words
from channels.email.tagging import tagged
from channels.message import Address, Email, Outbound

_URL = re.compile(r"https?://[!-;=?-~]+\Z")


def message_id(message: Outbound[Email], own: str) -> str:
    """`<id@domain>`: the same for every attempt, so that stores fold doubles and receipts find the message."""
    return f"<{message.id}@{own.rpartition('@')[2]}>"


def compose(message: Outbound[Email], sender: Address, now: datetime) -> bytes:
    """The whole mail: CRLF, no line over 998, a text part always. Raises Refused if it does not read back as meant."""
    body_headers, body = bodies.written(message.content, f"=_{message.id.hex}")
    headers = [*_headers(message, sender, now), *body_headers]
    head = "".join([f"{name}: {value}\r\n" for name, value in headers]).encode()
    proofread.check(head, [name for name, _ in headers], message.to.value)
    return head + b"\r\n" + body


# ---- headers --------------------------------------------------------------------------------


Headers = list[tuple[str, str]]


def _headers(message: Outbound[Email], sender: Address, now: datetime) -> Headers:
    mail = message.content
    own = tagged(sender.value, message.token)
    return [
        ("From", words.mailbox(sender.name, sender.value, len("From: "))),
        ("To", words.mailbox(message.to.name, message.to.value, len("To: "))),
        ("Reply-To", words.mailbox(sender.name, own, len("Reply-To: "))),
        ("Subject", words.text(mail.subject, len("Subject: "))),
        ("Date", _date(int(now.timestamp()))),
        ("Message-ID", message_id(message, sender.value)),
        *_thread(mail),
        *_automatic(mail),
        *_unsubscribe(mail, own, sender.value),
        ("MIME-Version", "1.0"),
    ]


def _thread(mail: Email) -> Headers:
    if not mail.in_reply_to and not mail.references:
        return []
    answered = words.message_ids((mail.in_reply_to,))
    earlier = words.message_ids(
        (*mail.references, *((mail.in_reply_to,) if mail.in_reply_to not in mail.references else ()))
    )
    return [(n, v) for n, v in (("In-Reply-To", answered), ("References", earlier)) if v]


def _automatic(mail: Email) -> Headers:
    """RFC 3834 5 and requirement L2: robots must be able to see that a robot wrote this."""
    if not (mail.automatic or mail.answers_automatically):
        return []
    kind = "auto-replied" if mail.answers_automatically else "auto-generated"
    return [("Auto-Submitted", kind), ("X-Auto-Response-Suppress", "All")]


def _unsubscribe(mail: Email, own: str, sender: str) -> Headers:
    """RFC 2369, the one-click POST of RFC 8058 (requirement U1), and the name of the list (RFC 2919)."""
    if not mail.unsubscribe_url:
        return []
    if not _URL.match(mail.unsubscribe_url) or len(mail.unsubscribe_url) > 900:
        raise proofread.broken(f"{mail.unsubscribe_url!r} cannot stand in a List-Unsubscribe header")
    value = f"<{mail.unsubscribe_url}>,\r\n <mailto:{own}?subject=unsubscribe>"
    return [
        ("List-Id", _list_id(sender)),
        ("List-Unsubscribe", value),
        ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
    ]


@lru_cache(maxsize=16)
def _list_id(sender: str) -> str:
    """`news@shop.example` writes to the list <news.shop.example>: one for all its campaigns, so that filters last."""
    local, _, domain = sender.rpartition("@")
    return f"<{re.sub('[^a-z0-9-]+', '-', local)[:63]}.{domain}>"


@lru_cache(maxsize=4)
def _date(seconds: int) -> str:
    return format_datetime(datetime.fromtimestamp(seconds, UTC))
