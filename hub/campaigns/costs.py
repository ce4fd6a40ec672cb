"""What a campaign costs: prices per channel kind, and how long an SMS is, which decides its price."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from channels.sms.text import LONGEST, PLAIN, Measure, measure, plain
from hub.models.vocabulary import Kind
from hub.outbound.asking import Gate
from hub.settings import ChannelTable

__all__ = ["LONGEST", "PLAIN", "Cost", "Measure", "Tariff", "measure", "plain", "total"]


@dataclass(frozen=True, slots=True)
class Tariff:
    """What one segment of an SMS, one call or one mail costs. `currency`: ISO 4217."""

    price: Decimal
    currency: str


@dataclass(frozen=True, slots=True)
class Cost:
    """What so many units of a kind come to: segments of SMS, else messages."""

    kind: Kind
    units: int
    price: Decimal
    amount: Decimal
    currency: str


def cost(kind: Kind, units: int, tariffs: Mapping[Kind, Tariff]) -> Cost | None:
    """None when nobody has said what this kind costs."""
    tariff = tariffs.get(kind)
    if tariff is None:
        return None
    return Cost(kind, units, tariff.price, tariff.price * units, tariff.currency)


def tariffs(tables: Mapping[str, ChannelTable], gate: Gate) -> Mapping[Kind, Tariff]:
    """The prices of the channels that are used when nobody asks for another."""
    first = {kind: tables[names[0]] for kind, names in gate.senders.items() if names and names[0] in tables}
    return {kind: Tariff(table.price, table.currency) for kind, table in first.items() if table.price is not None}


def prices(tables: Mapping[str, ChannelTable]) -> Mapping[str, Tariff]:
    """Of each configured channel that has one, by its name."""
    return {name: Tariff(one.price, one.currency) for name, one in tables.items() if one.price is not None}


def total(costs: Iterable[Cost]) -> Mapping[str, Decimal]:
    """The sums by currency: what is paid in two is not added up."""
    sums: dict[str, Decimal] = {}
    for one in costs:
        sums[one.currency] = sums.get(one.currency, Decimal()) + one.amount
    return sums
