"""What one cell of a sheet of purchases says: an amount, a moment, a currency. Errors are for who made the sheet."""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from hub.customers.purchases import AHEAD, MOST_AMOUNT
from hub.customers.sheets import BadCell
from hub.sentences import Gap, Sentence, too_long

LONG_NUMBER = Sentence("The number has %(length)s characters and takes at most %(most)s. Shorten it")
LONG_KEY = Sentence("The customer's number has %(length)s characters and takes at most %(most)s. Shorten it")
_GONE = str.maketrans("", "", ".,")


def amount(text: str) -> Decimal:
    """`12.50`, `12,50`, `1 234,50`, `1,234.50`. Raises BadCell for what is no amount or could be two."""
    bare, gaps = re.sub(r"[\s\u00a0\u202f']", "", text), {"amount": text}
    if not re.fullmatch(r"[0-9]+([.,][0-9]+)*", bare):
        raise BadCell(
            Sentence(
                "The amount “%(amount)s” is not a number of zero or more. Write it as 12.50; a refund names its "
                "purchase in the column of refunds (refund_of)",
                gaps,
            )
        )
    if re.fullmatch(r"[1-9][0-9]{0,2}[.,][0-9]{3}", bare):
        whole = bare.translate(_GONE)
        words = "The amount “%(amount)s” can be read in two ways. Write it as %(whole)s.00 or with cents"
        raise BadCell(Sentence(words, {**gaps, "whole": whole}))
    found = Decimal(_pointed(bare, text))
    if found > MOST_AMOUNT or -found.as_tuple().exponent > 3:  # type: ignore[operator]
        most: dict[str, Gap] = {**gaps, "most": str(MOST_AMOUNT)}
        raise BadCell(
            Sentence("The amount “%(amount)s” is above %(most)s or has more than three decimals. Correct it", most)
        )
    return found


def given_back(text: str) -> Decimal:
    """Of a refund: shops write it with a minus or without. Raises BadCell."""
    found = amount(re.sub(r"^\s*[-\N{MINUS SIGN}]", "", text))
    if not found:
        raise BadCell(Sentence("The row gives nothing back. Correct the amount, or take the row out"))
    return found


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
        raise BadCell(Sentence("The amount “%(amount)s” is not a number. Write it as 1234.50", {"amount": text}))
    return whole.translate(_GONE)


def moment(text: str, zone: str, now: datetime) -> datetime:
    """`2026-03-01`, `2026-03-01 14:05`, `01.03.2026`, `01/03/2026 14:05`; without a zone of its own, the company's.

    Raises BadCell.
    """
    turned, gaps = re.sub(r"^([0-9]{1,2})[./]([0-9]{1,2})[./]([0-9]{4})", _turned, text), {"date": text}
    try:
        found = datetime.fromisoformat(turned)
    except ValueError as e:
        words = Sentence("The date “%(date)s” is not one. Write it as 2026-03-31 or 2026-03-31 14:05", gaps)
        raise BadCell(words) from e
    at = found if found.tzinfo else found.replace(tzinfo=ZoneInfo(zone))
    if at > now + AHEAD:
        raise BadCell(
            Sentence("The date “%(date)s” is yet to come. Import the row when it has happened, or correct it", gaps)
        )
    if at.year < 1900:
        raise BadCell(
            Sentence("The date “%(date)s”: the year %(year)s cannot be right. Correct it", {**gaps, "year": at.year})
        )
    return at


def _turned(match: re.Match[str]) -> str:
    day, month, year = match.groups()
    return f"{year}-{month:0>2}-{day:0>2}"


def currency(text: str, usual: str) -> str:
    """In capitals; `usual` where the cell is empty. Raises BadCell."""
    found = text.upper() or usual
    if not re.fullmatch(r"[A-Z]{3}", found):
        words = "The currency “%(currency)s” is not three letters of ISO 4217. Write it as EUR"
        raise BadCell(Sentence(words, {"currency": text}))
    return found


def short(text: str, most: int, refusal: Sentence) -> str:
    """Raises BadCell with the refusal where it is longer."""
    if trouble := too_long(refusal, text, most):
        raise BadCell(trouble)
    return text


def number(text: str, most: int) -> str:
    """What tells a purchase from all others of its source. Raises BadCell."""
    if not text:
        raise BadCell(Sentence("The row has no number. Every purchase needs one, which tells it from all others"))
    return short(text, most, LONG_NUMBER)
