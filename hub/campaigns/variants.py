"""Which words serve best: variants tried on a part of the audience, and the best of them for the rest.

Who is in the test, and with which variant, hangs on the campaign and the customer alone: asked again, after a crash or
on another machine, the answer is the same. Only people count: what machines opened or followed decides nothing.
"""
# ruff: noqa: S608 - the statements are made of our own words; values are bound

from __future__ import annotations

import hashlib
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from hub import live
from hub.campaigns import reactions, steps
from hub.campaigns.lifecycle import NotStartable
from hub.campaigns.proofs import misused
from hub.campaigns.rows import about, locked
from hub.models import Campaign, CampaignTest, CampaignVariant, TemplateVersion
from hub.models.vocabulary import CampaignState, Goal
from hub.sentences import LONG_NAME, Sentence, too_long

MOST = 5  # variants of one test
_SURE = 1.959963984540054  # standard deviations on both sides of 95 in 100 cases
_LONGEST = timedelta(days=30)
_LONGEST_EVENT = 200


@dataclass(frozen=True, slots=True)
class Trial:
    """What is tried: `versions` in their order with their weights, on `share` of the audience, decided after `wait`."""

    versions: Sequence[tuple[int, int]]  # template version, weight
    share: float
    wait: timedelta
    goal: Goal = Goal.CLICK
    event: str = ""


@dataclass(frozen=True, slots=True)
class Score:
    """How one variant did: `reached` of the goal, of `people` to whom it left."""

    variant: int
    people: int
    reached: int

    @property
    def rate(self) -> float:
        return self.reached / self.people if self.people else 0.0


@dataclass(frozen=True, slots=True)
class Finding:
    """The best variant and how sure that is: in 95 of 100 such tests the true difference of the rates between it and
    the next best lies between `low` and `high`. `clear`: nought does not.

    When it is not clear the better rate still wins, for want of a better rule; the first variant, when they are equal.
    """

    winner: int
    scores: tuple[Score, ...]
    low: float
    high: float
    by_hand: bool = False  # a person took the winner, whatever the numbers say

    @property
    def clear(self) -> bool:
        return self.low > 0

    @property
    def tied(self) -> bool:
        """Another did as well as the best."""
        return sum(one.rate == max(score.rate for score in self.scores) for one in self.scores) > 1

    @property
    def ranked(self) -> list[Score]:
        """The best first."""
        return _ranked(self.scores)

    @classmethod
    def read(cls, kept: Mapping[str, Any]) -> Finding:
        """As it was kept."""
        return cls(**{**kept, "scores": tuple(Score(**one) for one in kept["scores"])})


async def arrange(session: AsyncSession, campaign_id: int, trial: Trial | None) -> None:
    """Try this before the whole audience gets the best; None: no test. Only before the campaign has begun.

    Raises lifecycle.NotFound, and NotStartable, which says what is wrong.
    """
    campaign = await steps.changeable(session, campaign_id)
    if campaign.started_at is not None:
        raise NotStartable(about(campaign, "“%(name)s” has begun: its test cannot be changed any more"))
    for table in (CampaignVariant, CampaignTest):
        await session.exec(delete(table).where(col(table.campaign_id) == campaign_id))
    if trial is not None:
        await _check(session, trial)
        session.add(_test(campaign_id, trial))
        session.add_all(
            CampaignVariant(campaign_id=campaign_id, variant=number, template_version_id=version, weight=weight)
            for number, (version, weight) in enumerate(trial.versions)
        )
        campaign.template_version_id = trial.versions[0][0]
        session.add(campaign)
    await live.publish(session, "campaign", id=campaign_id)


async def copy(session: AsyncSession, from_id: int, into_id: int) -> None:
    """The same test for another campaign, which has not begun."""
    test, tried = await of(session, from_id)
    if test is not None:
        versions = [(one.template_version_id, one.weight) for one in tried]
        wait = timedelta(seconds=test.wait_seconds)
        await arrange(session, into_id, Trial(versions, test.share, wait, test.goal, test.event))


async def of(session: AsyncSession, campaign_id: int) -> tuple[CampaignTest | None, list[CampaignVariant]]:
    """The test of a campaign and its variants."""
    test = await session.get(CampaignTest, campaign_id, populate_existing=True)
    rows = select(CampaignVariant).where(col(CampaignVariant.campaign_id) == campaign_id)
    return test, list(await session.exec(rows.order_by(col(CampaignVariant.variant))))


def due(test: CampaignTest) -> datetime | None:
    """When it is decided; None while its messages are leaving, and of one that is decided. Pure."""
    if test.tried_at is None or test.decided_at is not None:
        return None
    return test.tried_at + timedelta(seconds=test.wait_seconds)


def bucket(campaign_id: int, customer_id: UUID) -> float:
    """A number from 0 to below 1 that this customer has in this campaign, always the same. Pure."""
    digest = hashlib.sha256(f"{campaign_id}:{customer_id}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def parts(
    test: CampaignTest, variants: Sequence[CampaignVariant], customers: Collection[UUID]
) -> dict[int, list[UUID]]:
    """Who of these tries which variant; who is not named waits for the best. Pure."""
    whole, bounds, low = sum(one.weight for one in variants), [], 0.0
    for one in variants:
        low += test.share * one.weight / whole
        bounds.append((low, one.variant))
    bounds[-1] = (test.share, bounds[-1][1])
    found: dict[int, list[UUID]] = {}
    for customer in customers:
        place = bucket(test.campaign_id, customer)
        variant = next((number for high, number in bounds if place < high), None)
        if variant is not None:
            found.setdefault(variant, []).append(customer)
    return found


async def decide(session: AsyncSession, campaign: Campaign, test: CampaignTest, *, now: datetime) -> Finding | None:
    """Take the best for everybody else, and keep by which numbers; None: it left to nobody, so nothing says which.

    The caller holds the campaign's lock.
    """
    finding = judged(await scores(session, campaign.id or 0))
    if not any(one.people for one in finding.scores):
        return None
    await _take(session, campaign, test, finding, finding.winner, now)
    return finding


async def choose(session: AsyncSession, campaign_id: int, variant: int, *, now: datetime) -> None:
    """A person decides, before the time is up or after a look at the numbers. Raises NotStartable."""
    campaign = await locked(session, campaign_id)
    if campaign.state not in (CampaignState.RUNNING, CampaignState.PAUSED):
        raise NotStartable(about(campaign, "“%(name)s” is %(state)s: its test cannot be decided"))
    test, variants = await of(session, campaign_id)
    if test is None or test.decided_at is not None or variant not in {one.variant for one in variants}:
        raise NotStartable(
            about(campaign, "“%(name)s” has no such words that could still be chosen. Load the page again")
        )
    finding = replace(judged(await scores(session, campaign_id)), by_hand=True)
    await _take(session, campaign, test, finding, variant, now)


async def scores(session: AsyncSession, campaign_id: int) -> list[Score]:
    """How the variants of an undecided test do so far: only the first message, only people."""
    test, variants = await of(session, campaign_id)
    if test is None:
        return []
    values = {**reactions.values(campaign_id, 0), "event": test.event}
    rows = (await session.execute(text(_SCORES[test.goal]), values)).all()
    known = {row.version: row for row in rows}
    found = [(one.variant, known.get(one.template_version_id)) for one in variants]
    return [Score(number, row.people if row else 0, row.reached if row else 0) for number, row in found]


def judged(found: Sequence[Score]) -> Finding:
    """The best, and how sure that is. Pure."""
    ranked = _ranked(found)
    low, high = interval(ranked[0], ranked[1]) if len(ranked) > 1 else (0.0, 0.0)
    return Finding(ranked[0].variant, tuple(found), low, high)


def _ranked(found: Sequence[Score]) -> list[Score]:
    """The best first; of equal ones the first variant."""
    return sorted(found, key=lambda one: (-one.rate, one.variant))


def interval(one: Score, other: Score) -> tuple[float, float]:
    """In 95 of 100 cases the true difference of two rates lies within: Newcombe's hybrid of Wilson's intervals
    (Statistics in Medicine 17, 1998, method 10). Without people on both sides nothing is known: -1 to 1."""
    if not one.people or not other.people:
        return -1.0, 1.0
    (low, high), (other_low, other_high) = _wilson(one), _wilson(other)
    difference = one.rate - other.rate
    below = math.hypot(one.rate - low, other_high - other.rate)
    above = math.hypot(high - one.rate, other.rate - other_low)
    return difference - below, difference + above


def _wilson(score: Score) -> tuple[float, float]:
    n, p, z = score.people, score.rate, _SURE
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return middle - half, middle + half


async def _take(
    session: AsyncSession, campaign: Campaign, test: CampaignTest, finding: Finding, variant: int, now: datetime
) -> None:
    """From now on the campaign says this, and its feeder begins again: who has a message is passed over."""
    _, variants = await of(session, test.campaign_id)
    test.winner, test.decided_at, test.finding = variant, now, asdict(finding)
    campaign.template_version_id = next(one.template_version_id for one in variants if one.variant == variant)
    campaign.cursor = None
    session.add_all([test, campaign])
    await session.flush()
    await live.publish(session, "campaign", id=campaign.id)


async def _check(session: AsyncSession, trial: Trial) -> None:
    if not 2 <= len(trial.versions) <= MOST:
        raise NotStartable(Sentence("A test takes two to %(most)s texts. Choose more, or fewer", {"most": MOST}))
    if len({version for version, _ in trial.versions}) < len(trial.versions):
        raise NotStartable(Sentence("Two texts of the test say the same. Change one of them"))
    if not 0 < trial.share <= 1 or any(not 1 <= weight <= 100 for _, weight in trial.versions):
        raise NotStartable(
            Sentence("The test takes more than nothing and at most all of the audience, with weights of 1 to 100")
        )
    if not timedelta(0) <= trial.wait <= _LONGEST:
        raise NotStartable(Sentence("The test is decided within %(most)s days at most", {"most": _LONGEST.days}))
    if trial.goal is Goal.EVENT and not trial.event.strip():
        raise NotStartable(Sentence("Say which event of a customer is the goal"))
    if trouble := too_long(LONG_NAME, trial.event.strip(), _LONGEST_EVENT):
        raise NotStartable(trouble)
    for version, _ in trial.versions:
        if await session.get(TemplateVersion, version) is None:
            raise NotStartable(Sentence("There is no such text any more. Choose another"))
    if wrong := await misused(session, [version for version, _ in trial.versions]):
        raise NotStartable(wrong)


def _test(campaign_id: int, trial: Trial) -> CampaignTest:
    return CampaignTest(
        campaign_id=campaign_id,
        share=trial.share,
        wait_seconds=int(trial.wait.total_seconds()),
        goal=trial.goal,
        event=trial.event.strip(),
    )


_REACHED = {
    Goal.CLICK: "clicked is not null",
    Goal.ANSWER: "answered is not null",
    Goal.EVENT: "exists (select 1 from customer_event e where e.customer_id = facts.customer_id "
    "and e.name = cast(:event as text) and e.at >= facts.at)",
}


def _scores(goal: Goal) -> str:
    """Those to whom it left, an SMS of whose arrival no word came among them; what bounced was read by nobody."""
    return f"""{reactions.OF_CAMPAIGN}
select i.template_version_id as version, count(*) as people, count(*) filter (where {_REACHED[goal]}) as reached
from facts join interaction i on i.id = facts.interaction_id
where facts.step = cast(:step as smallint) and (facts.state in ('sent', 'delivered', 'read', 'missed')
    or facts.state = 'sending' and exists (
      select 1 from attempt a where a.interaction_id = facts.interaction_id and a.outcome = 'accepted'))
  and cast(:event as text) is not null
group by i.template_version_id"""


_SCORES = {goal: _scores(goal) for goal in Goal}
