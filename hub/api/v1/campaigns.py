"""/api/v1/campaigns: writing one, what would happen, the steps of its life, and what became of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict
from typing import Annotated, Any, NoReturn
from uuid import UUID

from fastapi import APIRouter, Depends

from channels.message import Kind
from hub.api.access import Caller, Campaigner, CampaignReader
from hub.api.problems import Endpoint, Problem, wrong
from hub.api.shapes import Limit, Page
from hub.api.v1.campaign_shapes import (
    CampaignIn,
    CampaignLineOut,
    CampaignOut,
    CloneIn,
    CostOut,
    DryRunOut,
    JudgedOut,
    RecipientOut,
    ResultsOut,
    ScheduleIn,
    TestIn,
    TestOut,
)
from hub.campaigns import (
    costs,
    dry_run_lists,
    dry_runs,
    estimates,
    keeping,
    lifecycle,
    previews,
    proofs,
    results,
)
from hub.campaigns.costs import Tariff
from hub.campaigns.dry_run_lists import Part
from hub.campaigns.lifecycle import NotStartable, Passed, Plan, Unsuitable
from hub.campaigns.previews import NothingToTry
from hub.customers import topics
from hub.models import Campaign
from hub.models.vocabulary import CampaignState
from hub.outbound import templates
from hub.outbound.trial import NotForTests
from hub.queue import enqueue
from hub.segments.conditions import BadCondition

router = APIRouter(prefix="/campaigns", tags=["Campaigns"], route_class=Endpoint)

Act = Callable[[Any], Awaitable[Campaign]]


@router.get("")
async def list_campaigns(
    caller: CampaignReader, archived: bool = False, state: CampaignState | None = None, limit: Limit = 50
) -> Page[CampaignLineOut]:
    """The newest first: those at hand, or those in the archive."""
    async with caller.hub.database.unit() as session:
        lines = await lifecycle.listing(session, archived=archived, state=state, limit=limit)
    return Page(items=[CampaignLineOut.of(line) for line in lines])


@router.post("", status_code=201)
async def create_campaign(caller: Campaigner, body: CampaignIn) -> CampaignOut:
    """A draft. Nothing is sent."""

    async def act(session: Any) -> Campaign:
        return await lifecycle.create(
            session, await _plan(session, caller, body), staff_id=caller.staff_id, now=caller.now
        )

    return await _done(caller, "create", act)


@router.get("/{campaign_id}")
async def read_campaign(caller: CampaignReader, campaign_id: int) -> CampaignOut:
    """One campaign: what it says, to whom, and how far it is."""
    async with caller.hub.database.unit() as session:
        return CampaignOut.of(await lifecycle.get(session, campaign_id))


@router.put("/{campaign_id}")
async def change_campaign(caller: Campaigner, campaign_id: int, body: CampaignIn) -> CampaignOut:
    """All of a draft; of a paused one what it says, how it is called and how fast it goes."""

    async def act(session: Any) -> Campaign:
        plan = await _plan(session, caller, body)
        return await lifecycle.edit(session, campaign_id, plan, gate=caller.hub.gate, now=caller.now)

    return await _done(caller, "edit", act)


@router.post("/{campaign_id}/schedule")
async def schedule_campaign(caller: Campaigner, campaign_id: int, body: ScheduleIn) -> CampaignOut:
    """Start by itself at a moment that is yet to come; one that has passed is refused (422)."""

    async def act(session: Any) -> Campaign:
        return await lifecycle.schedule(session, campaign_id, body.at, gate=caller.hub.gate, now=caller.now)

    return await _done(caller, "schedule", act)


@router.post("/{campaign_id}/clone", status_code=201)
async def clone_campaign(caller: Campaigner, campaign_id: int, body: CloneIn) -> CampaignOut:
    """A new draft of everything but the people."""

    async def act(session: Any) -> Campaign:
        return await keeping.clone(session, campaign_id, body.name, staff_id=caller.staff_id, now=caller.now)

    return await _done(caller, "clone", act)


@router.post("/{campaign_id}/start")
async def start_campaign(caller: Campaigner, campaign_id: int) -> CampaignOut:
    """Begin now. What cannot start says why (409)."""

    async def act(session: Any) -> Campaign:
        return await lifecycle.start(session, campaign_id, gate=caller.hub.gate, now=caller.now)

    return await _done(caller, "start", act)


@router.post("/{campaign_id}/unschedule")
async def unschedule_campaign(caller: Campaigner, campaign_id: int) -> CampaignOut:
    """Back to draft."""
    return await _done(caller, "unschedule", lambda s: lifecycle.unschedule(s, campaign_id))


@router.post("/{campaign_id}/pause")
async def pause_campaign(caller: Campaigner, campaign_id: int) -> CampaignOut:
    """Nothing more leaves but what a sender has in its hands at this instant. The sums follow within seconds."""
    return await _done(caller, "pause", lambda s: lifecycle.pause(s, campaign_id, now=caller.now))


@router.post("/{campaign_id}/resume")
async def resume_campaign(caller: Campaigner, campaign_id: int) -> CampaignOut:
    """Go on where it stopped. Its texts, those of later steps too, are looked at as when it started."""
    gate = caller.hub.gate
    return await _done(caller, "resume", lambda s: lifecycle.resume(s, campaign_id, gate=gate, now=caller.now))


@router.post("/{campaign_id}/cancel")
async def cancel_campaign(caller: Campaigner, campaign_id: int) -> CampaignOut:
    """End it: what waits never leaves, what has left stays as it is."""
    return await _done(caller, "cancel", lambda s: lifecycle.cancel(s, campaign_id, now=caller.now))


@router.post("/{campaign_id}/archive")
async def archive_campaign(caller: Campaigner, campaign_id: int) -> CampaignOut:
    """Keep it to be read, out of the lists. Only one that is over."""
    return await _done(caller, "archive", lambda s: keeping.archive(s, campaign_id, now=caller.now))


@router.post("/{campaign_id}/unarchive")
async def unarchive_campaign(caller: Campaigner, campaign_id: int) -> CampaignOut:
    """Back into the lists."""
    return await _done(caller, "unarchive", lambda s: keeping.unarchive(s, campaign_id))


@router.post("/{campaign_id}/dry-run", status_code=202)
async def begin_dry_run(caller: Campaigner, campaign_id: int) -> None:
    """Put everybody in its segment to the gate; nothing is sent. Small ones are done when this answers."""
    async with caller.hub.database.unit() as session:
        await lifecycle.get(session, campaign_id)
        await dry_runs.begin(session, campaign_id, now=caller.now)
    async with caller.hub.database.unit() as session:
        if await dry_runs.advance(session, campaign_id, gate=caller.hub.gate, limit=dry_runs.AT_ONCE):
            await enqueue(session, "dry-run", payload={"campaign": campaign_id}, dedupe=f"dry-run:{campaign_id}")


@router.get("/{campaign_id}/dry-run")
async def read_dry_run(caller: CampaignReader, campaign_id: int) -> DryRunOut:
    """The last one of the campaign as it is now."""
    async with caller.hub.database.unit() as session:
        campaign = await lifecycle.get(session, campaign_id)
        report = await dry_runs.report(session, campaign_id)
        if report is None:
            raise Problem(404, "Dry run", "There is none of the campaign as it is", remedy="POST to this address first")
        told = DryRunOut.of(report)
        told.problem = str(await proofs.prove(session, campaign, gate=caller.hub.gate, now=caller.now) or "")
        told.ends_at = await estimates.finish(
            session, report, gate=caller.hub.gate, per_hour=campaign.per_hour, now=campaign.starts_at or caller.now
        )
    found = [costs.cost(kind, report.units(kind), _tariffs(caller)) for kind in report.kinds]
    told.costs = [CostOut(**asdict(one)) for one in found if one is not None]
    return told


@router.get("/{campaign_id}/dry-run/people")
async def list_judged(
    caller: CampaignReader,
    campaign_id: int,
    part: Annotated[Part, Depends()],
    after: UUID | None = None,
    limit: Limit = 50,
) -> Page[JudgedOut]:
    """Who gets it on a channel (`learnt`: only because they answer there), or is left out, and how the gate decided."""
    async with caller.hub.database.unit() as session:
        await lifecycle.get(session, campaign_id)
        found = await dry_run_lists.people(session, campaign_id, part, after=after, limit=limit + 1)
    more = str(found[limit - 1].customer_id) if len(found) > limit else None
    return Page(items=[JudgedOut.of(one) for one in found[:limit]], next=more)


@router.post("/{campaign_id}/test-message", status_code=201)
async def send_test(caller: Campaigner, campaign_id: int, body: TestIn) -> TestOut:
    """What one customer would get, to an address of yours: marked as a test, counted nowhere, its links harmless."""
    try:
        async with caller.hub.database.unit() as session:
            sent = await previews.send_test(
                session,
                campaign_id,
                body.customer_id,
                body.kind,
                body.to,
                staff_id=caller.staff_id,
                gate=caller.hub.gate,
                country=caller.hub.settings.hub.country,
                most=caller.hub.settings.campaigns.tests_a_day,
                now=caller.now,
            )
            await _note(session, caller, "test", campaign_id)
    except (NotForTests, NothingToTry) as e:
        raise Problem(422, "Test", str(e), remedy="Take another address or channel") from e
    return TestOut(id=sent)


@router.get("/{campaign_id}/results")
async def read_results(caller: CampaignReader, campaign_id: int) -> ResultsOut:
    """The figures; each opens its list at `results/{figure}`."""
    async with caller.hub.database.unit() as session:
        await lifecycle.get(session, campaign_id)
        found = await results.figures(session, campaign_id)
    return ResultsOut(**(asdict(found) | {"did": asdict(found.did)}))


@router.get("/{campaign_id}/results/{figure}")
async def list_recipients(
    caller: CampaignReader,
    campaign_id: int,
    figure: str,
    reason: str = "",
    after: UUID | None = None,
    limit: Limit = 50,
) -> Page[RecipientOut]:
    """Whom a figure counts."""
    if figure not in results.FIGURES:
        raise Problem(404, "Figure", f"There is no {figure!r}", remedy=f"Known: {', '.join(results.FIGURES)}")
    async with caller.hub.database.unit() as session:
        await lifecycle.get(session, campaign_id)
        found = await results.people(session, campaign_id, figure, reason=reason, after=after, limit=limit + 1)
    more = str(found[limit - 1].id) if len(found) > limit else None
    return Page(items=[RecipientOut.of(one) for one in found[:limit]], next=more)


async def _plan(session: Any, caller: Caller, body: CampaignIn) -> Plan:
    version = await templates.current(session, body.template, now=caller.now)
    if body.topic and not await topics.is_known(session, body.topic):
        remedy = "Take one of those that stand under Settings → Topics, or none"
        raise Problem(422, "topic", f"There is no topic {body.topic!r}", remedy=remedy)
    return Plan(
        name=body.name,
        template_version_id=version.id,
        segment=body.segment,
        purpose=body.purpose,
        variables=body.variables,
        kinds=tuple(body.kinds),
        per_hour=body.per_hour,
        topic=body.topic,
        learnt=body.learnt,
    )


def _tariffs(caller: Caller) -> Mapping[Kind, Tariff]:
    return costs.tariffs(caller.hub.settings.channels, caller.hub.gate)


async def _done(caller: Caller, step: str, act: Act) -> CampaignOut:
    try:
        async with caller.hub.database.unit() as session:
            campaign = await act(session)
            told = CampaignOut.of(campaign)
            await _note(session, caller, step, campaign.id)
    except (NotStartable, BadCondition) as e:
        _refuse(e)
    return told


def _refuse(error: Exception) -> NoReturn:
    if isinstance(error, BadCondition):
        raise wrong("Segment", "body.segment", str(error), remedy="Correct the condition") from error
    if isinstance(error, Passed):
        raise wrong("Start", "body.at", str(error), remedy="Send a later moment, or start it now") from error
    if isinstance(error, Unsuitable):
        raise wrong("Template", "body.template", str(error), remedy="Choose another template") from error
    raise Problem(409, "Campaign", str(error), remedy="Read it again: its state may have changed") from error


async def _note(session: Any, caller: Caller, step: str, campaign_id: int | None) -> None:
    await caller.note(session, f"campaign.{step}", subject=f"campaign:{campaign_id}")
