"""A campaign by the channel and at the hour at which each customer answers best, where they are known (decision 0062).

What was learnt stands in for the company's usual order. Who has ranked channels has that ranking; nobody is written to
in quiet hours, and whom nothing surely is known of gets it as ever.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import datetime, time, timedelta
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from hub.campaigns import portions
from hub.interactions import reach_log
from hub.interactions.reaching import SPAN, Hours, Suggestion
from hub.models import Campaign
from hub.models.vocabulary import Purpose
from hub.outbound import mailings
from hub.outbound.asking import Gate
from hub.outbound.facts import facts
from hub.outbound.local_hours import allowed_from
from hub.outbound.mailings import Mailing
from hub.outbound.matter import question_for
from hub.outbound.permission import decide
from hub.outbound.question import Decision, Facts, Learnt, Rules
from hub.outbound.quiet_hours import is_zone, next_at

_DAYS = 7  # an hour that is quiet on all of them is not waited for

Known = Mapping[UUID, Suggestion]


async def look(
    session: AsyncSession, campaign: Campaign, customers: Collection[UUID], *, gate: Gate, now: datetime
) -> Known | None:
    """What the log says of those of whom it says anything; None: the campaign does not go by that."""
    if not campaign.learnt:
        return None
    if not customers:
        return {}
    rules = gate.rules
    found = await reach_log.of_many(session, customers, rules.default_ranking, company_zone=rules.company_zone, now=now)
    return {customer: one for customer, one in found.items() if one.says_something}


def told(known: Known | None) -> Mapping[UUID, Learnt] | None:
    """The same as the gate wants to hear it."""
    return None if known is None else {customer: _lesson(one) for customer, one in known.items()}


def _lesson(one: Suggestion) -> Learnt:
    lines = tuple(f"learnt: {channel.kind.value}: {channel.why}" for channel in one.channels)
    return Learnt(one.kinds if one.learnt else (), lines)


async def hours(
    session: AsyncSession, campaign: Campaign, known: Known | None, *, gate: Gate, now: datetime
) -> dict[UUID, datetime]:
    """Who waits for its first message, and until when: see `hours_of`."""
    if not known:
        return {}
    mailing = await portions.mailing(session, campaign, learnt=told(known))
    return await hours_of(session, mailing, known, gate=gate, now=now)


async def hours_of(
    session: AsyncSession, mailing: Mailing, known: Known, *, gate: Gate, now: datetime
) -> dict[UUID, datetime]:
    """Who waits for this, and until when: for the hour at which they answer on the channel that they would get it by
    now.
    """
    some = [customer for customer, one in known.items() if any(channel.hours for channel in one.channels)]
    if not some:
        return {}
    about = mailings.matter(mailing, gate)
    found = {}
    for customer, one in (await facts(session, some, now=now)).items():
        answer = decide(one, question_for(about, one.customer), gate.rules, now)
        best = known[customer].hours(answer.kind)
        if best is not None and (moment := _moment(best, one, answer, gate.rules, mailing.purpose, now)) > now:
            found[customer] = moment
    return found


def _moment(best: Hours, about: Facts, answer: Decision, rules: Rules, purpose: Purpose, now: datetime) -> datetime:
    """By the clock by which the hour was learnt: theirs, or the company's."""
    own = about.customer.timezone
    zone = own if own and is_zone(own) else rules.company_zone
    return next_within(best.begins, zone, lambda at: allowed_from(about, answer.identity, purpose, rules, at), now)


def next_within(begins: int, zone: str, opens: Callable[[datetime], datetime], now: datetime) -> datetime:
    """The first moment from `now` on within the hours that begin then, by this zone's clock, of which `opens` says that
    nobody is disturbed; `now`, where there is none in a week.
    """
    length = timedelta(hours=SPAN)
    start = next_at(time(begins), zone, now - length)
    for _ in range(_DAYS):
        at = opens(max(start, now))
        if at < start + length:
            return at
        start = next_at(time(begins), zone, start + timedelta(hours=1))
    return now
