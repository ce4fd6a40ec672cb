"""What attached files are called: as the sender says, made safe and unique, or by what they are (requirement M4)."""

from __future__ import annotations

import mimetypes
import re
import urllib.parse

from channels.email import headers as header_block
from channels.email.parts import Part
from channels.message import Attachment

_LONGEST = 240
_HIDDEN = r"\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff"  # unseen, or turning the letters behind them round
_UNSAFE = re.compile(rf"[\x00-\x1f\x7f-\x9f{_HIDDEN}/\\]+")
_BY_TYPE = {
    "text/plain": ("document", ".txt"),
    "text/html": ("document", ".html"),
    "text/calendar": ("calendar", ".ics"),
    "message/delivery-status": ("delivery-status", ".txt"),
    "message/global-delivery-status": ("delivery-status", ".txt"),
    "image/jpeg": ("image", ".jpg"),
    "image/jpg": ("image", ".jpg"),
    "video/quicktime": ("video", ".mov"),
    "application/pgp-signature": ("signature", ".asc"),
    "application/pgp-keys": ("key", ".asc"),
    "application/pkcs7-mime": ("smime", ".p7m"),  # RFC 8551 3.2.1
    "application/x-pkcs7-mime": ("smime", ".p7m"),
    "application/pkcs7-signature": ("smime", ".p7s"),
    "application/x-pkcs7-signature": ("smime", ".p7s"),
}
_OWN_WORD = ("image", "audio", "video")


def name_of(part: Part) -> str:
    """The stated name without any path, or one made from what the part is. Never empty, never longer than 240."""
    stated = "" if part.media_type == "message/external-body" else safe(part.filename)
    return stated or safe(_made(part)) or "file"


def safe(stated: str) -> str:
    """Nothing that leaves its folder, hides or turns round; empty when nothing is left."""
    last = stated.replace("\\", "/").rstrip("/").rpartition("/")[2]
    name = _UNSAFE.sub("_", last).strip()
    return "" if name.strip(". ") == "" else _cut(name)


def unique(files: list[Attachment]) -> tuple[Attachment, ...]:
    """Equal names get a number: `scan.pdf`, `scan1.pdf`."""
    used: dict[str, int] = {}
    return tuple(_renamed(file, used) for file in files)


def _cut(name: str) -> str:
    if len(name) <= _LONGEST:
        return name
    stem, dot, extension = name.rpartition(".")
    if not stem or len(extension) > 20:
        return name[:_LONGEST]
    return f"{stem[: _LONGEST - len(extension) - 1]}{dot}{extension}"


def _made(part: Part) -> str:
    """A forwarded mail is called by its subject, a picture by its place or Content-ID, a report by its description."""
    if part.media_type in ("message/rfc822", "message/global"):
        return f"{_subject(part)[:200] or _description(part) or 'message'}.eml"
    located = urllib.parse.unquote(part.headers.text("content-location").partition("?")[0]).rpartition("/")[2]
    identified = part.content_id.partition("@")[0]
    for candidate in (located, identified):
        stem, _, extension = candidate.rpartition(".")
        if stem and 0 < len(extension) <= 5:
            return candidate
    stem, extension = _by_type(part.media_type)
    return f"{_description(part) or stem}{extension}" if extension else "file"


def _by_type(media_type: str) -> tuple[str, str]:
    if media_type in _BY_TYPE:
        return _BY_TYPE[media_type]
    main = media_type.partition("/")[0]
    if main == "message":
        return media_type.partition("/")[2], ".txt"
    if media_type == "application/octet-stream":
        return "file", ""
    return main if main in _OWN_WORD else "file", mimetypes.guess_extension(media_type) or ""


def _subject(part: Part) -> str:
    content = part.content()[: header_block.MAX_HEADER_BLOCK]
    return header_block.parse(header_block.split(content)[0]).text("subject").replace("/", "_").replace("\\", "_")


def _description(part: Part) -> str:
    return part.headers.text("content-description").replace("/", "_").replace("\\", "_")[:200]


def _renamed(file: Attachment, used: dict[str, int]) -> Attachment:
    name = file.name
    stem, dot, extension = name.rpartition(".")
    while name in used:
        used[file.name] = number = used[file.name] + 1
        name = f"{stem}{number}{dot}{extension}" if stem else f"{file.name}{number}"
    used[name] = 0
    if name == file.name:
        return file
    return Attachment(name, file.media_type, file.content, file.inline, file.content_id)
