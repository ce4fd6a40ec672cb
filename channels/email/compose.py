"""Writing a mail: one function that turns an Outbound into the bytes on the wire, and checks what it wrote.

Bytes are put together directly: the standard library's message objects re-parse and re-fold every header, which is
fifty times slower and lets header values break out (see channels.email.words).
"""

from __future__ import annotations

import binascii
import re
from datetime import UTC, datetime
from email.parser import BytesHeaderParser
from email.utils import format_datetime
from itertools import pairwise

from channels.email import words
from channels.email.tagging import tagged
from channels.errors import Refused
from channels.message import Address, Attachment, Email, Outbound, Reason

_LINE_LIMIT = 998  # RFC 5322 2.1.1
_URL = re.compile(r"https?://[!-;=?-~]+\Z")
_HEADER = re.compile(rb"([!-9;-~]+):(.*)\Z", re.DOTALL)


def message_id(message: Outbound[Email], own: str) -> str:
    """`<id@domain>`: the same for every attempt, so that stores fold doubles and receipts find the message."""
    return f"<{message.id}@{own.rpartition('@')[2]}>"


def compose(message: Outbound[Email], sender: Address, now: datetime) -> bytes:
    """The whole mail: CRLF, no line over 998, a text part always. Raises Refused if it does not read back as meant."""
    headers = _headers(message, sender, now)
    body_headers, body = _body(message.content, _boundary_stem(message))
    head = "".join(f"{name}: {value}\r\n" for name, value in [*headers, *body_headers]).encode()
    _check([name for name, _ in [*headers, *body_headers]], head, message.to)
    return head + b"\r\n" + body


# ---- headers --------------------------------------------------------------------------------

Headers = list[tuple[str, str]]


def _headers(message: Outbound[Email], sender: Address, now: datetime) -> Headers:
    mail = message.content
    own = Address(sender.kind, tagged(sender.value, message.token), sender.name)
    return [
        ("From", words.mailbox(sender)),
        ("To", words.mailbox(message.to)),
        ("Reply-To", words.mailbox(own)),
        ("Subject", words.text(mail.subject, len("Subject: "))),
        ("Date", format_datetime(now.astimezone(UTC))),
        ("Message-ID", message_id(message, sender.value)),
        *_thread(mail),
        *_automatic(mail),
        *_unsubscribe(mail, own.value),
        ("MIME-Version", "1.0"),
    ]


def _thread(mail: Email) -> Headers:
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


def _unsubscribe(mail: Email, own: str) -> Headers:
    """RFC 2369 and the one-click POST of RFC 8058 (requirement U1)."""
    if not mail.unsubscribe_url:
        return []
    if not _URL.match(mail.unsubscribe_url) or len(mail.unsubscribe_url) > 900:
        raise _broken(f"{mail.unsubscribe_url!r} cannot stand in a List-Unsubscribe header")
    value = f"<{mail.unsubscribe_url}>,\r\n <mailto:{own}?subject=unsubscribe>"
    return [("List-Unsubscribe", value), ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")]


# ---- body -----------------------------------------------------------------------------------

Part = tuple[Headers, bytes]  # the part's own header fields, and its body without a last line end


def _body(mail: Email, stem: str) -> Part:
    inline = [a for a in mail.attachments if a.inline and a.content_id and mail.html]
    attached = [a for a in mail.attachments if a not in inline]
    shown = _text_part("plain", mail.text)
    if mail.html:
        html = _text_part("html", mail.html)
        if inline:
            html = _multipart("related", f"{stem}r", [html, *map(_inline_part, inline)])
        shown = _multipart("alternative", f"{stem}a", [shown, html])
    if attached:
        shown = _multipart("mixed", f"{stem}m", [shown, *map(_attached_part, attached)])
    return shown


def _multipart(subtype: str, boundary: str, parts: list[Part]) -> Part:
    lines = [b"--%b\r\n%b\r\n%b\r\n" % (boundary.encode(), _part_head(headers), body) for headers, body in parts]
    lines.append(b"--%b--\r\n" % boundary.encode())
    return [("Content-Type", f'multipart/{subtype}; boundary="{boundary}"')], b"".join(lines)


def _part_head(headers: Headers) -> bytes:
    return "".join(f"{name}: {value}\r\n" for name, value in headers).encode()


def _text_part(subtype: str, text: str) -> Part:
    lines = text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
    encoding, body = _encode(lines.encode("utf-8", "replace"))
    return [("Content-Type", f"text/{subtype}; charset=utf-8"), ("Content-Transfer-Encoding", encoding)], body


def _encode(data: bytes) -> tuple[str, bytes]:
    """7bit when it is plain (and cannot hold a boundary, which starts `=_`), else the shorter of QP and base64."""
    if data.isascii() and b"=_" not in data and max(map(len, data.split(b"\n"))) <= 76:
        return "7bit", data.replace(b"\n", b"\r\n")
    foreign = len(data) - len(data.translate(None, bytes(range(128, 256))))
    if foreign * 6 > len(data):
        return "base64", _base64(data.replace(b"\n", b"\r\n"))
    return "quoted-printable", binascii.b2a_qp(data, istext=True).replace(b"\n", b"\r\n")


def _base64(data: bytes) -> bytes:
    lines = [binascii.b2a_base64(data[i : i + 57], newline=False) for i in range(0, len(data), 57)]
    return b"\r\n".join(lines)


def _attached_part(attachment: Attachment) -> Part:
    disposition = "attachment" + words.parameter("filename", attachment.name or "file")
    return _file_headers(attachment, disposition), _base64(attachment.content)


def _inline_part(attachment: Attachment) -> Part:
    name = words.parameter("filename", attachment.name) if attachment.name else ""
    content_id = re.sub(r"[^!-;=?-~]", "", attachment.content_id)[:200]
    headers = _file_headers(attachment, "inline" + name)
    return [*headers, ("Content-ID", f"<{content_id}>")], _base64(attachment.content)


def _file_headers(attachment: Attachment, disposition: str) -> Headers:
    return [
        ("Content-Type", words.media_type(attachment.media_type)),
        ("Content-Transfer-Encoding", "base64"),
        ("Content-Disposition", disposition),
    ]


def _boundary_stem(message: Outbound[Email]) -> str:
    """The same for every attempt. Neither QP nor base64 nor our 7bit can hold `=_`."""
    return f"=_{message.id.hex}"


# ---- the check ------------------------------------------------------------------------------


def _check(intended: list[str], head: bytes, to: Address) -> None:
    """Read the header block back, twice and differently, and compare (requirement F23)."""
    if _names(head) != intended or BytesHeaderParser().parsebytes(head).keys() != intended:
        raise _broken("its header fields do not read back as intended")
    written = re.search(rb"^To: (.*?)\r\n(?=\S)", head, re.DOTALL | re.MULTILINE)
    if not written or not written.group(1).endswith(f"<{to.value}>".encode()):
        raise _broken("its recipient does not read back as intended")


def _names(head: bytes) -> list[str] | None:
    lines = head.split(b"\r\n")
    if lines.pop() or any(len(line) > _LINE_LIMIT or b"\r" in line or b"\n" in line for line in lines):
        return None
    if any(not line.strip() for line in lines) or any(
        line[:1] == b" " and not before for before, line in pairwise(lines)
    ):
        return None
    fields = [_HEADER.match(line) for line in lines if line[:1] not in (b" ", b"\t")]
    return [field.group(1).decode() for field in fields if field] if all(fields) else None


def _broken(why: str) -> Refused:
    return Refused(f"the mail cannot be written: {why}", reason=Reason.REJECTED, stage="compose")
