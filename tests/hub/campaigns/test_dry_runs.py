"""A dry run: everybody in exactly one group, every group with its people, and nothing sent."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from sqlmodel import select

from hub.campaigns import dry_run_lists, dry_runs, lifecycle
from hub.campaigns.dry_run_lists import Part
from hub.campaigns.dry_runs import Group, Report
from hub.campaigns.lifecycle import Plan
from hub.customers import directory
from hub.database.engine import Database
from hub.models import Interaction, Outbox
from hub.models.vocabulary import Kind, Withheld
from hub.outbound import templates
from hub.outbound.request import Gate

Enrol = Callable[..., Awaitable[UUID]]

SPRING = ({"field": "label", "op": "eq", "value": "spring"},)


async def draft(database: Database, version: int, now: datetime, offer: str = "now") -> int:
    plan = Plan("Spring", version, SPRING, variables={"offer": offer})
    async with database.unit() as session:
        return (await lifecycle.create(session, plan, staff_id=None, now=now)).id or 0


async def run(database: Database, campaign: int, gate: Gate, now: datetime, limit: int = 3) -> Report:
    """In slices as small as `limit`, each in a transaction of its own."""
    async with database.unit() as session:
        await dry_runs.begin(session, campaign, now=now)
    more = True
    while more:
        async with database.unit() as session:
            more = await dry_runs.advance(session, campaign, gate=gate, limit=limit)
    async with database.unit() as session:
        found = await dry_runs.report(session, campaign)
    assert found is not None
    return found


async def test_everybody_is_in_one_group_and_nothing_is_written_into_the_log(
    database: Database, gate: Gate, spring: int, seven: dict[str, UUID], now: datetime
) -> None:
    found = await run(database, await draft(database, spring, now), gate, now)
    assert (found.audience, found.looked_at, found.reachable, found.done_at) == (7, 7, 4, now)
    assert {(g.kind or g.reason): g.number for g in found.groups} == {
        Kind.EMAIL: 3,
        Kind.SMS: 1,
        Withheld.NO_CONSENT: 1,
        Withheld.DECEASED: 1,
        Withheld.DO_NOT_CONTACT: 1,
    }
    assert sum(group.number for group in found.groups) == found.looked_at
    async with database.unit() as session:
        assert (await session.exec(select(Interaction))).all() == []
        assert (await session.exec(select(Outbox))).all() == []


async def test_whoever_would_get_a_text_that_cannot_be_sent_is_left_out_for_that(
    database: Database, gate: Gate, seven: dict[str, UUID], now: datetime
) -> None:
    parts = {"subject": "Spring", "body": "Dear {{ customer.name"}
    variants = {"en": parts, "pl": {"subject": "Wiosna", "body": "Dzień dobry"}}
    async with database.unit() as session:
        version = (await templates.save(session, "broken", variants, now=now)).id or 0
    campaign = await draft(database, version, now)
    found = await run(database, campaign, gate, now)
    assert {(g.kind or g.reason): g.number for g in found.groups} == {
        Kind.EMAIL: 1,
        Withheld.TEMPLATE_ERROR: 2,
        Withheld.NO_TEXT: 1,
        Withheld.NO_CONSENT: 1,
        Withheld.DECEASED: 1,
        Withheld.DO_NOT_CONTACT: 1,
    }
    async with database.unit() as session:
        people = await dry_run_lists.people(session, campaign, Part(reason=Withheld.TEMPLATE_ERROR))
    assert {one.name for one in people} == {"Ada", "Dan"}
    assert {one.trace[-1] for one in people} == {dry_runs.WRONG}


async def test_every_group_opens_the_people_in_it_with_the_gates_own_words(
    database: Database, gate: Gate, spring: int, seven: dict[str, UUID], now: datetime
) -> None:
    campaign = await draft(database, spring, now)
    found = await run(database, campaign, gate, now)
    async with database.unit() as session:
        listed = {
            group: await dry_run_lists.people(session, campaign, Part(group.kind, group.reason))
            for group in found.groups
        }
        everybody = await dry_run_lists.people(session, campaign, Part(), limit=4)
        everybody += await dry_run_lists.people(session, campaign, Part(), after=everybody[-1].customer_id)
    assert {group: len(people) for group, people in listed.items()} == {g: g.number for g in found.groups}
    assert [person.name for person in everybody] == sorted(seven, key=lambda name: seven[name])
    (never,) = [p for people in listed.values() for p in people if p.name == "Never"]
    assert never.trace[0] == "email: no consent to marketing"


async def test_at_night_it_says_who_waits_and_until_when(
    database: Database, gate: Gate, spring: int, seven: dict[str, UUID], now: datetime
) -> None:
    night = now.replace(hour=22)
    campaign = await draft(database, spring, night)
    found = await run(database, campaign, gate, night)
    morning = (night + timedelta(days=1)).replace(hour=7)  # 8:00 in Warsaw
    assert found.later(Kind.EMAIL) == Group(Kind.EMAIL, None, later=True, number=3, until=morning)
    async with database.unit() as session:
        waiting = await dry_run_lists.people(session, campaign, Part(Kind.EMAIL, later=True))
    assert [person.not_before for person in waiting] == [morning] * 3


@pytest.mark.parametrize(("offer", "segments"), [("now", 1), ("now " * 50, 2), ("сейчас " * 10, 2)])
async def test_sms_are_counted_in_segments(
    database: Database, gate: Gate, spring: int, enrol: Enrol, now: datetime, offer: str, segments: int
) -> None:
    await enrol("Boris", phone=True)
    await enrol("Zoe", phone=True)
    found = await run(database, await draft(database, spring, now, offer), gate, now, limit=1)
    assert found.groups == (Group(Kind.SMS, None, later=False, number=2, segments=2 * segments),)
    assert found.units(Kind.SMS) == 2 * segments


async def test_a_text_that_says_the_customers_name_is_measured_for_each(
    database: Database, gate: Gate, enrol: Enrol, now: datetime
) -> None:
    short, long = await enrol("Bo", phone=True), await enrol("Li", phone=True)
    async with database.unit() as session:
        await directory.change(session, long, {"name": "Лидия " * 12}, now=now)
        text = {"en": {"sms": "Dear {{ customer.name }}"}}
        version = (await templates.save(session, "by-name", text, now=now)).id or 0
    campaign = await draft(database, version, now)
    await run(database, campaign, gate, now)
    async with database.unit() as session:
        listed = await dry_run_lists.people(session, campaign, Part(Kind.SMS))
    assert {person.customer_id: person.segments for person in listed} == {short: 1, long: 2}


async def test_a_changed_campaign_has_no_dry_run_until_there_is_a_new_one(
    database: Database, gate: Gate, spring: int, seven: dict[str, UUID], now: datetime
) -> None:
    campaign = await draft(database, spring, now)
    await run(database, campaign, gate, now)
    async with database.unit() as session:
        plan = Plan("Spring", spring, (), variables={"offer": "now"})
        await lifecycle.edit(session, campaign, plan, gate=gate, now=now)
        assert await dry_runs.report(session, campaign) is None
        assert await dry_runs.advance(session, campaign, gate=gate) is False


async def test_doing_it_again_leaves_nothing_of_the_last_one(
    database: Database, gate: Gate, spring: int, seven: dict[str, UUID], now: datetime
) -> None:
    campaign = await draft(database, spring, now)
    first = await run(database, campaign, gate, now)
    async with database.unit() as session:
        await directory.change(session, seven["Ada"], {"do_not_contact": True}, now=now)
    second = await run(database, campaign, gate, now)
    assert (first.reachable, second.reachable, second.looked_at) == (4, 3, 7)
    async with database.unit() as session:
        assert len(await dry_run_lists.people(session, campaign, Part())) == 7


async def test_without_a_text_nobody_is_asked_about(
    database: Database, gate: Gate, enrol: Enrol, now: datetime
) -> None:
    await enrol("Ada")
    async with database.unit() as session:
        campaign = (await lifecycle.create(session, Plan("Bare", None, SPRING), staff_id=None, now=now)).id or 0
    found = await run(database, campaign, gate, now)
    assert (found.audience, found.looked_at, found.groups) == (1, 0, ())
