"""The few fields that say who wrote, to whom and about what, of a mail that is too large or too tangled to be read."""

from __future__ import annotations

import re

from channels.email import headers as header_block

_LONGEST = 4_000  # bytes of a field; what is longer is what made the mail unreadable
_NAMES = {
    *("from", "sender", "reply-to", "return-path", "to", "cc", "delivered-to", "x-original-to", "envelope-to"),
    *("subject", "date", "message-id", "in-reply-to", "references"),
    *("auto-submitted", "precedence", "list-id", "list-unsubscribe", "x-auto-response-suppress", "x-failed-recipients"),
}


def of(raw: bytes) -> bytes:
    """A mail without a body: each of the fields once at most, none longer than 4,000 bytes, folded ones unfolded."""
    start = header_block.beginning(raw)
    block = raw[start : start + 4 * header_block.MAX_HEADER_BLOCK]
    block = re.split(rb"\r?\n\r?\n", block, maxsplit=1)[0]
    kept: dict[str, bytes] = {}
    for name, value in header_block.parse(block).fields:
        if name in _NAMES and len(value) <= _LONGEST:
            kept.setdefault(name, value)
    return b"".join(b"%b: %b\r\n" % (name.encode(), value) for name, value in kept.items()) + b"\r\n"
