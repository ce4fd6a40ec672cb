"""One report, made for whoever may read it: pages, programs and mails ask here."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from hub.campaigns.costs import Tariff
from hub.models import Staff, Team
from hub.reports.asked import Narrowed, asked
from hub.reports.parts import PARTS
from hub.reports.shapes import Report
from hub.reports.spans import Span, SpanProblem
from hub.segments import saved
from hub.segments.conditions import BadCondition
from hub.segments.saved import NoSuchSegment
from hub.sentences import Sentence

NOT_OFFERED = Sentence("One of the choices is not offered any more. Choose again")


async def made(
    session: AsyncSession, name: str, span: Span, narrowed: Narrowed, *, prices: Mapping[str, Tariff], now: datetime
) -> Report:
    """What the report cannot be narrowed to is not looked at. Raises SpanProblem, or KeyError: there is none such."""
    part = PARTS[name]
    try:
        return await part.report(session, await asked(session, span, part.only(narrowed), prices=prices, now=now))
    except (NoSuchSegment, BadCondition) as e:
        raise SpanProblem(NOT_OFFERED) from e


async def named(session: AsyncSession, narrowed: Narrowed) -> list[Sentence]:
    """What it is narrowed to, by names. Raises SpanProblem: there is no such team, person or segment any more."""
    found = []
    if narrowed.team_id is not None:
        team = await session.get(Team, narrowed.team_id)
        found.append(_called(Sentence("Team: %(name)s"), team.name if team else None))
    if narrowed.staff_id is not None:
        staff = await session.get(Staff, narrowed.staff_id)
        found.append(_called(Sentence("Person: %(name)s"), staff.name if staff else None))
    if narrowed.channel:
        found.append(_called(Sentence("Channel: %(name)s"), narrowed.channel))
    if narrowed.segment_id is not None:
        found.append(_called(Sentence("Segment: %(name)s"), await _segment(session, narrowed.segment_id)))
    return found


async def _segment(session: AsyncSession, number: int) -> str | None:
    try:
        return (await saved.get(session, number)).name
    except NoSuchSegment:
        return None


def _called(said: Sentence, name: str | None) -> Sentence:
    if name is None:
        raise SpanProblem(NOT_OFFERED)
    return Sentence(said.words, {"name": name})
