"""What people answered to a campaign, word for word, and where the conversation about it stands."""
# ruff: noqa: S608 - the statement is made of our own words; values are bound

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from hub.campaigns import reactions
from hub.models.vocabulary import ConversationState, Kind

PAGE = 50
LONGEST = 300  # characters of an answer in a list


@dataclass(frozen=True, slots=True)
class Answer:
    """The first answer to one message. `state`: of its conversation; None where it is in none."""

    id: UUID
    at: datetime
    kind: Kind
    text: str
    customer_id: UUID
    customer_name: str
    conversation_id: UUID | None
    state: ConversationState | None


async def listing(
    session: AsyncSession, campaign_id: int, *, before: UUID | None = None, limit: int = PAGE
) -> list[Answer]:
    """The newest first, older than `before`. As many as `reactions.totals` counts as answered."""
    asked = {**reactions.values(campaign_id, None), "before": before, "limit": limit, "longest": LONGEST}
    rows = await session.execute(text(_ANSWERS), asked)
    return [_answer(row._asdict()) for row in rows]


def _answer(row: dict[str, Any]) -> Answer:
    state = ConversationState(row["state"]) if row["state"] else None
    return Answer(**row | {"kind": Kind(row["kind"]), "state": state})


_ANSWERS = f"""
{reactions.OF_CAMPAIGN}
select distinct on (i.id) i.id, i.at, i.kind, left(coalesce(nullif(i.reply_text, ''), i.body_text), :longest) as text,
  i.customer_id, p.name as customer_name, i.conversation_id, c.state
from facts f join interaction i on i.customer_id = f.customer_id and i.at = f.answered
  and i.direction = 'in' and i.auto = ''
join customer p on p.id = i.customer_id left join conversation c on c.id = i.conversation_id
where f.answered is not null and (cast(:before as uuid) is null or i.id < :before)
order by i.id desc limit :limit"""
