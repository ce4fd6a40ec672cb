"""Which parts of a mail are its text, and which are files. No part is ever lost: what is not shown is attached (M5)."""

from __future__ import annotations

import mimetypes
import re
from dataclasses import dataclass, field

from channels.email import headers as header_block
from channels.email.charsets import codec, decode
from channels.email.parts import Part
from channels.message import Attachment

_BY_TYPE = {
    "text/plain": ".txt",
    "text/html": ".html",
    "text/calendar": ".ics",
    "message/rfc822": ".eml",
    "image/jpeg": ".jpg",
    "application/octet-stream": ".bin",
}
_CHARSET_IN_HTML = re.compile(rb"""<meta[^>]{0,200}charset\s*=\s*["']?([A-Za-z0-9_:.-]{1,40})""", re.IGNORECASE)
_HIDDEN = r"\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff"  # unseen, or turning the letters behind them round
_UNSAFE = re.compile(rf"[\x00-\x1f\x7f-\x9f{_HIDDEN}/\\]+")


@dataclass(frozen=True, slots=True)
class Shown:
    text: str
    html: str
    attachments: tuple[Attachment, ...]
    charset: str  # what the text says it is written in
    problems: tuple[str, ...]


@dataclass(slots=True)
class _Sorting:
    """The leaves in order, put where they belong."""

    plain: list[Part] = field(default_factory=list)
    html: list[Part] = field(default_factory=list)
    files: list[tuple[Part, bool]] = field(default_factory=list)  # (part, inline)


def choose(root: Part) -> Shown:
    """Sort the leaves of the tree. Every multipart without parts of its own counts as the text it holds."""
    sorting = _Sorting()
    _sort(root, sorting, related=False)
    texts = [text_of(part) for part in sorting.plain]
    html = [text_of(part) for part in sorting.html]
    first = (*sorting.plain, *sorting.html)[:1]
    return Shown(
        text="\n".join(text.rstrip("\n") if i < len(texts) - 1 else text for i, text in enumerate(texts)),
        html="\n".join(html),
        attachments=_named([_attachment(part, inline=inline) for part, inline in sorting.files]),
        charset=first[0].charset if first else "",
        problems=tuple(dict.fromkeys(p for part in (*sorting.plain, *sorting.html) if (p := _problem(part)))),
    )


def text_of(part: Part) -> str:
    """The decoded text of a leaf, line ends as \\n."""
    content = part.content()
    charset = part.charset
    if part.media_type == "text/html" and codec(charset) in (None, "ascii"):
        declared = _CHARSET_IN_HTML.search(content[:2048])
        charset = declared.group(1).decode() if declared else charset
    return decode(content, charset).replace("\r\n", "\n").replace("\r", "\n")


def _sort(part: Part, sorting: _Sorting, *, related: bool) -> None:
    if part.main_type == "multipart" and part.children:
        _sort_children(part, sorting, related=related)
    elif part.main_type == "multipart":
        if part.body.strip():
            sorting.plain.append(part)
    elif part.media_type in ("text/plain", "text/html") and not _is_file(part, sorting, related=related):
        (sorting.html if part.media_type == "text/html" else sorting.plain).append(part)
    else:
        sorting.files.append((part, related or _is_inline(part)))


def _sort_children(part: Part, sorting: _Sorting, *, related: bool) -> None:
    if part.media_type == "multipart/alternative":
        _sort_alternatives(part, sorting)
        return
    for index, child in enumerate(part.children):
        _sort(child, sorting, related=related or (part.media_type == "multipart/related" and index > 0))


def _sort_alternatives(part: Part, sorting: _Sorting) -> None:
    """Plain and HTML are shown, whichever the reader's program wants; others are kept as files."""
    for child in part.children:
        _sort(child, sorting, related=False)


def _is_file(part: Part, sorting: _Sorting, *, related: bool) -> bool:
    """A text leaf is a file when it says so, when it has a name, or when a body of its kind is already there."""
    if part.disposition.value == "attachment" or related:
        return True
    return (part.depth > 0 and bool(part.filename)) or (part.media_type == "text/html" and bool(sorting.html))


def _is_inline(part: Part) -> bool:
    return part.disposition.value == "inline" or (bool(part.content_id) and part.disposition.value != "attachment")


def _attachment(part: Part, *, inline: bool) -> Attachment:
    return Attachment(_name(part), part.media_type, part.content(), inline, part.content_id)


def _name(part: Part) -> str:
    stated = _UNSAFE.sub("_", part.filename.replace("\\", "/").rpartition("/")[2] or part.filename).strip()
    return stated[:255] or _UNSAFE.sub("", _made_name(part))[:255]


def _made_name(part: Part) -> str:
    """A forwarded mail is called by its subject, a picture by its Content-ID, a report by its description."""
    if part.media_type == "message/rfc822":
        inner = header_block.parse(header_block.split(part.content())[0][:262144])
        return f"{inner.text('subject')[:200] or 'message'}.eml"
    if part.main_type == "message":
        return f"{part.headers.text('content-description') or part.media_type.partition('/')[2]}.txt"
    stem, dot, _ = part.content_id.partition("@")[0].rpartition(".")
    if stem and dot:
        return part.content_id.partition("@")[0]
    kind = "document" if part.media_type == "text/html" else part.main_type
    return f"{kind}{_extension(part.media_type)}"


def _extension(media_type: str) -> str:
    return _BY_TYPE.get(media_type) or mimetypes.guess_extension(media_type) or ".bin"


def _named(files: list[Attachment]) -> tuple[Attachment, ...]:
    """Equal names get a number: `scan.pdf`, `scan1.pdf` (M4)."""
    used: set[str] = set()
    return tuple(_unique(file, used) for file in files)


def _unique(file: Attachment, used: set[str]) -> Attachment:
    stem, dot, extension = file.name.rpartition(".")
    name, number = file.name, 0
    while name in used:
        number += 1
        name = f"{stem}{number}{dot}{extension}" if stem else f"{file.name}{number}"
    used.add(name)
    return Attachment(name, file.media_type, file.content, file.inline, file.content_id)


def _problem(part: Part) -> str:
    return f"unknown charset {part.charset!r}" if part.charset and codec(part.charset) is None else ""
