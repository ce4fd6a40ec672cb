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
    digits = message.id.hex
    name = f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"  # str() takes twice as long
    return f"<{name}@{own.rpartition('@')[2]}>"


def compose(message: Outbound[Email], sender: Address, now: datetime) -> bytes:
    """The whole mail: CRLF, no line over 998, a text part always. Raises Refused if it does not read back as meant."""
    mail, own = message.content, tagged(sender.value, message.token)
    content, body = bodies.written(mail, f"=_{message.id.hex}")
    same = _same_for_all(sender.name, sender.value, int(now.timestamp()), _submitted(mail), bool(mail.unsubscribe_url))
    fields = [
        ("To", words.mailbox(message.to.name, message.to.value, len("To: "))),
        *_copied(message),
        ("Reply-To", words.mailbox(sender.name, own, len("Reply-To: "))),
        ("Subject", words.text(mail.subject, len("Subject: "))),
        ("Message-ID", message_id(message, sender.value)),
        *_thread(mail),
        *_unsubscribe(mail, own),
        *content,
    ]
    copied = tuple([one.value for one in message.cc])
    return b"%b%b\r\n%b" % (same, _checked(fields, message.to.value, copied), body)


# ---- headers --------------------------------------------------------------------------------


Headers = list[tuple[str, str]]


@lru_cache(maxsize=32)
def _same_for_all(name: str, own: str, seconds: int, submitted: str, is_bulk: bool) -> bytes:
    """The fields that do not tell one recipient from another, for all mails of this second."""
    fields = [
        ("From", words.mailbox(name, own, len("From: "))),
        ("Date", format_datetime(datetime.fromtimestamp(seconds, UTC))),
        ("MIME-Version", "1.0"),
    ]
    if submitted:
        fields += [("Auto-Submitted", submitted), ("X-Auto-Response-Suppress", "All")]
    if is_bulk:
        fields += [("List-Id", _list_id(own)), ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")]
    return _checked(fields)


def _checked(fields: Headers, recipient: str = "", copied: tuple[str, ...] = ()) -> bytes:
    head = "".join([f"{name}: {value}\r\n" for name, value in fields]).encode()
    proofread.check(head, tuple([name for name, _ in fields]), recipient, copied)
    return head


def _copied(message: Outbound[Email]) -> Headers:
    """Addresses alone, without names: what we call somebody is not for the others. Bcc stands in no field at all."""
    return [("Cc", words.mailboxes([one.value for one in message.cc]))] if message.cc else []


def _thread(mail: Email) -> Headers:
    if not mail.in_reply_to and not mail.references:
        return []
    answered = words.message_ids((mail.in_reply_to,))
    earlier = words.message_ids(
        (*mail.references, *((mail.in_reply_to,) if mail.in_reply_to not in mail.references else ()))
    )
    return [(n, v) for n, v in (("In-Reply-To", answered), ("References", earlier)) if v]


def _submitted(mail: Email) -> str:
    """RFC 3834 5 and requirement L2: robots must be able to see that a robot wrote this."""
    if mail.answers_automatically:
        return "auto-replied"
    return "auto-generated" if mail.automatic else ""


def _unsubscribe(mail: Email, own: str) -> Headers:
    """RFC 2369, the one-click POST of RFC 8058 (requirement U1)."""
    if not mail.unsubscribe_url:
        return []
    if not _URL.match(mail.unsubscribe_url) or len(mail.unsubscribe_url) > 900:
        raise proofread.broken(f"{mail.unsubscribe_url!r} cannot stand in a List-Unsubscribe header")
    return [("List-Unsubscribe", f"<{mail.unsubscribe_url}>,\r\n <mailto:{own}?subject=unsubscribe>")]


def _list_id(sender: str) -> str:
    """RFC 2919: `news@shop.example` writes to <news.shop.example>: one for all its campaigns, so that filters last."""
    local, _, domain = sender.rpartition("@")
    return f"<{re.sub('[^a-z0-9-]+', '-', local)[:63]}.{domain}>"
