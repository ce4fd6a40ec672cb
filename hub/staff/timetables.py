"""Business hours as they are kept: the company's and those of teams that have their own (see `opening`)."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from zoneinfo import ZoneInfo

import holidays
from sqlalchemy import ColumnElement
from sqlmodel import col, delete, select
from sqlmodel.ext.asyncio.session import AsyncSession

from hub.models import OpeningHours
from hub.sentences import Sentence
from hub.staff import audit, teams
from hub.staff.opening import ALWAYS, DAY, Opening, Span

MOST_SPANS, MOST_CLOSED = 12, 400
_SPAN = re.compile(r"(\d{1,2})(?:[:.](\d{2}))?\s*[-–—]\s*(\d{1,2})(?:[:.](\d{2}))?")


class TimetableProblem(ValueError):
    """The hours cannot be kept like this; the message says why, for the person at the screen."""


@dataclass(frozen=True, slots=True)
class Timetable:
    """Hours with the names of the days that are closed. `team_id` None: the company's."""

    opening: Opening
    team_id: int | None = None
    names: tuple[tuple[date, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Hours:
    """Everybody's, to be asked many times."""

    company: Opening
    teams: Mapping[int, Opening]

    def of(self, team_id: int | None) -> Opening:
        """A team's own hours, else the company's."""
        return self.teams.get(team_id, self.company) if team_id is not None else self.company


async def hours(session: AsyncSession) -> Hours:
    """Without any that were set, everybody is there always."""
    found = {row.team_id: _opening(row) for row in await session.exec(select(OpeningHours))}
    return Hours(found.get(None, ALWAYS), {team: one for team, one in found.items() if team is not None})


async def listing(session: AsyncSession) -> list[Timetable]:
    """The company's first, then the teams' own."""
    rows = await session.exec(select(OpeningHours).order_by(col(OpeningHours.team_id).nulls_first()))
    return [Timetable(_opening(row), row.team_id, _names(row)) for row in rows]


async def save(session: AsyncSession, timetable: Timetable, *, now: datetime, by: int | None) -> None:
    """Set the company's or a team's hours. Raises TimetableProblem or teams.NotFound."""
    opening, team_id = check(timetable.opening), timetable.team_id
    if team_id is not None:
        await teams.get(session, team_id)
    await session.exec(delete(OpeningHours).where(_whose(team_id)))
    named = dict(timetable.names)
    session.add(
        OpeningHours(
            team_id=team_id,
            zone=opening.zone,
            week=[[list(span) for span in day] for day in opening.week],
            country=opening.country,
            subdivision=opening.subdivision,
            closed={day.isoformat(): named.get(day, "") for day in sorted(opening.closed)},
        )
    )
    await session.flush()
    await audit.write(session, "hours.change", staff_id=by, subject=_subject(team_id), now=now)


async def drop(session: AsyncSession, team_id: int, *, now: datetime, by: int | None) -> None:
    """The team keeps the company's hours from now on."""
    await session.exec(delete(OpeningHours).where(_whose(team_id)))
    await audit.write(session, "hours.drop", staff_id=by, subject=_subject(team_id), now=now)


def check(opening: Opening) -> Opening:
    """With each day's spans in order. Raises TimetableProblem."""
    try:
        ZoneInfo(opening.zone)
    except (KeyError, ValueError, OSError) as e:  # zoneinfo raises each of them
        words = Sentence("“%(zone)s” is not an IANA time zone, such as Europe/Warsaw", {"zone": opening.zone})
        raise TimetableProblem(words) from e
    if len(opening.week) != 7:
        raise TimetableProblem(
            Sentence("A week has seven days. Give hours for each, Monday first; none for a closed day")
        )
    if len(opening.closed) > MOST_CLOSED:
        raise TimetableProblem(
            Sentence("More than %(most)s closed days. Take out those that have passed", {"most": MOST_CLOSED})
        )
    _check_country(opening.country, opening.subdivision)
    week = tuple(_in_order(day) for day in opening.week)
    return Opening(opening.zone, week, opening.country, opening.subdivision, opening.closed)


def read_spans(text: str) -> tuple[Span, ...]:
    """`9-12, 13:00–17:30`; empty: closed. Raises TimetableProblem."""
    return tuple(_span(part.strip()) for part in re.split(r"[,;]", text) if part.strip())


def write_spans(day: Iterable[Span]) -> str:
    """`09:00–12:00, 13:00–17:30`"""
    return ", ".join(f"{_hour(start)}–{_hour(end)}" for start, end in day)


def read_closed(text: str) -> tuple[tuple[date, str], ...]:
    """One day a line: `2026-12-24 Christmas Eve`. Raises TimetableProblem."""
    return tuple(_closed(line.strip()) for line in text.splitlines() if line.strip())


@cache
def countries() -> Mapping[str, tuple[str, ...]]:
    """ISO 3166 codes of the countries whose holidays are known, each with its regions."""
    known = holidays.list_supported_countries(include_aliases=False)
    return {code: tuple(regions) for code, regions in sorted(known.items()) if len(code) == 2}


def _check_country(country: str, subdivision: str) -> None:
    if country and country not in countries():
        raise TimetableProblem(
            Sentence(
                "The public holidays of “%(country)s” are not known. Choose a country of the list", {"country": country}
            )
        )
    if subdivision and subdivision not in countries().get(country, ()):
        known = ", ".join(countries().get(country, ())) or "–"
        gaps = {"country": country or "–", "region": subdivision, "known": known}
        raise TimetableProblem(Sentence("%(country)s has no region “%(region)s”. Known are: %(known)s", gaps))


def _in_order(day: Sequence[Span]) -> tuple[Span, ...]:
    found = tuple(sorted((int(start), int(end)) for start, end in day))
    if len(found) > MOST_SPANS:
        raise TimetableProblem(Sentence("More than %(most)s ranges on one day. Join some", {"most": MOST_SPANS}))
    for start, end in found:
        if not 0 <= start < end <= DAY:
            raise TimetableProblem(
                Sentence(
                    "%(range)s does not end after it begins. A night is two ranges: until 24:00, and from 00:00 on the "
                    "next day",
                    {"range": write_spans([(start, end)])},
                )
            )
    for before, behind in itertools.pairwise(found):
        if behind[0] < before[1]:
            both = write_spans([before, behind])
            raise TimetableProblem(Sentence("%(ranges)s overlap. Make one range of them", {"ranges": both}))
    return found


def _span(text: str) -> Span:
    found = _SPAN.fullmatch(text)
    if found is None:
        raise TimetableProblem(
            Sentence(
                "“%(text)s” is not a range of hours. Write 9:00–12:00, several with commas between", {"text": text}
            )
        )
    begins, begin_minutes, ends, end_minutes = (int(part or 0) for part in found.groups())
    if begin_minutes > 59 or end_minutes > 59:
        raise TimetableProblem(
            Sentence("“%(text)s” has more than 59 minutes to an hour. Write 9:00–12:00", {"text": text})
        )
    return begins * 60 + begin_minutes, ends * 60 + end_minutes


def _closed(line: str) -> tuple[date, str]:
    day, _, name = line.partition(" ")
    try:
        return date.fromisoformat(day), name.strip()[:100]
    except ValueError as e:
        words = Sentence("“%(day)s” is not a day. Write 2026-12-24, and behind it what is on that day", {"day": day})
        raise TimetableProblem(words) from e


def _opening(row: OpeningHours) -> Opening:
    week = tuple(tuple((int(start), int(end)) for start, end in day) for day in row.week)
    return Opening(row.zone, week, row.country, row.subdivision, frozenset(map(date.fromisoformat, row.closed)))


def _names(row: OpeningHours) -> tuple[tuple[date, str], ...]:
    return tuple((date.fromisoformat(day), name) for day, name in sorted(row.closed.items()))


def _whose(team_id: int | None) -> ColumnElement[bool]:
    return col(OpeningHours.team_id).is_(None) if team_id is None else col(OpeningHours.team_id) == team_id


def _subject(team_id: int | None) -> str:
    return "company" if team_id is None else f"team:{team_id}"


def _hour(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"
