"""Which parts of a mail are its text, and which are files (RFC 8621 4.1.4). No part is ever lost: what is not shown
is attached (M5)."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field

from channels.email import filenames, flowed, plain, tnef, transfer
from channels.email.charsets import codec, decode
from channels.email.parts import Part
from channels.message import Attachment

_IN_MARKUP = re.compile(
    rb"""<(?:meta[^>]{0,200}charset|\?xml[^>]{0,100}encoding)\s*=\s*["']?([A-Za-z0-9_:.-]{1,40})""", re.IGNORECASE
)
_BREAKS_OFF = "the mail breaks off: its last part has no end"
_WORDS = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Shown:
    text: str
    html: str
    attachments: tuple[Attachment, ...]
    charset: str  # what the text says it is written in
    problems: tuple[str, ...]


@dataclass(slots=True)
class _Text:
    """One text leaf that is shown."""

    part: Part
    words: str
    alternative: bool  # another version of it is shown as well


@dataclass(slots=True)
class _Sorting:
    """The leaves in order, put where they belong."""

    shown: list[_Text] = field(default_factory=list)
    files: list[Attachment] = field(default_factory=list)
    damaged: list[Part] = field(default_factory=list)  # texts that are kept as files because they break off
    named: list[tuple[Part, int]] = field(default_factory=list)  # texts with a file name that stand first
    problems: dict[str, None] = field(default_factory=dict)
    last: Part | None = None
    packed: tnef.Unpacked | None = None  # the words that came in a winmail.dat

    def has(self, media_type: str) -> bool:
        return any(text.part.media_type == media_type for text in self.shown)


def choose(root: Part) -> Shown:
    """Sort the leaves of the tree. A multipart without parts of its own counts as the text it holds."""
    sorting = _Sorting()
    _sort(root, sorting, _Place())
    _fall_back(sorting)
    if sorting.packed and not any(text.words.strip() for text in sorting.shown):
        packed, files = sorting.packed, filenames.unique(sorting.files)
        return Shown(packed.text, packed.html, files, "", tuple(sorting.problems))
    plains = [text for text in sorting.shown if text.part.media_type != "text/html"]
    first = next(iter([*plains, *sorting.shown]), None)
    return Shown(
        text=_joined([text.words for text in plains]),
        html=_markup(sorting.shown),
        attachments=filenames.unique(sorting.files),
        charset=first.part.charset if first else "",
        problems=tuple(sorting.problems),
    )


def text_of(part: Part) -> str:
    """The decoded text of a leaf, line ends as \\n."""
    return part.text(lambda leaf: _decoded(leaf, leaf.content()))


def _decoded(part: Part, content: bytes) -> str:
    charset = part.charset
    if part.media_type == "text/html" and codec(charset) in (None, "cp1252") and not content.isascii():
        declared = _IN_MARKUP.search(content[:2048])
        stated = codec(charset) is not None and charset.lower() not in ("us-ascii", "ascii")
        charset = declared.group(1).decode() if declared and not stated else charset
    text = decode(content, charset)
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


# ---- sorting ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Place:
    """Where in the tree a leaf stands."""

    parent: str = ""  # the media type of the multipart around it
    index: int = 0
    in_alternative: bool = False
    begun: int = 0  # how many texts were shown when the alternative's branch began


def _sort(part: Part, sorting: _Sorting, place: _Place) -> None:
    if part.main_type == "multipart" and part.children:
        for index, child in enumerate(part.children):
            _sort(child, sorting, _below(part, index, place, sorting))
    elif part.main_type == "multipart":
        if part.body.strip():
            _show(part, sorting, place)
            sorting.files.append(_attachment(part, part.content(), inline=False))
    elif part.media_type in ("text/plain", "text/html") and _is_text(part, sorting, place):
        _show(part, sorting, place)
    else:
        _keep(part, sorting, place)
    if not part.children:
        sorting.last = part


def _below(part: Part, index: int, place: _Place, sorting: _Sorting) -> _Place:
    """A branch of an alternative begins anew with every child of it."""
    if part.media_type == "multipart/alternative":
        return _Place(part.media_type, index, True, len(sorting.shown))
    return _Place(part.media_type, index, place.in_alternative, place.begun)


def _is_text(part: Part, sorting: _Sorting, place: _Place) -> bool:
    """RFC 8621 4.1.4, and two things it leaves open: a second page beside the first, and a text that breaks off."""
    if part.disposition.value == "attachment" or (place.parent == "multipart/related" and place.index > 0):
        return False
    if place.parent and part.filename and place.parent != "multipart/alternative":
        if place.index == 0:
            sorting.named.append((part, len(sorting.files)))
        return False
    if place.parent == "multipart/alternative":
        return True
    if part.breaks_off or _falsely_encoded(part):
        sorting.damaged.append(part)
        return False
    if part.media_type == "text/html":
        return not (sorting.last and sorting.last.media_type == "text/html" and sorting.has("text/html"))
    branch = sorting.shown[place.begun :]
    return not (place.in_alternative and any(text.part.media_type == "text/html" for text in branch))


def _falsely_encoded(part: Part) -> bool:
    return part.encoding == "base64" and not transfer.is_base64(part.body)


def _show(part: Part, sorting: _Sorting, place: _Place) -> None:
    content = part.body if _falsely_encoded(part) else part.content()
    if part.media_type != "text/html" and b"begin" in content:
        content, enclosed = transfer.enclosed(content)
        for name, data in enclosed:
            name_ = filenames.safe(decode(name)) or "file"
            sorting.files.append(Attachment(name_, "application/octet-stream", data))
    words = text_of(part) if content is part.content() else _decoded(part, content)
    if part.media_type == "text/plain" and part.raw_type.text("format").lower() == "flowed":
        words = flowed.unwrapped(words, delete_space=part.raw_type.text("delsp").lower() == "yes")
    sorting.shown.append(_Text(part, words, place.in_alternative))
    if part.charset and codec(part.charset) is None:
        sorting.problems[f"unknown charset {part.charset!r}"] = None
    if part.breaks_off:
        sorting.problems[_BREAKS_OFF] = None


def _keep(part: Part, sorting: _Sorting, place: _Place) -> None:
    inline = place.parent == "multipart/related" or _is_inline(part)
    content = part.content()
    packed = tnef.unpacked(content) if tnef.is_tnef(part.media_type, part.filename) else None
    if packed is None:
        sorting.files.append(_attachment(part, content, inline=inline))
    else:
        sorting.files.extend(packed.files)
        sorting.packed = sorting.packed or packed
    if part.breaks_off:
        sorting.problems[_BREAKS_OFF] = None


def _fall_back(sorting: _Sorting) -> None:
    """When nothing else is there to be shown: the text that breaks off, or the first one that has a file name."""
    if sorting.shown:
        return
    for part in sorting.damaged[:1]:
        _show(part, sorting, _Place())
        return
    for part, at in sorting.named[:1]:
        del sorting.files[at]
        _show(part, sorting, _Place())


def _is_inline(part: Part) -> bool:
    return part.disposition.value == "inline" or (bool(part.content_id) and part.disposition.value != "attachment")


def _attachment(part: Part, content: bytes, *, inline: bool) -> Attachment:
    return Attachment(filenames.name_of(part), part.media_type, content, inline, part.content_id)


# ---- putting together -------------------------------------------------------------------------


def _joined(texts: list[str]) -> str:
    return "\n".join([*(text.rstrip("\n") for text in texts[:-1]), *texts[-1:]])


def _markup(shown: list[_Text]) -> str:
    """All pages one after another, with the texts between and behind them that say something else."""
    pages = [text for text in shown if text.part.media_type == "text/html"]
    if not pages or len(pages) == len(shown):
        return "\n".join(text.words for text in pages)
    known: set[str] | None = None
    pieces: list[str] = []
    for text in shown:
        if text.part.media_type == "text/html":
            pieces.append(text.words)
        elif not text.alternative and text.words.strip():
            known = known or set(_WORDS.findall(" ".join(plain.text(page.words) for page in pages)))
            if not known.issuperset(_WORDS.findall(text.words)):
                pieces.append(f'<div style="white-space: pre-wrap">{html.escape(text.words.strip())}</div>')
    return "\n".join(pieces)
