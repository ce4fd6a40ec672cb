"""Pictures made byte by byte: PNG (RFC 2083), the headers of JPEG and WebP."""

from __future__ import annotations

import struct
import zlib


def png(width: int = 120, height: int = 40, colour: tuple[int, int, int] = (29, 111, 66)) -> bytes:
    line = b"\0" + bytes(colour) * width
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pieces = ((b"IHDR", header), (b"IDAT", zlib.compress(line * height, 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_piece(name, content) for name, content in pieces)


def jpeg(width: int, height: int) -> bytes:
    """As far as its frame header."""
    frame = struct.pack(">BHHB", 8, height, width, 3) + bytes(9)
    return (
        b"\xff\xd8\xff\xe0" + struct.pack(">H", 16) + b"JFIF" + bytes(10) + b"\xff\xc0" + struct.pack(">H", 17) + frame
    )


def webp(width: int, height: int) -> bytes:
    """As far as its first chunk, the simple lossless one."""
    sides = (width - 1) | (height - 1) << 14
    chunk = b"VP8L" + struct.pack("<I", 5) + b"\x2f" + struct.pack("<I", sides) + b"\0"
    return b"RIFF" + struct.pack("<I", len(chunk) + 4) + b"WEBP" + chunk


def _piece(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
