"""A campaign by the channel and at the hour at which each customer answers best: `now` is 13:00 in Warsaw."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from sqlmodel import col, select

from hub.campaigns import dry_run_lists, dry_runs, estimates, keeping, learning, lifecycle, previews, steps, variants
from hub.campaigns.dry_run_lists import Part
from hub.campaigns.learnt_difference import Change
from hub.campaigns.lifecycle import NotStartable, Plan
from hub.campaigns.steps import Step
from hub.campaigns.variants import Trial
from hub.customers import consent, directory, preferences
from hub.customers.consent import Statement
from hub.database.engine import Database
from hub.interactions import partitions, record
from hub.models import Attempt, CampaignRecipient, Interaction
from hub.models.vocabulary import CampaignState, Kind, Purpose, State, When
from hub.outbound import templates
from hub.outbound.request import Gate
from tests.hub.campaigns.running import feed_all
from tests.log_rows import heard, said

EMAIL, SMS, VOICE = Kind
SPRING = ({"field": "label", "op": "eq", "value": "spring"},)
WARSAW = ZoneInfo("Europe/Warsaw")
FIVE = datetime(2026, 3, 10, 16, tzinfo=UTC)  # on the walls of Warsaw
WHY = [
    "learnt: sms: 5 of 8 answered, best between 17 and 19 o’clock",
    "learnt: email: 0 of 6 answered",
    "learnt: voice: nothing was sent; of others 25 % answer",
]
NOTHING = "learnt: nothing is surely better than the usual order"


class Village:
    """Customers who agreed to offers and have a mail address and a telephone, by name."""

    def __init__(self, database: Database, now: datetime) -> None:
        self.database, self.now, self.ids = database, now, dict[str, UUID]()

    async def settles(self, name: str, *, answers_at: int | None = None, zone: str | None = "Europe/Warsaw") -> None:
        """`answers_at`: the hour of SMS that they answer; they never answer mails, nor SMS in the morning."""
        number = 1000 + len(self.ids) * 10
        phones = [f"+4873250{number}", f"+1212555{number}"][: 1 if zone else 2]
        new = directory.NewCustomer(
            name, emails=(f"{name.lower()}@example.org",), phones=tuple(phones), timezone=zone, labels=("spring",)
        )
        async with self.database.unit() as session:
            await partitions.ensure_months(session, self.now)
            one = (await directory.create(session, new, now=self.now)).id
            yes = Statement(one, Purpose.MARKETING, None, granted=True, source="test")
            await consent.record(session, yes, now=self.now)
            for row in self._past(one, answers_at) if answers_at is not None else ():
                await record.add(session, row)
        self.ids[name] = one

    def _past(self, one: UUID, hour: int) -> list[Interaction]:
        rows = []
        for n in range(8):
            day = (self.now - timedelta(days=60 - 5 * n)).astimezone(WARSAW)
            at = day.replace(hour=hour if n % 8 < 5 else 9, minute=10).astimezone(UTC)
            rows.append(said(one, at, kind=SMS, channel="sms", state=State.DELIVERED))
            if n < 5:
                rows.append(heard(one, at + timedelta(minutes=20), kind=SMS, channel="sms"))
            if n < 6:
                rows.append(said(one, at - timedelta(days=1)))
        return sorted(rows, key=lambda row: row.at)

    async def had(self) -> dict[str, tuple[Kind | None, State, list[str]]]:
        """What the campaign made for whom: channel, state, trace."""
        async with self.database.unit() as session:
            rows = list(await session.exec(select(Interaction).where(col(Interaction.campaign_id).is_not(None))))
        names = {one: name for name, one in self.ids.items()}
        return {names[row.customer_id]: (row.kind, row.state, row.trace or []) for row in rows}

    async def waits(self) -> dict[str, datetime]:
        async with self.database.unit() as session:
            rows = await session.exec(select(CampaignRecipient.customer_id, CampaignRecipient.due_at))
            names = {one: name for name, one in self.ids.items()}
            return {names[customer]: due for customer, due in rows if due is not None}


@pytest.fixture
def village(database: Database, now: datetime) -> Village:
    return Village(database, now)


async def _draft(village: Village, version: int, **more: Any) -> int:
    plan = Plan("Spring", version, SPRING, variables={"offer": "Tulips"}, learnt=True, **more)
    async with village.database.unit() as session:
        return (await lifecycle.create(session, plan, staff_id=None, now=village.now)).id or 0


async def _started(village: Village, gate: Gate, version: int) -> int:
    campaign = await _draft(village, version)
    await _start(village, campaign, gate)
    return campaign


async def _start(village: Village, campaign: int, gate: Gate) -> None:
    async with village.database.unit() as session:
        await lifecycle.start(session, campaign, gate=gate, now=village.now)
    await feed_all(village.database, campaign, gate, village.now, 2)


async def test_who_answers_sms_in_the_evening_gets_an_sms_in_the_evening_and_who_ranked_channels_has_that_ranking(
    village: Village, gate: Gate, spring: int
) -> None:
    await village.settles("Ada", answers_at=18)
    await village.settles("Bea", answers_at=18)
    await village.settles("Cleo")
    async with village.database.unit() as session:
        await preferences.rank(session, village.ids["Bea"], Purpose.MARKETING, [EMAIL], now=village.now)
    campaign = await _started(village, gate, spring)
    mail = "email: allowed, ranked 1"
    ranked = ["learnt: the ranking on their card comes first", *WHY, mail]
    unwanted = [f"{kind}: not wanted by the customer for marketing" for kind in ("sms", "voice")]
    assert await village.had() == {
        "Bea": (EMAIL, State.QUEUED, [*ranked, *unwanted]),
        "Cleo": (EMAIL, State.QUEUED, [NOTHING, mail, "sms: allowed, ranked 2", "voice: no such channel is set up"]),
    }
    assert await village.waits() == {"Ada": FIVE}
    await feed_all(village.database, campaign, gate, FIVE - timedelta(minutes=1))
    assert (await village.had()).keys() == {"Bea", "Cleo"}
    await feed_all(village.database, campaign, gate, FIVE)
    rest = ["sms: allowed, ranked 1", "email: allowed, ranked 2", "voice: no such channel is set up"]
    assert (await village.had())["Ada"] == (SMS, State.QUEUED, [*WHY, *rest])


async def test_what_was_learnt_is_no_consent_and_the_hour_is_that_of_the_channel_that_is_left(
    village: Village, gate: Gate, spring: int
) -> None:
    await village.settles("Ada", answers_at=18)
    async with village.database.unit() as session:
        no = Statement(village.ids["Ada"], Purpose.MARKETING, SMS, granted=False, source="test")
        await consent.record(session, no, now=village.now)
    await _started(village, gate, spring)
    kind, state, trace = (await village.had())["Ada"]
    assert (kind, state, trace[:4]) == (EMAIL, State.QUEUED, [*WHY, "sms: opted out 2026-03-10 by test"])


async def test_whoever_answers_at_night_does_not_wait_for_an_hour_that_is_quiet(
    village: Village, gate: Gate, spring: int
) -> None:
    await village.settles("Ada", answers_at=22)
    await _started(village, gate, spring)
    kind, state, trace = (await village.had())["Ada"]
    assert (kind, state, trace[0]) == (SMS, State.QUEUED, WHY[0].replace("17 and 19", "21 and 23"))


async def test_an_hour_that_passed_during_an_outage_comes_again_tomorrow(
    village: Village, gate: Gate, spring: int
) -> None:
    await village.settles("Ada", answers_at=18)
    campaign = await _started(village, gate, spring)
    await feed_all(village.database, campaign, gate, FIVE + timedelta(hours=3))
    assert (await village.had(), await village.waits()) == ({}, {"Ada": FIVE + timedelta(days=1)})
    await feed_all(village.database, campaign, gate, FIVE + timedelta(days=1, hours=1))
    assert (await village.had())["Ada"][0] is SMS


async def test_at_that_hour_it_leaves_at_once_and_who_is_judged_one_by_one_is_told_the_same(
    village: Village, gate: Gate, spring: int
) -> None:
    await village.settles("Ada", answers_at=13)
    await village.settles("Odd", answers_at=13, zone=None)
    await _started(village, gate, spring)
    had = await village.had()
    assert {name: kind for name, (kind, _, _) in had.items()} == {"Ada": SMS, "Odd": SMS}
    assert had["Ada"][2][:3] == had["Odd"][2][:3] == [WHY[0].replace("17 and 19", "12 and 14"), *WHY[1:]]


async def test_of_whom_no_hour_is_known_gets_it_at_the_campaigns_own(village: Village, gate: Gate, spring: int) -> None:
    await village.settles("Ada", answers_at=18)
    await village.settles("Cleo")
    campaign = await _draft(village, spring)
    async with village.database.unit() as session:
        await steps.send_at(session, campaign, time(15))
    await _start(village, campaign, gate)
    assert await village.waits() == {"Ada": FIVE, "Cleo": FIVE - timedelta(hours=2)}
    await feed_all(village.database, campaign, gate, FIVE)
    assert {name: one[0] for name, one in (await village.had()).items()} == {"Ada": SMS, "Cleo": EMAIL}


async def test_a_test_of_words_waits_for_those_who_wait_for_their_hour(
    village: Village, gate: Gate, spring: int
) -> None:
    await village.settles("Ada", answers_at=18)
    await village.settles("Cleo")
    campaign = await _draft(village, spring)
    async with village.database.unit() as session:
        words = {"en": {"subject": "Tulips", "body": "{{ offer }} {{ unsubscribe_url }}", "sms": "{{ offer }}"}}
        other = (await templates.save(session, "other", words, now=village.now)).id or 0
        trial = Trial([(spring, 1), (other, 1)], share=1, wait=timedelta(hours=1))
        await variants.arrange(session, campaign, trial)
    await _start(village, campaign, gate)
    assert (set(await village.had()), await village.waits()) == ({"Cleo"}, {"Ada": FIVE})
    await feed_all(village.database, campaign, gate, FIVE)
    assert (await village.had())["Ada"][0] is SMS


async def test_a_later_step_by_the_next_channel_goes_by_the_next_of_that_order(
    village: Village, gate: Gate, spring: int
) -> None:
    await village.settles("Ada", answers_at=13)
    campaign = await _draft(village, spring)
    async with village.database.unit() as session:
        step = Step(timedelta(0), When.ALWAYS, next_channel=True)
        await steps.arrange(session, campaign, [step], now=village.now)
    await _start(village, campaign, gate)
    async with village.database.unit() as session:
        for row in await session.exec(select(Interaction).where(col(Interaction.campaign_id) == campaign)):
            row.state, row.state_rank = State.FAILED, State.FAILED.rank
            session.add(row)
    await feed_all(village.database, campaign, gate, village.now + timedelta(minutes=1))
    kind, _, trace = (await village.had())["Ada"]
    assert (kind, trace[3]) == (EMAIL, "email: allowed, ranked 1")


async def test_the_dry_run_says_who_gets_it_otherwise_and_who_waits_and_keeps_its_word(
    village: Village, gate: Gate, spring: int
) -> None:
    await village.settles("Ada", answers_at=18)
    await village.settles("Bea", answers_at=13)
    await village.settles("Cleo")
    campaign = await _draft(village, spring)
    async with village.database.unit() as session:
        await dry_runs.begin(session, campaign, now=village.now)
    while await _advanced(village, campaign, gate):
        pass
    async with village.database.unit() as session:
        report = await dry_runs.report(session, campaign)
        moved = await dry_run_lists.people(session, campaign, Part(SMS, learnt=True))
        shown = await previews.preview(session, campaign, village.ids["Ada"], gate=gate, now=village.now)
        assert report is not None
        ends = await estimates.finish(session, report, gate=gate, per_hour=None, now=village.now)
    assert ends == FIVE
    assert report.learnt == Change({SMS: 2}, 1, FIVE)  # type: ignore[arg-type]
    assert {one.name for one in moved} == {"Ada", "Bea"}
    assert (shown.decision.kind, shown.best_from, list(shown.decision.trace[:3])) == (SMS, FIVE, WHY)
    await _start(village, campaign, gate)
    await feed_all(village.database, campaign, gate, FIVE)
    assert {name: one[0] for name, one in (await village.had()).items()} == {"Ada": SMS, "Bea": SMS, "Cleo": EMAIL}


async def _advanced(village: Village, campaign: int, gate: Gate) -> bool:
    async with village.database.unit() as session:
        return await dry_runs.advance(session, campaign, gate=gate, limit=2)


async def test_a_copy_goes_by_it_too_and_one_that_has_begun_cannot_stop_going_by_it(
    village: Village, gate: Gate, spring: int
) -> None:
    await village.settles("Ada", answers_at=18)
    campaign = await _started(village, gate, spring)
    async with village.database.unit() as session:
        copy = await keeping.clone(session, campaign, "Again", staff_id=None, now=village.now)
        await lifecycle.pause(session, campaign, now=village.now)
    assert (copy.learnt, copy.state) == (True, CampaignState.DRAFT)
    other = Plan("Spring", spring, SPRING, variables={"offer": "Tulips"})
    with pytest.raises(NotStartable, match="by which channels"):
        async with village.database.unit() as session:
            await lifecycle.edit(session, campaign, other, gate=gate, now=village.now)


def wall(hour: int, minute: int = 0, day: int = 10) -> datetime:
    return datetime(2026, 3, day, hour, minute, tzinfo=WARSAW)


def open_between(begins: int, ends: int) -> Callable[[datetime], datetime]:
    def opens(at: datetime) -> datetime:
        there = at.astimezone(WARSAW)
        day = there + timedelta(days=there.hour >= ends)
        return at if begins <= there.hour < ends else day.replace(hour=begins, minute=0)

    return opens


@pytest.mark.parametrize(
    ("begins", "quiet_till", "now", "expected"),
    [
        (17, 8, wall(13), wall(17)),
        (17, 8, wall(18, 30), wall(18, 30)),  # it is that hour
        (17, 8, wall(19), wall(17, day=11)),  # it has just passed
        (7, 8, wall(13), wall(8, day=11)),  # its first half is quiet
        (7, 8, wall(7, 30), wall(8)),
        (22, 8, wall(13), wall(13)),  # never
        (20, 8, wall(21, 30), wall(20, day=11)),  # that hour, but quiet by now
        (23, 0, wall(0, 30), wall(0, 30)),  # over midnight
    ],
)
def test_the_next_moment_of_an_hour_disturbs_nobody(
    begins: int, quiet_till: int, now: datetime, expected: datetime
) -> None:
    opens = open_between(quiet_till, 21 if quiet_till else 24)
    assert learning.next_within(begins, "Europe/Warsaw", opens, now) == expected


async def test_a_later_step_waits_for_the_hour_too_and_asks_its_condition_again_then(
    village: Village, gate: Gate, spring: int
) -> None:
    await village.settles("Ada", answers_at=18)
    await village.settles("Bea", answers_at=18)
    await village.settles("Cleo")
    campaign = await _draft(village, spring)
    follow = Step(timedelta(hours=1), when=When.NO_REACTION, template_version_id=spring)
    async with village.database.unit() as session:
        await steps.arrange(session, campaign, [follow], now=village.now)
    await _start(village, campaign, gate)
    await feed_all(village.database, campaign, gate, FIVE)
    await _leave(village, FIVE)

    morning = FIVE + timedelta(hours=16)
    await feed_all(village.database, campaign, gate, morning)
    assert await _second(village) == {"Cleo": EMAIL}, "nobody knows an hour of hers"
    assert await village.waits() == {"Ada": FIVE + timedelta(days=1), "Bea": FIVE + timedelta(days=1)}
    async with village.database.unit() as session:
        await record.add(session, heard(village.ids["Bea"], morning + timedelta(hours=1), kind=SMS, channel="sms"))
    await feed_all(village.database, campaign, gate, FIVE + timedelta(days=1))
    assert await _second(village) == {"Cleo": EMAIL, "Ada": SMS}
    assert await village.waits() == {}


async def _leave(village: Village, at: datetime) -> None:
    """A provider takes all of it."""
    async with village.database.unit() as session:
        rows = await session.exec(select(Interaction).where(col(Interaction.campaign_id).is_not(None)))
        for row in rows:
            row.state, row.state_rank = State.SENT, State.SENT.rank
            session.add(Attempt(interaction_id=row.id, started_at=at, ended_at=at, outcome="accepted"))


async def _second(village: Village) -> dict[str, Kind]:
    """By what the second message of each goes."""
    async with village.database.unit() as session:
        made = select(CampaignRecipient.customer_id, Interaction.kind).where(
            col(CampaignRecipient.step) == 1, col(CampaignRecipient.interaction_id) == col(Interaction.id)
        )
        names = {one: name for name, one in village.ids.items()}
        return {names[customer]: Kind(kind) for customer, kind in await session.exec(made) if kind}
