"""Tests of words: stable shares, people only, the better words for the rest, and how sure that is."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlmodel import col, select

from hub.campaigns import feeding, lifecycle, steps, variants
from hub.campaigns.lifecycle import NotStartable, Plan
from hub.campaigns.variants import Finding, Score, Trial, interval, judged
from hub.customers import consent, directory
from hub.customers.consent import Statement
from hub.database.engine import Database
from hub.interactions import partitions
from hub.models import Attempt, CampaignTest, CampaignVariant, CustomerEvent, Interaction, Reaction, Task
from hub.models.vocabulary import CampaignState, Goal, Purpose, State, Touch
from hub.outbound import templates
from hub.outbound.request import Gate
from tests.hub.campaigns.running import feed_all

HOUR = timedelta(hours=1)
SEGMENT = ({"field": "label", "op": "eq", "value": "spring"},)
PEOPLE = 60


@pytest.fixture
async def versions(database: Database, now: datetime) -> list[int]:
    async with database.unit() as session:
        words = [{"en": {"subject": f"Words {letter}", "body": "Tulips {{ unsubscribe_url }}"}} for letter in "AB"]
        saved = [await templates.save(session, f"words-{n}", one, now=now) for n, one in enumerate(words)]
    return [one.id or 0 for one in saved]


@pytest.fixture
async def people(database: Database, now: datetime) -> list[UUID]:
    async with database.unit() as session:
        await partitions.ensure_months(session, now)
        found = []
        for n in range(PEOPLE):
            new = directory.NewCustomer(f"P{n}", emails=(f"p{n}@example.org",), timezone="UTC", labels=("spring",))
            customer = await directory.create(session, new, now=now)
            said = Statement(customer.id, Purpose.MARKETING, None, granted=True, source="test")
            await consent.record(session, said, now=now)
            found.append(customer.id)
    return found


async def test_the_part_of_the_test_tries_and_the_rest_gets_what_people_followed(
    database: Database, gate: Gate, now: datetime, versions: list[int], people: list[UUID]
) -> None:
    trial = Trial([(versions[0], 1), (versions[1], 1)], 0.5, 4 * HOUR)
    campaign = await _started(database, gate, now, versions, trial)
    tried = await _messages(database, campaign)
    assert {one.customer_id for one in tried} == {one for one in people if variants.bucket(campaign, one) < 0.5}
    by_words = Counter(one.template_version_id for one in tried)
    assert min(by_words[one] for one in versions) >= 8
    await _left(database, now)
    await feed_all(database, campaign, gate, now, 17)
    await _followed(database, campaign, [one.id for one in tried if one.template_version_id == versions[1]][:4], now)
    machines = [one.id for one in tried if one.template_version_id == versions[0]]
    await _followed(database, campaign, machines, now, machine=True)

    await feed_all(database, campaign, gate, now + HOUR, 17)
    assert len(await _messages(database, campaign)) == len(tried)
    await feed_all(database, campaign, gate, now + 5 * HOUR, 17)
    whole = await _messages(database, campaign)
    rest = [one for one in whole if one.id not in {one.id for one in tried}]
    assert sorted(one.customer_id for one in whole) == sorted(people)
    assert {one.template_version_id for one in rest} == {versions[1]}
    finding = await _finding(database, campaign)
    assert (finding.winner, [one.reached for one in finding.scores]) == (1, [0, 4])
    assert sum(one.people for one in finding.scores) == len(tried)


async def test_killed_at_any_moment_everybody_is_asked_once(
    database: Database, gate: Gate, now: datetime, versions: list[int], people: list[UUID]
) -> None:
    trial = Trial([(versions[0], 1), (versions[1], 3)], 0.5, HOUR)
    campaign = await _started(database, gate, now, versions, trial, fed=False)
    for at in (now, now + HOUR, now + 2 * HOUR, now + 4 * HOUR):
        await _left(database, at)
        for _ in range(8):
            with pytest.raises(KeyboardInterrupt):
                async with database.unit() as session:
                    await feeding.feed(session, campaign, gate=gate, now=at, slice=17)
                    raise KeyboardInterrupt
            async with database.unit() as session:
                await feeding.feed(session, campaign, gate=gate, now=at, slice=17)
    assert Counter(one.customer_id for one in await _messages(database, campaign)) == Counter(people)
    async with database.unit() as session:
        found = await lifecycle.get(session, campaign)
        assert (found.fed, found.state) == (PEOPLE, CampaignState.FINISHED)


async def test_a_goal_may_be_what_customers_do_elsewhere(
    database: Database, gate: Gate, now: datetime, versions: list[int], people: list[UUID]
) -> None:
    trial = Trial([(versions[0], 1), (versions[1], 1)], 1.0, HOUR, Goal.EVENT, "bought")
    campaign = await _started(database, gate, now, versions, trial)
    await _left(database, now)
    await feed_all(database, campaign, gate, now, 17)
    tried = await _messages(database, campaign)
    first = [one.customer_id for one in tried if one.template_version_id == versions[0]]
    async with database.unit() as session:
        session.add_all(CustomerEvent(customer_id=one, name="bought", at=now + HOUR) for one in first[:3])
        session.add_all(CustomerEvent(customer_id=one, name="bought", at=now - HOUR, key="before") for one in people)
        session.add_all(CustomerEvent(customer_id=one, name="looked", at=now + HOUR) for one in people)
    await feed_all(database, campaign, gate, now + 2 * HOUR, 17)
    finding = await _finding(database, campaign)
    assert (finding.winner, [one.reached for one in finding.scores]) == (0, [3, 0])


async def test_the_wait_begins_when_the_last_message_of_the_test_has_left(
    database: Database, gate: Gate, now: datetime, versions: list[int], people: list[UUID]
) -> None:
    campaign = await _started(database, gate, now, versions, Trial([(versions[0], 1), (versions[1], 1)], 0.5, HOUR))
    tried = await _messages(database, campaign)
    await feed_all(database, campaign, gate, now + 5 * HOUR, 17)  # a slow sender: all of them wait in the outbox
    assert len(await _messages(database, campaign)) == len(tried) < PEOPLE
    await _left(database, now + 5 * HOUR)
    await feed_all(database, campaign, gate, now + 5 * HOUR, 17)
    await feed_all(database, campaign, gate, now + 6 * HOUR - timedelta(seconds=1), 17)
    assert len(await _messages(database, campaign)) == len(tried)
    await feed_all(database, campaign, gate, now + 6 * HOUR, 17)
    assert len(await _messages(database, campaign)) == PEOPLE


async def test_what_reached_nobody_is_decided_by_a_person(
    database: Database, gate: Gate, now: datetime, versions: list[int], people: list[UUID]
) -> None:
    campaign = await _started(database, gate, now, versions, Trial([(versions[0], 1), (versions[1], 1)], 0.5, HOUR))
    tried = await _messages(database, campaign)
    await _left(database, now, State.FAILED)
    await feed_all(database, campaign, gate, now, 17)
    await feed_all(database, campaign, gate, now + HOUR, 17)
    assert len(await _messages(database, campaign)) == len(tried)
    async with database.unit() as session:
        found = await lifecycle.get(session, campaign)
        assert (found.state, "reached by its test" in found.pause_reason) == (CampaignState.PAUSED, True)
        assert "reached by its test" in (await session.exec(select(Task))).one().title
        await variants.choose(session, campaign, 1, now=now + HOUR)
        await lifecycle.resume(session, campaign, gate=gate, now=now + HOUR)
    await feed_all(database, campaign, gate, now + HOUR, 17)
    assert len(await _messages(database, campaign)) == PEOPLE


async def test_an_sms_of_which_no_word_came_is_one_that_left(
    database: Database, gate: Gate, now: datetime, versions: list[int], people: list[UUID]
) -> None:
    campaign = await _started(database, gate, now, versions, Trial([(versions[0], 1), (versions[1], 1)], 0.5, HOUR))
    tried = await _messages(database, campaign)
    await _left(database, now, State.SENDING)
    async with database.unit() as session:
        session.add(Attempt(interaction_id=tried[0].id, started_at=now, ended_at=now, outcome="accepted"))
    async with database.unit() as session:
        assert sum(one.people for one in await variants.scores(session, campaign)) == 1


async def test_while_words_are_tested_they_are_not_changed_beside_the_test(
    database: Database, gate: Gate, now: datetime, versions: list[int], people: list[UUID]
) -> None:
    campaign = await _started(database, gate, now, versions, Trial([(versions[0], 1), (versions[1], 1)], 0.5, HOUR))
    async with database.unit() as session:
        third = await templates.save(
            session, "third", {"en": {"subject": "C", "body": "Roses {{ unsubscribe_url }}"}}, now=now
        )
        await lifecycle.pause(session, campaign, now=now)
    new = Plan("Words", third.id, SEGMENT)
    for wrong in (new, Plan("Words", versions[0], SEGMENT, variables={"offer": "Roses"})):
        with pytest.raises(NotStartable, match="tests its words"):
            async with database.unit() as session:
                await lifecycle.edit(session, campaign, wrong, gate=gate, now=now)
    async with database.unit() as session:
        await lifecycle.edit(session, campaign, Plan("Slowly", versions[0], SEGMENT, per_hour=5), gate=gate, now=now)
        await variants.choose(session, campaign, 0, now=now)
        await lifecycle.edit(session, campaign, new, gate=gate, now=now)
    assert {one.template_version_id for one in await _messages(database, campaign)} == {third.id}


async def test_before_it_begins_the_words_of_a_test_are_changed_in_the_test(
    database: Database, gate: Gate, now: datetime, versions: list[int]
) -> None:
    async with database.unit() as session:
        campaign = await lifecycle.create(session, Plan("x", versions[0]), staff_id=None, now=now)
        trial = Trial([(versions[0], 1), (versions[1], 1)], 0.5, HOUR)
        await variants.arrange(session, campaign.id or 0, trial)
        await lifecycle.edit(session, campaign.id or 0, Plan("y", versions[0]), gate=gate, now=now)
        with pytest.raises(NotStartable, match="take the test away"):
            await lifecycle.edit(session, campaign.id or 0, Plan("y", versions[1]), gate=gate, now=now)


async def test_a_person_may_choose_before_the_time_is_up(
    database: Database, gate: Gate, now: datetime, versions: list[int], people: list[UUID]
) -> None:
    trial = Trial([(versions[0], 1), (versions[1], 1)], 0.2, 24 * HOUR)
    campaign = await _started(database, gate, now, versions, trial)
    async with database.unit() as session:
        await variants.choose(session, campaign, 1, now=now + HOUR)
    await feed_all(database, campaign, gate, now + HOUR, 17)
    assert len(await _messages(database, campaign)) == PEOPLE
    with pytest.raises(NotStartable):
        async with database.unit() as session:
            await variants.choose(session, campaign, 0, now=now + HOUR)


async def test_a_test_is_decided_only_while_its_campaign_goes_on(
    database: Database, gate: Gate, now: datetime, versions: list[int], people: list[UUID]
) -> None:
    trial = Trial([(versions[0], 1), (versions[1], 1)], 0.2, 24 * HOUR)
    campaign = await _started(database, gate, now, versions, trial)
    async with database.unit() as session:
        await lifecycle.cancel(session, campaign, now=now)
    with pytest.raises(NotStartable, match="cancelled"):
        async with database.unit() as session:
            await variants.choose(session, campaign, 1, now=now + HOUR)


@pytest.mark.parametrize(
    "wrong",
    [
        {"versions": [(1, 1)]},
        {"versions": [(1, 1), (1, 1)]},
        {"versions": [(1, 1), (999, 1)]},
        {"versions": [(1, 1), (2, 0)]},
        {"share": 0.0},
        {"share": 1.1},
        {"wait": -HOUR},
        {"goal": Goal.EVENT, "event": " "},
    ],
)
async def test_a_test_that_cannot_be_is_refused(
    database: Database, now: datetime, versions: list[int], wrong: dict[str, Any]
) -> None:
    trial = replace(Trial([(versions[0], 1), (versions[1], 1)], 0.2, HOUR), **wrong)
    async with database.unit() as session:
        campaign = await lifecycle.create(session, Plan("x", versions[0]), staff_id=None, now=now)
    with pytest.raises(NotStartable):
        async with database.unit() as session:
            await variants.arrange(session, campaign.id or 0, trial)


async def test_a_test_by_clicks_that_nobody_counts_does_not_start(
    database: Database, gate: Gate, now: datetime, versions: list[int], people: list[UUID]
) -> None:
    trial = Trial([(versions[0], 1), (versions[1], 1)], 0.2, HOUR)
    async with database.unit() as session:
        campaign = await lifecycle.create(session, Plan("x", versions[0]), staff_id=None, now=now)
        await steps.track(session, campaign.id or 0, tracked=False)
        await variants.arrange(session, campaign.id or 0, trial)
    with pytest.raises(NotStartable, match="Count them, or choose another goal"):
        async with database.unit() as session:
            await lifecycle.start(session, campaign.id or 0, gate=gate, now=now)
    async with database.unit() as session:
        await variants.arrange(session, campaign.id or 0, replace(trial, goal=Goal.ANSWER))
        await lifecycle.start(session, campaign.id or 0, gate=gate, now=now)


def test_shares_are_what_was_asked_for_and_the_same_each_time() -> None:
    test = CampaignTest(campaign_id=7, share=0.2, wait_seconds=1, goal=Goal.CLICK)
    tried = [CampaignVariant(campaign_id=7, variant=n, template_version_id=n, weight=w) for n, w in enumerate((1, 3))]
    customers = [uuid4() for _ in range(20_000)]
    parts = variants.parts(test, tried, customers)
    assert parts == variants.parts(test, tried, customers)
    assert abs(len(parts[0]) / 20_000 - 0.05) < 0.006
    assert abs(len(parts[1]) / 20_000 - 0.15) < 0.01
    whole = variants.parts(CampaignTest(campaign_id=7, share=1, wait_seconds=1, goal=Goal.CLICK), tried, customers)
    assert sum(map(len, whole.values())) == 20_000


def test_the_interval_is_newcombe_s() -> None:
    """The example of his paper (1998, table II, (a)): 56/70 against 48/80."""
    low, high = interval(Score(0, 70, 56), Score(1, 80, 48))
    assert (round(low, 4), round(high, 4)) == (0.0524, 0.3339)


def test_equal_rates_are_the_first_variant_s_and_not_clear() -> None:
    finding = judged([Score(0, 100, 5), Score(1, 100, 5)])
    assert (finding.winner, finding.clear) == (0, False)
    assert judged([Score(0, 0, 0), Score(1, 0, 0)]) == Finding(0, (Score(0, 0, 0), Score(1, 0, 0)), -1, 1)


def test_a_great_difference_is_clear_and_a_small_one_is_not() -> None:
    assert judged([Score(0, 1000, 20), Score(1, 1000, 60)]).clear
    small = judged([Score(0, 1000, 20), Score(1, 1000, 24)])
    assert (small.winner, small.clear) == (1, False)


async def _started(
    database: Database, gate: Gate, now: datetime, versions: list[int], trial: Trial, *, fed: bool = True
) -> int:
    async with database.unit() as session:
        plan = Plan("Words", versions[0], SEGMENT)
        campaign = await lifecycle.create(session, plan, staff_id=None, now=now)
        await variants.arrange(session, campaign.id or 0, trial)
        await lifecycle.start(session, campaign.id or 0, gate=gate, now=now)
    if fed:
        await feed_all(database, campaign.id or 0, gate, now, 17)
    return campaign.id or 0


async def _messages(database: Database, campaign: int) -> list[Interaction]:
    async with database.unit() as session:
        return list(await session.exec(select(Interaction).where(col(Interaction.campaign_id) == campaign)))


async def _left(database: Database, now: datetime, state: State = State.SENT) -> None:
    async with database.unit() as session:
        for row in await session.exec(select(Interaction)):
            row.state, row.state_rank, row.state_at = state, state.rank, now
            session.add(row)
        await session.execute(text("delete from outbox"))


async def _followed(
    database: Database, campaign: int, messages: list[UUID], now: datetime, *, machine: bool = False
) -> None:
    async with database.unit() as session:
        session.add_all(
            Reaction(
                interaction_id=one,
                campaign_id=campaign,
                at=now + HOUR,
                touch=Touch.CLICK,
                machine=machine,
                url="https://a.example",
            )
            for one in messages
        )


async def _finding(database: Database, campaign: int) -> Finding:
    async with database.unit() as session:
        test, _ = await variants.of(session, campaign)
    assert test is not None
    return Finding.read(test.finding or {})
