"""What a call can come to: the outcomes that calls are wrapped up with, each with its name in other languages."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from hub.models import CallOutcome
from hub.sentences import Sentence
from hub.staff import audit

LONGEST_NAME, MOST_OUTCOMES = 60, 50
_NAMELESS = Sentence("Give the outcome a name of at most %(most)s letters.", {"most": LONGEST_NAME})


class OutcomeProblem(ValueError):
    """The outcome cannot be kept like this; the message says why."""


async def listing(session: AsyncSession, *, inactive: bool = False) -> list[CallOutcome]:
    """In their order; `inactive`: those as well that are offered no more."""
    rows = select(CallOutcome).order_by(col(CallOutcome.position), col(CallOutcome.id))
    return list(await session.exec(rows if inactive else rows.where(col(CallOutcome.active))))


async def all_titles(session: AsyncSession) -> dict[str, dict[str, str]]:
    """Of each by its name, where lists hold the name alone."""
    return {one.name: one.titles for one in await listing(session, inactive=True)}


def facts_of(outcome: CallOutcome) -> dict[str, object]:
    """What a call keeps of it in the log: its words as they are today."""
    return {"outcome": outcome.name, **({"outcome_titles": outcome.titles} if outcome.titles else {})}


async def add(
    session: AsyncSession,
    name: str,
    *,
    titles: Mapping[str, str] | None = None,
    calls_back: bool = False,
    by: int,
    now: datetime,
) -> CallOutcome:
    """At the end of the list; `titles`: its name in other languages. Raises OutcomeProblem."""
    known = await listing(session, inactive=True)
    if len(known) >= MOST_OUTCOMES:
        raise OutcomeProblem(Sentence("%(most)s outcomes are enough. Rename one.", {"most": MOST_OUTCOMES}))
    place = max((o.position for o in known), default=0) + 1
    named, kept = await _named(session, name), _titled(titles or {})
    row = CallOutcome(name=named, titles=kept, position=place, calls_back=calls_back)
    session.add(row)
    return await _changed(session, row, "outcome.create", by=by, now=now)


async def change(
    session: AsyncSession,
    outcome_id: int,
    *,
    name: str,
    titles: Mapping[str, str] | None = None,
    active: bool,
    calls_back: bool = False,
    by: int,
    now: datetime,
) -> CallOutcome:
    """Calls keep the words they were wrapped up with. Raises OutcomeProblem or LookupError."""
    row = await _outcome(session, outcome_id)
    row.name, row.titles = await _named(session, name, except_for=outcome_id), _titled(titles or {})
    row.active, row.calls_back = active, calls_back
    if not active and not [one for one in await listing(session) if one.id != outcome_id]:
        raise OutcomeProblem(Sentence("One outcome has to be left, or no call could be wrapped up."))
    return await _changed(session, row, "outcome.change", by=by, now=now)


async def move(session: AsyncSession, outcome_id: int, step: int) -> None:
    """One place up (-1) or down (1). Raises LookupError."""
    known = await listing(session, inactive=True)
    place = known.index(await _outcome(session, outcome_id))
    if 0 <= place + step < len(known):
        known[place], known[place + step] = known[place + step], known[place]
    for number, row in enumerate(known, 1):
        row.position = number
    await session.flush()


async def _outcome(session: AsyncSession, outcome_id: int) -> CallOutcome:
    row = await session.get(CallOutcome, outcome_id)
    if row is None:
        raise LookupError(f"There is no outcome {outcome_id}")
    return row


async def _named(session: AsyncSession, name: str, *, except_for: int | None = None) -> str:
    tidy = _tidy(name)
    if not tidy:
        raise OutcomeProblem(_NAMELESS)
    same = select(CallOutcome.id).where(func.lower(CallOutcome.name) == tidy.lower(), CallOutcome.id != except_for)
    if (await session.exec(same)).first() is not None:
        raise OutcomeProblem(Sentence("There is an outcome called “%(name)s” already.", {"name": Sentence(tidy)}))
    return tidy


def _titled(titles: Mapping[str, str]) -> dict[str, str]:
    return {language: tidy for language, words in titles.items() if (tidy := _tidy(words))}


def _tidy(name: str) -> str:
    """Raises OutcomeProblem."""
    tidy = " ".join("".join(c if c.isprintable() else " " for c in name).split())
    if len(tidy) > LONGEST_NAME:
        raise OutcomeProblem(_NAMELESS)
    return tidy


async def _changed(session: AsyncSession, row: CallOutcome, action: str, *, by: int, now: datetime) -> CallOutcome:
    await session.flush()
    subject = f"outcome:{row.id}"
    await audit.write(session, action, staff_id=by, subject=subject, detail=row.name, now=now)
    return row
