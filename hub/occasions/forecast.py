"""Who will be greeted: what is coming, day by day, with the gate's answer for the moment at which it would leave.

Caps a week and what happens until then cannot be foretold; consent, pauses, disputes and addresses are as they stand.
"""
# ruff: noqa: S608 - the statements are made of our own words; values are bound

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from hub.models import Greeting, GreetingSkip, Occasion, TemplateVersion
from hub.models.vocabulary import Kind, Withheld
from hub.occasions import greeting, rules
from hub.occasions.dates import possible_days
from hub.occasions.due import Due, zones
from hub.occasions.keeping import keeping
from hub.outbound import planning, templates
from hub.outbound.request import Gate, Preview, preview
from hub.outbound.spoken import zone_of

SKIPPED, CROWDED = "skipped", "one_a_day"  # beside the gate's reasons
_SPAN, _SLICE = 7, 500  # days read at once, requests judged at once
_Key = tuple[UUID, date, int | None]  # customer, date, occasion


@dataclass(frozen=True, slots=True)
class Coming:
    """One greeting ahead. `kind`: how it will be sent as things stand; else `withheld` says why it will not be.

    `local_time` is by the clocks of `zone`; `years` is None when nobody knows since when. `greeted`: it is in the log.
    """

    customer_id: UUID
    name: str
    occasion: Occasion
    date: date
    local_time: time
    zone: str
    years: int | None = None
    kind: Kind | None = None
    withheld: str | None = None
    why: tuple[str, ...] = ()
    greeted: bool = False


async def lines(
    session: AsyncSession, days: int, *, gate: Gate, now: datetime, first: date | None = None
) -> AsyncIterator[Coming]:
    """Everything of so many days from today on, by each customer's own calendar; ordered by date and name.

    `first`: from this date on instead.
    """
    occasions = await rules.listing(session, enabled=True)
    versions = {one.template: await _version(session, one.template, now) for one in occasions}
    for span in _spans(days, now, first):
        people = await _people(session, occasions, span, gate)
        wanted = [(one, kept) for one, kept in people if first or 0 <= (one.kept - _today(one, now)).days < days]
        for part in _slices(wanted):
            for line in await _judged(session, part, versions, gate, now):
                yield line


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page of `lines` begins: on a date, after so many of its lines."""

    date: date
    passed: int = 0


async def page(
    session: AsyncSession, place: Place, last: date, *, gate: Gate, now: datetime, limit: int
) -> tuple[list[Coming], Place | None]:
    """The next lines up to a date, and where to go on; None: there are no more. What was greeted stands in them, so
    that the places of the others stay what they are.
    """
    found: list[Coming] = []
    next_place, passed = place, place.passed
    async for line in lines(session, (last - place.date).days + 1, gate=gate, now=now, first=place.date):
        if passed:
            passed -= 1
            continue
        if len(found) == limit:
            return found, next_place
        same = next_place.date == line.date
        next_place = Place(line.date, next_place.passed + 1 if same else 1)
        found.append(line)
    return found, None


async def counts(session: AsyncSession, first: date, days: int, *, gate: Gate) -> Counter[date]:
    """How many occasions are kept on each date, whatever the gate will say."""
    span = [first + timedelta(days=n) for n in range(days)]
    found: Counter[date] = Counter()
    for occasion in await rules.listing(session, enabled=True):
        kept = keeping(occasion, span, prefix="own", zone=gate.rules.company_zone)
        if kept is not None:
            query = text(f"select k.kept, count(*) from ({kept.sql}) k group by k.kept")
            for day, number in await session.execute(query, dict(kept.values)):
                found[day] += number
    return found


async def words(
    session: AsyncSession, customer_id: UUID, occasion_id: int, day: date, *, gate: Gate, now: datetime
) -> Preview | None:
    """What this customer would read or hear on that day; None for somebody who does not keep it then.

    Raises hub.outbound.templates.NoSuchTemplate.
    """
    occasion = await rules.get(session, occasion_id)
    found = await _people(session, [occasion], [day], gate, customer=customer_id) if occasion else []
    if not found:
        return None
    one, kept = found[0]
    version = await templates.current(session, kept.template, now=now)
    return await preview(session, greeting.request(kept, version, one), gate=gate, now=now)


async def _version(session: AsyncSession, name: str, now: datetime) -> TemplateVersion | None:
    try:
        return await templates.current(session, name, now=now)
    except templates.NoSuchTemplate:
        return None


def _spans(days: int, now: datetime, first: date | None) -> Iterator[list[date]]:
    """The dates that are looked at, some at a time: it is up to two dates at once on earth."""
    around = list(possible_days(now, 0))
    start, length = (first, days) if first else (around[0], days + len(around) - 1)
    for begin in range(0, length, _SPAN):
        yield [start + timedelta(days=n) for n in range(begin, min(begin + _SPAN, length))]


async def _people(
    session: AsyncSession,
    occasions: Sequence[Occasion],
    span: Sequence[date],
    gate: Gate,
    customer: UUID | None = None,
) -> list[tuple[Due, Occasion]]:
    """Who keeps what on these dates; on each the occasion first that is greeted."""
    found: list[tuple[Due, Occasion]] = []
    for occasion in occasions:
        kept = keeping(occasion, span, prefix="own", zone=gate.rules.company_zone)
        if kept is None:
            continue
        values = {**kept.values, "company": zone_of(gate.rules.company_zone).key, "known": sorted(zones())}
        values["one"] = customer
        rows = await session.execute(text(_PEOPLE.replace("{own}", kept.sql)), values)
        found += [(Due(*row), occasion) for row in rows]
    order = {occasion.id: place for place, occasion in enumerate(occasions)}
    return sorted(found, key=lambda one: (one[0].kept, one[0].name, one[0].customer_id, order[one[1].id]))


def _today(one: Due, now: datetime) -> date:
    return now.astimezone(zone_of(one.zone)).date()


_PEOPLE = """
select x.customer_id, c.name, coalesce(nullif(c.given_name, ''), c.name), c.language, x.years, x.kept, x.kept,
       coalesce(k.zone, :company)
from ({own}) x join customer c on c.id = x.customer_id
left join unnest(cast(:known as text[])) k(zone) on k.zone = c.timezone
where cast(:one as uuid) is null or x.customer_id = :one
"""


async def _judged(
    session: AsyncSession,
    people: Sequence[tuple[Due, Occasion]],
    versions: Mapping[str, TemplateVersion | None],
    gate: Gate,
    now: datetime,
) -> list[Coming]:
    skipped, greeted = await _decided(session, people)
    refusals = _refusals(people, skipped, versions)
    asked = [
        greeting.request(occasion, version, one)
        for (one, occasion), refusal in zip(people, refusals, strict=True)
        if refusal is None and (version := versions[occasion.template])
    ]
    plans = iter(await planning.plans(session, asked, gate=gate, now=now) if asked else ())
    return [
        replace(_plain(*one), withheld=refusal) if refusal else _planned(*one, next(plans), greeted)
        for one, refusal in zip(people, refusals, strict=True)
    ]


def _refusals(
    people: Sequence[tuple[Due, Occasion]], skipped: Container[_Key], versions: Mapping[str, TemplateVersion | None]
) -> list[str | None]:
    """Why each is not greeted, before the gate is asked: of a customer's day the first is that nobody skips."""
    found: list[str | None] = []
    taken: set[tuple[UUID, date]] = set()
    for one, occasion in people:
        day = (one.customer_id, one.kept)
        if (*day, occasion.id) in skipped:
            found.append(SKIPPED)
        elif day in taken:
            found.append(CROWDED)
        else:
            taken.add(day)
            found.append(None if versions[occasion.template] else Withheld.NO_TEXT)
    return found


def _planned(one: Due, occasion: Occasion, plan: planning.Plan, greeted: Container[_Key]) -> Coming:
    said = plan.decision
    return replace(
        _plain(one, occasion),
        kind=said.kind,
        withheld=said.reason,
        why=said.trace,
        greeted=(one.customer_id, one.kept, occasion.id) in greeted,
    )


def _plain(one: Due, occasion: Occasion) -> Coming:
    return Coming(one.customer_id, one.name, occasion, one.kept, occasion.at_hour, one.zone, one.years)


async def _decided(session: AsyncSession, people: Sequence[tuple[Due, Occasion]]) -> tuple[set[_Key], set[_Key]]:
    """What somebody said is to be skipped, and what was greeted."""
    ids = {one.customer_id for one, _ in people}
    days = {one.kept for one, _ in people}
    skips = select(GreetingSkip).where(col(GreetingSkip.customer_id).in_(ids), col(GreetingSkip.day).in_(days))
    made = select(Greeting).where(col(Greeting.customer_id).in_(ids), col(Greeting.kept).in_(days))
    return (
        {(one.customer_id, one.day, one.occasion_id) for one in await session.exec(skips)},
        {(one.customer_id, one.kept, one.occasion_id) for one in await session.exec(made)},
    )


def _slices(items: Sequence[tuple[Due, Occasion]]) -> Iterator[list[tuple[Due, Occasion]]]:
    """Never a customer's day in two parts."""
    rest = iter(items)
    part: list[tuple[Due, Occasion]] = []
    for one in rest:
        if len(part) >= _SLICE and (one[0].customer_id, one[0].kept) != (part[-1][0].customer_id, part[-1][0].kept):
            yield part
            part = []
        part.append(one)
    if part:
        yield part
