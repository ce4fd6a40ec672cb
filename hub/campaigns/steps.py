"""What follows a campaign's first message: its steps, written, read and counted. `following` carries them out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from sqlalchemy import delete, text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from hub import live
from hub.campaigns import lifecycle, waiting
from hub.campaigns.lifecycle import NotStartable
from hub.campaigns.proofs import misused
from hub.campaigns.rows import about, locked
from hub.models import Campaign, CampaignStep, TemplateVersion
from hub.models.vocabulary import CampaignState, Passed, When
from hub.sentences import Sentence

MOST = 20  # steps of one campaign
LONGEST = timedelta(days=365)
LATE = timedelta(days=2)
_CHANGEABLE = (CampaignState.DRAFT, CampaignState.SCHEDULED, CampaignState.PAUSED)


@dataclass(frozen=True, slots=True)
class Step:
    """One later message. It is made `wait` after the customer's message before it left, if `when` holds of that.

    `template_version_id` None: the campaign's own words. `next_channel`: by a kind of channel that this campaign has
    not used for the customer yet. `late`: after an outage so much after its time, or never.
    """

    wait: timedelta
    when: When = When.ALWAYS
    template_version_id: int | None = None
    next_channel: bool = False
    late: timedelta = LATE


@dataclass(frozen=True, slots=True)
class Progress:
    """Of one step: customers who wait for their time, messages made (or withheld), and who was passed over."""

    step: int
    waiting: int
    made: int
    passed: Mapping[Passed, int]


async def arrange(session: AsyncSession, campaign_id: int, wanted: Sequence[Step], *, now: datetime) -> None:
    """These are the campaign's steps from now on, in this order. What was made stays as it is.

    Who had come to the end of a paused campaign's old steps goes on with the new ones. Raises lifecycle.NotFound and
    NotStartable, which says what is wrong.
    """
    campaign = await changeable(session, campaign_id)
    await _check(session, wanted)
    await session.exec(delete(CampaignStep).where(col(CampaignStep.campaign_id) == campaign_id))
    rows = [_row(campaign_id, number, step) for number, step in enumerate(wanted, 1)]
    session.add_all(rows)
    await session.flush()
    await waiting.drop(session, campaign_id, beyond=len(rows))
    if campaign.started_at is not None:
        for step in await of(session, campaign_id):
            await waiting.enlist(session, step, now=now, paused=True)
    await live.publish(session, "campaign", id=campaign_id)


async def of(session: AsyncSession, campaign_id: int) -> list[CampaignStep]:
    """The steps after the first message, in their order."""
    rows = select(CampaignStep).where(col(CampaignStep.campaign_id) == campaign_id)
    return list(await session.exec(rows.order_by(col(CampaignStep.step))))


async def copy(session: AsyncSession, from_id: int, into: Campaign, *, now: datetime) -> None:
    """The same steps, hour and counting for another campaign, which has not begun."""
    old = await lifecycle.get(session, from_id)
    into.local_time, into.tracked = old.local_time, old.tracked
    session.add(into)
    await arrange(session, into.id or 0, [read(step) for step in await of(session, from_id)], now=now)


def read(row: CampaignStep) -> Step:
    """A step as it was asked for."""
    return Step(
        wait=timedelta(seconds=row.wait_seconds),
        when=row.condition,
        template_version_id=row.template_version_id,
        next_channel=row.next_channel,
        late=timedelta(seconds=row.late_seconds),
    )


async def send_at(session: AsyncSession, campaign_id: int, local: time | None) -> None:
    """The first message leaves when each recipient's own clock shows this; None: as soon as it may.

    Raises lifecycle.NotFound, NotStartable.
    """
    campaign = await changeable(session, campaign_id)
    if campaign.started_at is not None:
        raise NotStartable(about(campaign, "“%(name)s” has begun: its hour cannot be changed any more"))
    campaign.local_time = local
    session.add(campaign)


async def track(session: AsyncSession, campaign_id: int, *, tracked: bool) -> None:
    """Whether opens and clicks are followed, of what has not left yet. Raises lifecycle.NotFound, NotStartable."""
    campaign = await changeable(session, campaign_id)
    campaign.tracked = tracked
    session.add(campaign)


async def progress(session: AsyncSession, campaign_id: int) -> list[Progress]:
    """How far each step is, the first message (0) too."""
    rows = (await session.execute(_PROGRESS, {"campaign": campaign_id})).all()
    found = []
    for step in sorted({row.step for row in rows}):
        mine = [row for row in rows if row.step == step]
        passed = {Passed(row.passed): row.number for row in mine if row.passed is not None}
        found.append(Progress(step, sum(row.waiting for row in mine), sum(row.made for row in mine), passed))
    return found


async def changeable(session: AsyncSession, campaign_id: int) -> Campaign:
    """The campaign, locked. Raises lifecycle.NotFound; NotStartable unless it has not begun or is paused."""
    campaign = await locked(session, campaign_id)
    if campaign.state not in _CHANGEABLE or campaign.archived_at is not None:
        raise NotStartable(about(campaign, "“%(name)s” is %(state)s and cannot be changed. Pause it first"))
    return campaign


async def _check(session: AsyncSession, wanted: Sequence[Step]) -> None:
    if len(wanted) > MOST:
        raise NotStartable(
            Sentence("%(number)s steps are too many: %(most)s are allowed", {"number": len(wanted), "most": MOST})
        )
    for number, step in enumerate(wanted, 1):
        if trouble := await _trouble(session, step):
            raise NotStartable(Sentence(trouble.words, {"number": number, "most": LONGEST.days}))
    if wrong := await misused(session, [step.template_version_id for step in wanted]):
        raise NotStartable(wrong)


async def _trouble(session: AsyncSession, step: Step) -> Sentence | None:
    """Why a step cannot be carried out, whose `number` is filled in by the caller; None: it can."""
    if not timedelta(0) <= step.wait <= LONGEST or not timedelta(0) < step.late <= LONGEST:
        return Sentence("Step %(number)s: wait between nothing and %(most)s days")
    if step.template_version_id is None:
        repeats = Sentence("Step %(number)s would say the same again. Choose a template, or the next channel")
        return None if step.next_channel else repeats
    if await session.get(TemplateVersion, step.template_version_id) is None:
        return Sentence("Step %(number)s: there is no such text any more. Choose another")
    return None


def _row(campaign_id: int, number: int, step: Step) -> CampaignStep:
    return CampaignStep(
        campaign_id=campaign_id,
        step=number,
        wait_seconds=int(step.wait.total_seconds()),
        condition=step.when,
        template_version_id=step.template_version_id,
        next_channel=step.next_channel,
        late_seconds=int(step.late.total_seconds()),
    )


_PROGRESS = text("""
select step, passed, count(*) as number, count(*) filter (where due_at is not null) as waiting,
  count(interaction_id) as made
from campaign_recipient where campaign_id = :campaign group by step, passed
""")
