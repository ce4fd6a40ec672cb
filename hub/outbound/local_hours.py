"""From when on a message may reach a customer, by the clocks on all the walls they may live beside. Pure."""

from __future__ import annotations

from datetime import date, datetime

from hub.models import Customer, Identity
from hub.models.vocabulary import AddressKind, Purpose
from hub.outbound.question import Facts, Rules
from hub.outbound.quiet_hours import Window, is_zone, opens, zones_of_number


def later_words(at: datetime) -> str:
    """The line of the trace about quiet hours."""
    return f"quiet hours: not before {at:%Y-%m-%d %H:%M} UTC"


def allowed_from(facts: Facts, identity: Identity | None, purpose: Purpose, rules: Rules, now: datetime) -> datetime:
    """The customer's zone, else all zones the number may lie in and the strictest of them, else the narrow window."""
    dates = rules.quiet_dates if purpose is Purpose.MARKETING else frozenset[date]()
    zones = _zones(facts, identity)
    own = _own_window(facts.customer, rules, zones, dates) if zones else _unknown_window(rules, dates)
    return opens(own, now) or opens(_unknown_window(rules, dates), now) or now


def _zones(facts: Facts, identity: Identity | None) -> tuple[str, ...]:
    zone = facts.customer.timezone
    if zone and is_zone(zone):
        return (zone,)
    if identity is not None and identity.kind is AddressKind.PHONE:
        return zones_of_number(identity.value)
    numbers = (i.value for i in facts.identities if i.kind is AddressKind.PHONE)
    return tuple(dict.fromkeys(zone for number in numbers for zone in zones_of_number(number)))


def _own_window(customer: Customer, rules: Rules, zones: tuple[str, ...], dates: frozenset[date]) -> Window:
    start = customer.quiet_from if customer.quiet_from is not None else rules.quiet_from
    end = customer.quiet_until if customer.quiet_until is not None else rules.quiet_until
    return Window(zones, start, end, dates)


def _unknown_window(rules: Rules, dates: frozenset[date]) -> Window:
    return Window((rules.company_zone,), rules.unknown_zone_until, rules.unknown_zone_from, dates)
