"""Where a label is known by its word: customers and conversations that have it, and the rules that go by it."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from hub.segments import labels as asking_for

_TABLES = ("customer", "conversation")
_WITHOUT = """
update {table} set labels = array_remove(labels, cast(:old as varchar)) where labels @> array[cast(:old as varchar)]
"""
_INSTEAD = """
update {table} t set labels = (
  select array_agg(named order by first) from (
    select case when l = :old then :new else l end as named, min(place) as first
    from unnest(t.labels) with ordinality u(l, place) group by 1) s)
where labels @> array[cast(:old as varchar)]
"""
_BY_RULES = (
    "update sla_policy set label = :new where label = :old",
    "update saved_view set conditions = jsonb_set(conditions, '{label}', to_jsonb(cast(:new as text))) "
    "where conditions ->> 'label' = :old",
    """
update macro set does = does
  || jsonb_build_object('add', (select coalesce(jsonb_agg(case when v = to_jsonb(cast(:old as text))
    then to_jsonb(cast(:new as text)) else v end), '[]') from jsonb_array_elements(does -> 'add') v))
  || jsonb_build_object('remove', (select coalesce(jsonb_agg(case when v = to_jsonb(cast(:old as text))
    then to_jsonb(cast(:new as text)) else v end), '[]') from jsonb_array_elements(does -> 'remove') v))
where does -> 'add' @> to_jsonb(cast(:old as text)) or does -> 'remove' @> to_jsonb(cast(:old as text))
""",
)
_USERS = text("""
select name from sla_policy where label = :old
union select name from macro
  where does -> 'add' @> to_jsonb(cast(:old as text)) or does -> 'remove' @> to_jsonb(cast(:old as text))
union select name from saved_view where conditions ->> 'label' = :old
order by 1
""")
_ANYBODY = text("""
select exists (select from customer where labels @> array[cast(:old as varchar)])
  or exists (select from conversation where labels @> array[cast(:old as varchar)])
""")


async def replace(session: AsyncSession, spellings: Sequence[str], new: str) -> None:
    """Whoever has it, and whatever goes by it, by its new word from now on."""
    for old in spellings:
        if old == new:
            continue
        for statement in (*(_INSTEAD.format(table=table) for table in _TABLES), *_BY_RULES):
            await session.execute(text(statement), {"old": old, "new": new})
        await asking_for.rename(session, old, new)


async def take_off(session: AsyncSession, spellings: Sequence[str]) -> None:
    """From everybody who has it; rules are left alone, see `rules`."""
    for old in spellings:
        for table in _TABLES:
            await session.execute(text(_WITHOUT.format(table=table)), {"old": old})


async def rules(session: AsyncSession, word: str) -> list[str]:
    """The names of service levels, macros, views and segments that go by it."""
    found = [*(await session.execute(_USERS, {"old": word})).scalars(), *await asking_for.users(session, word)]
    return sorted(found)


async def is_somebodys(session: AsyncSession, word: str) -> bool:
    return bool((await session.execute(_ANYBODY, {"old": word})).scalar_one())
