"""Later steps of a campaign, with a clock of the test's own: who gets what when, once, and never too late."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlmodel import col, select

from hub.campaigns import feeding, following, keeping, lifecycle, reactions, steps
from hub.campaigns.following import Seen, judge
from hub.campaigns.lifecycle import NotStartable, Plan
from hub.campaigns.steps import Step
from hub.campaigns.waiting import Turn
from hub.customers import consent, directory
from hub.customers.consent import Statement
from hub.database.engine import Database
from hub.interactions import partitions
from hub.models import Attempt, CampaignStep, Interaction, Outbox, Reaction
from hub.models.vocabulary import CampaignState, Kind, Passed, Purpose, State, Touch, When
from hub.outbound import templates, uncertain
from hub.outbound.request import Gate
from hub.reports.health import doctor
from tests.log_rows import heard

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
SEGMENT = ({"field": "label", "op": "eq", "value": "spring"},)


class Stage:
    """A campaign and its people; `now` moves on as the test says, and the worker's loops are the test's own."""

    def __init__(self, database: Database, gate: Gate, version: int, now: datetime) -> None:
        self.database, self.gate, self.version, self.now = database, gate, version, now
        self.campaign = 0
        self.people: dict[str, UUID] = {}

    async def enrol(self, *names: str) -> None:
        for number, name in enumerate(names, len(self.people)):
            new = directory.NewCustomer(
                name, emails=(f"{name.lower()}@example.org",), phones=(f"+4873250{2000 + number}",), labels=("spring",)
            )
            async with self.database.unit() as session:
                customer = await directory.create(session, new, now=self.now - DAY + timedelta(seconds=number))
                await directory.change(session, customer.id, {"timezone": "Europe/Warsaw"}, now=self.now)
                said = Statement(customer.id, Purpose.MARKETING, None, granted=True, source="test")
                await consent.record(session, said, now=self.now)
            self.people[name] = customer.id

    async def start(self, *later: Step, **more: Any) -> None:
        async with self.database.unit() as session:
            await partitions.ensure_months(session, self.now)
            plan = Plan("Spring", self.version, SEGMENT, variables={"offer": "Tulips"}, **more)
            campaign = await lifecycle.create(session, plan, staff_id=None, now=self.now)
            self.campaign = campaign.id or 0
            await steps.arrange(session, self.campaign, later, now=self.now)
            await lifecycle.start(session, self.campaign, gate=self.gate, now=self.now)
        await self.feed()

    async def feed(self, *, after: timedelta = timedelta(0)) -> None:
        """What the worker does until there is nothing to do at this moment."""
        self.now += after
        more = True
        while more:
            async with self.database.unit() as session:
                more = await feeding.feed(session, self.campaign, gate=self.gate, now=self.now)

    async def leave(self, state: State = State.SENT, *, but: dict[str, State] | None = None) -> None:
        """Everything in the outbox is handed over now."""
        async with self.database.unit() as session:
            waiting = select(Interaction).join(Outbox, col(Outbox.interaction_id) == col(Interaction.id))
            names = {customer: name for name, customer in self.people.items()}
            for row in await session.exec(waiting):
                row.state = (but or {}).get(names[row.customer_id], state)
                row.state_rank, row.state_at, row.message_id = row.state.rank, self.now, f"<{row.id}@hub.example>"
                outcome = "refused" if row.state is State.FAILED else "accepted"
                session.add_all(
                    [row, Attempt(interaction_id=row.id, started_at=self.now, ended_at=self.now, outcome=outcome)]
                )
            await session.execute(text("delete from outbox"))

    async def did(self, name: str, touch: Touch, *, machine: bool = False) -> None:
        message = (await self.messages(name))[-1]
        async with self.database.unit() as session:
            session.add(
                Reaction(
                    interaction_id=message.id,
                    campaign_id=self.campaign,
                    at=self.now,
                    touch=touch,
                    machine=machine,
                    url="https://a.example" if touch is Touch.CLICK else "",
                )
            )

    async def answered(self, name: str, *, auto: str = "") -> None:
        message = (await self.messages(name))[-1]
        await self.said(name, message.kind or Kind.EMAIL, auto=auto, cited=message.message_id)

    async def said(self, name: str, kind: Kind, *, auto: str = "", cited: str = "") -> None:
        """A word of theirs, by any medium."""
        at = self.now + timedelta(minutes=1)
        async with self.database.unit() as session:
            session.add(heard(self.people[name], at, kind=kind, in_reply_to=cited, auto=auto))

    async def messages(self, name: str) -> list[Interaction]:
        mine = (col(Interaction.customer_id) == self.people[name], col(Interaction.campaign_id) == self.campaign)
        async with self.database.unit() as session:
            return list(await session.exec(select(Interaction).where(*mine).order_by(col(Interaction.id))))

    async def had(self) -> dict[str, int]:
        return {name: len(await self.messages(name)) for name in self.people}

    async def passed(self, step: int) -> dict[Passed, int]:
        async with self.database.unit() as session:
            return dict(next(one.passed for one in await steps.progress(session, self.campaign) if one.step == step))

    async def state(self) -> CampaignState:
        async with self.database.unit() as session:
            return (await lifecycle.get(session, self.campaign)).state

    async def healthy(self) -> bool:
        async with self.database.unit() as session:
            wrong = [one.check for one in await doctor(session, now=self.now)]
        return not set(wrong) & {"campaign counters", "queued without a ticket", "final with a ticket"}


@pytest.fixture
async def stage(database: Database, now: datetime, gate: Gate, spring: int) -> Stage:
    return Stage(database, gate, spring, now)


@pytest.fixture
async def second(database: Database, now: datetime) -> int:
    """The words of a second message."""
    words = {
        "en": {
            "subject": "Still spring",
            "body": "{{ offer }} again {{ unsubscribe_url }}",
            "sms": "{{ offer }} again!",
        }
    }
    async with database.unit() as session:
        return (await templates.save(session, "second", words, now=now)).id or 0


async def test_who_did_not_open_gets_another_message_after_three_days(stage: Stage, second: int) -> None:
    await stage.enrol("Ada", "Bea", "Cleo")
    await stage.start(Step(3 * DAY, When.NOT_OPENED, second))
    await stage.leave()
    await stage.did("Ada", Touch.OPEN)
    await stage.did("Bea", Touch.OPEN, machine=True)
    await stage.feed(after=3 * DAY - HOUR)
    assert await stage.had() == {"Ada": 1, "Bea": 1, "Cleo": 1}
    await stage.feed(after=HOUR)
    assert await stage.had() == {"Ada": 1, "Bea": 2, "Cleo": 2}
    assert (await stage.messages("Cleo"))[1].template_version_id == second
    assert await stage.passed(1) == {Passed.CONDITION: 1}
    assert await stage.healthy()


async def test_who_answers_or_refuses_hears_no_more_and_a_robot_s_answer_is_none(stage: Stage, second: int) -> None:
    await stage.enrol("Ada", "Bea", "Cleo")
    await stage.start(Step(DAY, When.ALWAYS, second), Step(DAY, When.ALWAYS, second, late=9 * DAY))
    await stage.leave()
    await stage.answered("Ada")
    await stage.answered("Cleo", auto="auto-reply")
    async with stage.database.unit() as session:
        said = Statement(stage.people["Bea"], Purpose.MARKETING, Kind.EMAIL, granted=False, source="one-click")
        await consent.record(session, said, now=stage.now + HOUR)
    await stage.feed(after=DAY)
    assert await stage.passed(1) == {Passed.ANSWERED: 1, Passed.UNSUBSCRIBED: 1}
    await stage.leave()
    await stage.feed(after=DAY)
    assert await stage.had() == {"Ada": 1, "Bea": 1, "Cleo": 3}


@pytest.mark.parametrize("kind", [Kind.SMS, Kind.VOICE, Kind.EMAIL])
async def test_a_word_of_theirs_by_any_medium_stops_what_would_follow(stage: Stage, second: int, kind: Kind) -> None:
    await stage.enrol("Ada", "Bea", "Cleo")
    await stage.said("Cleo", kind)  # before the message had left
    stage.now += timedelta(minutes=2)
    await stage.start(Step(DAY, When.ALWAYS, second), kinds=(Kind.EMAIL,))
    await stage.leave()
    await stage.said("Ada", kind)
    await stage.said("Bea", kind, auto="auto-reply")
    await stage.feed(after=DAY)
    assert await stage.had() == {"Ada": 1, "Bea": 2, "Cleo": 2}
    assert await stage.passed(1) == {Passed.ANSWERED: 1}


async def test_an_sms_of_which_no_word_comes_was_not_delivered(stage: Stage, second: int) -> None:
    """Taken by the provider, and the callback was lost."""
    await stage.enrol("Ada")
    await stage.start(Step(2 * HOUR, When.NOT_DELIVERED, second), kinds=(Kind.SMS,))
    await stage.leave(State.SENDING)
    await stage.feed(after=HOUR)
    assert await stage.had() == {"Ada": 1}
    await stage.feed(after=HOUR)
    assert await stage.had() == {"Ada": 2}
    await stage.leave(State.SENDING)
    await stage.feed()
    assert await stage.state() is CampaignState.FINISHED


async def test_a_message_of_which_nobody_will_know_whether_it_left_is_passed_over(stage: Stage, second: int) -> None:
    await stage.enrol("Ada", "Bea")
    await stage.start(Step(HOUR, When.NOT_DELIVERED, second, next_channel=True))
    await stage.leave(State.DELIVERED, but={"Bea": State.UNKNOWN})
    await stage.feed(after=5 * HOUR)
    assert await stage.passed(1) == {Passed.CONDITION: 1}  # Bea's is looked for still
    await stage.feed(after=HOUR)
    assert await stage.passed(1) == {Passed.CONDITION: 1, Passed.UNKNOWN: 1}
    assert await stage.had() == {"Ada": 1, "Bea": 1}
    assert await stage.state() is CampaignState.FINISHED


async def test_a_message_that_somebody_left_uncertain_is_waited_for_no_longer(stage: Stage, second: int) -> None:
    await stage.enrol("Ada")
    await stage.start(Step(HOUR, When.ALWAYS, second))
    await stage.leave(State.UNKNOWN)
    async with stage.database.unit() as session:
        await uncertain.leave(session, (await stage.messages("Ada"))[0].id)
    await stage.feed(after=HOUR)
    assert await stage.passed(1) == {Passed.UNKNOWN: 1}


async def test_what_did_not_arrive_goes_by_the_next_channel_and_what_did_does_not(stage: Stage) -> None:
    await stage.enrol("Ada", "Bea")
    await stage.start(Step(2 * HOUR, When.NOT_DELIVERED, next_channel=True), kinds=(Kind.EMAIL, Kind.SMS))
    await stage.leave(but={"Ada": State.FAILED})
    await stage.feed(after=2 * HOUR)
    assert [row.kind for row in await stage.messages("Ada")] == [Kind.EMAIL, Kind.SMS]
    assert [row.kind for row in await stage.messages("Bea")] == [Kind.EMAIL]


async def test_after_the_last_channel_there_is_no_next_one(stage: Stage) -> None:
    await stage.enrol("Ada")
    again = Step(DAY, When.NO_REACTION, next_channel=True)
    await stage.start(again, again, kinds=(Kind.EMAIL, Kind.SMS))
    for _ in range(2):
        await stage.leave()
        await stage.feed(after=DAY)
    assert [row.kind for row in await stage.messages("Ada")] == [Kind.EMAIL, Kind.SMS]
    assert await stage.passed(2) == {Passed.NO_CHANNEL: 1}


async def test_a_campaign_is_finished_when_nobody_waits_any_more(stage: Stage, second: int) -> None:
    await stage.enrol("Ada")
    await stage.start(Step(DAY, When.ALWAYS, second))
    await stage.leave()
    await stage.feed()
    assert await stage.state() is CampaignState.RUNNING
    await stage.feed(after=DAY)
    await stage.leave()
    await stage.feed()
    assert await stage.state() is CampaignState.FINISHED


async def test_two_steps_without_waiting_are_two_branches(stage: Stage, second: int, spring: int) -> None:
    await stage.enrol("Ada", "Bea")
    await stage.start(Step(DAY, When.CLICKED, second), Step(timedelta(0), When.NOT_CLICKED, spring))
    await stage.leave()
    await stage.did("Ada", Touch.CLICK)
    await stage.feed(after=DAY)
    assert [row.template_version_id for row in await stage.messages("Ada")] == [spring, second]
    assert [row.template_version_id for row in await stage.messages("Bea")] == [spring, spring]


async def test_the_wait_begins_when_the_message_has_left(stage: Stage, second: int) -> None:
    await stage.enrol("Ada")
    await stage.start(Step(DAY, When.ALWAYS, second))
    await stage.feed(after=2 * DAY)  # its sender was slow
    assert await stage.had() == {"Ada": 1}
    await stage.leave()
    await stage.feed(after=DAY - HOUR)
    assert await stage.had() == {"Ada": 1}
    await stage.feed(after=DAY)
    assert await stage.had() == {"Ada": 2}


async def test_after_an_outage_late_or_never(stage: Stage, second: int) -> None:
    await stage.enrol("Ada")
    await stage.start(Step(DAY, When.ALWAYS, second, late=2 * DAY), Step(DAY, When.ALWAYS, second))
    await stage.leave()
    await stage.feed(after=4 * DAY)
    assert await stage.passed(1) == {Passed.LATE: 1}
    await stage.feed(after=DAY)
    assert await stage.had() == {"Ada": 2}


async def test_what_came_due_in_a_pause_is_made_afterwards_and_is_not_late(stage: Stage, second: int) -> None:
    await stage.enrol("Ada")
    await stage.start(Step(DAY, When.ALWAYS, second, late=HOUR))
    await stage.leave()
    async with stage.database.unit() as session:
        await lifecycle.pause(session, stage.campaign, now=stage.now)
    await stage.feed(after=9 * DAY)
    assert await stage.had() == {"Ada": 1}
    async with stage.database.unit() as session:
        await lifecycle.resume(session, stage.campaign, gate=stage.gate, now=stage.now)
    await stage.feed()
    assert await stage.had() == {"Ada": 2}


async def test_cancelled_means_no_later_step_either(stage: Stage, second: int) -> None:
    await stage.enrol("Ada")
    await stage.start(Step(DAY, When.ALWAYS, second))
    await stage.leave()
    async with stage.database.unit() as session:
        await lifecycle.cancel(session, stage.campaign, now=stage.now)
    await stage.feed(after=DAY)
    assert await stage.had() == {"Ada": 1}


async def test_killed_before_the_commit_it_comes_again_and_afterwards_it_does_not(stage: Stage, second: int) -> None:
    await stage.enrol(*(f"P{n}" for n in range(20)))
    await stage.start(Step(DAY, When.ALWAYS, second))
    await stage.leave()
    stage.now += DAY
    for limit in (3, 7):
        with pytest.raises(KeyboardInterrupt):
            async with stage.database.unit() as session:
                await feeding.feed(session, stage.campaign, gate=stage.gate, now=stage.now, slice=limit)
                raise KeyboardInterrupt
        async with stage.database.unit() as session:
            await feeding.feed(session, stage.campaign, gate=stage.gate, now=stage.now, slice=limit)
    await stage.feed()
    await stage.feed()
    assert Counter((await stage.had()).values()) == {2: 20}
    assert await stage.healthy()


async def test_steps_are_added_to_a_paused_campaign_for_all_who_are_in_it(stage: Stage, second: int) -> None:
    await stage.enrol("Ada", "Bea")
    await stage.start(Step(DAY, When.ALWAYS, second))
    await stage.leave()
    with pytest.raises(NotStartable, match="Pause it first"):
        async with stage.database.unit() as session:
            await steps.arrange(session, stage.campaign, [], now=stage.now)
    async with stage.database.unit() as session:
        await lifecycle.pause(session, stage.campaign, now=stage.now)
        await steps.arrange(session, stage.campaign, [], now=stage.now)
        await steps.arrange(session, stage.campaign, [Step(2 * DAY, When.ALWAYS, second)], now=stage.now)
        await lifecycle.resume(session, stage.campaign, gate=stage.gate, now=stage.now)
    await stage.feed(after=DAY)
    assert await stage.had() == {"Ada": 1, "Bea": 1}
    await stage.feed(after=DAY)
    assert await stage.had() == {"Ada": 2, "Bea": 2}


async def test_a_step_added_in_a_pause_while_messages_wait_is_due_in_its_time(stage: Stage, second: int) -> None:
    await stage.enrol("Ada")
    await stage.start()
    async with stage.database.unit() as session:
        await lifecycle.pause(session, stage.campaign, now=stage.now)
        await steps.arrange(session, stage.campaign, [Step(DAY, When.ALWAYS, second)], now=stage.now)
        await lifecycle.resume(session, stage.campaign, gate=stage.gate, now=stage.now)
    await stage.leave()
    await stage.feed(after=DAY)
    assert await stage.had() == {"Ada": 2}


async def test_opened_at_two_steps_is_two_messages_in_the_sum_and_in_the_list(stage: Stage, second: int) -> None:
    await stage.enrol("Ada")
    await stage.start(Step(DAY, When.ALWAYS, second))
    await stage.leave()
    await stage.did("Ada", Touch.OPEN)
    await stage.feed(after=DAY)
    await stage.leave()
    await stage.did("Ada", Touch.OPEN)
    async with stage.database.unit() as session:
        listed = await reactions.recipients(session, stage.campaign, "opened")
        assert (await reactions.totals(session, stage.campaign)).opened == len(listed) == 2


async def test_who_is_erased_meanwhile_is_passed_over(stage: Stage, second: int) -> None:
    await stage.enrol("Ada", "Bea")
    await stage.start(Step(DAY, When.ALWAYS, second))
    await stage.leave()
    async with stage.database.unit() as session:
        await session.execute(text("alter table consent disable trigger user"))
        await session.execute(text("delete from customer where id = :id"), {"id": stage.people["Ada"]})
    await stage.feed(after=DAY)
    assert (await stage.had())["Bea"] == 2
    assert await stage.passed(1) == {Passed.GONE: 1}


async def test_a_copy_has_the_same_steps(stage: Stage, second: int) -> None:
    await stage.enrol("Ada")
    wanted = Step(DAY, When.CLICKED, second, late=HOUR)
    await stage.start(wanted)
    async with stage.database.unit() as session:
        copy = await keeping.clone(session, stage.campaign, "Again", staff_id=None, now=stage.now)
        assert [steps.read(one) for one in await steps.of(session, copy.id or 0)] == [wanted]


async def test_a_step_that_says_nothing_new_is_refused(stage: Stage) -> None:
    async with stage.database.unit() as session:
        campaign = await lifecycle.create(session, Plan("x", stage.version), staff_id=None, now=stage.now)
        for wrong in (Step(DAY), Step(-DAY, next_channel=True), Step(DAY, template_version_id=999)):
            with pytest.raises(NotStartable, match="Step 1"):
                await steps.arrange(session, campaign.id or 0, [wrong], now=stage.now)


Change = Callable[..., Seen]


@pytest.mark.parametrize(
    ("state", "kind", "what", "held"),
    [
        (State.SENT, Kind.EMAIL, When.DELIVERED, True),
        (State.SENT, Kind.SMS, When.DELIVERED, False),
        (State.SENT, Kind.SMS, When.NOT_DELIVERED, True),
        (State.DELIVERED, Kind.SMS, When.NOT_DELIVERED, False),
        (State.MISSED, Kind.VOICE, When.NOT_DELIVERED, True),
        (State.WITHHELD, Kind.EMAIL, When.NOT_DELIVERED, True),
        (State.WITHHELD, Kind.EMAIL, When.NOT_OPENED, False),
        (State.FAILED, Kind.EMAIL, When.NO_REACTION, False),
        (State.SENT, Kind.EMAIL, When.NO_REACTION, True),
        (State.WITHHELD, Kind.EMAIL, When.ALWAYS, True),
    ],
)
def test_conditions_mean_what_they_say(state: State, kind: Kind, what: When, held: bool) -> None:
    assert following.holds(_seen(state=state, kind=kind), what) is held


@pytest.mark.parametrize("state", [State.QUEUED, State.SENDING, State.RINGING])
def test_a_message_whose_fate_is_open_is_waited_for(state: State, now: datetime) -> None:
    step = CampaignStep(campaign_id=1, step=1, wait_seconds=3600, condition=When.NOT_DELIVERED, late_seconds=1)
    turn = Turn(1, UUID(int=1), now - DAY)
    assert judge(_seen(state=state), step, turn, now) == now + HOUR
    assert judge(None, step, turn, now) is Passed.GONE


def test_a_call_that_goes_on_is_waited_for_and_one_of_whose_end_no_word_came_is_not(now: datetime) -> None:
    step = CampaignStep(campaign_id=1, step=1, wait_seconds=60, condition=When.NOT_DELIVERED, late_seconds=86_400)
    talking = replace(_seen(State.TALKING, Kind.VOICE, left_at=now - HOUR), since=now - HOUR)
    turn = Turn(1, UUID(int=1), now - HOUR)
    assert judge(talking, step, turn, now) == now + timedelta(minutes=1)
    assert judge(replace(talking, since=now - 5 * HOUR), step, turn, now) is None


_LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


def _seen(state: State = State.SENT, kind: Kind = Kind.EMAIL, left_at: datetime | None = None) -> Seen:
    return Seen(state, _LONG_AGO, "", kind, left_at, False, False, False, False, False, frozenset())
