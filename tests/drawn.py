"""Pictures made byte by byte: PNG (RFC 2083), JPEG and WebP with hardly a pixel."""

from __future__ import annotations

import struct
import zlib


def png(width: int = 120, height: int = 40, colour: tuple[int, int, int] = (29, 111, 66)) -> bytes:
    line = b"\0" + bytes(colour) * width
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pieces = ((b"IHDR", header), (b"IDAT", zlib.compress(line * height, 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(piece(name, content) for name, content in pieces)


def jpeg(width: int, height: int) -> bytes:
    """Its headers, and a scan of nothing."""
    frame = struct.pack(">BHHB", 8, height, width, 3) + bytes(9)
    parts = (b"\xe0", b"JFIF" + bytes(10)), (b"\xc0", frame), (b"\xda", bytes(10))
    return b"\xff\xd8" + b"".join(map(jpeg_part, *zip(*parts, strict=True))) + b"\xff\xd9"


def jpeg_part(marker: bytes, said: bytes) -> bytes:
    return b"\xff" + marker + struct.pack(">H", len(said) + 2) + said


def webp(width: int, height: int) -> bytes:
    """The simple lossless chunk, and little in it."""
    sides = (width - 1) | (height - 1) << 14
    return riff(webp_part(b"VP8L", b"\x2f" + struct.pack("<I", sides)))


def riff(*parts: bytes) -> bytes:
    body = b"WEBP" + b"".join(parts)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def webp_part(name: bytes, said: bytes) -> bytes:
    return name + struct.pack("<I", len(said)) + said + b"\0" * (len(said) % 2)


def piece(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
