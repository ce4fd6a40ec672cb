"""The body of a mail being written: its parts, their encodings, and files encoded once for all who get them."""

from __future__ import annotations

import binascii
import re
from functools import lru_cache

from channels import plaintext
from channels.email import words
from channels.message import Attachment, Email

Headers = tuple[tuple[str, str], ...]
Part = tuple[Headers, bytes]  # the part's own header fields, and its body without a last line end

_CHANGED = (b" \n", b"\t\n", b"\nFrom ")  # by relays that trim lines, and mailboxes that write `>From`
_KEPT_BYTES = 512_000  # of a file whose encoded form is kept for the next recipient
_KEPT_FILES = 16
_KEPT_LINE = 1_000  # bytes of a line whose encoded form is kept


def written(mail: Email, stem: str) -> Part:
    """The whole body: a text part always, HTML beside it, its pictures with it, files after it.

    `stem` begins every boundary; it must begin with `=_`, which no encoding below can write.
    """
    inline = [a for a in mail.attachments if a.inline and a.content_id and mail.html]
    attached = [a for a in mail.attachments if a not in inline]
    shown = _text_part("plain", mail.text if mail.text.strip() or not mail.html else plaintext.of(mail.html))
    if mail.html:
        html = _text_part("html", mail.html)
        if inline:
            html = _multipart("related", f"{stem}r", [html, *map(_file_part, inline)])
        shown = _multipart("alternative", f"{stem}a", [shown, html])
    if attached:
        shown = _multipart("mixed", f"{stem}m", [shown, *(_file_part(_as_attached(a)) for a in attached)])
    return shown


def _multipart(subtype: str, boundary: str, parts: list[Part]) -> Part:
    mark = boundary.encode()
    lines = [b"--%b\r\n%b\r\n%b\r\n" % (mark, _part_head(headers), body) for headers, body in parts]
    lines.append(b"--%b--\r\n" % mark)
    return (("Content-Type", f'multipart/{subtype};\r\n boundary="{boundary}"'),), b"".join(lines)


@lru_cache(maxsize=64)
def _part_head(headers: Headers) -> bytes:
    return "".join([f"{name}: {value}\r\n" for name, value in headers]).encode()


# ---- words ----------------------------------------------------------------------------------


def _text_part(subtype: str, text: str) -> Part:
    encoding, body = _encode(text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", ""))
    return (("Content-Type", f"text/{subtype}; charset=utf-8"), ("Content-Transfer-Encoding", encoding)), body


def _encode(text: str) -> tuple[str, bytes]:
    """7bit when nothing on the way can change it or take it for a boundary, else the shorter of QP and base64."""
    data = text.encode("utf-8", "replace")
    if (len(data) - len(text)) * 12 > len(data):  # a sixth of it, in letters of two bytes
        return "base64", _base64(data.replace(b"\n", b"\r\n"))
    lines = data.split(b"\n")
    if data.isascii() and b"=_" not in data and max(map(len, lines)) <= 76 and not _is_changed(data):
        return "7bit", b"\r\n".join(lines)
    # Most lines of a campaign's mail are the same for all who get it: those are encoded once.
    quoted = [_kept_quoted_line(line) if len(line) <= _KEPT_LINE else _quoted_line(line) for line in lines]
    return "quoted-printable", b"\r\n".join(quoted)


def _is_changed(data: bytes) -> bool:
    framed = b"\n%b\n" % data
    return any(mark in framed for mark in _CHANGED)


def _quoted_line(line: bytes) -> bytes:
    quoted = b"\n" + binascii.b2a_qp(line, istext=True)
    # A soft line break can bring it to the front as well.
    return quoted.replace(b"\nFrom ", b"\n=46rom=\n ")[1:].replace(b"\n", b"\r\n")


_kept_quoted_line = lru_cache(maxsize=4096)(_quoted_line)


def _base64(data: bytes) -> bytes:
    whole = binascii.b2a_base64(data, newline=False)
    return b"\r\n".join([whole[i : i + 76] for i in range(0, len(whole), 76)])


# ---- files ----------------------------------------------------------------------------------


def _as_attached(attachment: Attachment) -> Attachment:
    """A picture that no HTML shows goes with the others, under a name."""
    return Attachment(attachment.name or "file", attachment.media_type, attachment.content)


def _file_part(attachment: Attachment) -> Part:
    small = len(attachment.content) <= _KEPT_BYTES
    return _kept_file_part(attachment) if small else _encoded_file_part(attachment)


def _encoded_file_part(attachment: Attachment) -> Part:
    name = words.parameter("filename", attachment.name) if attachment.name else ""
    headers: Headers = (
        ("Content-Type", words.media_type(attachment.media_type)),
        ("Content-Transfer-Encoding", "base64"),
        ("Content-Disposition", ("inline" if attachment.inline else "attachment") + name),
    )
    if attachment.inline:
        headers += (("Content-ID", f"<{re.sub('[^!-;=?-~]', '', attachment.content_id)[:200]}>"),)
    return headers, _base64(attachment.content)


_kept_file_part = lru_cache(maxsize=_KEPT_FILES)(_encoded_file_part)
