"""Greetings that send themselves: on the day, at the hour, by the customer's clock; after an outage late, or never.

At most one a day and customer, by the database: a row of `greeting` is taken before anything is asked for, and its keys
are the customer with the day that is kept, with the day it is where they live, and with a birthday's year.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlalchemy import bindparam, update
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from hub import live
from hub.database.engine import Database
from hub.models import Greeting, Occasion, TemplateVersion
from hub.models.vocabulary import OccasionKind, Origin, Purpose
from hub.occasions import due, looks, rules, waiting, wording
from hub.occasions.due import Due
from hub.occasions.waiting import Span, Waiting
from hub.outbound import mailings, outbox, templates
from hub.outbound.mailings import Mailing, Own, Roll
from hub.outbound.request import Gate, Placed, Request, Templated, send_many

JOB = "greet"
SLICE = 25_000  # greetings of one transaction: about a second's
LANES = 2  # transactions side by side, about different customers
AHEAD = 100_000  # tickets that may wait for the senders before the rest is left to the next turn
_FEW = SLICE // 2  # of so many customers: looked up one by one, where more are read through

_log = structlog.get_logger("greeting")


@dataclass(frozen=True, slots=True)
class _Turn:
    database: Database
    gate: Gate
    clock: Callable[[], datetime]
    ahead: int


@dataclass(slots=True)
class _Came:
    """What came of looking: how many were taken, how many of them will be sent; `whole`: everybody was looked at.

    `room`: how many more may wait for the senders, as far as was counted.
    """

    taken: int = 0
    placed: int = 0
    whole: bool = True
    room: int = 0


async def greet(
    database: Database, *, gate: Gate, clock: Callable[[], datetime], size: int = SLICE, ahead: int = AHEAD
) -> int:
    """Ask for every greeting that is due, in slices, each a transaction of its own; how many will be sent.

    When `ahead` of them wait to be sent already, the others are asked for the next time.

    Safe to run at any time and any number of times, by several at once: what was greeted for a day is in `greeting`,
    also what the gate withholds. What many keep and nobody is to be greeted for now is left alone for a while, but
    for those who were added meanwhile: `looks`.
    """
    turn, now = _Turn(database, gate, clock, ahead), clock()
    async with database.unit() as session:
        resting = await looks.resting(session, now=now)
        occasions = await rules.listing(session, enabled=True)
        added = await _added(session, occasions, zone=gate.rules.company_zone, now=now) if resting else []
        while occasions and occasions[-1].id in resting:
            occasions.pop()  # nobody gives way to what comes last
        seen = [await waiting.find(session, one, zone=gate.rules.company_zone, now=now) for one in occasions]
        found = [one for one in seen if one is not None]
        spans = [[] if one.occasion.id in resting else await waiting.spans(session, one, size=size) for one in found]
        late = [await waiting.spans(session, one, size=size) if one.occasion.id in resting else [] for one in added]
    whole = [await _greet_for(turn, found[: place + 1], some) for place, some in enumerate(spans) if some]
    return sum(whole) + sum(
        [await _greet_for(turn, added[: place + 1], some) for place, some in enumerate(late) if some]
    )


async def _added(session: AsyncSession, occasions: Sequence[Occasion], *, zone: str, now: datetime) -> list[Waiting]:
    """Of whoever was added since the longest rest there is: they are few, and found by their numbers."""
    among = waiting.newcomers(now - looks.LONGEST)
    seen = [await waiting.find(session, one, zone=zone, now=now, among=among) for one in occasions]
    return [one for one in seen if one is not None]


def request(occasion: Occasion, version: TemplateVersion, one: Due) -> Request:
    """What is asked of the gate for this customer on this day."""
    opening = one.window(occasion)
    return Request(
        customer_id=one.customer_id,
        purpose=Purpose.GREETINGS,
        origin=Origin.OCCASION,
        content=Templated(version.id or 0, variables(occasion, version, one)),
        occasion=occasion.name,
        not_before=opening.opens,
        expires_at=opening.closes,
        automatic=True,
    )


def variables(occasion: Occasion, version: TemplateVersion, one: Due) -> dict[str, object]:
    """What its words may name. An age that is not known is left out of words that would say it to everybody."""
    said = {"given_name": one.given_name, "occasion": rules.title_in(occasion, one.language)}
    return {**said, **_unknown(version), **({} if one.years is None else _known(occasion, one.years))}


def _known(occasion: Occasion, years: int) -> dict[str, object]:
    return {"years": years, "age": years} if occasion.kind is OccasionKind.BIRTHDAY else {"years": years}


def _unknown(version: TemplateVersion) -> dict[str, object]:
    bare = {found.name for found in wording.unguarded(version.variants)}
    return dict.fromkeys(sorted(wording.NUMBERS - bare))


async def _greet_for(turn: _Turn, found: Sequence[Waiting], spans: Sequence[Span]) -> int:
    """For the last of these; those before it are greeted for first."""
    left, came = iter(spans), _Came()
    async with asyncio.TaskGroup() as group:
        for _ in range(min(LANES, len(spans))):
            group.create_task(_lane(turn, found, left, came))
    if len(spans) > 1 and came.whole:
        await _rest(turn, found[-1], came.taken)
    return came.placed


async def _rest(turn: _Turn, own: Waiting, taken: int) -> None:
    """Whoever is left of those that keep it is greeted for something else, or it is not time where they are."""
    now, number = turn.clock(), own.occasion.id or 0
    async with turn.database.unit() as session:
        if taken:
            await looks.found_some(session, number)
        elif await rules.hold(session, number) is not None:
            opens = due.next_opening(own, now=now, within=looks.LONGEST)
            await looks.found_nobody(session, number, opens=opens, now=now)


async def _lane(turn: _Turn, found: Sequence[Waiting], left: Iterator[Span], came: _Came) -> None:
    for span in left:
        async with turn.database.unit() as session:
            if came.room <= 0:
                came.room = turn.ahead - await outbox.waiting(session, Origin.OCCASION, limit=turn.ahead)
            if came.room <= 0:
                came.whole = False
                return
            taken, placed = await _slice(session, found, span, turn.gate, turn.clock())
        came.taken, came.placed, came.room = came.taken + taken, came.placed + placed, came.room - placed


async def _slice(
    session: AsyncSession, found: Sequence[Waiting], span: Span, gate: Gate, now: datetime
) -> tuple[int, int]:
    """How many were taken, and how many of them will be sent. Nobody changes or drops the occasion meanwhile; changed
    or switched off, it greets nobody from the next slice on, until the next look.
    """
    *before, own = found
    occasion = await rules.hold(session, own.occasion.id or 0)
    version = await _version(session, occasion, now) if occasion == own.occasion else None
    if occasion is None or version is None:
        return 0, 0
    await session.execute(mailings.NOBODY_GOES)
    taken, first = await due.take(session, own, before, span, now=now)
    if not taken:
        return 0, 0
    mailing = _mailing(occasion, version, first)
    reach = mailings.in_reach(mailing.roll, span.low, span.high, few=taken < _FEW)
    fed = await mailings.feed(session, mailing, reach, gate=gate, now=now)
    others = await due.taken(session, fed.by_hand, first, zone=own.zone) if fed.by_hand else []
    await live.publish(session, "greeting")
    return taken, fed.queued + await _ask(session, occasion, version, others, gate, now)


async def _version(session: AsyncSession, occasion: Occasion, now: datetime) -> TemplateVersion | None:
    try:
        return await templates.current(session, occasion.template, now=now)
    except templates.NoSuchTemplate as e:
        _log.warning("nobody is greeted", occasion=occasion.name, why=str(e))
        return None


def _mailing(occasion: Occasion, version: TemplateVersion, first: int) -> Mailing:
    """To those who were just written down for it."""
    taken = {"greeted_for": occasion.id, "first": first}
    titles = {"titles": dict(occasion.rule.get("titles") or {}), "title": occasion.title}
    own = Own(_variables(occasion, version), "r.closes_at", titles)
    return Mailing(
        roll=Roll("greeting", "r.id >= :first and r.occasion_id = :greeted_for", taken, own),
        origin=Origin.OCCASION,
        purpose=Purpose.GREETINGS,
        kinds=(),
        version=version,
        variables={},
        occasion=occasion.name,
    )


def _variables(occasion: Occasion, version: TemplateVersion) -> str:
    """What `variables` says, as SQL of a row of `greeting` and its customer."""
    unknown = dict.fromkeys(_unknown(version), "null")
    known = unknown | dict.fromkeys(_known(occasion, 0), "r.years")
    return f"case when r.years is null then {_made_of(unknown)} else {_made_of(known)} end"


def _made_of(numbers: Mapping[str, str]) -> str:
    said = ", ".join([_SAID, *(f"'{name}', {number}" for name, number in numbers.items())])
    return f"jsonb_build_object({said})"


_SAID = """'given_name', coalesce(nullif(c.given_name, ''), c.name),
    'occasion', coalesce(nullif(cast(:titles as jsonb) ->> c.language, ''), :title)"""


async def _ask(
    session: AsyncSession,
    occasion: Occasion,
    version: TemplateVersion,
    some: Sequence[Due],
    gate: Gate,
    now: datetime,
) -> int:
    """One by one, whom only `permission` can judge."""
    if not some:
        return 0
    answers = await send_many(session, [request(occasion, version, one) for one in some], gate=gate, now=now)
    rows = [
        {"one": one.customer_id, "of": one.kept, "in_log": a.interaction_id}
        for one, a in zip(some, answers, strict=True)
    ]
    noted = (
        update(Greeting)
        .where(col(Greeting.customer_id) == bindparam("one"), col(Greeting.kept) == bindparam("of"))
        .values(interaction_id=bindparam("in_log"))
    )
    await (await session.connection()).execute(noted, rows)
    return sum(isinstance(answer, Placed) for answer in answers)
