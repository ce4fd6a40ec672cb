"""Old mail in files: one mail, an mbox, a Maildir, or a folder of these. One mail at a time in memory, never more.

mbox as RFC 4155 and its older cousins have it: a mail begins with a `From ` line behind an empty line; `>From ` was
`From ` (mboxo, mboxrd); a Content-Length that leads to the next mail is believed and its text taken as it is (mboxcl2).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

LIMIT = 25_000_000  # bytes of one mail, as for mailboxes; of a larger one BEGINNING is kept
BEGINNING = 262_144
_LINE = 65_536  # longer lines are read in pieces
_LONGEST_FROM = 1000  # of a line that parts mails
_FROM = re.compile(rb"From .*\d\d?:\d\d.*\d{4}|From \S+@\S+ ")
_HEADER = re.compile(rb"[!-9;-~]+[ \t]*:")
_LENGTH = re.compile(rb"(?im)^content-length:[ \t]*(\d{1,12})[ \t]*\r?$")


@dataclass(frozen=True, slots=True)
class Found:
    """One mail; where it lay, and how many bytes of the archive have been looked at up to its end."""

    place: str
    content: bytes = field(repr=False)
    done: int
    oversize: bool = False


def size(source: Path) -> int:
    """Bytes of everything `mails` will look at."""
    return sum(file.stat().st_size for file in _files(source))


def mails(source: Path) -> Iterator[Found]:
    """Every mail, in the order of names and places; the same order each time."""
    done = 0
    for file in _files(source):
        for one in _in_file(file):
            yield Found(one.place, one.content, done + one.done, one.oversize)
        done += file.stat().st_size


def _files(source: Path) -> Iterator[Path]:
    if source.is_file():
        if _is_mail(source):
            yield source
        return
    inside = sorted(os.scandir(source), key=lambda entry: entry.name)
    names = {entry.name for entry in inside if entry.is_dir()}
    maildir = {"cur", "new"} <= names  # then its other files are the mail server's own, and tmp holds no mail yet
    for entry in inside:
        if entry.is_dir(follow_symlinks=False) and not (maildir and entry.name == "tmp"):
            yield from _files(Path(entry.path))
        elif entry.is_file() and not maildir and _is_mail(Path(entry.path)):
            yield Path(entry.path)


def _is_mail(file: Path) -> bool:
    with file.open("rb") as f:
        first = next((line for line in iter(lambda: f.readline(_LINE), b"") if line.strip()), b"")
    return file.suffix.lower() == ".eml" or bool(_HEADER.match(first)) or first.startswith(b"From ")


def _in_file(file: Path) -> Iterator[Found]:
    with file.open("rb") as f:
        if f.read(5) == b"From ":
            f.seek(0)
            yield from _in_mbox(f, file)
            return
        f.seek(0)
        length = os.fstat(f.fileno()).st_size
        content = f.read(LIMIT if length <= LIMIT else BEGINNING)
        yield Found(str(file), content, length, oversize=length > LIMIT)


# ---- mbox -----------------------------------------------------------------------------------


def _in_mbox(f: BinaryIO, file: Path) -> Iterator[Found]:
    start = 0
    f.readline()
    while True:
        mail = _Mail()
        ended = _read_mail(f, mail)
        if mail.size or not ended:
            yield Found(f"{file} at byte {start}", mail.content, f.tell(), oversize=mail.oversize)
        if ended:
            return
        start = f.tell()


class _Mail:
    """The lines of one mail, of which no more is held than is allowed."""

    def __init__(self) -> None:
        self._lines: list[bytes] = []
        self.size = 0

    def add(self, line: bytes) -> None:
        self.size += len(line)
        if self.size <= LIMIT:
            self._lines.append(line)

    @property
    def oversize(self) -> bool:
        return self.size > LIMIT

    @property
    def content(self) -> bytes:
        whole = b"".join(self._lines)
        return whole[:BEGINNING] if self.oversize else whole


def _read_mail(f: BinaryIO, mail: _Mail) -> bool:
    """Up to and with the next `From ` line; True at the end of the file."""
    empty, head = b"", True
    begins_line = True
    while line := f.readline(_LINE):
        if begins_line and empty and line.startswith(b"From ") and _separates(f, line):
            return False
        if empty:
            mail.add(empty)
            empty = b""
        if begins_line and line in (b"\n", b"\r\n"):
            empty = line
            if head and _by_length(f, mail, empty):
                empty = b""
            head = False
        elif begins_line and line[:1] == b">" and line.lstrip(b">").startswith(b"From "):
            mail.add(line[1:])
        else:
            mail.add(line)
        begins_line = line.endswith(b"\n")
    return True  # the empty line before the end belongs to the format, not to the mail


def _separates(f: BinaryIO, line: bytes) -> bool:
    """A `From ` line has an address and a date; others count when a header follows, for people do write "From "."""
    if _FROM.match(line[:_LONGEST_FROM]):
        return True
    here = f.tell()
    following = f.readline(_LINE)
    f.seek(here)
    return bool(_HEADER.match(following))


def _by_length(f: BinaryIO, mail: _Mail, empty: bytes) -> bool:
    """Take the body by its Content-Length, when that leads to the next mail or the end of the file."""
    stated = _LENGTH.search(mail.content)
    if stated is None:
        return False
    here, length = f.tell(), int(stated.group(1))
    end = os.fstat(f.fileno()).st_size
    f.seek(min(here + length, end))
    gap = f.readline(_LINE)
    leads = here + length <= end and (not gap or (gap.strip() == b"" and f.read(5) in (b"From ", b"")))
    f.seek(here)
    if not leads:
        return False
    mail.add(empty)
    left = length
    while left and (piece := f.read(min(left, _LINE))):
        mail.add(piece)
        left -= len(piece)
    return True
