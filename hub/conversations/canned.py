"""Canned answers: words that are needed again and again, with names that are filled in for one customer."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlmodel import col, func, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from hub.customers import directory
from hub.models import CannedAnswer, Customer, Team
from hub.outbound import rendering
from hub.sentences import LONG_TITLE, Sentence, too_long
from hub.staff import accounts, audit, teams

LONGEST_SHORTCUT, LONGEST_TITLE, LONGEST_TEXT = 40, 100, 10_000
_TOGETHER = 0.25  # seconds of work that all answers of one list may take: it is made for every letter that is typed
_SHORTCUT = re.compile(r"\w[\w.-]{0,39}")
_SAMPLE: Mapping[str, Mapping[str, object] | str] = {
    "customer": {"name": "Ana Nowak", "first_name": "Ana", "language": "pl"},
    "staff": {"name": "Maria Lis", "first_name": "Maria", "email": "maria@meadow.example"},
    "company": "Meadow",
}
NAMES = tuple(
    f"{name}.{part}" if isinstance(parts, Mapping) else name
    for name, parts in _SAMPLE.items()
    for part in (parts if isinstance(parts, Mapping) else [""])
)  # what a text may name


class CannedProblem(ValueError):
    """The answer cannot be kept like this; the message says why, for the person at the screen."""


class NoSuchCanned(LookupError):
    """There is no such canned answer."""


@dataclass(frozen=True, slots=True)
class Wording:
    """What somebody wrote. `team_id` None: for everybody."""

    shortcut: str
    title: str
    text: str
    team_id: int | None = None


@dataclass(frozen=True, slots=True)
class Canned:
    id: int
    shortcut: str
    title: str
    text: str
    team_id: int | None
    team_name: str  # empty: everybody's
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class Filled:
    """An answer as it would stand in the composer; with `trouble`, why it cannot be filled in, there is no text."""

    id: int
    shortcut: str
    title: str
    text: str
    trouble: Sentence | None = None


async def create(session: AsyncSession, wording: Wording, *, by: int, now: datetime) -> Canned:
    """Raises CannedProblem."""
    row = CannedAnswer(changed_at=now, **await _checked(session, wording, except_for=None))
    return await _kept(session, row, "canned.create", by=by, now=now)


async def change(session: AsyncSession, canned_id: int, wording: Wording, *, by: int, now: datetime) -> Canned:
    """Raises NoSuchCanned or CannedProblem."""
    row = await _row(session, canned_id)
    row.sqlmodel_update({"changed_at": now, **await _checked(session, wording, except_for=canned_id)})
    return await _kept(session, row, "canned.change", by=by, now=now)


async def remove(session: AsyncSession, canned_id: int, *, by: int, now: datetime) -> None:
    """Raises NoSuchCanned."""
    row = await _row(session, canned_id)
    await session.delete(row)
    await session.flush()
    subject = f"canned:{canned_id}"
    await audit.write(session, "canned.delete", staff_id=by, subject=subject, detail=row.shortcut, now=now)


async def get(session: AsyncSession, canned_id: int) -> Canned:
    """Raises NoSuchCanned."""
    return await _told(session, await _row(session, canned_id))


async def listing(session: AsyncSession, *, reader: int | None = None) -> list[Canned]:
    """By shortcut; `reader`: only what this person may use, everybody's and those of their own teams."""
    rows = select(CannedAnswer, Team.name).join(Team, col(Team.id) == col(CannedAnswer.team_id), isouter=True)
    if reader is not None:
        mine = col(CannedAnswer.team_id).in_(teams.ids_of(reader))
        rows = rows.where(or_(col(CannedAnswer.team_id).is_(None), mine))
    found = await session.exec(rows.order_by(col(CannedAnswer.shortcut), func.lower(Team.name), col(CannedAnswer.id)))
    return [_canned(row, name) for row, name in found]


async def any_for(session: AsyncSession, reader: int) -> bool:
    """Whether there is one that this person may use."""
    return bool(await listing(session, reader=reader))


async def offered(
    session: AsyncSession, customer_id: UUID, *, staff_id: int, company: str, query: str = "", limit: int = 20
) -> list[Filled]:
    """What this person may use, filled in for this customer: first whose shortcut begins with `query`.

    Raises hub.customers.directory.NotFound.
    """
    wanted = query.replace("\0", "").strip().lower()[:LONGEST_TITLE]
    matching = [(rank, one) for one in await listing(session, reader=staff_id) if (rank := _rank(one, wanted)) < 3]
    matching.sort(key=lambda pair: pair[0])
    used = await _values(session, customer_id, staff_id, company)
    return list(_in_time([one for _, one in matching[:limit]], used))


async def filled(session: AsyncSession, canned_id: int, customer_id: UUID, *, staff_id: int, company: str) -> Filled:
    """One of them. Raises NoSuchCanned, also for one of a team that this person is not in."""
    mine = {one.id: one for one in await listing(session, reader=staff_id)}
    if canned_id not in mine:
        raise NoSuchCanned(f"There is no canned answer {canned_id}")
    return _filled(mine[canned_id], await _values(session, customer_id, staff_id, company))


async def fill(session: AsyncSession, text: str, customer_id: UUID, *, staff_id: int, company: str) -> str:
    """Any text with the same names. Raises CannedProblem where it does not fit this customer."""
    used = await _values(session, customer_id, staff_id, company)
    try:
        return rendering.line(text, used, where="text").strip("\n")
    except rendering.TemplateProblem as problem:
        raise CannedProblem(problem.said) from problem


def tried(text: str) -> None:
    """Raises CannedProblem for a text that names what is not there, or is no template."""
    try:
        rendering.line(text, _SAMPLE, where="text")
    except rendering.TemplateProblem as problem:
        known = ", ".join(f"{{{{ {name} }}}}" for name in NAMES)
        raise CannedProblem(
            Sentence("%(why)s. It may name %(known)s", {"why": problem.said, "known": known})
        ) from problem


def _rank(one: Canned, wanted: str) -> int:
    """0: the shortcut begins so; 1: the title has it; 2: the text has it; 3: nothing has."""
    places = (one.shortcut.startswith(wanted), wanted in one.title.lower(), wanted in one.text.lower(), True)
    return places.index(True)


def _in_time(answers: Sequence[Canned], used: Mapping[str, object]) -> Iterator[Filled]:
    """Filled in as long as there is time for it; what comes behind a slow one is only named."""
    began = time.thread_time()
    for one in answers:
        if time.thread_time() - began < _TOGETHER:
            yield _filled(one, used)
        else:
            slow = Sentence("The answers above take too long to fill in. Type more of this one's shortcut")
            yield Filled(one.id, one.shortcut, one.title, "", slow)


def _filled(one: Canned, used: Mapping[str, object]) -> Filled:
    try:
        text = rendering.line(one.text, used, where=f"/{one.shortcut}").strip("\n")
    except rendering.TemplateProblem as problem:
        return Filled(one.id, one.shortcut, one.title, "", problem.said)
    return Filled(one.id, one.shortcut, one.title, text)


async def _values(session: AsyncSession, customer_id: UUID, staff_id: int, company: str) -> dict[str, object]:
    customer, staff = await directory.get(session, customer_id), await accounts.get(session, staff_id)
    person = {"name": customer.name, "first_name": _first_name(customer), "language": customer.language}
    writer = {"name": staff.name, "first_name": staff.name.split(" ")[0], "email": staff.email}
    return {"customer": person, "staff": writer, "company": company}


def _first_name(customer: Customer) -> str:
    """Of a customer who is known by a number or an address there is none."""
    first = customer.given_name or next(iter(customer.name.split()), "")
    return first if any(letter.isalpha() for letter in first) and "@" not in first else ""


async def _checked(session: AsyncSession, wording: Wording, *, except_for: int | None) -> dict[str, Any]:
    shortcut, title = _shortcut(wording.shortcut), " ".join(wording.title.replace("\0", "").split())
    text = "\n".join(line.rstrip() for line in wording.text.replace("\0", "").splitlines()).strip("\n")
    if long := too_long(LONG_TITLE, title, LONGEST_TITLE):
        raise CannedProblem(long)
    if not text:
        raise CannedProblem(Sentence("The answer has no text. Write what is to stand in the composer"))
    if len(text) > LONGEST_TEXT:
        raise CannedProblem(Sentence("The text is longer than %(most)s characters. Shorten it", {"most": LONGEST_TEXT}))
    tried(text)
    await _free(session, shortcut, wording.team_id, except_for)
    return {"shortcut": shortcut, "title": title or shortcut, "text": text, "team_id": wording.team_id}


def _shortcut(typed: str) -> str:
    shortcut = typed.strip().removeprefix("/").lower()
    if not _SHORTCUT.fullmatch(shortcut):
        raise CannedProblem(
            Sentence(
                "The shortcut “%(shortcut)s” cannot be typed after a slash. Use letters, digits, dots, hyphens, "
                "%(most)s at most",
                {"shortcut": typed.strip()[:60], "most": LONGEST_SHORTCUT},
            )
        )
    return shortcut


async def _free(session: AsyncSession, shortcut: str, team_id: int | None, except_for: int | None) -> None:
    if team_id is not None:
        await _team(session, team_id)
    taken = await session.exec(
        select(CannedAnswer.id).where(
            col(CannedAnswer.shortcut) == shortcut, col(CannedAnswer.team_id).is_not_distinct_from(team_id)
        )
    )
    if taken.first() not in (None, except_for):
        raise _taken(shortcut)


def _taken(shortcut: str) -> CannedProblem:
    gaps = {"shortcut": shortcut}
    return CannedProblem(Sentence("There is a canned answer /%(shortcut)s already. Choose another shortcut", gaps))


async def _team(session: AsyncSession, team_id: int) -> None:
    try:
        await teams.get(session, team_id)
    except teams.NotFound as e:
        raise CannedProblem(Sentence("This team is not there any more. Load the page again")) from e


async def _row(session: AsyncSession, canned_id: int) -> CannedAnswer:
    row = await session.get(CannedAnswer, canned_id, with_for_update=True)
    if row is None:
        raise NoSuchCanned(f"There is no canned answer {canned_id}")
    return row


async def _kept(session: AsyncSession, row: CannedAnswer, action: str, *, by: int, now: datetime) -> Canned:
    shortcut = row.shortcut
    session.add(row)
    try:
        await session.flush()
    except IntegrityError as e:  # of two at once that asked before either was there
        raise _taken(shortcut) from e
    subject = f"canned:{row.id}"
    await audit.write(session, action, staff_id=by, subject=subject, detail=row.shortcut, now=now)
    return await _told(session, row)


async def _told(session: AsyncSession, row: CannedAnswer) -> Canned:
    team = await session.get(Team, row.team_id) if row.team_id is not None else None
    return _canned(row, team.name if team else "")


def _canned(row: CannedAnswer, team: str | None) -> Canned:
    return Canned(row.id or 0, row.shortcut, row.title, row.text, row.team_id, team or "", row.changed_at)


def may_write(team_id: int | None, own: Sequence[int], *, everybodys: bool) -> bool:
    """Whether somebody in the teams `own` may write an answer of this team; `everybodys`: their role may write all."""
    return everybodys or (team_id is not None and team_id in own)
