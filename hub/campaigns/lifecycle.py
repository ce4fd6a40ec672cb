"""A campaign's life: draft → scheduled → running ⇄ paused → finished or cancelled. Every step holds the row's lock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from hub.campaigns import counting, dry_runs, remarks, revising, rows, tallies, tickets, waiting
from hub.campaigns.counting import Counts
from hub.campaigns.proofs import misused, prove, somebody
from hub.campaigns.rows import NotFound as NotFound
from hub.campaigns.rows import about
from hub.conversations import tasks
from hub.conversations.tasks import NewTask
from hub.models import Campaign
from hub.models.vocabulary import CampaignState, Kind, Purpose
from hub.outbound import faults
from hub.outbound.request import Gate
from hub.segments import asking, saved, tree
from hub.segments.conditions import BadCondition
from hub.segments.tree import Raw
from hub.sentences import Sentence

_TRAILING = timedelta(days=3)  # how long after a cancellation a sender may still give a ticket back
_THIS_MINUTE = timedelta(minutes=1)  # people name moments by the minute, and it lasts until it is over
_BEFORE = frozenset({CampaignState.DRAFT, CampaignState.SCHEDULED})
_ALIVE = _BEFORE | {CampaignState.RUNNING, CampaignState.PAUSED}


class NotStartable(Exception):
    """What was asked cannot be done with the campaign as it is. Says why and what would help."""


class Passed(NotStartable):
    """It was to start at a moment that is over."""


class EmptySegment(NotStartable):
    """Nobody would get it."""


class Unsuitable(NotStartable):
    """Its text is meant for something else."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a campaign says to whom. `kinds` empty: whichever channel each customer prefers.

    `per_hour`: at most so many messages leave in an hour; None: as fast as the senders go. `learnt`: see `learning`.
    """

    name: str
    template_version_id: int | None = None
    segment: Raw = ()  # see `hub.segments.tree.read`
    purpose: Purpose = Purpose.MARKETING
    variables: Mapping[str, Any] = field(default_factory=dict)
    kinds: tuple[Kind, ...] = ()
    per_hour: int | None = None
    topic: str = ""  # of marketing
    learnt: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """One campaign in the list."""

    id: int
    name: str
    state: CampaignState
    purpose: Purpose
    fed: int
    created_at: datetime
    starts_at: datetime | None
    started_at: datetime | None
    finished_at: datetime | None
    archived_at: datetime | None


async def create(session: AsyncSession, plan: Plan, *, staff_id: int | None, now: datetime) -> Campaign:
    """Draft a campaign. Raises BadCondition, Unsuitable."""
    campaign = Campaign(name="", created_by=staff_id, created_at=now)
    await _write(session, campaign, plan, now)
    return await rows.saved(session, campaign)


async def edit(session: AsyncSession, campaign_id: int, plan: Plan, *, gate: Gate, now: datetime) -> Campaign:
    """Change a campaign that has not begun, or what a paused one says and how fast: see `revising`.

    Raises NotFound, NotStartable, BadCondition.
    """
    campaign = await _locked(session, campaign_id)
    if campaign.state not in _BEFORE | {CampaignState.PAUSED}:
        raise NotStartable(about(campaign, "“%(name)s” is %(state)s and cannot be changed. Pause it first"))
    if campaign.state is CampaignState.PAUSED:
        await _revise(session, campaign, plan, gate=gate, now=now)
    else:
        if plan.template_version_id != campaign.template_version_id and await revising.tests(session, campaign):
            raise NotStartable(
                about(campaign, "“%(name)s” tests its words: change them there, or take the test away first")
            )
        await _write(session, campaign, plan, now)
    return await rows.saved(session, campaign)


async def _revise(session: AsyncSession, campaign: Campaign, plan: Plan, *, gate: Gate, now: datetime) -> None:
    """People may be in the middle of it: whom it means stays, and whoever waits must be able to get the new words."""
    before = (campaign.template_version_id, dict(campaign.variables))
    await _demand_revisable(session, campaign, plan)
    await _write(session, campaign, plan, now)
    if problem := await _hindrance(session, campaign, gate=gate, now=now):
        raise NotStartable(about(campaign, "“%(name)s” cannot go on like that: %(why)s", {"why": problem}))
    if before != (campaign.template_version_id, campaign.variables):
        await _demand_spoken(session, campaign, gate)
        await revising.reword(session, campaign, before[0])


async def _demand_revisable(session: AsyncSession, campaign: Campaign, plan: Plan) -> None:
    """Raises NotStartable, naming what would be changed and stays."""
    kinds = [kind.value for kind in plan.kinds]
    fixed = revising.fixed(campaign, plan.segment, (plan.purpose, _topic(plan)), (kinds, plan.learnt))
    if fixed:
        raise NotStartable(about(campaign, "“%(name)s” has begun and this stays as it is: %(what)s", {"what": fixed}))
    says = (campaign.template_version_id, dict(campaign.variables))
    if says != (plan.template_version_id, dict(plan.variables)) and await revising.tests(session, campaign):
        raise NotStartable(
            about(campaign, "“%(name)s” tests its words: choose the best of them first, then change them")
        )


async def _demand_spoken(session: AsyncSession, campaign: Campaign, gate: Gate) -> None:
    """Raises NotStartable, naming the channels for which the words of now have no text and people wait."""
    if lost := await revising.unspoken(session, campaign, gate.default_language):
        named = tuple(faults.CHANNELS[kind] for kind in sorted(lost))
        raise NotStartable(
            about(
                campaign,
                "“%(name)s” cannot go on like that: people wait for it by a channel without a text (%(channels)s)",
                {"channels": named},
            )
        )


async def schedule(
    session: AsyncSession, campaign_id: int, starts_at: datetime, *, gate: Gate, now: datetime
) -> Campaign:
    """Start by itself at `starts_at`. Raises NotFound, NotStartable, EmptySegment, now rather than then."""
    if starts_at <= now - _THIS_MINUTE:
        raise Passed(Sentence("That moment has passed. Choose a later one."))
    campaign = await _locked(session, campaign_id)
    _require(campaign, _BEFORE, "“%(name)s” is %(state)s and cannot be scheduled")
    await _check(session, campaign, gate=gate, now=now)
    campaign.state, campaign.starts_at = CampaignState.SCHEDULED, starts_at
    return await rows.saved(session, campaign)


async def start(session: AsyncSession, campaign_id: int, *, gate: Gate, now: datetime) -> Campaign:
    """Begin. Raises NotFound; NotStartable naming what is wrong with its texts; EmptySegment."""
    campaign = await _locked(session, campaign_id)
    _require(campaign, _BEFORE, "“%(name)s” is %(state)s and cannot be started")
    await _check(session, campaign, gate=gate, now=now)
    campaign.state, campaign.started_at = CampaignState.RUNNING, now
    campaign.meant = tree.plain(await saved.written_out(session, tree.read(campaign.segment)))
    await dry_runs.forget(session, campaign_id)
    return await rows.saved(session, campaign)


async def pause(session: AsyncSession, campaign_id: int, *, now: datetime, reason: str = "") -> Campaign:
    """Nothing more leaves but what is in a sender's hands at this instant (F18). `reason`: why it pauses itself.

    However much waits, this is done at once: it is the state that senders obey, and the tickets follow, see `follow`.
    """
    campaign = await _locked(session, campaign_id)
    _require(campaign, {CampaignState.RUNNING}, "“%(name)s” is %(state)s and cannot be paused")
    campaign.state, campaign.pause_reason = CampaignState.PAUSED, reason
    await tickets.follow(session, campaign, now=now)
    return await rows.saved(session, campaign)


async def resume(session: AsyncSession, campaign_id: int, *, gate: Gate, now: datetime) -> Campaign:
    """Go on where it stopped. What has gone wrong until now no longer counts, see `thresholds`.

    What it says is looked at as when it started: it may have got other words and steps. Raises NotFound, NotStartable.
    """
    campaign = await _locked(session, campaign_id)
    _require(campaign, {CampaignState.PAUSED}, "“%(name)s” is %(state)s and cannot go on")
    meant = await somebody(session, campaign, now)  # where nobody is, nothing is said
    if meant and (problem := await _hindrance(session, campaign, gate=gate, now=now)):
        raise NotStartable(about(campaign, "“%(name)s” cannot go on: %(why)s", {"why": problem}))
    campaign.state, campaign.pause_reason = CampaignState.RUNNING, ""
    campaign.judged = asdict(await tallies.whole(session, campaign_id))
    await tickets.follow(session, campaign, now=now)
    await waiting.hurry(session, campaign_id, now=now)
    return await rows.saved(session, campaign)


async def cancel(session: AsyncSession, campaign_id: int, *, now: datetime) -> Campaign:
    """End it: nothing more leaves, what waits is cancelled (see `follow`), what has left stays as it is."""
    campaign = await _locked(session, campaign_id)
    _require(campaign, _ALIVE, "“%(name)s” is %(state)s and cannot be cancelled")
    campaign.state, campaign.finished_at = CampaignState.CANCELLED, now
    await tickets.follow(session, campaign, now=now)
    return await rows.saved(session, campaign)


async def get(session: AsyncSession, campaign_id: int) -> Campaign:
    """Raises NotFound."""
    campaign = await session.get(Campaign, campaign_id)
    if campaign is None:
        raise NotFound(f"there is no campaign {campaign_id}")
    return campaign


async def counts(session: AsyncSession, campaign_id: int) -> Counts:
    """How far it is. Raises NotFound."""
    return await counting.counts(session, await get(session, campaign_id))


async def listing(
    session: AsyncSession, *, archived: bool = False, state: CampaignState | None = None, limit: int = 100
) -> list[Line]:
    """The newest first: those at hand, or those in the archive."""
    columns = (col(getattr(Campaign, name)) for name in Line.__dataclass_fields__)
    away = col(Campaign.archived_at).is_not(None)
    query = select(*columns).where(away if archived else ~away)
    if state is not None:
        query = query.where(col(Campaign.state) == state)
    return [Line(*row) for row in (await session.exec(query.order_by(col(Campaign.id).desc()).limit(limit))).all()]


async def running(session: AsyncSession) -> list[int]:
    """Campaigns that have to be fed, or looked at whether they are finished."""
    query = select(Campaign.id).where(col(Campaign.state) == CampaignState.RUNNING).order_by(col(Campaign.id))
    return [number for number in (await session.exec(query)).all() if number is not None]


async def ready(session: AsyncSession, *, now: datetime) -> list[int]:
    """Scheduled campaigns whose time has come."""
    query = select(Campaign.id).where(col(Campaign.state) == CampaignState.SCHEDULED, col(Campaign.starts_at) <= now)
    return [number for number in (await session.exec(query.order_by(col(Campaign.starts_at)))).all() if number]


async def start_ready(session: AsyncSession, campaign_id: int, *, gate: Gate, now: datetime) -> str:
    """Start a scheduled campaign whose time has come. If it cannot: back to draft, a task for who made it, and why."""
    campaign = await _locked(session, campaign_id)
    if campaign.state is not CampaignState.SCHEDULED or campaign.starts_at is None or campaign.starts_at > now:
        return ""
    try:
        await start(session, campaign_id, gate=gate, now=now)
    except (NotStartable, BadCondition) as problem:
        await unschedule(session, campaign_id)
        task = NewTask(
            tasks.shortened(f"A campaign did not start: {problem}"), due_at=now, assignee_id=campaign.created_by
        )
        await tasks.add(session, task, now=now)
        return str(problem)
    return ""


async def unschedule(session: AsyncSession, campaign_id: int) -> Campaign:
    """Back to draft: by a person, or because it could not start when its time came."""
    campaign = await _locked(session, campaign_id)
    _require(campaign, {CampaignState.SCHEDULED}, "“%(name)s” is %(state)s: no start is planned for it")
    campaign.state = CampaignState.DRAFT
    return await rows.saved(session, campaign)


async def strayed(session: AsyncSession, *, now: datetime) -> list[int]:
    """Campaigns whose tickets have yet to follow what became of them, see `follow`."""
    return await tickets.strayed(session, now=now, recent=now - _TRAILING)


async def follow(session: AsyncSession, campaign_id: int, *, now: datetime) -> bool:
    """The next slice of a campaign's tickets does what it does; True: call again at once. Raises NotFound."""
    campaign = await rows.locked(session, campaign_id)
    more = await tickets.follow(session, campaign, now=now, limit=tickets.SLICE)
    await rows.saved(session, campaign)
    return more


async def _write(session: AsyncSession, campaign: Campaign, plan: Plan, now: datetime) -> None:
    await asking.where(session, plan.segment, now=now)
    is_new = plan.template_version_id != campaign.template_version_id
    if is_new and (wrong := await misused(session, [plan.template_version_id])):
        raise Unsuitable(wrong)
    campaign.name, campaign.purpose = plan.name.strip() or "Campaign", plan.purpose
    campaign.template_version_id, campaign.variables = plan.template_version_id, dict(plan.variables)
    campaign.segment = plan.segment if isinstance(plan.segment, Mapping) else list(plan.segment)
    campaign.kinds = [kind.value for kind in plan.kinds]
    campaign.per_hour, campaign.learnt = plan.per_hour, plan.learnt
    campaign.topic = _topic(plan)


def _topic(plan: Plan) -> str:
    """Nothing but marketing has topics."""
    return plan.topic if plan.purpose is Purpose.MARKETING else ""


async def _locked(session: AsyncSession, campaign_id: int) -> Campaign:
    campaign = await rows.locked(session, campaign_id)
    if campaign.archived_at is not None:
        raise NotStartable(about(campaign, "“%(name)s” is in the archive and can only be read. Take it out first"))
    return campaign


def _require(campaign: Campaign, states: frozenset[CampaignState] | set[CampaignState], refusal: str) -> None:
    if campaign.state not in states:
        raise NotStartable(about(campaign, refusal))


async def _check(session: AsyncSession, campaign: Campaign, *, gate: Gate, now: datetime) -> None:
    if not await asking.count(session, campaign.segment, now=now):
        raise EmptySegment(about(campaign, "Nobody is in the segment of “%(name)s”. Loosen its conditions"))
    if problem := await _hindrance(session, campaign, gate=gate, now=now):
        raise NotStartable(about(campaign, "“%(name)s” cannot start: %(why)s", {"why": problem}))


async def _hindrance(session: AsyncSession, campaign: Campaign, *, gate: Gate, now: datetime) -> Sentence | None:
    """What is wrong with its texts: that they cannot be sent at all, or must not be sent as they are."""
    unfit = await prove(session, campaign, gate=gate, now=now)
    return unfit or await remarks.hindrance(session, campaign, gate=gate, now=now)
