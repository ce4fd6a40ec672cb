"""Words as PostgreSQL looks for them, without accents, and how long a search may take."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from hub.search.query import Query

_LONGEST_MS = 3000
_PHRASE = "phraseto_tsquery('simple'::regconfig, plain_words(:{name}))"
_BEGINNING = "coalesce(nullif({phrase}::text, '') || ':*', '')::tsquery"
_QUERY_CANCELED = "57014"


async def bounded(session: AsyncSession) -> None:
    """From here to the end of the unit no statement runs on for ever; `took_too_long` knows the error.

    Every statement is planned for its own words: a plan for any words reads the log. To compile it would take longer.
    """
    await session.execute(text(_BOUNDS))


@asynccontextmanager
async def planned_once(session: AsyncSession) -> AsyncIterator[None]:
    """Within, statements may keep their plan: to plan over every month of the log takes longer than to run."""
    await session.execute(text("select set_config('plan_cache_mode', 'auto', true)"))
    yield
    await session.execute(text("select set_config('plan_cache_mode', 'force_custom_plan', true)"))


_BOUNDS = (
    f"select set_config('statement_timeout', '{_LONGEST_MS}', true), "
    "set_config('plan_cache_mode', 'force_custom_plan', true), set_config('jit', 'off', true)"
)


def took_too_long(error: BaseException) -> bool:
    """Did the database stop looking because of `bounded`?"""
    return getattr(getattr(error, "orig", error), "sqlstate", None) == _QUERY_CANCELED


async def compiled(session: AsyncSession, query: Query) -> str:
    """All the words and phrases, and none of the excluded ones, as a tsquery; empty: nothing is asked for."""
    parts, values = [], {}
    for number, words in enumerate(query.words):
        last = query.beginning and number == len(query.words) - 1
        phrase = _PHRASE.format(name=f"word{number}")
        parts.append(_BEGINNING.format(phrase=phrase) if last else phrase)
        values[f"word{number}"] = words
    for number, words in enumerate(query.without):
        parts.append("!!" + _PHRASE.format(name=f"not{number}"))
        values[f"not{number}"] = words
    if not parts:
        return ""
    found = await session.execute(text(f"select ({' && '.join(parts)})::text"), values)
    return str(found.scalar_one())
