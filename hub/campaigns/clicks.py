"""Writing down that a mail was opened or a link followed, in one statement, whoever asks how often."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from hub import live
from hub.campaigns.machines import TOO_SOON, Verdict
from hub.models.vocabulary import Ground, Kind, Touch

MOST = 200  # of one message: whoever asks for more changes nothing


async def record(
    session: AsyncSession, message: UUID, touch: Touch, verdict: Verdict, *, now: datetime, url: str = ""
) -> None:
    """Keep it, with what its message shows besides: how soon it came, and which other links were followed just before.

    Of a message that is gone, or was asked for too often, nothing is kept.
    """
    values = {
        "message": message,
        "touch": touch.value,
        "machine": verdict.machine,
        "ground": verdict.ground.value if verdict.ground else None,
        "url": url,
        "now": now,
        "most": MOST,
        **{f"{kind.value}_soon": soon for kind, soon in TOO_SOON.items()},
    }
    campaign = (await session.execute(_RECORD, values)).scalar()
    if campaign is not None:
        await live.publish(session, "campaign", id=campaign)


_RECORD = text(f"""
insert into reaction (interaction_id, campaign_id, at, touch, machine, ground, others, url)
select i.id, i.campaign_id, :now, :touch, :machine or s.soon or o.others > 0,
  case when :machine then :ground when s.soon then '{Ground.TOO_SOON.value}'
    when o.others > 0 then '{Ground.TOGETHER.value}' else :ground end, o.others, :url
from interaction i
cross join lateral (
  select i.state in ('queued', 'sending') or i.state in ('sent', 'delivered')
    and i.state_at > cast(:now as timestamptz) - case i.kind when '{Kind.SMS.value}' then cast(:sms_soon as interval)
      else cast(:email_soon as interval) end as soon) s
cross join lateral (
  select count(distinct r.url)::int as others from reaction r
  where r.interaction_id = i.id and r.touch = 'click' and :touch = 'click' and r.url <> :url
    and r.at > cast(:now as timestamptz) - interval '1 second') o
where i.id = :message and (select count(*) from reaction r where r.interaction_id = i.id) < :most
returning campaign_id
""")  # noqa: S608 - made of the closed words of our own enums
