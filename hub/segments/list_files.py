"""Reading whom a file or a typed list means: keys of another system, mail addresses, telephone numbers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from channels import address
from channels.address import BadAddress
from hub import sentences
from hub.customers import sheets
from hub.customers.finding import Whom
from hub.customers.sheets import Layout, Line
from hub.sentences import Sentence

LONGEST = 500  # characters of a key or an address
_ANY = ("external_id", "email", "phone")
_LAYOUT = Layout(
    fields=_ANY,
    synonyms={
        **dict.fromkeys(("id", "number", "key", "customer", "customer id", "customer number"), "external_id"),
        **dict.fromkeys(("e-mail", "mail", "email address"), "email"),
        **dict.fromkeys(("mobile", "telephone", "tel"), "phone"),
    },
    needed=(frozenset(_ANY),),
    lacking="no column is an external_id, an email or a phone",
)
_NOBODY = Whom()


@dataclass(frozen=True, slots=True)
class Understood:
    """`words`: what stands there. `otherwise`: whom it means when `whom` is nobody. `trouble`: why it means nobody."""

    line: int
    words: str
    whom: Whom = _NOBODY
    otherwise: Whom = _NOBODY
    trouble: Sentence | None = None


def lines(text: str) -> Iterator[Line]:
    """Of a CSV with columns of keys or addresses; or just these, one a line or parted by commas."""
    bare = text.lstrip("\ufeff").strip()
    return iter(sheets.rows(bare, {}, _LAYOUT)) if _has_header(bare) else _words(bare)


def read(found: Iterable[Line], country: str | None) -> list[Understood]:
    """Without a header, what is no mail address is another system's key, or else a telephone number."""
    return [_understood(line, country) for line in found]


def _has_header(text: str) -> bool:
    names = {name.strip(' "') for name in re.split(r"[,;\t]", text.split("\n", 1)[0].strip().lower())}
    return bool(names & {*_LAYOUT.fields, *_LAYOUT.synonyms})


def _words(text: str) -> Iterator[Line]:
    for number, line in enumerate(text.splitlines(), 1):
        for part in re.split(r"[,;\t]", line):
            if word := part.strip(' "'):
                yield Line(number, {"email" if "@" in word else "?": word}, (word,))


def _understood(line: Line, country: str | None) -> Understood:
    words = ", ".join(cell for cell in line.original if cell.strip())[:LONGEST]
    try:
        return Understood(line.number, words, _whom(line, country), _telephone(line.cells.get("?", ""), country))
    except ValueError as e:
        return Understood(line.number, words, trouble=sentences.of(e) or Sentence(str(e)))


def _whom(line: Line, country: str | None) -> Whom:
    if line.problem:
        raise ValueError(line.problem)
    cells = line.cells
    if any(len(cell) > LONGEST for cell in cells.values()):
        raise ValueError(Sentence("It is longer than %(most)s characters", {"most": LONGEST}))
    key, mail, phone = cells.get("external_id") or cells.get("?", ""), cells.get("email"), cells.get("phone")
    if not (key or mail or phone):
        raise ValueError(Sentence("It holds no key and no address"))
    return Whom(
        external_id=key,
        email=address.mail(mail) if mail else "",
        phone=address.phone(phone, country) if phone else "",
    )


def _telephone(word: str, country: str | None) -> Whom:
    try:
        return Whom(phone=address.phone(word, country)) if word else _NOBODY
    except BadAddress:
        return _NOBODY
