"""The body of a mail being written: its parts, their encodings, and files encoded once for all who get them."""

from __future__ import annotations

import binascii
import re
from collections.abc import Sequence
from functools import lru_cache

from channels import plaintext
from channels.email import words
from channels.message import Attachment, Email
from channels.woven import Stretch, Woven

Headers = tuple[tuple[str, str], ...]
Part = tuple[Headers, Sequence[bytes]]  # the part's own header fields, and its body in pieces without a last line end

_CHANGED = (b" \n", b"\t\n", b"\nFrom ")  # by relays that trim lines, and mailboxes that write `>From`
_KEPT_BYTES = 512_000  # of a file whose encoded form is kept for the next recipient
_KEPT_FILES = 16
_KEPT_LINE = 1_000  # bytes of a line whose encoded form is kept
_KEPT_VALUE, _KEPT_VALUES = 100, 1_000  # letters of a value whose encoded form is kept, and how many are
_GROWTH, _SMALL = 1.5, 100  # of a text in quoted-printable: if it grows by more, and is no few words, base64 is shorter
_SOFT = b"=\r\n"
# A value that is its own encoding: short, and not `From ` or a dot at the beginning of a line, which others change.
_LONGEST = 75
_AS_IT_IS = re.compile(rf"(?!\.|From )[ -<>-~]{{1,{_LONGEST}}}\Z").match
_ODD = "F."  # what may begin a value that is not, and what begins one without letters


def written(mail: Email, stem: str) -> tuple[Headers, bytes]:
    """The whole body: a text part always, HTML beside it, its pictures with it, files after it.

    `stem` begins every boundary; it must begin with `=_`, which no encoding below can write.
    """
    inline = [a for a in mail.attachments if a.inline and a.content_id and mail.html]
    attached = [a for a in mail.attachments if a not in inline]
    shown = _text_part("plain", plaintext.of(str(mail.html)) if mail.html and _is_blank(mail.text) else mail.text)
    if mail.html:
        html = _text_part("html", mail.html)
        if inline:
            html = _multipart("related", f"{stem}r", [html, *map(_file_part, inline)])
        shown = _multipart("alternative", f"{stem}a", [shown, html])
    if attached:
        shown = _multipart("mixed", f"{stem}m", [shown, *(_file_part(_as_attached(a)) for a in attached)])
    return shown[0], b"".join(shown[1])


def _is_blank(text: str | Woven) -> bool:
    """Would nobody see anything? NUL is never written, and a byte order mark at the beginning is no letter."""
    return isinstance(text, str) and not text.replace("\0", "").removeprefix("\ufeff").strip()


def _multipart(subtype: str, boundary: str, parts: list[Part]) -> Part:
    mark = boundary.encode()
    lines = list[bytes]()
    for headers, body in parts:
        lines += (b"--", mark, b"\r\n", _part_head(headers), b"\r\n", *body, b"\r\n")
    lines += (b"--", mark, b"--\r\n")
    return (("Content-Type", f'multipart/{subtype};\r\n boundary="{boundary}"'),), lines


@lru_cache(maxsize=64)
def _part_head(headers: Headers) -> bytes:
    return "".join([f"{name}: {value}\r\n" for name, value in headers]).encode()


# ---- words ----------------------------------------------------------------------------------


def _text_part(subtype: str, text: str | Woven) -> Part:
    woven = _woven(text) if isinstance(text, Woven) else None
    encoding, body = ("quoted-printable", woven) if woven is not None else _encode(str(text))
    return _text_headers(subtype, encoding), body


@lru_cache(maxsize=16)
def _text_headers(subtype: str, encoding: str) -> Headers:
    return ("Content-Type", f"text/{subtype}; charset=utf-8"), ("Content-Transfer-Encoding", encoding)


def _woven(text: Woven) -> Sequence[bytes] | None:
    """In quoted-printable, with soft breaks (RFC 2045 6.7) around values, so that fixed words are encoded once.

    None where base64 is better.
    """
    forms = _quoted_forms(tuple([stretch for stretch, _ in text.stretches]))
    if forms is None:
        return None
    told = zip(forms, text.stretches, strict=True)
    lines = [form % stretch.spread(_quoted_values(values)) for form, (stretch, values) in told]
    if lines and not lines[-1].endswith((b" =\r\n", b"\t=\r\n")):
        lines[-1] = lines[-1].removesuffix(_SOFT)
    return lines


@lru_cache(maxsize=512)
def _quoted_forms(stretches: tuple[Stretch, ...]) -> Sequence[bytes] | None:
    """Each with `%b` for the values. None when base64 is shorter: a tenth of the letters take two bytes or more."""
    forms = [b"%b".join([_quoted_lines(words).replace(b"%", b"%%") for words in one.fixed]) for one in stretches]
    letters = sum(stretch.letters for stretch in stretches)
    return forms if sum(map(len, forms)) <= letters * _GROWTH + _SMALL else None


def _quoted_values(values: tuple[str, ...]) -> tuple[bytes, ...]:
    """Nearly always all of them are their own encoding: then they are looked at and encoded together."""
    whole = "".join(values)
    if not (whole.isascii() and whole.isprintable() and "=" not in whole):
        return tuple(map(_VALUES.__getitem__, values))
    if any(value[:1] in _ODD for value in values) or max(map(len, values), default=0) > _LONGEST:
        return tuple(map(_VALUES.__getitem__, values))
    return tuple([value.encode() + _SOFT for value in values])


class _Values(dict[str, bytes]):
    """Values in quoted-printable. A name stands in a mail more than once, and more than one person has it."""

    def __missing__(self, value: str) -> bytes:
        quoted = value.encode() + _SOFT if _AS_IT_IS(value) else _quoted_lines(value)
        if len(value) <= _KEPT_VALUE:
            if len(self) >= _KEPT_VALUES:
                self.clear()
            self[value] = quoted
        return quoted


_VALUES = _Values()


def _quoted_lines(words: str) -> bytes:
    """From the beginning of a line to the beginning of another."""
    lines = _plain(words).encode("utf-8", "replace").split(b"\n")
    quoted = b"\r\n".join([_quoted_line(line) for line in lines])
    return quoted + _SOFT if lines[-1] else quoted


def _encode(text: str) -> tuple[str, Sequence[bytes]]:
    """7bit when nothing on the way can change it or take it for a boundary, else the shorter of QP and base64."""
    data = _plain(text).encode("utf-8", "replace")
    if (len(data) - len(text)) * 12 > len(data):  # a sixth of it, in letters of two bytes
        return "base64", [_base64(data.replace(b"\n", b"\r\n"))]
    lines = data.split(b"\n")
    if data.isascii() and b"=_" not in data and max(map(len, lines)) <= 76 and not _is_changed(data):
        return "7bit", [b"\r\n".join(lines)]
    # Most lines of a campaign's mail are the same for all who get it: those are encoded once.
    quoted = [_kept_quoted_line(line) if len(line) <= _KEPT_LINE else _quoted_line(line) for line in lines]
    return "quoted-printable", [b"\r\n".join(quoted)]


def _plain(text: str) -> str:
    """Lines that end in one way."""
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")


def _is_changed(data: bytes) -> bool:
    framed = b"\n%b\n" % data
    return any(mark in framed for mark in _CHANGED)


def _quoted_line(line: bytes) -> bytes:
    quoted = b"\n" + binascii.b2a_qp(line, istext=True)
    # A soft line break can bring them to the front as well. A dot there would have to be doubled on the wire.
    safe = quoted.replace(b"\nFrom ", b"\n=46rom=\n ").replace(b"\n.", b"\n=2E=\n")
    return safe[1:].replace(b"\n", b"\r\n")


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
    return headers, (_base64(attachment.content),)


_kept_file_part = lru_cache(maxsize=_KEPT_FILES)(_encoded_file_part)
