"""Colleagues who are named in notes: `@Olga Lis`, `@olga` (her address before its @), or a team: all its people."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from hub.models import Interaction, Mention
from hub.staff import accounts, teams

MOST = 1000  # signs in a note that are looked at
_LOOKED_AT = 500  # letters behind one of them: no name is longer
_AT = re.compile(r"(?<![\w.])@(?=\w)")  # an address is no mention


def named(words: str, known: Mapping[str, frozenset[int]]) -> frozenset[int]:
    """Who is mentioned. `known`: name → whom it means; of two names that fit the longer one counts."""
    plain = words.casefold()
    names = sorted(((name.casefold(), whom) for name, whom in known.items()), key=lambda one: len(one[0]), reverse=True)
    found: frozenset[int] = frozenset()
    for match in islice(_AT.finditer(plain), MOST):
        rest = plain[match.end() : match.end() + _LOOKED_AT]
        found |= next((whom for name, whom in names if _begins(rest, name)), frozenset())
    return found


def _begins(rest: str, name: str) -> bool:
    return rest.startswith(name) and not re.match(r"\w", rest[len(name) :])


async def note(session: AsyncSession, interaction_id: UUID, words: str, *, by: int, now: datetime) -> frozenset[int]:
    """Keep whom a note names, but for its writer; who that is."""
    people = named(words, await known(session)) - {by}
    if people:
        rows = [{"interaction_id": interaction_id, "staff_id": one, "at": now} for one in sorted(people)]
        await session.exec(insert(Mention).values(rows).on_conflict_do_nothing())
    return people


async def known(session: AsyncSession) -> dict[str, frozenset[int]]:
    """Every name that a note may use, and whom it means. One that two people share means both."""
    found: dict[str, frozenset[int]] = {}
    people = await accounts.listing(session, inactive=False)
    here = {one.id for one in people}
    names = [(name, frozenset({one.id or 0})) for one in people for name in (one.name, one.email.partition("@")[0])]
    names += [(team.name, frozenset(team.members & here)) for team in await teams.listing(session)]
    for name, whom in names:
        found[name.strip()] = found.get(name.strip(), frozenset()) | whom
    return {name: whom for name, whom in found.items() if name}


async def suggested(session: AsyncSession, query: str, *, limit: int = 10) -> list[str]:
    """Names of people and teams, those that begin with the query first."""
    wanted = query.strip().casefold()
    people = [one.name for one in await accounts.listing(session, inactive=False)]
    groups = [team.name for team in await teams.listing(session)]
    names = [name for name in (*people, *groups) if wanted in name.casefold()]
    return sorted(dict.fromkeys(names), key=lambda name: (not name.casefold().startswith(wanted), name))[:limit]


async def read(session: AsyncSession, conversation_id: UUID, *, staff_id: int, now: datetime) -> None:
    """This person has looked at the conversation."""
    await session.execute(_READ, {"staff": staff_id, "conversation": conversation_id, "now": now})


@dataclass(frozen=True, slots=True)
class Named:
    """A note that names somebody."""

    interaction_id: UUID
    conversation_id: UUID | None
    customer_id: UUID
    at: datetime
    read_at: datetime | None
    text: str


async def listing(
    session: AsyncSession, staff_id: int, *, unread: bool = False, before: UUID | None = None, limit: int = 50
) -> list[Named]:
    """Who names this person, newest first; `before`: the last note of the page before."""
    rows = select(Mention, Interaction).join(Interaction, col(Interaction.id) == col(Mention.interaction_id))
    rows = rows.where(col(Mention.staff_id) == staff_id)
    if unread:
        rows = rows.where(col(Mention.read_at).is_(None))
    if before is not None:
        rows = rows.where(col(Mention.interaction_id) < before)
    found = await session.exec(rows.order_by(col(Mention.interaction_id).desc()).limit(limit))
    return [
        Named(note.id, note.conversation_id, note.customer_id, one.at, one.read_at, note.body_text)
        for one, note in found
    ]


_READ = text("""
update mention m set read_at = :now from interaction i
where m.staff_id = :staff and m.read_at is null and i.id = m.interaction_id and i.conversation_id = :conversation
""")
