"""A picture's file without what it says beside the picture: where and by whom it was taken, a smaller or another one.

Nothing is decoded, so hostile pixels are never touched: the file is cut into its parts (PNG's chunks, JPEG's segments,
GIF's blocks, RIFF's chunks), and only those are kept that it takes to show it. Which way up it is held stays.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Callable, Iterator, Mapping

from channels.errors import Unreadable

_PNG = b"\x89PNG\r\n\x1a\n"
_PNG_KEEPS = frozenset(
    {
        b"IHDR",
        b"PLTE",
        b"IDAT",
        b"IEND",
        b"tRNS",
        b"gAMA",
        b"cHRM",
        b"sRGB",
        b"iCCP",
        b"cICP",
        b"sBIT",
        b"bKGD",
        b"pHYs",
    }
)
_WEBP_KEEPS = frozenset({b"VP8X", b"VP8 ", b"VP8L", b"ALPH", b"ANIM", b"ANMF", b"ICCP"})
_WEBP_SAYS_MORE = 0x08 | 0x04  # VP8X: there is EXIF, there is XMP
_FRAMES = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
_TABLES = frozenset({0xC4, 0xCC, 0xDB, 0xDC, 0xDD})  # DHT, DAC, DQT, DNL, DRI
_NEXT_MARKER = re.compile(rb"\xff+[^\x00\xd0-\xd7\xff]", re.DOTALL)  # RST0 to RST7 and \0 belong to the pixels
_EXIF, _ORIENTATION, _SHORT = b"Exif\0\0", 0x0112, 3
_LOOPS = (b"NETSCAPE2.0", b"ANIMEXTS1.0")


def bare(content: bytes) -> bytes:
    """The same picture, smaller. Raises Unreadable when it is no whole PNG, JPEG, GIF or WebP."""
    cut = next((by for beginning, by in _KINDS.items() if content.startswith(beginning)), None)
    if cut is None:
        raise _broken()
    try:
        return cut(content)
    except (struct.error, IndexError) as e:
        raise _broken() from e


def moves(content: bytes) -> bool:
    """Is it a WebP of several frames?"""
    return content[:4] == b"RIFF" and content[12:16] == b"VP8X" and bool(content[20] & 0x02)


# ---- PNG ------------------------------------------------------------------------------------


def _png(content: bytes) -> bytes:
    """Without the frames of an animation too, whose first one is the picture."""
    kept, at = [_PNG], len(_PNG)
    while True:
        length, name = struct.unpack_from(">I4s", content, at)
        end = at + 12 + length
        (crc,) = struct.unpack_from(">I", content, end - 4)
        if crc != zlib.crc32(content[at + 4 : end - 4]) or (name == b"IHDR") != (len(kept) == 1):
            raise _broken()
        if name in _PNG_KEEPS:
            kept.append(content[at:end])
        if name == b"IEND":
            return b"".join(kept)
        at = end


# ---- JPEG -----------------------------------------------------------------------------------


def _jpeg(content: bytes) -> bytes:
    """To its end, and no further: behind it telephones put films."""
    kept, turned, frames = [b"\xff\xd8"], 1, 0
    for marker, whole in _segments(content):
        said = whole[4:]
        if marker == 0xE1 and said.startswith(_EXIF):
            turned = _orientation(said[len(_EXIF) :])
        frames += marker in _FRAMES
        kept.append(_kept_of_jpeg(marker, whole))
    if frames != 1:
        raise _broken()
    if turned != 1:
        kept.insert(1, _segment(0xE1, _EXIF + _tiff(turned)))
    return b"".join(kept)


def _kept_of_jpeg(marker: int, whole: bytes) -> bytes:
    said = whole[4:]
    if marker == 0xE0 and said.startswith(b"JFIF\0"):
        return _segment(marker, said[:12] + b"\0\0")  # without its thumbnail
    if marker in _FRAMES or marker in _TABLES or marker in (0xDA, 0xD9):
        return whole
    colours = (marker == 0xE2 and said.startswith(b"ICC_PROFILE\0")) or (marker == 0xEE and said.startswith(b"Adobe"))
    return whole if colours else b""


def _segments(content: bytes) -> Iterator[tuple[int, bytes]]:
    """Each marker with all that belongs to it: of a scan (SOS) its pixels, of the end nothing."""
    at = 2
    while True:
        if content[at] != 0xFF:
            raise _broken()
        while content[at + 1] == 0xFF:  # B.1.1.2: it may be filled up
            at += 1
        marker = content[at + 1]
        if marker == 0xD9:
            yield marker, b"\xff\xd9"
            return
        (length,) = struct.unpack_from(">H", content, at + 2)
        end = at + 2 + length
        if length < 2 or end > len(content):
            raise _broken()
        if marker == 0xDA:
            found = _NEXT_MARKER.search(content, end)
            end = found.start() if found is not None else len(content)
        yield marker, content[at:end]
        if end == len(content):  # cut off among its pixels: it shows what there is
            yield 0xD9, b"\xff\xd9"
            return
        at = end


def _segment(marker: int, said: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(said) + 2) + said


# ---- which way up ---------------------------------------------------------------------------


def _orientation(tiff: bytes) -> int:
    """1 (as it is) where it says nothing that can be read."""
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(tiff[:4], "")
    if not order:
        return 1
    try:
        (first,) = struct.unpack_from(f"{order}I", tiff, 4)
        (count,) = struct.unpack_from(f"{order}H", tiff, first)
        for number in range(count):
            tag, kind, _many, value = struct.unpack_from(f"{order}HHIH", tiff, first + 2 + 12 * number)
            if (tag, kind) == (_ORIENTATION, _SHORT):
                return int(value) if 1 <= value <= 8 else 1
    except struct.error:
        return 1
    return 1


def _tiff(turned: int) -> bytes:
    """A file of nothing but the orientation."""
    return b"II*\0" + struct.pack("<IHHHIHHI", 8, 1, _ORIENTATION, _SHORT, 1, turned, 0, 0)


# ---- GIF ------------------------------------------------------------------------------------


def _gif(content: bytes) -> bytes:
    at = 13 + _colours(content[10])
    kept = [content[:at]]
    while True:
        start, what = at, content[at]
        if what == 0x3B:
            return b"".join([*kept, b";"])
        if what == 0x2C:
            at = _blocks_end(content, at + 11 + _colours(content[at + 9]))
            kept.append(content[start:at])
        elif what == 0x21:
            at = _blocks_end(content, at + 2)
            if content[start + 1] == 0xF9 or (content[start + 1] == 0xFF and content[start + 3 : start + 14] in _LOOPS):
                kept.append(content[start:at])
        else:
            raise _broken()


def _colours(packed: int) -> int:
    """Bytes of the table of colours that follows."""
    return 3 << ((packed & 7) + 1) if packed & 0x80 else 0


def _blocks_end(content: bytes, at: int) -> int:
    while content[at]:
        at += content[at] + 1
    return at + 1


# ---- WebP -----------------------------------------------------------------------------------


def _webp(content: bytes) -> bytes:
    if content[8:12] != b"WEBP":
        raise _broken()
    kept, turned = list[bytes](), 1
    for name, said in _chunks(content):
        if name == b"EXIF":
            turned = _orientation(said.removeprefix(_EXIF))
        elif name in _WEBP_KEEPS:
            kept.append(_chunk(name, said))
    if not kept:
        raise _broken()
    return _riff(kept, turned)


def _riff(kept: list[bytes], turned: int) -> bytes:
    """Only a file that begins with VP8X holds anything beside the picture, and says so there."""
    if kept[0].startswith(b"VP8X"):
        flags = kept[0][8] & ~_WEBP_SAYS_MORE | (0x08 if turned != 1 else 0)
        kept[0] = kept[0][:8] + bytes([flags]) + kept[0][9:]
        kept += [_chunk(b"EXIF", _tiff(turned))] if turned != 1 else []
    body = b"WEBP" + b"".join(kept)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def _chunks(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    at, end = 12, 8 + struct.unpack_from("<I", content, 4)[0]
    if end > len(content):
        raise _broken()
    while at + 8 <= end:
        name, length = struct.unpack_from("<4sI", content, at)
        if at + 8 + length > end:
            raise _broken()
        yield name, content[at + 8 : at + 8 + length]
        at += 8 + length + length % 2


def _chunk(name: bytes, said: bytes) -> bytes:
    return name + struct.pack("<I", len(said)) + said + b"\0" * (len(said) % 2)


_KINDS: Mapping[bytes, Callable[[bytes], bytes]] = {
    _PNG: _png,
    b"\xff\xd8\xff": _jpeg,
    b"GIF87a": _gif,
    b"GIF89a": _gif,
    b"RIFF": _webp,
}


def _broken() -> Unreadable:
    return Unreadable("It is no whole PNG, JPEG, GIF or WebP")
