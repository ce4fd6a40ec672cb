"""Birthday greetings: on the day, at the hour, by the customer's own clock; a little late after an outage, or never."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import islice
from typing import TypeVar
from uuid import UUID

from sqlalchemy import tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from hub import live
from hub.models import Customer, DedupeKey, Occasion
from hub.models.vocabulary import Kind, Origin, Purpose, Withheld
from hub.occasions.dates import FEBRUARY, Birthday, Window, days_kept_on, kept_on, possible_days, window, zone_of
from hub.outbound import planning, templates
from hub.outbound.request import Gate, Placed, Request, Templated, send_many

NAME = "birthday"
_SLICE = 500

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Coming:
    """One birthday ahead. `kind`: how it will be greeted as things stand; else `withheld` says why it will not be.

    `local_time` is by the clocks of `zone`; `age` is None when the year of birth is not known.
    """

    customer_id: UUID
    name: str
    date: date
    local_time: time
    zone: str
    kind: Kind | None
    withheld: Withheld | None
    age: int | None = None
    greeted: bool = False  # the greeting is in the log already: sent, on its way or withheld


@dataclass(frozen=True, slots=True)
class _Greeting:
    """A customer, the day their birthday is kept on, and when the greeting may leave."""

    customer_id: UUID
    name: str
    given_name: str
    age: int | None
    day: date
    zone: str
    window: Window

    @property
    def key(self) -> str:
        return f"{NAME}:{self.customer_id}:{self.day.year}"


async def rule(session: AsyncSession) -> Occasion:
    """The rule in force; the shipped one, which is in no table yet, until somebody changes it."""
    found = (await session.exec(select(Occasion).where(Occasion.name == NAME))).one_or_none()
    return found or Occasion(name=NAME, template=NAME)


async def change_rule(
    session: AsyncSession,
    *,
    enabled: bool = True,
    template: str = NAME,
    at_hour: time = time(10),
    late_days: int = 2,
    leap_day: str = FEBRUARY,
) -> None:
    """Set the whole rule."""
    values = {
        "enabled": enabled,
        "template": template,
        "at_hour": at_hour,
        "late_days": late_days,
        "leap_day": leap_day,
    }
    row = insert(Occasion).values(name=NAME, **values)
    await session.exec(row.on_conflict_do_update(index_elements=["name"], set_=values))
    await live.publish(session, "greeting")


async def greet(session: AsyncSession, *, gate: Gate, now: datetime) -> int:
    """Ask for every greeting that is due and not yet in the log; how many will be sent.

    Safe to run at any time and any number of times: the key of a greeting is the customer and the year, and what
    the gate withholds has its key too. Raises hub.outbound.templates.NoSuchTemplate.
    """
    occasion = await rule(session)
    due = await _due(session, occasion, gate, now) if occasion.enabled else []
    fresh = await _not_greeted(session, due)
    if not fresh:
        return 0
    version = await templates.current(session, occasion.template, now=now)
    requests = [_request(greeting, version.id or 0) for greeting in fresh]
    placed = 0
    for part in _slices(requests):
        placed += sum(isinstance(a, Placed) for a in await send_many(session, part, gate=gate, now=now))
    await live.publish(session, "greeting")
    return placed


async def coming(session: AsyncSession, days: int, *, gate: Gate, now: datetime, limit: int = 200) -> list[Coming]:
    """Birthdays from today on over `days` days, by each customer's own calendar, with the gate's answer as of now."""
    occasion = await rule(session)
    ahead = sorted(await _ahead(session, occasion, gate, now, days), key=lambda g: (g.window.opens, g.name))[:limit]
    fresh = {greeting.key for greeting in await _not_greeted(session, ahead)}
    decisions = await _decisions(session, occasion, ahead, gate, now)
    return [
        _coming(greeting, occasion, decision, greeted=greeting.key not in fresh)
        for greeting, decision in zip(ahead, decisions, strict=True)
    ]


async def _due(session: AsyncSession, occasion: Occasion, gate: Gate, now: datetime) -> list[_Greeting]:
    days = list(possible_days(now, occasion.late_days))
    return [g for g in await _kept_on(session, days, occasion, gate) if now in g.window]


async def _ahead(session: AsyncSession, occasion: Occasion, gate: Gate, now: datetime, days: int) -> list[_Greeting]:
    around = list(possible_days(now, 0))
    span = [around[0] + timedelta(days=n) for n in range(days + len(around) - 1)]
    greetings = await _kept_on(session, span, occasion, gate)
    return [g for g in greetings if 0 <= (g.day - _today(g, now)).days < days]


def _today(greeting: _Greeting, now: datetime) -> date:
    return now.astimezone(zone_of(greeting.zone)).date()


async def _kept_on(session: AsyncSession, days: Collection[date], occasion: Occasion, gate: Gate) -> list[_Greeting]:
    """Everybody whose birthday is kept on one of these dates."""
    wanted = sorted({pair for day in days for pair in days_kept_on(day, occasion.leap_day)})
    columns = select(Customer).where(tuple_(col(Customer.birth_month), col(Customer.birth_day)).in_(wanted))
    return [
        greeting
        for customer in (await session.exec(columns.order_by(col(Customer.id)))).all()
        for day in days
        if (greeting := _greeting(customer, day, occasion, gate)) is not None
    ]


def _greeting(customer: Customer, day: date, occasion: Occasion, gate: Gate) -> _Greeting | None:
    birthday = Birthday(customer.birth_month or 0, customer.birth_day or 0, customer.birth_year)
    if kept_on(birthday, day.year, occasion.leap_day) != day:
        return None
    zone = zone_of(customer.timezone, gate.rules.company_zone)
    return _Greeting(
        customer_id=customer.id,
        name=customer.name,
        given_name=customer.given_name or customer.name,
        age=day.year - birthday.year if birthday.year else None,
        day=day,
        zone=zone.key,
        window=window(day, occasion.at_hour, zone, occasion.late_days),
    )


async def _not_greeted(session: AsyncSession, greetings: Sequence[_Greeting]) -> list[_Greeting]:
    known: set[str] = set()
    for part in _slices([greeting.key for greeting in greetings]):
        known |= set((await session.exec(select(DedupeKey.key).where(col(DedupeKey.key).in_(part)))).all())
    return [greeting for greeting in greetings if greeting.key not in known]


def _request(greeting: _Greeting, version_id: int) -> Request:
    return Request(
        customer_id=greeting.customer_id,
        purpose=Purpose.GREETINGS,
        origin=Origin.OCCASION,
        content=Templated(version_id, {"given_name": greeting.given_name, "age": greeting.age}),
        dedupe_key=greeting.key,
        occasion=NAME,
        not_before=greeting.window.opens,
        expires_at=greeting.window.closes,
        automatic=True,
    )


async def _decisions(
    session: AsyncSession, occasion: Occasion, ahead: Sequence[_Greeting], gate: Gate, now: datetime
) -> list[tuple[Kind | None, Withheld | None]]:
    try:
        version = await templates.current(session, occasion.template, now=now)
    except templates.NoSuchTemplate:
        return [(None, Withheld.NO_TEXT)] * len(ahead)
    requests = [_request(greeting, version.id or 0) for greeting in ahead]
    plans = await planning.plans(session, requests, gate=gate, now=now) if requests else []
    return [(plan.decision.kind, plan.decision.reason) for plan in plans]


def _coming(
    greeting: _Greeting, occasion: Occasion, decision: tuple[Kind | None, Withheld | None], *, greeted: bool
) -> Coming:
    kind, withheld = decision
    return Coming(
        customer_id=greeting.customer_id,
        name=greeting.name,
        date=greeting.day,
        local_time=occasion.at_hour,
        zone=greeting.zone,
        kind=kind,
        withheld=withheld,
        age=greeting.age,
        greeted=greeted,
    )


def _slices(items: Sequence[T]) -> Iterator[list[T]]:
    rest = iter(items)
    while part := list(islice(rest, _SLICE)):
        yield part
