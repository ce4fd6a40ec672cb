"""The parts of a mail (RFC 2046), cut out of its bytes without changing one, within limits and without recursion."""

from __future__ import annotations

import binascii
import quopri
import re
from dataclasses import dataclass, field

from channels.email import headers as header_block
from channels.email.charsets import decode
from channels.email.headers import Headers, unbase64
from channels.email.parameters import Field, field_of
from channels.errors import Unreadable

MAX_HEADER_BLOCK = 256 * 1024
MAX_HEADER = 64 * 1024
MAX_PARTS = 1_000
MAX_DEPTH = 50
_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]+/[a-z0-9!#$&^_.+-]+\Z")
_UU_BEGIN = re.compile(rb"^begin(?:-base64)? [0-7]{3,4} ", re.MULTILINE)


@dataclass(slots=True)
class Part:
    """One node of the tree. `body` is as it came, still in its transfer encoding; leaves have no children."""

    headers: Headers
    body: bytes = field(repr=False)
    raw_type: Field
    disposition: Field
    depth: int = 0
    default_type: str = "text/plain"
    children: list[Part] = field(default_factory=list)

    @property
    def media_type(self) -> str:
        """Lower case; what is no type at all counts as the default (RFC 2045 5.2)."""
        stated = re.sub(r"\s", "", self.raw_type.value.lower())
        return (
            stated
            if _TYPE.match(stated)
            else self.default_type
            if not stated or stated == "text"
            else "application/octet-stream"
        )

    @property
    def main_type(self) -> str:
        return self.media_type.partition("/")[0]

    @property
    def filename(self) -> str:
        return self.disposition.text("filename") or self.raw_type.text("name")

    @property
    def charset(self) -> str:
        return self.raw_type.text("charset")

    @property
    def content_id(self) -> str:
        return decode(self.headers.raw("content-id")).strip().strip("<>").strip()

    @property
    def encoding(self) -> str:
        """The transfer encoding's name, freed from what people put around it."""
        stated = re.sub(r"[^a-z0-9-]", "", self.headers.plain("content-transfer-encoding").lower().partition(";")[0])
        return {"quotedprintable": "quoted-printable", "uuencode": "x-uuencode", "x-uue": "x-uuencode"}.get(
            stated, stated
        )

    def content(self) -> bytes:
        """The body with its transfer encoding undone."""
        if self.encoding == "base64":
            return unbase64(self.body)
        if self.encoding == "quoted-printable":
            return quopri.decodestring(self.body)
        if self.encoding == "x-uuencode":
            return _uudecoded(self.body)
        return self.body


def tree(raw: bytes) -> Part:
    """The whole mail. Raises Unreadable over the limits of requirement M8."""
    root = _part(raw, "text/plain", 0)
    waiting, count = [root], 1
    while waiting:
        part = waiting.pop()
        if part.main_type != "multipart":
            continue
        part.children = _children(part)
        count += len(part.children)
        if count > MAX_PARTS or (part.children and part.depth >= MAX_DEPTH):
            raise Unreadable(f"too complex: more than {MAX_PARTS} parts or nested deeper than {MAX_DEPTH}")
        waiting.extend(part.children)
    return root


def _part(raw: bytes, default_type: str, depth: int) -> Part:
    block, body = header_block.split_part(raw) if depth else header_block.split(raw)
    if len(block) > MAX_HEADER_BLOCK:
        raise Unreadable(f"too large: its header has {len(block)} bytes, the limit is {MAX_HEADER_BLOCK}")
    headers = header_block.parse(block)
    if any(len(value) > MAX_HEADER for _, value in headers.fields):
        raise Unreadable(f"too large: one header field has more than {MAX_HEADER} bytes")
    kind = field_of(headers.raw("content-type"))
    disposition = field_of(headers.raw("content-disposition"))
    return Part(headers, body, kind, disposition, depth, default_type)


def _children(part: Part) -> list[Part]:
    default = "message/rfc822" if part.media_type == "multipart/digest" else "text/plain"
    boundary = part.raw_type.raw("boundary").rstrip()
    pieces = _pieces(part.body, boundary) if boundary else []
    return [_part(piece, default, part.depth + 1) for piece in pieces]


def _pieces(body: bytes, boundary: bytes) -> list[bytes]:
    """What stands between the delimiter lines (RFC 2046 5.1.1). A missing last one is forgiven."""
    delimiter = re.compile(rb"(?:\A|\r\n|\n|\r)--" + re.escape(boundary) + rb"(--)?[ \t]*(?=\r\n|\n|\r|\Z)")
    pieces: list[bytes] = []
    start = -1
    for match in delimiter.finditer(body):
        if start >= 0:
            pieces.append(_after_line_end(body[start : match.start()]))
        if match.group(1):
            return pieces
        start = match.end()
        if len(pieces) > MAX_PARTS:
            break
    if start >= 0 and body[start:].strip():
        pieces.append(_after_line_end(body[start:]))
    return pieces


def _after_line_end(piece: bytes) -> bytes:
    if piece.startswith(b"\r\n"):
        return piece[2:]
    return piece[1:] if piece[:1] in (b"\n", b"\r") else piece


def _uudecoded(body: bytes) -> bytes:
    """Lines between `begin` and `end`; a broken line ends it."""
    lines, out = body.splitlines(), []
    begun = not _UU_BEGIN.search(body)
    for line in lines:
        if not begun:
            begun = line.startswith(b"begin ")
        elif line.strip() in (b"end", b"`"):
            break
        else:
            out.append(_uu_line(line))
    return b"".join(out)


def _uu_line(line: bytes) -> bytes:
    try:
        return binascii.a2b_uu(line)
    except binascii.Error:
        length = (((line[0] - 32) & 63) * 4 + 5) // 3 if line else 0
        try:
            return binascii.a2b_uu(line[:length])
        except binascii.Error:
            return b""
