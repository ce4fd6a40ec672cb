"""What the gate would say to many people at once: counted, or listed one by one. Writes nothing.

Nothing here looks at the whole audience by itself: whoever asks goes through it in slices of some 20,000 ids, in their
order, and keeps what has been counted so far.
"""
# ruff: noqa: S608 - the statements are made of the closed words of our own enums; values are bound

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from hub.models.vocabulary import Kind, Withheld
from hub.outbound import bulk
from hub.outbound.bulk import Verdict
from hub.outbound.facts import facts
from hub.outbound.matter import Matter, question_for
from hub.outbound.permission import decide


@dataclass(frozen=True, slots=True)
class Tally:
    """How many get it on which kind, how many of these only `later` (when quiet ends), how many do not, and why.

    Everybody who was asked about and is still a customer counts once under `by_kind` or once under `by_reason`.
    Tallies of two slices add up: `+`.
    """

    by_kind: Counter[Kind] = field(default_factory=Counter)
    later: Counter[Kind] = field(default_factory=Counter)
    by_reason: Counter[Withheld] = field(default_factory=Counter)

    @property
    def asked(self) -> int:
        return self.by_kind.total() + self.by_reason.total()

    def __add__(self, other: Tally) -> Tally:
        return Tally(self.by_kind + other.by_kind, self.later + other.later, self.by_reason + other.by_reason)


@dataclass(frozen=True, slots=True)
class Only:
    """Which answers are wanted: those on `kind`, or those withheld for `reason`; both None: all of them.

    `later` True: only those that wait for the end of quiet hours.
    """

    kind: Kind | None = None
    reason: Withheld | None = None
    later: bool = False

    def fits(self, verdict: Verdict) -> bool:
        if self.later and verdict.not_before is None:
            return False
        if self.kind is None and self.reason is None:
            return True
        return verdict.kind is self.kind and verdict.reason is self.reason


async def tally(session: AsyncSession, about: Matter, customers: Collection[UUID], *, now: datetime) -> Tally:
    """The gate's answers about these customers, counted in the database (some 20 µs each). See `mailings.matter`."""
    if not customers:
        return Tally()
    asked = await bulk.ask(session, about, customers, now=now)
    statement = f"{asked.tables} select kind, reason, not_before is not null as later, count(*) as number from decided"
    rows = (await bulk.run(session, f"{statement} group by 1, 2, 3", asked.values)).all()
    counted = Tally()
    for row in rows:
        _count(counted, Kind(row.kind) if row.kind else None, row.reason, later=row.later, number=row.number)
    for verdict in await by_hand(session, about, asked.by_hand, now=now):
        _count(counted, verdict.kind, verdict.reason, later=verdict.not_before is not None, number=1)
    return counted


async def answers(
    session: AsyncSession,
    about: Matter,
    customers: Collection[UUID],
    *,
    now: datetime,
    only: Only | None = None,
    limit: int | None = None,
) -> list[Verdict]:
    """The gate's answers in the order of the customers' ids, those that `only` wants, at most `limit` of them.

    A page of a long list: go on with customers above the last answer's `customer_id`. When fewer than `limit` come
    back, the list goes on, if at all, with the next slice of customers.
    """
    if not customers:
        return []
    wanted = only or Only()
    asked = await bulk.ask(session, about, customers, now=now)
    statement = f"{asked.tables} select * from decided {_where(wanted)} order by customer_id limit :limit"
    values = {**asked.values, "limit": limit, **_wanted(wanted)}
    found = [bulk.verdict(row) for row in (await bulk.run(session, statement, values)).all()]
    found += filter(wanted.fits, await by_hand(session, about, asked.by_hand, now=now))
    return sorted(found, key=lambda one: one.customer_id)[:limit]


async def by_hand(
    session: AsyncSession, about: Matter, customers: Collection[UUID], *, now: datetime
) -> Sequence[Verdict]:
    """The same answers from `permission`, one by one: for the few whom SQL cannot judge."""
    known = await facts(session, customers, now=now) if customers else {}
    found = []
    for customer, one in known.items():
        answer = decide(one, question_for(about, one.customer), about.rules, now)
        value, number = (answer.identity.value, answer.identity.id) if answer.identity else (None, None)
        found.append(Verdict(customer, answer.kind, value, number, answer.reason, answer.not_before, answer.trace))
    return found


def _count(counted: Tally, kind: Kind | None, reason: str | None, *, later: bool, number: int) -> None:
    if kind is not None:
        counted.by_kind[kind] += number
        counted.later[kind] += number if later else 0
    else:
        counted.by_reason[Withheld(reason or Withheld.NO_CHANNEL)] += number


def _where(only: Only) -> str:
    held = ["not_before is not null"] if only.later else []
    if only.kind is not None or only.reason is not None:
        held += ["kind is not distinct from :wanted_kind", "reason is not distinct from :wanted_reason"]
    return f"where {' and '.join(held)}" if held else ""


def _wanted(only: Only) -> dict[str, Any]:
    if only.kind is None and only.reason is None:
        return {}
    return {
        "wanted_kind": only.kind.value if only.kind else None,
        "wanted_reason": only.reason.value if only.reason else None,
    }
