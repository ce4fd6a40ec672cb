"""Looks a TNEF stream over before the library reads it ([MS-OXTNEF] 2.1): it believes counts, and counts can be lies.

Nothing is decoded here. A stream that would make the library loop, copy without end or recurse is turned away.
"""

from __future__ import annotations

import struct

_SIGNATURE = b"\x78\x9f\x3e\x22"
_MAPI, _RECIPIENTS, _ATTACHMENT = 0x9003, 0x9004, 0x9005
_DATA_OBJECT = 0x3701
_MESSAGE = b"\x07\x03\x02\x00\x00\x00\x00\x00\xc0\x00\x00\x00\x00\x00\x00\x46"  # IID_IMessage: another stream follows
_SIZES = {0x02: 2, 0x0B: 2, 0x03: 4, 0x04: 4, 0x0A: 4, 0x05: 8, 0x07: 8, 0x06: 8, 0x14: 8, 0x40: 8, 0x48: 16}
_VARIABLE = (0x1E, 0x1F, 0x0D, 0x102, 0x00)
_MAX_OBJECTS = 4_000
_MAX_COPIED = 4_000_000_000  # the library copies the rest of the stream for each object
_MAX_COUNT = 4_096
_MAX_DEPTH = 5


class _Unsound(Exception):
    """A count or a length that cannot be true."""


def is_sound(stream: bytes, depth: int = 0) -> bool:
    """True when every count in it is one the library may follow."""
    if not stream.startswith(_SIGNATURE) or depth > _MAX_DEPTH:
        return False
    try:
        _walk(stream, depth)
    except (_Unsound, struct.error):
        return False
    return True


def _walk(stream: bytes, depth: int) -> None:
    offset, copied, objects = 6, 0, 0
    while offset + 12 < len(stream):
        name, length = _u16(stream, offset + 1), _u32(stream, offset + 5) + 11
        length = min(length, len(stream) - offset)
        objects, copied = objects + 1, copied + len(stream) - offset
        if objects > _MAX_OBJECTS or copied > _MAX_COPIED:
            raise _Unsound
        content = stream[offset + 9 : offset + length - 2]
        if name in (_MAPI, _ATTACHMENT):
            _properties(content, 0, depth)
        elif name == _RECIPIENTS:
            _recipients(content, depth)
        offset += length


def _recipients(content: bytes, depth: int) -> None:
    offset = 4
    for _ in range(_count(content, 0)):
        offset = _properties(content, offset, depth)
        if offset > len(content):
            raise _Unsound  # the library would go on counting from somewhere else


def _properties(content: bytes, offset: int, depth: int) -> int:
    """Where the list of MAPI properties ends that begins at `offset`."""
    count, offset = _count(content, offset), offset + 4
    for _ in range(count):
        if offset >= len(content):
            break
        kind, name = _u16(content, offset), _u16(content, offset + 2)
        offset += 4
        if name >= 0x8000:
            offset = _named(content, offset)
        offset = _values(content, offset, kind, name, depth)
    return offset


def _named(content: bytes, offset: int) -> int:
    """A property with a GUID and a number or a name of its own."""
    if _u32(content, offset + 16) == 0:
        return offset + 24
    return offset + 24 + _padded(_u32(content, offset + 20))


def _values(content: bytes, offset: int, kind: int, name: int, depth: int) -> int:
    many, kind = bool(kind & 0x1000), kind & ~0x1000
    values = 1
    if many:
        values, offset = _count(content, offset), offset + 4
    if kind in _SIZES:
        offset += _SIZES[kind] * max(values, 1)
        return offset + 2 if kind in (0x02, 0x0B) and max(values, 1) % 2 else offset
    if kind not in _VARIABLE:
        return len(content) + 1  # the library stops reading this list here, and so do we
    if not many:
        values, offset = _count(content, offset), offset + 4
    for _ in range(max(values, 1) if many else values):
        length, offset = _padded(_u32(content, offset)), offset + 4
        item = content[offset : offset + length]
        if name == _DATA_OBJECT and item.startswith(_MESSAGE) and not is_sound(item[len(_MESSAGE) :], depth + 1):
            raise _Unsound
        offset += length
    return offset


def _padded(length: int) -> int:
    return length + -length % 4


def _count(content: bytes, offset: int) -> int:
    count = _u32(content, offset)
    if count > _MAX_COUNT:
        raise _Unsound
    return count


def _u16(data: bytes, offset: int) -> int:
    return int(struct.unpack_from("<H", data, offset)[0])


def _u32(data: bytes, offset: int) -> int:
    return int(struct.unpack_from("<I", data, offset)[0])
