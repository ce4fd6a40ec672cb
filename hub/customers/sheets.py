"""Reading a CSV file that a person made: its text, its header, its rows. Knows fields' names, not their meaning."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hub.customers import headings
from hub.sentences import Gap, Sentence

FIELDS = (
    "name",
    "given_name",
    "family_name",
    "email",
    "phone",
    "language",
    "timezone",
    "country",
    "culture",
    "birthday",
    "labels",
    "external_id",
    "vip",
    "consent",
)
# Our own export's apostrophe before what a spreadsheet would run.
_ARMOUR = re.compile(r"(?:\A|(?<=[;\t\r\n]))'(?=[=+\-@＝＋－＠])")
_NUMBER = re.compile(r"\d+[\s_]*")  # behind a name, read backwards: forwards it would be looked for at every letter
_SPACES = re.compile(r"[\s_]+")
_ADDED_BY_US = {"line", "reason"}  # in the file of rejected rows, which people mend and import again


class Unusable(ValueError):
    """The file as a whole cannot be imported; says why."""


class BadCell(ValueError):
    """It cannot be what its column is for; says the cause and the remedy."""


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the file, with the number of the line it begins on."""

    number: int
    cells: Mapping[str, str]  # our field, or attributes.<column>, → what the file says
    original: Sequence[str] = ()  # the cells as they stand in the file
    problem: Sentence | None = None  # why it cannot be read; then it has no cells


@dataclass(frozen=True, slots=True)
class Layout:
    """What the columns of one kind of sheet may hold. `needed`: of each group one column must be there, or `lacking`
    is said. `attributes`: a column of another name becomes an attribute; else it is left out. `several`: what more
    than one column may hold, whose cells are joined.
    """

    fields: Sequence[str]
    synonyms: Mapping[str, str]
    needed: Sequence[frozenset[str]]
    lacking: str
    attributes: bool = False
    several: frozenset[str] = frozenset()


CUSTOMERS = Layout(
    FIELDS,
    headings.CUSTOMERS,
    (frozenset({"name", "given_name", "family_name", "email", "phone"}),),
    "no column is a name, an email or a phone. Say which is which with --map 'COLUMN=name'",
    attributes=True,
    several=frozenset({"email", "phone", "labels", "consent"}),
)


@dataclass(frozen=True, slots=True)
class Columns:
    """How the file's columns map to ours; `-`: it is left out."""

    names: Sequence[str]
    fields: Sequence[str]


def columns(header: Sequence[str], mapping: Mapping[str, str], layout: Layout = CUSTOMERS) -> Columns:
    """Map a header. `mapping` (column → field) goes before the usual names. Raises Unusable."""
    own = ("attributes.<name>",) if layout.attributes else ()
    unknown = [f for f in mapping.values() if f not in layout.fields and f != "-" and not _own(f, layout)]
    if unknown:
        known = ", ".join((*layout.fields, *own, "- (leave out)"))
        raise Unusable(f"{unknown[0]!r} is not a field. Known: {known}")
    missing = [c for c in mapping if c not in header]
    if missing:
        raise Unusable(f"the file has no column {missing[0]!r}. It has: {', '.join(header)}")
    fields = [mapping.get(c) or usual(c, layout) for c in header]
    if not all(group & set(fields) for group in layout.needed):
        raise Unusable(layout.lacking)
    return Columns(tuple(header), tuple(fields))


def lines(file: Path, mapping: Mapping[str, str], layout: Layout = CUSTOMERS) -> Iterator[Line]:
    """The rows of a CSV file in UTF-8 or UTF-16; cells divided by `,` `;` or tabs.

    Raises Unusable for a file without a usable header; a broken row comes as a Line with a problem.
    """
    return rows(decode(file.read_bytes()), mapping, layout)


def rows(text: str, mapping: Mapping[str, str], layout: Layout = CUSTOMERS) -> Iterator[Line]:
    """The same of a text."""
    reader = _reader(text)
    return _rows(reader, columns(_header(reader), mapping, layout))


def read_by(text: str, fields: Sequence[str]) -> Iterator[Line]:
    """The same where somebody has said what each column holds, in their order."""
    reader = _reader(text)
    return _rows(reader, Columns(_header(reader), fields))


def _reader(text: str) -> Any:
    return csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text))


def _rows(reader: Any, found: Columns) -> Iterator[Line]:
    while True:
        number = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as e:
            yield Line(number, {}, problem=Sentence("The row is not valid CSV: %(why)s. Correct it", {"why": str(e)}))
            continue
        if any(c.strip() for c in cells):
            yield _line(found, number, cells)


def header(file: Path) -> list[str]:
    """The names of the file's columns. Raises Unusable."""
    return names(decode(file.read_bytes()))


def names(text: str) -> list[str]:
    """The same of a text."""
    return _header(_reader(text))


_BEFORE = 20  # bytes shown around what is no letter


def decode(content: bytes) -> str:
    """Text of a file that spreadsheet programs saved. Raises Unusable when it is no text at all."""
    if b"\x00" in content[:4096] and not content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise Unusable(Sentence("This is not a text file. Save the sheet as CSV in UTF-8"))
    encoding = "utf-16" if content.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as e:
        raise Unusable(_undecoded(content, e, encoding)) from e


def _undecoded(content: bytes, error: UnicodeDecodeError, encoding: str) -> Sentence:
    """Where to look: a line can be found in any program, a byte in none that saves sheets."""
    begins = content.rfind(b"\n", 0, error.start) + 1
    near = content[max(begins, error.start - _BEFORE) : error.start + _BEFORE].partition(b"\n")[0].strip()
    gaps: dict[str, Gap] = {
        "line": content.count(b"\n", 0, error.start) + 1,
        "near": near.decode(encoding.removesuffix("-sig"), "replace"),
    }
    return Sentence("Line %(line)s is not UTF-8: “%(near)s”. Save the sheet as CSV in UTF-8 and choose it again", gaps)


def _header(rows: Iterator[list[str]]) -> list[str]:
    try:
        names = [name.replace("\0", "").strip() for name in next(rows, [])]
    except csv.Error as e:
        words = "The first line is no header: %(why)s. Write the names of the columns into it"
        raise Unusable(Sentence(words, {"why": str(e)})) from e
    if not any(names):
        raise Unusable(Sentence("The file has no header row. Write the names of the columns into its first line"))
    return names


def usual(column: str, layout: Layout) -> str:
    """The field that a column of this name holds; `-`: none."""
    name = column.lower().strip()
    number = _NUMBER.match(name[::-1])
    name = name[: -number.end()] if number else name  # `Email 2` is an email too
    known = layout.synonyms.get(name) or layout.synonyms.get(_SPACES.sub(" ", name), name.replace(" ", "_"))
    if known in _ADDED_BY_US:
        return "-"
    return known if known in layout.fields else f"attributes.{column.strip()}" if layout.attributes else "-"


def _own(field: str, layout: Layout) -> bool:
    return layout.attributes and field.startswith("attributes.")


def _line(found: Columns, number: int, cells: Sequence[str]) -> Line:
    if len(cells) == len(found.names):
        return Line(number, _cells(found, cells), cells)
    words = Sentence(
        "The row has %(cells)s cells where the header has %(columns)s. Add or take away cells, or put quotation marks "
        "around cells with the divider",
        {"cells": len(cells), "columns": len(found.names)},
    )
    return Line(number, {}, cells, words)


def _cells(found: Columns, cells: Sequence[str]) -> dict[str, str]:
    joined: dict[str, str] = {}
    for name, cell in zip(found.fields, cells, strict=True):
        value = _ARMOUR.sub("", cell.replace("\x00", "").strip())
        joined[name] = "; ".join(filter(None, (joined.get(name), value)))  # `email` and `email 2` are both emails
    joined.pop("-", None)
    return joined


def _delimiter(text: str) -> str:
    header = text.split("\n", 1)[0]
    return max(",;\t", key=header.count)
