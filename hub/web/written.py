"""How figures and people's own words are written on a page, in its reader's language."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from babel.numbers import format_decimal
from markupsafe import Markup, escape

from channels import links
from hub.web import translations


def size(count: int) -> str:
    if count < 1024:
        return f"{count} B"
    return f"{count / 1024:.0f} KB" if count < 1024**2 else f"{_decimal(count / 1024**2, '0.0')} MB"


def initials(name: str) -> str:
    parts = [part for part in name.replace("+", " ").split() if part[0].isalpha()]
    return "".join(part[0] for part in (parts[:1] + parts[1:][-1:])).upper() or "#"


def lines(text: str) -> Markup:
    """Plain text as the sender broke it, its web and mail addresses to be clicked; nothing in it is markup."""
    return Markup("<br>").join(_linked(line) for line in text.strip().splitlines())


def _linked(line: str) -> Markup:
    pieces, position = Markup(), 0
    for link in links.find(line):
        pieces += escape(line[position : link.start]) + _LINK.format(link.url, line[link.start : link.end])
        position = link.end
    return pieces + escape(line[position:])


_LINK = Markup('<a href="{}" target="_blank" rel="noopener noreferrer nofollow">{}</a>')


def money(amount: Decimal) -> str:
    """`12.40`: to the cent, and finer where it is less than one."""
    return _decimal(amount, "0.00" if amount >= 1 else "0.00##")


def money_each(sums: Mapping[str, Decimal]) -> str:
    """Of each currency its sum: `12.40 EUR + 3.00 USD`."""
    return " + ".join(f"{money(amount)} {currency}" for currency, amount in sums.items())


def percent(part: float, whole: float) -> str:
    """In whole hundredths; few are not none, and not quite all are not all."""
    if not part or not whole:
        return "0 %"
    hundredths = 100 * part / whole
    if hundredths < 1:
        return "< 1 %"
    return "> 99 %" if 99 < hundredths < 100 else f"{hundredths:.0f} %"


def share(part: float) -> str:
    """`2.5 %` of 0.025."""
    return f"{plain_number(part * 100)} %"


def plain_number(number: float) -> str:
    """`1000000`, `0.5`, `2.25`: never a power of ten."""
    return _decimal(number, "0.###")


def _decimal(number: float | Decimal, pattern: str) -> str:
    """With the comma or point of the reader's language, and nothing between the thousands."""
    return format_decimal(number, format=pattern, locale=translations.language())
