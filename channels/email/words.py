"""Writing values into mail headers: RFC 2047 words, RFC 5322 folding and phrases, RFC 2231 parameters.

Every value may come from a stranger. Nothing here can produce a line that begins a header of its own: control
characters and line ends are gone before anything else happens, and text that already looks like an encoded word is
encoded anew, because Python 3.11.7 decodes such words again while folding (CVE-2024-6923).
"""

from __future__ import annotations

import binascii
import re
import urllib.parse
from collections.abc import Sequence
from functools import lru_cache

_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_ATOMS = re.compile(r"[A-Za-z0-9 !#$%&'*+\-/=?^_`{|}~]*\Z")
_TOKEN = re.compile(r"[A-Za-z0-9!#$&+\-.^_`|~]+\Z")
_MESSAGE_ID = re.compile(r"<[!-;=?-~]{1,900}>\Z")
_LINE = 76
_FRAME = len("=?utf-8?b??=")
_LONGEST_IN_QUOTES = 60  # of a word in a name, before it is encoded to be broken


def clean(value: str) -> str:
    """One line of valid Unicode: no controls, no line ends, no lone surrogates."""
    if value.isprintable():  # what ordinary names and subjects are
        return value.strip()
    return _CONTROLS.sub(" ", value).encode("utf-8", "replace").decode().strip()


def text(value: str, used: int) -> str:
    """An unstructured header value, folded. `used` is the length of `Name: ` in front of it."""
    value = clean(value)
    if not value.isascii() or "=?" in value:
        return _encoded(value, used)
    if len(value) + used <= _LINE:
        return value
    folded = _folded(value.split(" "), used)
    return folded if folded is not None else _encoded(value, used)


def mailbox(name: str, address: str, used: int) -> str:
    """`Name <local@domain>`. An address with a non-ASCII local part stays as it is (RFC 6532). `used` as in `text`."""
    phrase = _phrase(name, used)
    return f"{phrase}\r\n <{address}>" if phrase else f"<{address}>"


def mailboxes(addresses: Sequence[str]) -> str:
    """`<local@domain>` of each, one a line (RFC 5322 3.4)."""
    return ",\r\n ".join([f"<{one}>" for one in addresses])


def message_ids(values: tuple[str, ...], limit: int = 30) -> str:
    """Well-formed Message-IDs only, the latest `limit` of them, one a line."""
    kept = [value for value in values if _MESSAGE_ID.match(value)]
    return "\r\n ".join(kept[-limit:])


def parameter(name: str, value: str) -> str:
    """`;`, a fold and `name="value"`, or RFC 2231 continuations in percent-encoded UTF-8 if it is not plain ASCII."""
    value = clean(value)
    if _TOKEN.match(value) and len(value) < 60:
        return f';\r\n {name}="{value}"'
    if value.isascii() and len(value) < 60 and not set(value) & set('"\\') and "=?" not in value:
        return f';\r\n {name}="{value}"'
    return _extended(name, value)


def media_type(value: str) -> str:
    """`type/subtype`, or application/octet-stream for what is not one, or may not be base64 (RFC 2046 5.2.1)."""
    main, slash, sub = value.lower().partition("/")
    if not slash or main in ("message", "multipart") or not (_TOKEN.match(main) and _TOKEN.match(sub)):
        return "application/octet-stream"
    return f"{main}/{sub}" if len(value) < 128 else "application/octet-stream"


@lru_cache(maxsize=64)  # the sender's own is asked for with every mail
def _phrase(name: str, used: int) -> str:
    """Encoded words only where there is no other way: Python's own reader puts blanks between two of them in a name."""
    name = clean(name)
    if not name.isascii() or "=?" in name:
        return _encoded(name, used)
    if _ATOMS.match(name) and len(name) + used <= _LINE:
        return name
    words = name.replace("\\", "\\\\").replace('"', '\\"').split(" ")
    folded = _folded(words, used + 1) if max(map(len, words)) <= _LONGEST_IN_QUOTES else None
    return f'"{folded}"' if folded is not None else _encoded(name, used)


def _folded(parts: list[str], used: int) -> str | None:
    """Break between words at 76 characters; None when a word is too long to stand on a line."""
    lines: list[str] = []
    line = parts[0]
    room = _LINE - used
    for part in parts[1:]:
        if line.strip() and part and len(line) + 1 + len(part) > room:
            lines.append(line)
            line, room = f" {part}", _LINE
        else:
            line = f"{line} {part}"
    lines.append(line)
    return "\r\n".join(lines) if max(map(len, lines)) < 900 else None


def _encoded(value: str, used: int) -> str:
    """Encoded words of whole characters (RFC 2047 5.3), one a line, and no such line over 76."""
    data = value.encode()
    if len(data) <= (_LINE - used - _FRAME) // 4 * 3:  # on one line, as most are
        return f"=?utf-8?b?{binascii.b2a_base64(data, newline=False).decode()}?="
    start, pieces, room = 0, list[str](), _LINE - used
    while start < len(data) or not pieces:
        end = start + (room - _FRAME) // 4 * 3
        while end < len(data) and data[end] & 0xC0 == 0x80:
            end -= 1
        pieces.append(binascii.b2a_base64(data[start:end], newline=False).decode())
        start, room = end, _LINE - 1
    return "\r\n ".join([f"=?utf-8?b?{piece}?=" for piece in pieces])


def _extended(name: str, value: str) -> str:
    quoted = urllib.parse.quote(value, safe="")
    pieces = re.findall(r"(?:%..|[^%]){1,18}", quoted)
    if len(pieces) == 1:
        return f";\r\n {name}*=utf-8''{quoted}"
    numbered = (f";\r\n {name}*{i}*={'utf-8' + chr(39) * 2 if i == 0 else ''}{piece}" for i, piece in enumerate(pieces))
    return "".join(numbered)
