"""Who may leave by the one statement may leave by the gate in Python, and the other way round."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from hub.clock import uuid7
from hub.database.engine import Database
from hub.interactions import partitions
from hub.models import Campaign, Identity, Interaction, Outbox
from hub.models.vocabulary import AddressKind, CampaignState, Direction, Kind, Origin, Purpose, State
from hub.outbound import clearance
from hub.outbound.facts import facts
from hub.outbound.outbox import Ticket
from hub.outbound.permission import decide
from hub.outbound.question import Decision, Facts, Learnt, Question, Rules
from hub.outbound.quiet_hours import is_zone
from tests import mixed_town

ONLY = frozenset({Kind.EMAIL})
BEFORE = (State.QUEUED, State.SENDING)  # drawn, and waiting for the wire


def test_the_one_statement_clears_whom_the_gate_in_python_lets_go(own_url: str) -> None:
    with asyncio.Runner() as runner:
        database, seen = Database(own_url, pool_size=1), Counter[str]()
        runner.run(_months(database))

        @settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
        @given(seed=st.integers(0, 2**32), now=st.sampled_from(mixed_town.MOMENTS), purpose=st.sampled_from(Purpose))
        def same(seed: int, now: datetime, purpose: Purpose) -> None:
            seen.update(runner.run(_compare(database, random.Random(seed), now, purpose)))

        same()
        runner.run(database.close())
    assert seen["cleared"] > 50
    assert min(seen[purpose] for purpose in Purpose) > 0


async def _months(database: Database) -> None:
    async with database.unit() as session:
        for now in mixed_town.MOMENTS:
            await partitions.ensure_months(session, now, ahead=1)


async def _compare(database: Database, chance: random.Random, now: datetime, purpose: Purpose) -> list[str]:
    rules, topic = mixed_town.rules(chance), chance.choice(("", "news", "garden"))
    async with database.unit() as session:
        await session.execute(text("truncate customer, campaign, suppression, outbox cascade"))
        mails = await _mails(session, chance, await mixed_town.town(session, chance, now), purpose, topic, now)
    async with database.unit() as session:
        known = await facts(session, [mail.customer_id for mail in mails], now=now)
    may = {mail.id for mail in mails if _may(mail, known[mail.customer_id], topic, rules, now)}
    tickets = await _tickets(database)
    ready = [one for state in BEFORE for one in await clearance.ask(database, tickets, rules, now=now, state=state)]
    assert sorted(one.id for one in ready) == sorted(may)
    taken = [replace(one, fence=one.fence + 1) for one in tickets]
    assert await clearance.ask(database, taken, rules, now=now) == []
    return [*["cleared"] * len(ready), *{one.purpose for one in ready}]


async def _tickets(database: Database) -> list[Ticket]:
    rows = await database.alone("select id, interaction_id, sender_id, attempts, fence, expires_at from outbox")
    return [Ticket(*row) for row in rows]


async def _mails(
    session: AsyncSession, chance: random.Random, people: Sequence[UUID], purpose: Purpose, topic: str, now: datetime
) -> list[Interaction]:
    """One to each, mostly to an address of theirs."""
    campaign = Campaign(name="Spring", purpose=purpose, topic=topic, state=CampaignState.RUNNING, created_at=now)
    campaign.learnt = chance.random() < 0.5
    session.add(campaign)
    await session.flush()
    theirs = await session.exec(select(Identity).where(Identity.kind == AddressKind.EMAIL))
    addresses: dict[UUID, list[str]] = {}
    for one in theirs:
        addresses.setdefault(one.customer_id, []).append(one.value)
    chosen = {one: chance.choice(addresses.get(one, ["no@example.org"])) for one in people}
    mails = [_mail(one, chosen[one], campaign.id, purpose, now) for one in people]
    for mail in mails:
        mail.state = chance.choice(BEFORE)
        mail.state_rank = mail.state.rank
    session.add_all(mails)
    session.add_all(Outbox(interaction_id=mail.id, sender_id=1, due_at=now) for mail in mails)
    return mails


def _mail(customer: UUID, recipient: str, campaign: int | None, purpose: Purpose, now: datetime) -> Interaction:
    return Interaction(
        id=uuid7(now),
        at=now,
        customer_id=customer,
        direction=Direction.OUT,
        kind=Kind.EMAIL,
        origin=Origin.CAMPAIGN,
        purpose=purpose,
        state=State.QUEUED,  # another by and by
        state_at=now,
        recipient=recipient,
        template_version_id=1,
        campaign_id=campaign,
    )


def _may(mail: Interaction, about: Facts, topic: str, rules: Rules, now: datetime) -> bool:
    """A zone that nobody knows is left to `preparing`. What was learnt chose the channel, and is not asked again: here
    it would have chosen any other, and the mail leaves for all that.
    """
    zone = about.customer.timezone
    answer = _decision(mail, about, topic, rules, now)
    anew = _decision(mail, about, topic, rules, now, Learnt((Kind.VOICE, Kind.SMS, Kind.EMAIL)))
    assert (anew.kind, anew.reason, anew.not_before) == (answer.kind, answer.reason, answer.not_before)
    return answer.kind is Kind.EMAIL and answer.not_before is None and (zone is None or is_zone(zone))


def _decision(
    mail: Interaction, about: Facts, topic: str, rules: Rules, now: datetime, learnt: Learnt | None = None
) -> Decision:
    question = Question(
        purpose=mail.purpose,
        origin=Origin.CAMPAIGN,
        available=ONLY,
        texts=ONLY,
        kinds=tuple(ONLY),
        recipient=mail.recipient,
        interaction=mail.id,
        topic=topic,
        learnt=learnt,
    )
    return decide(about, question, rules, now)
