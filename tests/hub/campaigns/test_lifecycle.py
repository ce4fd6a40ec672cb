"""A campaign from draft to its end: exactly once for everybody, stopped at once, and every figure adds up."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from hub.campaigns import audience, feeding, lifecycle, portions, steps, variants
from hub.campaigns.counting import Counts
from hub.campaigns.lifecycle import EmptySegment, NotFound, NotStartable, Plan, Unsuitable
from hub.campaigns.steps import Step
from hub.campaigns.variants import Trial
from hub.conversations import tasks
from hub.customers import directory, identities
from hub.database.engine import Database
from hub.interactions import progress
from hub.models import Interaction, Outbox
from hub.models.vocabulary import AddressKind, CampaignState, Kind, Purpose, Role, State, Withheld
from hub.outbound import mailings, senders, templates
from hub.outbound.mailings import FedTwice
from hub.outbound.request import Gate
from hub.segments.conditions import BadCondition
from hub.staff import accounts
from hub.texts import shelf
from tests.hub.campaigns.running import feed, feed_all

Enrol = Callable[..., Awaitable[UUID]]

SPRING = ({"field": "label", "op": "eq", "value": "spring"},)


def plan(template: int | None, **more: Any) -> Plan:
    usual: dict[str, Any] = {"name": "Spring", "segment": SPRING, "variables": {"offer": "now"}}
    return Plan(template_version_id=template, **(usual | more))


async def draft(database: Database, template: int | None, now: datetime, **more: Any) -> int:
    async with database.unit() as session:
        campaign = await lifecycle.create(session, plan(template, **more), staff_id=None, now=now)
    assert campaign.id is not None
    return campaign.id


async def begun(database: Database, template: int, gate: Gate, now: datetime, **more: Any) -> int:
    campaign = await draft(database, template, now, **more)
    await begin(database, campaign, gate, now)
    return campaign


async def begin(database: Database, campaign: int, gate: Gate, now: datetime) -> None:
    async with database.unit() as session:
        await lifecycle.start(session, campaign, gate=gate, now=now)


async def counted(database: Database, campaign: int) -> Counts:
    async with database.unit() as session:
        return await lifecycle.counts(session, campaign)


async def state(database: Database, campaign: int) -> CampaignState:
    async with database.unit() as session:
        return (await lifecycle.get(session, campaign)).state


async def tickets(database: Database) -> list[Outbox]:
    async with database.unit() as session:
        return list(await session.exec(select(Outbox).order_by(col(Outbox.id))))


async def test_everybody_in_the_segment_gets_one_answer_and_the_figures_add_up(
    database: Database, gate: Gate, spring: int, seven: dict[str, UUID], now: datetime
) -> None:
    campaign = await begun(database, spring, gate, now)
    await feed_all(database, campaign, gate, now, size=2)
    counts = await counted(database, campaign)
    assert counts == Counts(
        fed=7, audience=7, queued=4, withheld={Withheld.DECEASED: 1, Withheld.DO_NOT_CONTACT: 1, Withheld.NO_CONSENT: 1}
    )
    assert counts.total == counts.fed
    async with database.unit() as session:
        rows = (await session.exec(select(Interaction.customer_id).where(Interaction.campaign_id == campaign))).all()
    assert sorted(rows) == sorted(seven.values())


async def test_feeding_by_several_workers_at_once_meets_everybody_once(
    database: Database, gate: Gate, spring: int, seven: dict[str, UUID], now: datetime
) -> None:
    campaign = await begun(database, spring, gate, now)
    await asyncio.gather(*(feed_all(database, campaign, gate, now, size=1) for _ in range(4)))
    counts = await counted(database, campaign)
    assert (counts.fed, counts.total) == (7, 7)
    assert len(await tickets(database)) == 4


async def test_a_slice_that_fails_leaves_the_cursor_where_it_was(
    database: Database, gate: Gate, spring: int, seven: dict[str, UUID], now: datetime
) -> None:
    campaign = await begun(database, spring, gate, now)
    with pytest.raises(RuntimeError):
        async with database.unit() as session:
            await feeding.feed(session, campaign, gate=gate, now=now, slice=3)
            raise RuntimeError
    assert (await counted(database, campaign)).fed == 0
    await feed_all(database, campaign, gate, now)
    assert (await counted(database, campaign)).total == 7


async def test_f18_nothing_is_fed_and_nothing_is_due_while_a_campaign_is_paused(
    database: Database, gate: Gate, spring: int, seven: dict[str, UUID], now: datetime
) -> None:
    campaign = await begun(database, spring, gate, now)
    await feed(database, campaign, gate, now, size=3)
    before = [ticket.due_at for ticket in await tickets(database)]
    async with database.unit() as session:
        await lifecycle.pause(session, campaign, now=now)
    assert not await feed(database, campaign, gate, now)
    assert all(ticket.due_at > now + timedelta(days=36_000) for ticket in await tickets(database))
    async with database.unit() as session:
        await lifecycle.resume(session, campaign, gate=gate, now=now + timedelta(days=1))
    assert [ticket.due_at for ticket in await tickets(database)] == before
    await feed_all(database, campaign, gate, now)
    assert (await counted(database, campaign)).total == 7


async def _held(database: Database, until: datetime) -> Outbox:
    """The first ticket, in a sender's hands."""
    first = (await tickets(database))[0]
    async with database.unit() as session:
        await session.exec(update(Outbox).where(col(Outbox.id) == first.id).values(lease_until=until))
    return first


async def test_f18_cancelling_takes_back_what_waits_and_leaves_what_is_in_a_senders_hands(
    database: Database, gate: Gate, spring: int, seven: dict[str, UUID], now: datetime
) -> None:
    campaign = await begun(database, spring, gate, now)
    await feed_all(database, campaign, gate, now)
    first = await _held(database, now + timedelta(minutes=2))
    async with database.unit() as session:
        await progress.advance(session, first.interaction_id, State.SENDING, now=now)
    async with database.unit() as session:
        await lifecycle.cancel(session, campaign, now=now)
    counts = await counted(database, campaign)
    assert (counts.cancelled, counts.sending, counts.queued, counts.total) == (3, 1, 0, 7)
    assert [ticket.id for ticket in await tickets(database)] == [first.id]
    assert await state(database, campaign) is CampaignState.CANCELLED
    assert not await feed(database, campaign, gate, now)


async def test_a_ticket_that_comes_back_to_a_cancelled_campaign_is_cancelled_too(
    database: Database, gate: Gate, spring: int, seven: dict[str, UUID], now: datetime
) -> None:
    campaign = await begun(database, spring, gate, now)
    await feed_all(database, campaign, gate, now)
    first = await _held(database, now + timedelta(minutes=2))
    async with database.unit() as session:
        await lifecycle.cancel(session, campaign, now=now)
    async with database.unit() as session:
        await session.exec(update(Outbox).where(col(Outbox.id) == first.id).values(lease_until=None))
    async with database.unit() as session:
        assert await lifecycle.strayed(session, now=now) == [campaign]
        await lifecycle.follow(session, campaign, now=now)
        assert await lifecycle.strayed(session, now=now) == []
    assert await tickets(database) == []
    assert (await counted(database, campaign)).cancelled == 4


async def test_a_campaign_is_finished_when_all_are_fed_and_nothing_is_open(
    database: Database, gate: Gate, spring: int, seven: dict[str, UUID], now: datetime
) -> None:
    campaign = await begun(database, spring, gate, now)
    await feed_all(database, campaign, gate, now)
    assert await state(database, campaign) is CampaignState.RUNNING
    async with database.unit() as session:
        for ticket in (await session.exec(select(Outbox))).all():
            await progress.advance(session, ticket.interaction_id, State.SENT, now=now)
            await session.delete(ticket)
    assert not await feed(database, campaign, gate, now)
    assert await state(database, campaign) is CampaignState.FINISHED
    assert (await counted(database, campaign)).sent == 4


async def test_feeding_waits_while_enough_lies_ahead_of_the_senders(
    database: Database, gate: Gate, spring: int, seven: dict[str, UUID], now: datetime
) -> None:
    campaign = await begun(database, spring, gate, now)
    for more in (True, True, False):
        async with database.unit() as session:
            assert await feeding.feed(session, campaign, gate=gate, now=now, slice=1, ahead=2) is more
    assert len(await tickets(database)) == 2


async def test_feeding_goes_on_past_what_is_held_for_the_morning(
    database: Database, gate: Gate, spring: int, seven: dict[str, UUID], now: datetime
) -> None:
    """Otherwise a campaign that begins with those who sleep would not reach those who are awake."""
    night = now.replace(hour=23)
    campaign = await begun(database, spring, gate, night)
    for _ in seven:
        async with database.unit() as session:
            assert await feeding.feed(session, campaign, gate=gate, now=night, slice=1, ahead=1)
    assert {ticket.due_at > night for ticket in await tickets(database)} == {True}
    assert (await counted(database, campaign)).fed == len(seven)


async def test_whoever_is_fed_twice_at_the_same_time_undoes_the_slice(
    database: Database, gate: Gate, spring: int, seven: dict[str, UUID], now: datetime
) -> None:
    """Two feeders that both believe it is their turn, as after a fail-over: one wins, the other leaves nothing."""
    campaign = await begun(database, spring, gate, now)
    async with database.unit() as session:
        found = await lifecycle.get(session, campaign)
        await audience.take(session, found, now=now)
        session.add(found)
        what = await portions.mailing(session, found)
        for kind, name in ((Kind.EMAIL, "mail"), (Kind.SMS, "sms")):
            await senders.register(session, name, kind, rate=1, burst=1, now=now)

    async def feed_everybody(session: AsyncSession) -> int:
        reach = mailings.in_reach(what.roll, UUID(int=0), max(seven.values()))
        return (await mailings.feed(session, what, reach, gate=gate, now=now)).logged

    async def again() -> None:
        async with database.unit() as session:
            await feed_everybody(session)

    async with database.unit() as session:
        assert await feed_everybody(session) == 7
        second = asyncio.create_task(again())
        while not second.done() and not await _somebody_waits(session):
            pass
    with pytest.raises(FedTwice):
        await second
    async with database.unit() as session:
        rows = select(Interaction.customer_id).where(col(Interaction.campaign_id) == campaign)
        assert sorted(await session.exec(rows)) == sorted(seven.values())


async def _somebody_waits(session: AsyncSession) -> bool:
    blocked = """select exists (select from pg_stat_activity
      where wait_event_type = 'Lock' and datname = current_database() and pid <> pg_backend_pid())"""
    await session.execute(text("select pg_stat_clear_snapshot()"))  # it is kept for a transaction otherwise
    return bool((await session.execute(text(blocked))).scalar_one())


async def test_two_who_share_an_address_get_one_message(
    database: Database, gate: Gate, spring: int, enrol: Enrol, now: datetime
) -> None:
    """An address belongs to one customer: the other one is withheld for having none."""
    await enrol("Ada")
    second = await enrol("Boris")
    async with database.unit() as session:
        await session.execute(text("delete from identity where customer_id = :one"), {"one": second})
        with pytest.raises(directory.AddressTaken):
            async with session.begin_nested():
                await identities.add(session, second, AddressKind.EMAIL, "ada@example.org", now=now)
    campaign = await begun(database, spring, gate, now)
    await feed_all(database, campaign, gate, now)
    result = await counted(database, campaign)
    assert (result.queued, result.withheld) == (1, {Withheld.NO_ADDRESS: 1})


async def test_an_empty_segment_cannot_be_started_and_is_told_so(
    database: Database, gate: Gate, spring: int, now: datetime
) -> None:
    campaign = await draft(database, spring, now)
    with pytest.raises(EmptySegment, match="Nobody is in the segment of “Spring”"):
        await begin(database, campaign, gate, now)
    assert await state(database, campaign) is CampaignState.DRAFT


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        (
            {"subject": "Spring", "body": "Dear {{ custmer.name }}"},
            "Mail, English, line 1: “custmer” is not known. Did you mean “customer”",
        ),
        (
            {"subject": "Spring", "body": "Dear {{ customer.name"},
            "Mail, English, line 1: What stands in the braces cannot be read",
        ),
        ({"voice": "Hello"}, "none of its channels is set up"),
    ],
)
async def test_a_template_with_a_fault_stops_the_start_and_is_named(
    database: Database, gate: Gate, enrol: Enrol, now: datetime, parts: dict[str, str], said: str
) -> None:
    await enrol("Ada")
    async with database.unit() as session:
        version = await templates.save(session, "broken", {"en": parts}, now=now)
    campaign = await draft(database, version.id, now, kinds=(Kind.VOICE,) if "voice" in parts else ())
    with pytest.raises(NotStartable, match=said):
        await begin(database, campaign, gate, now)


async def test_a_campaign_without_a_text_for_its_channels_cannot_start(
    database: Database, gate: Gate, spring: int, enrol: Enrol, now: datetime
) -> None:
    await enrol("Ada")
    campaign = await draft(database, spring, now, kinds=(Kind.VOICE,))
    with pytest.raises(NotStartable, match=r"no text in English for any of its channels \(call\)"):
        await begin(database, campaign, gate, now)


async def test_a_campaign_without_a_template_cannot_be_scheduled(
    database: Database, gate: Gate, enrol: Enrol, now: datetime
) -> None:
    await enrol("Ada")
    campaign = await draft(database, None, now)
    with pytest.raises(NotStartable, match="it has no text"):
        async with database.unit() as session:
            await lifecycle.schedule(session, campaign, now + timedelta(hours=1), gate=gate, now=now)


async def test_a_scheduled_campaign_is_ready_at_its_time_and_not_before(
    database: Database, gate: Gate, spring: int, enrol: Enrol, now: datetime
) -> None:
    await enrol("Ada")
    campaign = await draft(database, spring, now)
    later = now + timedelta(hours=1)
    async with database.unit() as session:
        await lifecycle.schedule(session, campaign, later, gate=gate, now=now)
        assert await lifecycle.ready(session, now=now) == []
        assert await lifecycle.ready(session, now=later) == [campaign]


async def test_steps_that_do_not_follow_are_refused_in_words(
    database: Database, gate: Gate, spring: int, enrol: Enrol, now: datetime
) -> None:
    await enrol("Ada")
    campaign = await draft(database, spring, now)
    async with database.unit() as session:
        with pytest.raises(NotStartable, match="“Spring” is draft and cannot be paused"):
            await lifecycle.pause(session, campaign, now=now)
        await lifecycle.start(session, campaign, gate=gate, now=now)
        with pytest.raises(NotStartable, match="is running and cannot be started"):
            await lifecycle.start(session, campaign, gate=gate, now=now)
        with pytest.raises(NotStartable, match="cannot be changed"):
            await lifecycle.edit(session, campaign, plan(spring), gate=gate, now=now)
        await lifecycle.cancel(session, campaign, now=now)
        with pytest.raises(NotStartable, match="is cancelled and cannot be cancelled"):
            await lifecycle.cancel(session, campaign, now=now)
        with pytest.raises(NotFound, match="no campaign 4711"):
            await lifecycle.start(session, 4711, gate=gate, now=now)


async def test_a_paused_campaign_may_change_its_words_but_not_whom_it_means(
    database: Database, gate: Gate, spring: int, enrol: Enrol, now: datetime
) -> None:
    await enrol("Ada")
    campaign = await begun(database, spring, gate, now)
    async with database.unit() as session:
        await lifecycle.pause(session, campaign, now=now)
        changed = await lifecycle.edit(
            session, campaign, plan(spring, variables={"offer": "later"}), gate=gate, now=now
        )
        assert changed.variables == {"offer": "later"}
        with pytest.raises(NotStartable, match="stays as it is: whom it means"):
            await lifecycle.edit(session, campaign, plan(spring, segment=()), gate=gate, now=now)


async def test_a_scheduled_campaign_that_lost_its_way_out_is_a_draft_again_and_its_owner_is_told_why(
    database: Database, gate: Gate, spring: int, enrol: Enrol, now: datetime
) -> None:
    await enrol("Ada")
    async with database.unit() as session:
        mail, word = "magda@shop.example", "tulips in a glass"
        who = await accounts.create(session, email=mail, name="Magda", role=Role.MARKETER, password=word, now=now)
        owner = who.id
        campaign = (await lifecycle.create(session, plan(spring), staff_id=owner, now=now)).id or 0
        await lifecycle.schedule(session, campaign, now, gate=gate, now=now)
        bare = await templates.save(session, "bare", {"en": {"subject": "Spring", "body": "{{ offer }}"}}, now=now)
        await lifecycle.edit(session, campaign, plan(bare.id), gate=gate, now=now)
    async with database.unit() as session:
        problem = await lifecycle.start_ready(session, campaign, gate=gate, now=now)
    assert problem.startswith("“Spring” cannot start: Mail, English: no way out")
    async with database.unit() as session:
        (task,) = await tasks.listing(session)
    assert (task.title, task.assignee_id) == (f"A campaign did not start: {problem}", owner)
    assert await state(database, campaign) is CampaignState.DRAFT


async def test_a_paused_campaign_does_not_go_on_with_words_that_could_not_have_started_it(
    database: Database, gate: Gate, spring: int, enrol: Enrol, now: datetime
) -> None:
    await enrol("Ada")
    campaign = await begun(database, spring, gate, now)
    async with database.unit() as session:
        await lifecycle.pause(session, campaign, now=now)
        bare = await templates.save(session, "bare", {"en": {"subject": "Spring", "body": "{{ offer }}"}}, now=now)
        with pytest.raises(NotStartable, match="cannot go on like that: Mail, English: no way out"):
            await lifecycle.edit(session, campaign, plan(bare.id), gate=gate, now=now)


async def test_a_text_for_one_customer_s_own_matters_is_no_campaign_s_nor_of_its_steps_and_tests(
    database: Database, gate: Gate, spring: int, enrol: Enrol, now: datetime
) -> None:
    """Whoever chooses it and however: when it is written, and once more at the start, for it may change its purpose."""
    await enrol("Ada")
    reminder = await draft(database, spring, now)
    async with database.unit() as session:
        own = (await templates.current(session, "appointment-reminder", now=now)).id or 0
        with pytest.raises(Unsuitable, match="“Appointment reminder” is written for a customer's own matters"):
            await lifecycle.create(session, plan(own), staff_id=None, now=now)
        with pytest.raises(NotStartable, match="own matters"):
            await steps.arrange(session, reminder, [Step(timedelta(days=1), template_version_id=own)], now=now)
        trial = Trial([(spring, 1), (own, 1)], share=0.5, wait=timedelta(hours=1))
        with pytest.raises(NotStartable, match="own matters"):
            await variants.arrange(session, reminder, trial)
    async with database.unit() as session:
        await shelf.entitle(session, "spring", "Your order", Purpose.SERVICE, now=now)
        with pytest.raises(NotStartable, match="cannot start: “Your order” is written for a customer's own matters"):
            await lifecycle.start(session, reminder, gate=gate, now=now)


async def test_a_segment_that_cannot_be_asked_is_refused_when_it_is_written(database: Database, now: datetime) -> None:
    with pytest.raises(BadCondition):
        await draft(database, None, now, segment=({"field": "shoe_size", "op": "eq", "value": 42},))


async def test_the_list_shows_the_newest_campaign_first(database: Database, spring: int, now: datetime) -> None:
    first, second = await draft(database, spring, now), await draft(database, spring, now, name="Summer")
    async with database.unit() as session:
        lines = await lifecycle.listing(session)
    assert [(line.id, line.name, line.state) for line in lines] == [
        (second, "Summer", CampaignState.DRAFT),
        (first, "Spring", CampaignState.DRAFT),
    ]
