"""What went wrong with campaigns' messages, counted from the log."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace

from sqlalchemy import func, text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from channels.message import Reason
from hub.models import Interaction
from hub.models.vocabulary import State

_HARD = tuple(reason.value for reason in Reason if reason.hard)
_UNWELCOME = (Reason.BLOCKED.value, Reason.REJECTED.value)  # filtered, listed, not registered: requirement 3.4
_TRIED = (State.SENT, State.DELIVERED, State.READ, State.MISSED, State.FAILED, State.UNKNOWN)

_WRONG = text("""
with wrong as (
  select campaign_id, count(*) filter (where state = 'failed' and reason = any(:hard)) as bounced,
    count(*) filter (where state = 'failed' and reason = any(:unwelcome)) as refused, count(*) as failed
  from interaction where campaign_id = any(:campaigns) and state in ('failed', 'unknown') group by campaign_id),
complaining as (
  select i.campaign_id, count(distinct i.id) as complained
  from receipt r join interaction i on i.id = r.interaction_id
  where r.reason = 'complained' and i.campaign_id = any(:campaigns) group by i.campaign_id)
select coalesce(w.campaign_id, c.campaign_id) as campaign_id, coalesce(c.complained, 0) as complained,
  coalesce(w.bounced, 0) as bounced, coalesce(w.refused, 0) as refused, coalesce(w.failed, 0) as failed
from wrong w full join complaining c on c.campaign_id = w.campaign_id
""")


@dataclass(frozen=True, slots=True)
class Tally:
    """Of the `tried` messages (those a provider was asked to deliver, with an outcome): the ones that went wrong.

    `bounced`: hard, the address does not exist; the results page counts the soft ones too (`reactions.BOUNCED`).
    `failed` holds the bounced and the refused ones too, and those of unknown fate.
    """

    tried: int = 0
    complained: int = 0
    bounced: int = 0
    refused: int = 0
    failed: int = 0

    def since(self, before: Mapping[str, int]) -> Tally:
        """Without what was known at an earlier moment."""
        return Tally(**{name: max(number - before.get(name, 0), 0) for name, number in asdict(self).items()})


async def wrong(session: AsyncSession, campaigns: Sequence[int]) -> dict[int, Tally]:
    """Campaigns of which anything went wrong; `tried` is left open, see `whole`."""
    values = {"campaigns": list(campaigns), "hard": list(_HARD), "unwelcome": list(_UNWELCOME)}
    rows = (await session.execute(_WRONG, values)).all()
    return {row.campaign_id: Tally(0, row.complained, row.bounced, row.refused, row.failed) for row in rows}


async def whole(session: AsyncSession, campaign_id: int, known: Tally | None = None) -> Tally:
    """With `tried` counted as well, which takes a look at every message of the campaign."""
    found = known or (await wrong(session, [campaign_id])).get(campaign_id, Tally())
    tried = select(func.count()).where(col(Interaction.campaign_id) == campaign_id, col(Interaction.state).in_(_TRIED))
    return replace(found, tried=(await session.exec(tried)).one())
