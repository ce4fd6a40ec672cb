"""What recipients did with a campaign's messages, message by message and summed: both from the same rows of the log.

A message counts once, however often its recipient did it. What only machines did with it is counted apart. Rules, all
of them recomputable from the log:

* opened, clicked: rows of `reaction`; who follows a link has opened the mail. One that later events show to be a
  machine's (a trap followed within a minute of it, another link within a second) is a machine's.
* answered: an inbound word of theirs that no machine wrote, within `ANSWER_DAYS`: a mail that cites the message, an
  SMS or a call after an SMS or a call.
* unsubscribed: they said no, to all or to this purpose and channel, within `UNSUBSCRIBE_DAYS` of the message.
* bounced: it could not be delivered for a reason that lies with the address; complained: reported as unwanted.
"""
# ruff: noqa: S608 - the statements are made of the closed words of our own enums; values are bound

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from channels.message import Reason
from hub.interactions import prompting
from hub.models.vocabulary import Ground, Kind

ANSWER_DAYS = prompting.ANSWER_DAYS
UNSUBSCRIBE_DAYS = 30
BOUNCED = (Reason.BAD_ADDRESS, Reason.WRONG_CHANNEL, Reason.MAILBOX_FULL, Reason.UNREACHABLE, Reason.BLOCKED)


@dataclass(frozen=True, slots=True)
class Totals:
    """Messages of which each is true. `…_by_machine`: with which only machines did it, as far as we can tell."""

    opened: int = 0
    opened_by_machine: int = 0
    clicked: int = 0
    clicked_by_machine: int = 0
    answered: int = 0
    unsubscribed: int = 0
    bounced: int = 0
    complained: int = 0


FIGURES = tuple(Totals.__dataclass_fields__)


@dataclass(frozen=True, slots=True)
class Recipient:
    """One message and what became of it. Moments: the first time; None: never."""

    customer_id: UUID
    name: str
    interaction_id: UUID
    step: int
    kind: Kind | None
    opened: datetime | None
    opened_by_machine: datetime | None
    clicked: datetime | None
    clicked_by_machine: datetime | None
    answered: datetime | None
    unsubscribed: datetime | None
    bounced: bool
    complained: bool


@dataclass(frozen=True, slots=True)
class Followed:
    """One link of a campaign: how many people followed it, how many recipients' machines, and every time together."""

    url: str
    people: int
    machines: int
    times: int


async def totals(session: AsyncSession, campaign_id: int, *, step: int | None = None) -> Totals:
    """The sums over a campaign's messages, or over one step's. Equal to counting what `recipients` lists."""
    sums = ", ".join(f"count(*) filter (where {_true(name)}) as {name}" for name in FIGURES)
    statement = text(f"{OF_CAMPAIGN} select {sums} from facts where {_STEP}")
    row = (await session.execute(statement, values(campaign_id, step))).one()
    return Totals(**row._asdict())


async def recipients(
    session: AsyncSession,
    campaign_id: int,
    figure: str,
    *,
    step: int | None = None,
    after: UUID | None = None,
    limit: int = 100,
) -> list[Recipient]:
    """Who stands behind one of `FIGURES`, by the id of their message, those above `after`. Raises KeyError."""
    if figure not in FIGURES:
        raise KeyError(figure)
    statement = text(f"""
        {OF_CAMPAIGN} select f.*, c.name from facts f join customer c on c.id = f.customer_id
        where {_STEP} and {_true(figure)} and f.interaction_id > :after order by f.interaction_id limit :limit""")
    asked = {**values(campaign_id, step), "after": after or UUID(int=0), "limit": limit}
    return [_recipient(row) for row in await session.execute(statement, asked)]


async def grounds(session: AsyncSession, campaign_id: int) -> Mapping[Ground, int]:
    """Why opens and clicks were called machines', and how many proxies' opens stand among the people's."""
    statement = text(f"{_JUDGED} select ground, count(*) from judged where ground is not null group by ground")
    rows = await session.execute(statement, {"campaign": campaign_id})
    return {Ground(ground): number for ground, number in rows}


async def links(session: AsyncSession, campaign_id: int) -> list[Followed]:
    """Which links were followed, the most followed first."""
    statement = text(f"""
        {_JUDGED} select url, count(distinct interaction_id) filter (where not machine) as people,
          count(distinct interaction_id) filter (where machine) as machines, count(*) as times
        from judged where touch = 'click' group by url order by people desc, times desc, url limit 200""")
    return [Followed(*row) for row in await session.execute(statement, {"campaign": campaign_id})]


def _true(figure: str) -> str:
    if figure.endswith("_by_machine"):
        return f"({figure} is not null and {figure.removesuffix('_by_machine')} is null)"
    return figure if figure in ("bounced", "complained") else f"({figure} is not null)"


def values(campaign_id: int, step: int | None) -> dict[str, Any]:
    """What `facts` is asked with, and whose step."""
    return {
        "campaign": campaign_id,
        "step": step,
        "answer_days": ANSWER_DAYS,
        "unsubscribe_days": UNSUBSCRIBE_DAYS,
        "bounced": [reason.value for reason in BOUNCED],
        "complained": Reason.COMPLAINED.value,
    }


def _recipient(row: Any) -> Recipient:
    known = row._asdict()
    fields = {name: known[name] for name in Recipient.__dataclass_fields__ if name != "kind"}
    return Recipient(**fields, kind=Kind(known["kind"]) if known["kind"] else None)


# What later events show of earlier ones: who follows the link that no person sees is a machine in all it does within
# a minute, and nobody follows two links within a second.
def judged(source: str) -> str:
    """A common table expression `judged`: the reactions that `source` selects, with what all of them show."""
    return f"""
judged as (
  select interaction_id, touch, url, at, machine or trapped or together as machine,
    case when ground is not null and machine then ground when trapped then '{Ground.TRAP.value}'
      when together then '{Ground.TOGETHER.value}' else ground end as ground
  from (
    select r.*,
      bool_or(touch = 'trap') over (partition by interaction_id order by at
        range between interval '1 minute' preceding and interval '1 minute' following) as trapped,
      touch = 'click' and max(others) over (partition by interaction_id order by at
        range between current row and interval '1 second' following) > 0 as together
    from ({source}) r) seen)"""


def facts(messages: str) -> str:
    """Common table expressions that end in `facts`: one row for every message that `messages` selects.

    `messages` gives campaign_id, step, customer_id, interaction_id, kind, state, reason, message_id, purpose and at.
    """
    reactions = "select r.* from reaction r where r.interaction_id in (select interaction_id from messages)"
    meant = f"messages as materialized ({messages})"
    return ",".join((meant, judged(reactions), _TOUCHED, _HEARD, _REFUSING, _COMPLAINING, _FACTS))


_TOUCHED = """
touched as (
  select interaction_id,
    min(at) filter (where touch in ('open', 'click') and not machine) as opened,
    min(at) filter (where touch = 'open' and machine) as opened_by_machine,
    min(at) filter (where touch = 'click' and not machine) as clicked,
    min(at) filter (where touch = 'click' and machine) as clicked_by_machine
  from judged group by interaction_id)"""

_HEARD = """
heard as (
  select m.interaction_id, min(i.at) as answered
  from messages m join interaction i on i.customer_id = m.customer_id
    and i.direction = 'in' and i.auto = '' and i.id > m.interaction_id
    and i.at <= m.at + make_interval(days => :answer_days)
  where case when m.kind = 'email' then i.kind = 'email' and m.message_id <> '' and (i.in_reply_to = m.message_id
      or exists (select 1 from mail_reference c where c.interaction_id = i.id and c.cited = m.message_id))
    else i.kind in ('sms', 'voice') end
  group by m.interaction_id)"""

_REFUSING = """
refusing as (
  select m.interaction_id, min(c.at) as unsubscribed
  from messages m join consent c on c.customer_id = m.customer_id and not c.granted
    and (c.purpose is null or c.purpose = m.purpose) and (c.channel is null or c.channel = m.kind)
    and c.topic = ''
    and c.at >= m.at and c.at <= m.at + make_interval(days => :unsubscribe_days)
  where c.source <> 'import' and c.source <> 'complaint'
  group by m.interaction_id)"""

_COMPLAINING = """
complaining as (
  select distinct m.interaction_id from messages m join receipt r on r.interaction_id = m.interaction_id
  where r.reason = :complained)"""

_FACTS = """
facts as (
  select m.*, t.opened, t.opened_by_machine, t.clicked, t.clicked_by_machine, h.answered, u.unsubscribed,
    m.state = 'failed' and m.reason = any(cast(:bounced as text[])) as bounced,
    c.interaction_id is not null as complained
  from messages m left join touched t on t.interaction_id = m.interaction_id
  left join heard h on h.interaction_id = m.interaction_id
  left join refusing u on u.interaction_id = m.interaction_id
  left join complaining c on c.interaction_id = m.interaction_id)"""


_STEP = "(cast(:step as smallint) is null or step = :step)"

_JUDGED = "with " + judged("select r.* from reaction r where r.campaign_id = :campaign")

OF_CAMPAIGN = "with " + facts("""
  select r.campaign_id, r.step, r.customer_id, r.interaction_id,
    i.kind, i.state, i.reason, i.message_id, i.purpose, i.at
  from campaign_recipient r join interaction i on i.id = r.interaction_id
  where r.campaign_id = :campaign and i.campaign_id = :campaign
    and i.state not in ('withheld', 'cancelled', 'expired', 'queued')""")
