"""One question to all that can be found, as far as the asker's role goes."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias
from uuid import UUID

from sqlalchemy.exc import DBAPIError
from sqlmodel.ext.asyncio.session import AsyncSession

from hub.customers.listing import CustomerLine
from hub.database.engine import Database
from hub.search import conversations, matching, messages, people
from hub.search.conversations import Talk
from hub.search.messages import Said
from hub.search.query import Query, QueryProblem
from hub.sentences import Sentence

LONGEST_SECONDS = 8.0  # all statements of one question together


class Group(StrEnum):
    CUSTOMERS = "customers"
    CONVERSATIONS = "conversations"
    MESSAGES = "messages"


Line: TypeAlias = "CustomerLine | Talk | Said"


@dataclass(frozen=True, slots=True)
class Found:
    """One group: its first lines, and what to pass as `after` for those behind them; "": there are none."""

    group: Group
    lines: tuple[Line, ...]
    following: str = ""


async def search(
    database: Database,
    query: Query,
    limits: Mapping[Group, int],
    *,
    staff_id: int,
    after: str = "",
    now: datetime,
    seconds: float = LONGEST_SECONDS,
) -> list[Found]:
    """Those of the groups that can have what is asked for, each with at most so many lines as its limit says.

    `after` is for one group alone. Raises QueryProblem when one statement takes too long, or all of it `seconds`.
    """
    wanted = [group for group in Group if group in limits and _fits(group, query)]
    try:
        async with asyncio.timeout(seconds) as deadline, database.unit() as session:
            await matching.bounded(session)
            asked = Asked(session, query, await matching.compiled(session, query), staff_id, after, now)
            return [await asked.of(group, limits[group]) for group in wanted]
    except (DBAPIError, TimeoutError) as e:
        if not (deadline.expired() or matching.took_too_long(e)):
            raise
        words = "There is too much to look through. Add a word, a customer with from:, or days with after: and before:"
        raise QueryProblem(Sentence(words)) from e


def _fits(group: Group, query: Query) -> bool:
    fits = {Group.CUSTOMERS: query.of_customers, Group.CONVERSATIONS: query.of_conversations}
    return fits.get(group, query.of_messages)


@dataclass(frozen=True, slots=True)
class Asked:
    """One question, ready to be put to each group."""

    session: AsyncSession
    query: Query
    looked_for: str
    staff_id: int
    after: str
    now: datetime

    async def of(self, group: Group, limit: int) -> Found:
        """One line more than is wanted tells whether there are more."""
        more = limit + 1
        if group is Group.CUSTOMERS:
            lines = await people.found(self.session, self.query, after=self.after, limit=more)
            return _cut(group, lines, limit, lines[limit - 1].cursor if len(lines) > limit else "")
        if group is Group.CONVERSATIONS:
            talks = await conversations.found(
                self.session, self.query, self.looked_for, staff_id=self.staff_id, after=self.after, limit=more
            )
            return _cut(group, talks, limit, talks[limit - 1].cursor if len(talks) > limit else "")
        said = await messages.found(
            self.session,
            self.query,
            self.looked_for,
            staff_id=self.staff_id,
            before=_identifier(self.after),
            limit=more,
            now=self.now,
        )
        return _cut(group, said, limit, str(said[limit - 1].id) if len(said) > limit else "")


def _cut(group: Group, lines: list[CustomerLine] | list[Talk] | list[Said], limit: int, following: str) -> Found:
    return Found(group, tuple(lines[:limit]), following)


def _identifier(after: str) -> UUID | None:
    """A cursor read back; anything that is none begins at the top."""
    try:
        return UUID(after) if after else None
    except ValueError:
        return None
