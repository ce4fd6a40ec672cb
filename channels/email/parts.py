"""The parts of a mail (RFC 2046), cut out of its bytes without changing one, within limits and without recursion."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from channels.email import headers as header_block
from channels.email import transfer
from channels.email.charsets import decode
from channels.email.headers import MAX_HEADER_BLOCK, Headers
from channels.email.parameters import Field, field_of
from channels.errors import Unreadable

MAX_HEADER = 64 * 1024
MAX_PARTS = 1_000
MAX_DEPTH = 50
_LONGEST_DELIMITER = 1_000
_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]+/[a-z0-9!#$&^_.+-]+\Z")
_NO_FIELD = field_of(b"")


@dataclass(slots=True)
class Part:
    """One node of the tree. `body` is as it came, still in its transfer encoding; leaves have no children."""

    headers: Headers
    raw_type: Field
    disposition: Field
    media_type: str  # lower case; what is no type at all counts as the default (RFC 2045 5.2)
    encoding: str  # of the body: base64, quoted-printable, x-uuencode, or anything else, which means none
    depth: int = 0
    body: bytes = field(default=b"", repr=False)
    children: list[Part] = field(default_factory=list)
    breaks_off: bool = False  # the mail ends within it: no delimiter came
    _content: bytes | None = field(default=None, repr=False, compare=False)  # several readers look at each part
    _text: str | None = field(default=None, repr=False, compare=False)

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

    def content(self) -> bytes:
        """The body with its transfer encoding undone."""
        if self._content is None:
            self._content = transfer.undone(self.body, self.encoding)
        return self._content

    def text(self, decoded: Callable[[Part], str]) -> str:
        """What `decoded` makes of this part, the first time it is asked."""
        if self._text is None:
            self._text = decoded(self)
        return self._text


def tree(raw: bytes) -> Part:
    """The whole mail. Raises Unreadable over the limits of requirement M8."""
    head = raw[:4096]
    if b"\r\r\n" in head and head.count(b"\r\r\n") == head.count(b"\n"):
        raw = raw.replace(b"\r\r\n", b"\r\n")  # somebody's gateway translated line ends twice
    cutting = _Cutting(raw, loose=())
    root = cutting.run()
    if cutting.unmatched:
        # RFC 2046 5.1.1: a line which only begins with the delimiter is one too. Believed when no line is exact.
        return _Cutting(raw, loose=tuple(cutting.unmatched)).run()
    return root


@dataclass(slots=True)
class _Open:
    """A multipart whose closing delimiter has not come yet."""

    part: Part
    delimiter: bytes
    start: int


class _Cutting:
    """One walk over the delimiter lines from front to back, with the multiparts that are open at that line.

    The innermost one is asked first; a delimiter of an outer one ends those within it (RFC 2046 5.1.2).
    """

    def __init__(self, raw: bytes, loose: tuple[bytes, ...]) -> None:
        self.unmatched: list[bytes] = []
        self._raw, self._loose = raw, loose
        self._line_end = b"\n" if b"\n" in raw else b"\r"
        self._stack: list[_Open] = []
        self._leaf: tuple[Part, int] | None = None
        self._marks: set[bytes] = set()  # the delimiters of what is open
        self._count = 0

    def run(self) -> Part:
        root, position = self._begin(header_block.beginning(self._raw), None)
        mark = self._line_end + b"--"
        while self._stack:
            position = self._raw.find(mark, position) + 1
            if not position:
                break
            end = self._raw.find(self._line_end, position)
            end = len(self._raw) if end < 0 else end
            line = self._raw[position : min(end, position + _LONGEST_DELIMITER)].rstrip(b" \t\r")
            known = line in self._marks or line.startswith(self._loose)
            position = self._line(line, position, end) if known else end
        self._end(len(self._raw), 0)
        return root

    def _line(self, line: bytes, start: int, end: int) -> int:
        """Act on one line that may be a delimiter; where to go on."""
        found = self._owner(line)
        if found is None:
            return end
        index, closes = found
        body_end = start - 1 - (self._raw[start - 2 : start] == b"\r\n")
        self._end(body_end, index + (not closes))
        if closes:
            return end
        return self._begin(min(end + 1, len(self._raw)), self._stack[index].part)[1]

    def _owner(self, line: bytes) -> tuple[int, bool] | None:
        """Which open multipart this line delimits, and whether it closes it."""
        bare = line.removesuffix(b"--")
        for index in range(len(self._stack) - 1, -1, -1):
            delimiter = self._stack[index].delimiter
            if line == delimiter:
                return self._innermost(line, index), False
            if bare == delimiter and bare != line:
                return index, True
        for index in range(len(self._stack) - 1, -1, -1):
            delimiter = self._stack[index].delimiter
            if delimiter in self._loose and line.startswith(delimiter):
                return index, line.startswith(delimiter + b"--")
        return None

    def _innermost(self, line: bytes, index: int) -> int:
        """An outer delimiter which begins like one that is at work further in is that one's (RFC 2046 5.1.1)."""
        for inner in range(len(self._stack) - 1, index, -1):
            if self._stack[inner].part.children and line.startswith(self._stack[inner].delimiter):
                return inner
        return index

    def _begin(self, start: int, parent: Part | None) -> tuple[Part, int]:
        """Read a part's header. The part, and where the search for the next delimiter begins."""
        self._count += 1
        depth = parent.depth + 1 if parent else 0
        if self._count > MAX_PARTS or depth > MAX_DEPTH:
            raise Unreadable(f"too complex: more than {MAX_PARTS} parts or nested deeper than {MAX_DEPTH}")
        digest = parent is not None and parent.media_type == "multipart/digest"
        block, body = header_block.block_at(self._raw, start, inside=parent is not None)
        cut = self._delimiter_in(block)
        if cut >= 0:
            block, body = block[:cut], start + cut
        part = _part(block, "message/rfc822" if digest else "text/plain", depth)
        if not part.headers.fields and _is_prose(block):
            body = start  # no header at all: it is all text
        boundary = part.raw_type.raw("boundary").rstrip() if part.main_type == "multipart" else b""
        if boundary:
            self._stack.append(_Open(part, b"--" + boundary, body))
            self._marks |= {b"--" + boundary, b"--" + boundary + b"--"}
            cut = self._delimiter_in(block)
            body = start + cut if cut >= 0 else body
        else:
            self._leaf = (part, body)
        if parent:
            parent.children.append(part)
        return part, max(body - 1, 0)

    def _delimiter_in(self, block: bytes) -> int:
        """Where in a header a delimiter line begins, because the blank line is missing; -1 as a rule."""
        mark = self._line_end + b"--"
        position = 0 if block[:2] == b"--" else block.find(mark) + 1 or -1
        while self._stack and position >= 0:
            end = block.find(self._line_end, position)
            if self._owner(block[position : end if end >= 0 else len(block)].rstrip(b" \t\r")):
                return position
            position = block.find(mark, position) + 1 or -1
        return -1

    def _end(self, end: int, keep: int) -> None:
        """The open leaf ends here, and every multipart but the outermost `keep`."""
        at_end_of_mail = end == len(self._raw)
        if self._leaf:
            part, start = self._leaf
            part.body = self._raw[start:end] if end > start else b""
            if at_end_of_mail and self._stack:
                self._break_off(part)
        self._leaf = None
        for closed in reversed(self._stack[keep:]):
            if not closed.part.children:
                closed.part.body = self._raw[closed.start : max(end, closed.start)]
                if closed.delimiter not in self._loose and closed.delimiter in closed.part.body:
                    self.unmatched.append(closed.delimiter)
        del self._stack[keep:]
        self._marks = {open_.delimiter + end for open_ in self._stack for end in (b"", b"--")}

    def _break_off(self, part: Part) -> None:
        """Nothing at all behind the last delimiter is no part; a closing delimiter may hang on the last line."""
        parent = self._stack[-1].part
        if not part.headers.fields and not part.body.strip() and parent.children:
            parent.children.pop()
            return
        bare = part.body.rstrip()
        ends = [len(open_.delimiter) + 2 for open_ in self._stack if bare.endswith(open_.delimiter + b"--")]
        if ends:
            part.body = bare[: -max(ends)]
        part.breaks_off = not ends


def _is_prose(block: bytes) -> bool:
    """Words where a header should be; a folded line or a single word is what is left of a header."""
    return block[:1] not in (b" ", b"\t") and len(block.split(None, 1)) > 1


def _part(block: bytes, default_type: str, depth: int) -> Part:
    if len(block) > MAX_HEADER_BLOCK:
        raise Unreadable(f"too large: its header has more than {MAX_HEADER_BLOCK} bytes")
    headers = header_block.parse(block)
    if len(block) > MAX_HEADER and any(len(value) > MAX_HEADER for _, value in headers.fields):
        raise Unreadable(f"too large: one header field has more than {MAX_HEADER} bytes")
    kind, disposition = headers.last("content-type"), headers.last("content-disposition")
    stated = field_of(kind) if kind else _NO_FIELD
    encoding = headers.last("content-transfer-encoding")
    return Part(
        headers=headers,
        raw_type=stated,
        disposition=field_of(disposition) if disposition else _NO_FIELD,
        media_type=_media_type(stated.value, default_type),
        encoding=transfer.named(decode(encoding)) if encoding else "",
        depth=depth,
    )


def _media_type(stated: str, default_type: str) -> str:
    stated = "".join(stated.lower().split())
    if _TYPE.match(stated):
        return stated
    return default_type if not stated or stated == "text" else "application/octet-stream"
