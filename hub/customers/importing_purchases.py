"""Purchases from a CSV file: understanding each row, and writing many at once for customers who are known."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from zoneinfo import ZoneInfo

from sqlmodel.ext.asyncio.session import AsyncSession

from channels import address
from hub.customers import purchases, refunds
from hub.customers.finding import NotOne, Whom
from hub.customers.purchases import AHEAD, LONGEST_DESCRIPTION, LONGEST_NUMBER, MOST_AMOUNT, Told, Written
from hub.customers.sheets import Layout, Line

_WHOSE = frozenset({"external_id", "email", "phone"})
LAYOUT = Layout(
    fields=("number", "at", "amount", "currency", "description", "external_id", "email", "phone", "refund_of"),
    synonyms={
        **dict.fromkeys(("order", "order number", "order id", "invoice", "receipt", "id", "no"), "number"),
        **dict.fromkeys(("date", "time", "moment", "day", "ordered at", "paid at", "bought at"), "at"),
        **dict.fromkeys(("total", "sum", "price", "value", "paid"), "amount"),
        **dict.fromkeys(("item", "items", "product", "products", "what"), "description"),
        **dict.fromkeys(("customer", "customer id", "customer_id", "customer number", "client"), "external_id"),
        **dict.fromkeys(("e-mail", "mail", "email address"), "email"),
        **dict.fromkeys(("mobile", "telephone", "tel"), "phone"),
        **dict.fromkeys(("refund of", "refunds", "refunded order", "original order", "returned order"), "refund_of"),
    },
    needed=(frozenset({"number"}), frozenset({"at"}), frozenset({"amount"}), _WHOSE),
    lacking="a purchase needs columns for its number, its date (at), its amount, and whose it is "
    "(external_id, email or phone). Say which is which with --map 'COLUMN=number'",
)


class Outcome(StrEnum):
    ADDED = "added"
    KNOWN = "known"  # it counts already
    CHANGED = "changed"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Terms:
    """How rows are read that do not say it themselves. `update`: a known number told otherwise is changed."""

    source: str
    currency: str
    zone: str
    country: str | None
    update: bool


@dataclass(frozen=True, slots=True)
class Result:
    line: Line
    outcome: Outcome
    reason: str = ""


def understand(line: Line, terms: Terms, *, now: datetime) -> Told | refunds.Told:
    """Check every cell of a row. Raises ValueError whose message is for the person who made the file."""
    if problem := line.cells.get("!"):
        raise ValueError(f"{problem}. Add or take away cells, or put quotation marks around cells with the divider")
    cells = {name: cell.strip() for name, cell in line.cells.items()}
    if cells.get("refund_of"):
        return _refund(cells, terms, now)
    return Told(
        whom=_whom(cells, terms.country),
        source=terms.source,
        number=_short(cells["number"], "number", LONGEST_NUMBER, needed=True),
        at=_moment(cells["at"], terms.zone, now),
        amount=amount(cells["amount"]),
        currency=_currency(cells.get("currency", ""), terms.currency),
        description=_short(cells.get("description", ""), "description", LONGEST_DESCRIPTION),
    )


def _refund(cells: Mapping[str, str], terms: Terms, now: datetime) -> refunds.Told:
    """Whose it is says the purchase. Shops write what they give back with a minus or without."""
    found = amount(re.sub(r"^\s*[-\N{MINUS SIGN}]", "", cells["amount"]))
    if not found:
        raise ValueError("gives nothing back. Correct the amount, or take the row out")
    return refunds.Told(
        source=terms.source,
        number=_short(cells["number"], "number", LONGEST_NUMBER, needed=True),
        of=_short(cells["refund_of"], "refund_of", LONGEST_NUMBER),
        at=_moment(cells["at"], terms.zone, now),
        amount=found,
        currency=_currency(cells["currency"], terms.currency) if cells.get("currency") else "",
    )


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
        return Result(line, Outcome.REJECTED, str(became))
    if became is Written.DIFFERS:
        reason = (
            "the number is known with another customer, date, amount or description. "
            "Correct the row, or import with --update to change what is known"
        )
        return Result(line, Outcome.REJECTED, reason)
    return Result(line, Outcome(became.value))


def amount(text: str) -> Decimal:
    """`12.50`, `12,50`, `1 234,50`, `1,234.50`. Raises ValueError for what is no amount or could be two."""
    bare = re.sub(r"[\s\u00a0\u202f']", "", text)
    if not re.fullmatch(r"[0-9]+([.,][0-9]+)*", bare):
        raise ValueError(
            f"amount {text!r} is not a number of zero or more. Write it as 12.50; a refund names its purchase in "
            "refund_of"
        )
    if re.fullmatch(r"[1-9][0-9]{0,2}[.,][0-9]{3}", bare):
        raise ValueError(
            f"amount {text!r} can be read in two ways. Write it as {bare.translate(_GONE)}.00 or with cents"
        )
    found = Decimal(_pointed(bare, text))
    if found > MOST_AMOUNT or -found.as_tuple().exponent > 3:  # type: ignore[operator]
        raise ValueError(f"amount {text!r} takes at most {MOST_AMOUNT} with three decimals. Correct it")
    return found


_GONE = str.maketrans("", "", ".,")


def _pointed(bare: str, text: str) -> str:
    """With a point before the decimals alone: the last divider, unless it stands there several times."""
    divider = bare[max(bare.rfind("."), bare.rfind(","))] if set(bare) & set(".,") else ""
    if not divider:
        return bare
    whole, _, decimals = bare.rpartition(divider)
    if divider in whole:  # 1,234,567
        return _grouped(bare, text)
    return f"{_grouped(whole, text)}.{decimals}"


def _grouped(whole: str, text: str) -> str:
    """Digits in groups of three, or without groups."""
    if not re.fullmatch(r"[0-9]+|[0-9]{1,3}(?:\.[0-9]{3})+|[0-9]{1,3}(?:,[0-9]{3})+", whole):
        raise ValueError(f"amount {text!r} is not a number. Write it as 1234.50")
    return whole.translate(_GONE)


def _moment(text: str, zone: str, now: datetime) -> datetime:
    """`2026-03-01`, `2026-03-01 14:05`, `01.03.2026`, `01/03/2026 14:05`; without a zone of its own, the company's."""
    turned = re.sub(r"^([0-9]{1,2})[./]([0-9]{1,2})[./]([0-9]{4})", _turned, text)
    try:
        found = datetime.fromisoformat(turned)
    except ValueError as e:
        raise ValueError(f"date {text!r} is not one. Write it as 2026-03-31 or 2026-03-31 14:05") from e
    at = found if found.tzinfo else found.replace(tzinfo=ZoneInfo(zone))
    if at > now + AHEAD:
        raise ValueError(f"date {text!r} is yet to come. Import it when it has happened, or correct it")
    if at.year < 1900:
        raise ValueError(f"date {text!r}: the year {at.year} cannot be right. Correct it")
    return at


def _turned(match: re.Match[str]) -> str:
    day, month, year = match.groups()
    return f"{year}-{month:0>2}-{day:0>2}"


def _currency(text: str, usual: str) -> str:
    found = text.upper() or usual
    if not re.fullmatch(r"[A-Z]{3}", found):
        raise ValueError(f"currency {text!r} is not three letters of ISO 4217, such as EUR")
    return found


def _short(text: str, name: str, most: int, *, needed: bool = False) -> str:
    if needed and not text:
        raise ValueError(f"has no {name}. Every purchase needs one, which tells it from all others")
    if len(text) > most:
        raise ValueError(f"{name} has {len(text)} characters and takes at most {most}. Shorten it")
    return text


def _whom(cells: Mapping[str, str], country: str | None) -> Whom:
    given = {name: cells[name] for name in _WHOSE if cells.get(name)}
    if not given:
        raise ValueError("does not say whose it is. Fill in external_id, email or phone")
    return Whom(
        external_id=_short(given.get("external_id", ""), "external_id", 500),
        email=address.mail(given["email"]) if "email" in given else "",
        phone=address.phone(given["phone"], country) if "phone" in given else "",
    )


def left_out(header: Sequence[str], fields: Sequence[str]) -> Iterator[str]:
    """The columns of the file that nothing was read from."""
    return (name for name, field in zip(header, fields, strict=True) if field == "-" and name not in ("line", "reason"))
