"""What campaigns counted stays counted: an erased person's campaign messages become rows of nobody that say nothing."""
# ruff: noqa: S608 - the statements are made of our own tables' names and words; values are bound

from __future__ import annotations

from datetime import datetime
from functools import cache
from uuid import UUID

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from hub.models import METADATA
from hub.models.vocabulary import State
from hub.personal.theirs import Person

NOBODY = UUID(int=0)
# What results are added up from. Every other column is emptied, so that a new one is not forgotten.
_COUNTED = frozenset({
    "id", "at", "direction", "kind", "channel", "origin", "purpose", "state", "state_rank", "state_at", "reason",
    "template_version_id", "language", "auto", "campaign_id", "occasion", "customer_id",
})  # fmt: skip
CAMPAIGNS = "customer_id = any(cast(:them as uuid[])) and campaign_id is not null"
_THEIRS = f"interaction_id in (select id from interaction where {CAMPAIGNS})"
KEPT = {"receipt": f"not ({_THEIRS})", "reaction": f"not ({_THEIRS})"}  # of these rows the campaigns' stay, emptied


async def settle(session: AsyncSession, whose: Person, *, now: datetime) -> None:
    """What waits leaves no more; of what nobody knows whether it left, nobody will. Tickets go with the messages."""
    await session.execute(_SETTLE, {**whose.values, "now": now})


async def empty(session: AsyncSession, whose: Person) -> int:
    """Take everything out of the campaigns' messages but what is counted; how many there were."""
    for statement in (_SAME_RECEIPTS, _RECEIPTS, _REACTIONS, _SEATS):
        await session.execute(text(statement), whose.values)
    emptied = await session.execute(text(_messages()), {**whose.values, "nobody": NOBODY})
    return int(emptied.rowcount)  # type: ignore[attr-defined]


_SETTLE = text(f"""
update interaction set state_at = :now, reason = '',
  state = case state when 'queued' then '{State.CANCELLED}' else '{State.EXPIRED}' end,
  state_rank = {State.CANCELLED.rank}
where customer_id = any(cast(:them as uuid[])) and direction = 'out' and state in ('queued', 'sending', 'unknown')
""")
# Receipts tell of each recipient of a mail: without the address those of one message would be the same.
_SAME_RECEIPTS = f"""
delete from receipt r using receipt s where r.{_THEIRS} and s.interaction_id = r.interaction_id
  and s.progress = r.progress and s.code = r.code and s.id < r.id
"""
_RECEIPTS = f"update receipt set leg = '', detail = '', payload = '{{}}' where {_THEIRS}"
# A link that others were sent as well says nothing; one of a person's own may hold their name.
_REACTIONS = f"""
update reaction a set url = '' where a.{_THEIRS} and url <> '' and not exists (
  select from reaction b where b.campaign_id = a.campaign_id and b.url = a.url and b.interaction_id <> a.interaction_id)
"""
# Whose message it was is forgotten. A place that has led to none yet stays: it is passed over when its turn comes.
_SEATS = """
update campaign_recipient set customer_id = gen_random_uuid()
where customer_id = any(cast(:them as uuid[])) and (interaction_id is not null or passed is not null)
"""


@cache
def _messages() -> str:
    columns = [one for one in METADATA.tables["interaction"].columns if one.name not in _COUNTED and not one.computed]
    emptied = ", ".join(f"{one.name} = {'null' if one.nullable else repr('')}" for one in columns)
    return f"update interaction set customer_id = :nobody, {emptied} where {CAMPAIGNS}"
