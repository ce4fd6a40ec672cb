"""Which message that sent itself somebody answers: a campaign's, a greeting, a reminder. Read only."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

ANSWER_DAYS = 14


async def prompt(session: AsyncSession, conversation_id: UUID) -> UUID | None:
    """The message that the first word of a conversation answers, if it does: by the rule of `hub.campaigns.reactions`.

    A message that stands in a conversation itself is none: there one sees it.
    """
    found = await session.execute(text(_PROMPT), {"conversation": conversation_id, "days": ANSWER_DAYS})
    return found.scalar_one_or_none()


_PROMPT = """
select o.id from interaction i join interaction o on o.customer_id = i.customer_id
where i.id = (select f.id from interaction f where f.conversation_id = :conversation and f.direction = 'in'
    and f.kind is not null order by f.id limit 1)
  and o.direction = 'out' and o.conversation_id is null and o.origin in ('campaign', 'occasion', 'reminder')
  and o.state in ('sent', 'delivered', 'read', 'missed')
  and o.id < i.id and o.at >= i.at - make_interval(days => :days)
  and case when i.kind = 'email' then o.message_id <> '' and (i.in_reply_to = o.message_id
      or exists (select 1 from mail_reference c where c.interaction_id = i.id and c.cited = o.message_id))
    else o.kind in ('sms', 'voice') end
order by o.id desc limit 1"""
