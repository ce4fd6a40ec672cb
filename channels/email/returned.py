"""The mail that a report gives back: its header, wherever in the report it stands."""

from __future__ import annotations

import re

from channels.email import headers as header_block
from channels.email.headers import Headers
from channels.email.parts import Part

_TYPES = ("message/rfc822", "text/rfc822-headers", "text/rfc822", "message/global", "message/global-headers",
          "message/partial")  # fmt: skip
_HEADERISH = re.compile(
    rb"(?:return-path|received|from|to|cc|subject|date|message-id|x-[\w-]{1,60}|mime-version|content-type|reply-to|"
    rb"dkim-signature|delivered-to|sender):",
    re.IGNORECASE,
)
_NAMED = re.compile(rb"[A-Za-z][A-Za-z0-9-]{1,60}: ?\S")
_KNOWN = {b"message-id", b"received", b"date", b"from", b"to", b"subject", b"return-path"}
_FIELDS = [name + b":" for name in sorted(_KNOWN)]
_MAX_HEADER = 262_144
_MAX_LINES = 20_000


def find(leaves: list[Part]) -> Headers | None:
    for part in leaves:
        if part.media_type in _TYPES:
            return header_block.parse(header_block.split(part.content())[0][:_MAX_HEADER])
    for part in leaves:
        if part.main_type in ("text", "multipart"):
            found = run(part.content()[:1_000_000])
            if found is not None:
                return header_block.parse(found)
    return None


def run(text: bytes) -> bytes | None:
    """The first run of lines in a text that is the header of a mail: three or more of the usual fields."""
    if text.count(b":") < 3:
        return None
    lower = text.lower()
    if sum([field in lower for field in _FIELDS]) < 3:
        return None
    lines: list[bytes] = []
    for line in text.splitlines()[:_MAX_LINES]:
        if not lines and b":" not in line:
            continue
        bare = line.lstrip(b"> |") if line[:1] in b">|" else line
        if _HEADERISH.match(bare) or (lines and (_folded(bare) or _NAMED.match(bare))):
            lines.append(bare)
        elif _is_header(lines):
            return b"\n".join(lines)
        else:
            lines = []
    return b"\n".join(lines) if _is_header(lines) else None


def _folded(line: bytes) -> bool:
    return line[:1] in (b" ", b"\t") and bool(line.strip())


def _is_header(lines: list[bytes]) -> bool:
    names = {line.partition(b":")[0].strip().lower() for line in lines}
    return len(names & _KNOWN) >= 3
