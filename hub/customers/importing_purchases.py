"""Purchases from a CSV file: understanding each row, and writing many at once for customers who are known."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from channels import address
from hub import sentences
from hub.customers import headings, purchases, refunds
from hub.customers import purchase_cells as cell
from hub.customers.finding import NotOne, Whom
from hub.customers.purchase_cells import LONG_KEY, LONG_NUMBER
from hub.customers.purchases import LONGEST_DESCRIPTION, LONGEST_NUMBER, Told, Written
from hub.customers.results import Result
from hub.customers.sheets import BadCell, Layout, Line
from hub.models.vocabulary import Outcome
from hub.sentences import LONG_DESCRIPTION, Sentence

_WHOSE = frozenset({"external_id", "email", "phone"})
LAYOUT = Layout(
    fields=("number", "at", "amount", "currency", "description", "external_id", "email", "phone", "refund_of"),
    synonyms=headings.PURCHASES,
    needed=(frozenset({"number"}), frozenset({"at"}), frozenset({"amount"}), _WHOSE),
    lacking="a purchase needs columns for its number, its date (at), its amount, and whose it is "
    "(external_id, email or phone). Say which is which with --map 'COLUMN=number'",
)


TITLES = {
    "number": Sentence("Number of the purchase"),
    "at": Sentence("Date"),
    "amount": Sentence("Amount"),
    "currency": Sentence("Currency"),
    "description": Sentence("What was bought"),
    "external_id": Sentence("Customer's number"),
    "email": Sentence("Email"),
    "phone": Sentence("Phone"),
    "refund_of": Sentence("Refund of the purchase with this number"),
}


@dataclass(frozen=True, slots=True)
class Terms:
    """How rows are read that do not say it themselves. `update`: a known number told otherwise is changed."""

    source: str
    currency: str
    zone: str
    country: str | None
    update: bool


def understand(line: Line, terms: Terms, *, now: datetime) -> Told | refunds.Told:
    """Check every cell of a row. Raises ValueError whose sentence is for the person who made the file."""
    if line.problem:
        raise BadCell(line.problem)
    cells = {name: text.strip() for name, text in line.cells.items()}
    if cells.get("refund_of"):
        return _refund(cells, terms, now)
    return Told(
        whom=_whom(cells, terms.country),
        source=terms.source,
        number=cell.number(cells["number"], LONGEST_NUMBER),
        at=cell.moment(cells["at"], terms.zone, now),
        amount=cell.amount(cells["amount"]),
        currency=cell.currency(cells.get("currency", ""), terms.currency),
        description=cell.short(cells.get("description", ""), LONGEST_DESCRIPTION, LONG_DESCRIPTION),
    )


def _refund(cells: Mapping[str, str], terms: Terms, now: datetime) -> refunds.Told:
    """Whose it is says the purchase."""
    return refunds.Told(
        source=terms.source,
        amount=cell.given_back(cells["amount"]),
        number=cell.number(cells["number"], LONGEST_NUMBER),
        of=cell.short(cells["refund_of"], LONGEST_NUMBER, LONG_NUMBER),
        at=cell.moment(cells["at"], terms.zone, now),
        currency=cell.currency(cells["currency"], terms.currency) if cells.get("currency") else "",
    )


def refunded(line: Line) -> str:
    """The number of the purchase that the row gives money back for; empty: it is no refund."""
    return line.cells.get("refund_of", "").strip()


def in_order(read: Callable[[], Iterable[Line]]) -> Iterator[Line]:
    """All purchases of a file, which is read twice, and then what was given back: a refund may stand above its own."""
    yield from (line for line in read() if not refunded(line))
    yield from (line for line in read() if refunded(line))


async def write(session: AsyncSession, lines: Sequence[Line], terms: Terms, *, now: datetime) -> list[Result]:
    """These rows, within the caller's transaction: what became of each, in their order. Refunds after purchases."""
    rows = [_understood(line, terms, now) for line in lines]
    bought = [row for row in rows if isinstance(row, Told)]
    given_back = [row for row in rows if isinstance(row, refunds.Told)]
    became: dict[int, Written | NotOne | ValueError] = {id(row): row for row in rows if isinstance(row, ValueError)}
    became |= zip(map(id, bought), await purchases.record(session, bought, update=terms.update), strict=True)
    became |= zip(map(id, given_back), await refunds.record(session, given_back, update=terms.update), strict=True)
    return [_result(line, became[id(row)]) for line, row in zip(lines, rows, strict=True)]


def _understood(line: Line, terms: Terms, now: datetime) -> Told | refunds.Told | ValueError:
    try:
        return understand(line, terms, now=now)
    except ValueError as e:
        return e


def _result(line: Line, became: Written | NotOne | ValueError) -> Result:
    if isinstance(became, Exception):
        return Result(line, Outcome.REJECTED, sentences.of(became) or Sentence(str(became)))
    if became is Written.DIFFERS:
        return Result(line, Outcome.REJECTED, DIFFERS)
    return Result(line, Outcome(became.value))


DIFFERS = Sentence(
    "The number is known with another customer, date, amount or description. Correct the row, or import the file so "
    "that it changes what is known (--update)"
)


def _whom(cells: Mapping[str, str], country: str | None) -> Whom:
    given = {name: cells[name] for name in _WHOSE if cells.get(name)}
    if not given:
        raise BadCell(Sentence("The row does not say whose it is. Fill in external_id, email or phone"))
    return Whom(
        external_id=cell.short(given.get("external_id", ""), 500, LONG_KEY),
        email=address.mail(given["email"]) if "email" in given else "",
        phone=address.phone(given["phone"], country) if "phone" in given else "",
    )


def left_out(header: Sequence[str], fields: Sequence[str]) -> Iterator[str]:
    """The columns of the file that nothing was read from."""
    return (name for name, field in zip(header, fields, strict=True) if field == "-" and name not in ("line", "reason"))
