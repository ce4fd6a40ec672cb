"""How long a text is on the air: GSM 03.38 or UCS-2, in how many segments, and where it may be cut."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡"
    "ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = frozenset("\f^{}\\[~]|€")  # sent as ESC and one more: two units that belong together


# What word processors and telephones put in for signs of the alphabet above: nobody misses the difference.
PLAIN: Mapping[str, str] = MappingProxyType(
    dict.fromkeys("“”„‟«»″", '"')
    | dict.fromkeys("‘’‚‛‹›′´`", "'")
    | dict.fromkeys("‐‑‒–—―−", "-")
    | dict.fromkeys("\u00a0\u2002\u2003\u2007\u2008\u2009\u200a\u202f\t", " ")
    | dict.fromkeys("\u00ad\u200b\u200c\u2060\ufeff", "")
    | {"…": "...", "•": "*", "×": "x", "№": "No."}
)


class Encoding(StrEnum):
    GSM7 = "GSM-7"
    UCS2 = "UCS-2"


_ALONE = {Encoding.GSM7: 160, Encoding.UCS2: 70}
_JOINED = {Encoding.GSM7: 153, Encoding.UCS2: 67}  # the rest of each segment says how they belong together
LONGEST = 1600  # characters of one message; Twilio refuses more (21617)


@dataclass(frozen=True, slots=True)
class Measure:
    """`units` are septets (GSM-7) or UTF-16 units (UCS-2); `spoilers` the characters that force UCS-2, each once."""

    encoding: Encoding
    segments: int
    units: int
    spoilers: tuple[str, ...]

    @property
    def room(self) -> int:
        """How many units so many segments hold."""
        return _ALONE[self.encoding] if self.segments == 1 else _JOINED[self.encoding] * self.segments


def measure(text: str) -> Measure:
    """What a text costs. An empty text is one segment, as carriers bill it (requirement S1, 3GPP TS 23.038)."""
    spoilers = tuple(dict.fromkeys(c for c in text if c not in _BASIC and c not in _EXTENDED))
    encoding = Encoding.UCS2 if spoilers else Encoding.GSM7
    units = sum(_width(c, encoding) for c in text)
    return Measure(encoding, len(_cut(text, encoding)), units, spoilers)


def plain(text: str) -> str:
    """With the signs of GSM-7 in place of those that look like them, see PLAIN."""
    return "".join(PLAIN.get(c, c) for c in text)


def cut(text: str) -> tuple[str, ...]:
    """The text of each segment. Joined they are `text`; no escaped character or surrogate pair is ever split."""
    return _cut(text, measure(text).encoding)


def _cut(text: str, encoding: Encoding) -> tuple[str, ...]:
    if sum(_width(c, encoding) for c in text) <= _ALONE[encoding]:
        return (text,)
    pieces, start, used = [], 0, 0
    for at, character in enumerate(text):
        width = _width(character, encoding)
        if used + width > _JOINED[encoding]:
            pieces.append(text[start:at])
            start, used = at, 0
        used += width
    return (*pieces, text[start:])


def _width(character: str, encoding: Encoding) -> int:
    if encoding is Encoding.GSM7:
        return 2 if character in _EXTENDED else 1
    return 2 if ord(character) > 0xFFFF else 1
