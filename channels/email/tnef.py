"""winmail.dat: what Outlook packed into one part in its own format, TNEF, unpacked to the files it holds."""

from __future__ import annotations

import mimetypes
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from channels.email import filenames, tnef_gate
from channels.email.charsets import decode
from channels.message import Attachment

MEDIA_TYPES = ("application/ms-tnef", "application/vnd.ms-tnef")
_MIME_TAG, _CONTENT_ID = 0x370E, 0x3712


@dataclass(frozen=True, slots=True)
class Unpacked:
    """The files in order, and the message's own words where the stream brings them."""

    files: tuple[Attachment, ...]
    text: str = ""
    html: str = ""


def is_tnef(media_type: str, name: str) -> bool:
    """By its type, or by the name it goes by when a gateway has lost the type."""
    return media_type in MEDIA_TYPES or (media_type == "application/octet-stream" and name.lower() == "winmail.dat")


def unpacked(stream: bytes) -> Unpacked | None:
    """None when it cannot be read, or holds words in rich text only: the stream is better kept. Never raises."""
    if not tnef_gate.is_sound(stream):
        return None
    import logging  # as the library, seldom needed

    from tnefparse import TNEF

    logging.getLogger("tnefparse").disabled = True  # it reports every oddity of a stranger's bytes as an error
    try:
        found = TNEF(stream, do_checksum=False)
        files = tuple(_files(found, depth=0))
        text, html = _words(found.body, found), _words(found.htmlbody, found)
    except Exception:  # the border: the library raises whatever a stranger's bytes make it stumble over
        return None
    return Unpacked(files, text, html) if files or text or html else None


def _files(found: Any, *, depth: int) -> Iterator[Attachment]:
    """A message within the message gives its words and its files."""
    for attachment in found.attachments:
        name = filenames.safe(_string(attachment.long_filename())) or "file"
        embedded = getattr(attachment, "embed", None)
        if embedded is None:
            yield _file(attachment, name)
        elif depth < 5:
            yield from _embedded(embedded, name, depth)


def _embedded(message: Any, name: str, depth: int) -> Iterator[Attachment]:
    html, text = _words(message.htmlbody, message), _words(message.body, message)
    if html:
        yield Attachment(f"{name}.html", "text/html", html.encode())
    elif text:
        yield Attachment(f"{name}.txt", "text/plain", text.encode())
    yield from _files(message, depth=depth + 1)


def _file(attachment: Any, name: str) -> Attachment:
    stated = {attribute.name: attribute for attribute in attachment.mapi_attrs}
    media_type = _string(stated[_MIME_TAG].data).strip().lower() if _MIME_TAG in stated else ""
    if "/" not in media_type:
        media_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
    content_id = _string(stated[_CONTENT_ID].data).strip().strip("<>") if _CONTENT_ID in stated else ""
    return Attachment(name, media_type[:127], bytes(attachment.data), bool(content_id), content_id[:255])


def _words(found: Any, message: Any) -> str:
    """A body may be text, bytes, or a list of either, with a NUL at its end."""
    pieces = found if isinstance(found, list) else [found]
    charset = message.codepage or ""
    text = "".join(decode(piece, charset) if isinstance(piece, bytes) else _string(piece) for piece in pieces)
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _string(value: Any) -> str:
    if isinstance(value, bytes):
        return decode(value)
    return decode(value.encode("utf-8", "replace")) if isinstance(value, str) else ""
