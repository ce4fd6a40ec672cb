"""Greetings that send themselves: on the day, at the hour, by the customer's clock; after an outage late, or never.

At most one a day and customer, by the database: a row of `greeting` is taken before anything is asked for, and its keys
are the customer with the day that is kept and with the day it is where they live.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import structlog
from sqlalchemy import bindparam, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from hub import live
from hub.models import Greeting, Occasion, TemplateVersion
from hub.models.vocabulary import OccasionKind, Origin, Purpose
from hub.occasions import rules, wording
from hub.occasions.due import Due, due
from hub.outbound import templates
from hub.outbound.request import Gate, Placed, Request, Templated, send_many

_SLICE = 500
MOST = 20_000  # in one turn, which is one transaction

_log = structlog.get_logger("greeting")


async def greet(session: AsyncSession, *, gate: Gate, now: datetime) -> int:
    """Ask for every greeting that is due; how many will be sent.

    Safe to run at any time and any number of times, by several at once: what was greeted for a day is in `greeting`,
    and in the log by its key, also what the gate withholds.
    """
    occasions = await rules.listing(session, enabled=True)
    placed = asked = 0
    for place, occasion in enumerate(occasions):
        version = await _version(session, occasion, now)
        while version is not None and asked < MOST:
            found = await due(session, occasion, occasions[:place], zone=gate.rules.company_zone, now=now, most=_SLICE)
            placed += await _ask(session, occasion, version, found, gate, now)
            asked += len(found)
            if len(found) < _SLICE:
                break
    if asked:
        await live.publish(session, "greeting")
    return placed


def request(occasion: Occasion, version: TemplateVersion, one: Due) -> Request:
    """What is asked of the gate for this customer on this day."""
    opening = one.window(occasion)
    return Request(
        customer_id=one.customer_id,
        purpose=Purpose.GREETINGS,
        origin=Origin.OCCASION,
        content=Templated(version.id or 0, variables(occasion, version, one)),
        dedupe_key=key(occasion, one),
        occasion=occasion.name,
        not_before=opening.opens,
        expires_at=opening.closes,
        automatic=True,
    )


def variables(occasion: Occasion, version: TemplateVersion, one: Due) -> dict[str, object]:
    """What its words may name. An age that is not known is left out of words that would say it to everybody."""
    born = occasion.kind is OccasionKind.BIRTHDAY
    numbers = {"age": one.years if born else None, "years": one.years}
    bare = {found.name for found in wording.unguarded(version.variants)}
    known = {name: number for name, number in numbers.items() if number is not None or name not in bare}
    return {"given_name": one.given_name, "occasion": rules.title_in(occasion, one.language), **known}


def key(occasion: Occasion, one: Due) -> str:
    """One a year for a birthday, whatever becomes of the rule; for others one for each day that is kept."""
    if occasion.kind is OccasionKind.BIRTHDAY:
        return f"birthday:{one.customer_id}:{one.kept.year}"
    return f"occasion:{occasion.id}:{one.customer_id}:{one.kept.isoformat()}"


async def _version(session: AsyncSession, occasion: Occasion, now: datetime) -> TemplateVersion | None:
    try:
        return await templates.current(session, occasion.template, now=now)
    except templates.NoSuchTemplate as e:
        _log.warning("nobody is greeted", occasion=occasion.name, why=str(e))
        return None


async def _ask(
    session: AsyncSession,
    occasion: Occasion,
    version: TemplateVersion,
    found: Sequence[Due],
    gate: Gate,
    now: datetime,
) -> int:
    mine = await _take(session, occasion, found)
    if not mine:
        return 0
    answers = await send_many(session, [request(occasion, version, one) for one in mine], gate=gate, now=now)
    rows = [
        {"one": one.customer_id, "of": one.kept, "in_log": a.interaction_id}
        for one, a in zip(mine, answers, strict=True)
    ]
    noted = (
        update(Greeting)
        .where(col(Greeting.customer_id) == bindparam("one"), col(Greeting.kept) == bindparam("of"))
        .values(interaction_id=bindparam("in_log"))
    )
    await (await session.connection()).execute(noted, rows)
    return sum(isinstance(answer, Placed) for answer in answers)


async def _take(session: AsyncSession, occasion: Occasion, found: Sequence[Due]) -> list[Due]:
    """Those whose day nobody else has taken; of one customer with two days at once the first."""
    if not found:
        return []
    rows = [
        {"customer_id": one.customer_id, "occasion_id": occasion.id, "kept": one.kept, "day": one.today}
        for one in found
    ]
    taken = (
        insert(Greeting).values(rows).on_conflict_do_nothing().returning(col(Greeting.customer_id), col(Greeting.kept))
    )
    mine = {(customer, kept) for customer, kept in await session.execute(taken)}
    return [one for one in found if (one.customer_id, one.kept) in mine]
