"""How a sender's speed follows what its provider says: slower when told so, faster while all goes well (AIMD).

All moments are the database's: a worker whose clock is wrong neither stops a sender for days nor lets it storm.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from channels.errors import Misconfigured, Refused, TryLater, Unknown
from channels.message import Accepted
from hub.outbound import senders
from hub.outbound.outbox import Ticket

_SLOWEST = 1 / 64  # of the rate
_GROWTH = 0.02  # of the rate, for each second in which the sender does what it may
_STEP = 0.1  # of the rate, for one message: slow senders need few good ones
UNREACHED = timedelta(seconds=30)  # rest when nobody answered at all

# What was on its way when the provider complained complains as well: that is one complaint. The allowance that would
# gather during the rest is not spent in one go after it.
_SLOW = text("""
with told as materialized (
  select id, rate, coalesce(slowed_at < clock_timestamp() - make_interval(secs => :ago), true) as again,
         greatest(pace / 2, :slowest) as halved, pace
  from sender where id = :sender for update),
cut as (
  select id, rate, again, case when again then halved else pace end as pace from told),
rest as (
  select cut.*, clock_timestamp() + make_interval(secs => coalesce(cast(:after as float), 1 / pace)) as until from cut)
update sender s
set pace = rest.pace, slowed_at = case when again then clock_timestamp() else s.slowed_at end,
    paused_until = greatest(s.paused_until, rest.until),
    tat = greatest(s.tat, rest.until - 1 / (rest.rate * rest.pace) * interval '1s')
from rest where s.id = rest.id
""")

_QUICKEN = text("""
update sender set pace = least(1, pace + :good * least(cast(:step as float), :growth / (rate * pace)))
where id = :sender and pace < 1
""")

_UNITS = "case unit when 'segments' then cast(:segments as int) else cast(:messages as int) end"

# A message that did not leave takes nothing from the day in which it was to.
_GIVE_BACK = text(f"""
update sender set used = greatest(used - {_UNITS}, 0)
where id = :sender and day = cast((clock_timestamp() - make_interval(secs => :ago)) at time zone zone as date)
""")  # noqa: S608 - our own words above


class Ended(Protocol):
    """How one conversation with a provider ended, see `settling.Outcome`."""

    @property
    def ticket(self) -> Ticket: ...
    @property
    def result(self) -> Accepted | TryLater | Refused | Unknown | Misconfigured: ...
    @property
    def started_at(self) -> datetime: ...


async def learn(session: AsyncSession, outcomes: Sequence[Ended], *, now: datetime) -> None:
    """What a group of outcomes says about the senders themselves. The last thing in a transaction: it locks them."""
    for sender in sorted({o.ticket.sender_id for o in outcomes}):
        await _learn(session, sender, [o for o in outcomes if o.ticket.sender_id == sender], now)


async def _learn(session: AsyncSession, sender: int, outcomes: Sequence[Ended], now: datetime) -> None:
    unsent = [o for o in outcomes if isinstance(o.result, TryLater | Misconfigured)]
    if unsent:
        spent = {"segments": sum(o.ticket.cost for o in unsent), "messages": len(unsent)}
        ago = max((now - min(o.started_at for o in unsent)).total_seconds(), 0)
        await session.execute(_GIVE_BACK, {"sender": sender, "ago": ago, **spent})
    good = sum(isinstance(o.result, Accepted) for o in outcomes)
    if good:
        await session.execute(_QUICKEN, {"sender": sender, "good": good, "step": _STEP, "growth": _GROWTH})
    for outcome in unsent:
        if isinstance(outcome.result, TryLater) and outcome.result.whole_sender:
            await _slow(session, sender, outcome.result, now - outcome.started_at)


async def _slow(session: AsyncSession, sender: int, error: TryLater, ago: timedelta) -> None:
    """By half, and a rest: as long as the provider says, else the longer the slower it already is.

    Who was not reached, or turned us away at the door, has not complained of our speed.
    """
    if not error.code or error.stage in ("connect", "token"):
        await senders.pause(session, sender, error.after or UNREACHED)
        return
    after = error.after.total_seconds() if error.after is not None else None
    values = {"sender": sender, "after": after, "ago": max(ago.total_seconds(), 0), "slowest": _SLOWEST}
    await session.execute(_SLOW, values)
