"""/api/v1/campaigns/{id}/steps: what follows a campaign's first message, its test of words, and its reactions."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict
from datetime import datetime, time, timedelta
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import AfterValidator, BaseModel, Field

from hub.api.access import Caller, Campaigner, CampaignReader
from hub.api.problems import Endpoint, Problem
from hub.api.shapes import Body
from hub.campaigns import lifecycle, reactions, steps, variants
from hub.campaigns.lifecycle import NotStartable
from hub.campaigns.steps import MOST as MOST_STEPS
from hub.campaigns.steps import Step
from hub.campaigns.variants import MOST as MOST_VARIANTS
from hub.campaigns.variants import Finding, Trial
from hub.models import CampaignTest, CampaignVariant
from hub.models.vocabulary import Goal, Ground, Passed, When
from hub.outbound import templates

router = APIRouter(prefix="/campaigns", tags=["Campaigns"], route_class=Endpoint)


def _without_zone(hour: time) -> time:
    if hour.tzinfo is not None:
        raise ValueError("It is by each recipient's own clock: send it without a zone, such as 10:00")
    return hour


Hours = Annotated[float, Field(ge=0, le=365 * 24)]
_Name = Annotated[str, Field(max_length=200)]


class StepIn(Body):
    wait_hours: Hours = Field(examples=[72], description="After the customer's message before it has left")
    when: When = Field(default=When.ALWAYS, examples=["not_opened"])
    template: _Name = Field(default="", examples=["reminder"], description="Empty: the campaign's own words")
    next_channel: bool = Field(default=False, description="By a kind of channel not used for the customer yet")
    late_hours: Annotated[float, Field(gt=0, le=365 * 24)] = Field(default=48, description="Late or never")


class VariantIn(Body):
    template: _Name = Field(min_length=1, examples=["spring-short"])
    weight: Annotated[int, Field(ge=1, le=100)] = 1


class TrialIn(Body):
    variants: Annotated[list[VariantIn], Field(min_length=2, max_length=MOST_VARIANTS)]
    share: Annotated[float, Field(gt=0, le=1)] = Field(default=0.2, description="Of the audience")
    wait_hours: Annotated[float, Field(ge=0, le=30 * 24)] = Field(default=4, description="After the last of the test")
    goal: Goal = Goal.CLICK
    event: _Name = Field(default="", examples=["bought"], description="The customer event that is the goal")


class StepsIn(Body):
    tracked: bool = Field(default=True, description="Opens and clicks are followed")
    local_time: Annotated[time, AfterValidator(_without_zone)] | None = Field(
        default=None, examples=["10:00"], description="By each recipient's own clock"
    )
    steps: Annotated[list[StepIn], Field(max_length=MOST_STEPS)] = []
    test: TrialIn | None = None


class StepOut(BaseModel):
    step: int
    wait_hours: float
    when: When
    template_version_id: int | None
    next_channel: bool
    late_hours: float


class ProgressOut(BaseModel):
    step: int
    waiting: int
    made: int
    passed: Mapping[Passed, int]


class ScoreOut(BaseModel):
    variant: int
    template_version_id: int
    weight: int
    people: int
    reached: int


class TrialOut(BaseModel):
    share: float
    goal: Goal
    event: str
    variants: list[ScoreOut]
    winner: int | None
    decided_at: datetime | None
    difference: tuple[float, float] = Field(description="95 %: best rate less the next best; Newcombe's interval")
    clear: bool = Field(description="The interval does not hold nought")


class StepsOut(BaseModel):
    tracked: bool
    local_time: time | None
    steps: list[StepOut]
    progress: list[ProgressOut]
    test: TrialOut | None
    reactions: dict[str, int]
    grounds: Mapping[Ground, int]


class WinnerIn(Body):
    variant: int = Field(ge=0, le=MOST_VARIANTS, examples=[1])


@router.get("/{campaign_id}/steps")
async def read_steps(caller: CampaignReader, campaign_id: int) -> StepsOut:
    """The steps and how far they are; the test and how it stands; what recipients did."""
    return await _asked(caller, campaign_id, None)


@router.put("/{campaign_id}/steps")
async def arrange_steps(caller: Campaigner, campaign_id: int, body: StepsIn) -> StepsOut:
    """Exactly this from now on. Hour and test only before the campaign begins, steps also while it is paused."""

    async def arrange(session: Any) -> None:
        campaign = await lifecycle.get(session, campaign_id)
        await steps.track(session, campaign_id, tracked=body.tracked)
        if campaign.started_at is None or body.local_time != campaign.local_time:
            await steps.send_at(session, campaign_id, body.local_time)
        if campaign.started_at is None:
            await variants.arrange(session, campaign_id, await _trial(session, caller, body.test))
        wanted = [await _step(session, caller, one) for one in body.steps]
        await steps.arrange(session, campaign_id, wanted, now=caller.now)
        await _note(session, caller, "campaign.steps", campaign_id)

    return await _asked(caller, campaign_id, arrange)


@router.post("/{campaign_id}/test/winner")
async def choose_winner(caller: Campaigner, campaign_id: int, body: WinnerIn) -> StepsOut:
    """Everybody who waits for the end of the test gets this variant."""

    async def choose(session: Any) -> None:
        await lifecycle.get(session, campaign_id)
        await variants.choose(session, campaign_id, body.variant, now=caller.now)
        await _note(session, caller, "campaign.winner", campaign_id)

    return await _asked(caller, campaign_id, choose)


async def _asked(caller: Caller, campaign_id: int, act: Callable[[Any], Awaitable[None]] | None) -> StepsOut:
    try:
        async with caller.hub.database.unit() as session:
            if act is not None:
                await act(session)
            return await _whole(session, campaign_id)
    except lifecycle.NotFound as e:
        raise Problem(404, "Campaign", str(e), remedy="Look at the list of campaigns") from e
    except (NotStartable, templates.NoSuchTemplate) as e:
        raise Problem(422, "Campaign", str(e), remedy="Correct it and send the request again") from e


async def _whole(session: Any, campaign_id: int) -> StepsOut:
    campaign = await lifecycle.get(session, campaign_id)
    test, tried = await variants.of(session, campaign_id)
    return StepsOut(
        tracked=campaign.tracked,
        local_time=campaign.local_time,
        steps=[
            _step_out(number, steps.read(row)) for number, row in enumerate(await steps.of(session, campaign_id), 1)
        ],
        progress=[ProgressOut(**asdict(one)) for one in await steps.progress(session, campaign_id)],
        test=None if test is None else await _test_out(session, test, tried),
        reactions=asdict(await reactions.totals(session, campaign_id)),
        grounds=await reactions.grounds(session, campaign_id),
    )


async def _test_out(session: Any, test: CampaignTest, tried: list[CampaignVariant]) -> TrialOut:
    kept = test.finding
    finding = Finding.read(kept) if kept else variants.judged(await variants.scores(session, test.campaign_id))
    known = {one.variant: one for one in finding.scores}
    tallies = {number: {"people": one.people, "reached": one.reached} for number, one in known.items()}
    scores = [ScoreOut(**one.model_dump(exclude={"campaign_id"}), **tallies[one.variant]) for one in tried]
    return TrialOut(
        **test.model_dump(include={"share", "goal", "event", "winner", "decided_at"}),
        variants=scores,
        difference=(finding.low, finding.high),
        clear=finding.clear,
    )


def _step_out(number: int, step: Step) -> StepOut:
    return StepOut(
        step=number,
        wait_hours=step.wait / timedelta(hours=1),
        when=step.when,
        template_version_id=step.template_version_id,
        next_channel=step.next_channel,
        late_hours=step.late / timedelta(hours=1),
    )


async def _step(session: Any, caller: Caller, asked: StepIn) -> Step:
    return Step(
        wait=timedelta(hours=asked.wait_hours),
        when=asked.when,
        template_version_id=await _version(session, caller, asked.template) if asked.template else None,
        next_channel=asked.next_channel,
        late=timedelta(hours=asked.late_hours),
    )


async def _trial(session: Any, caller: Caller, asked: TrialIn | None) -> Trial | None:
    if asked is None:
        return None
    versions = [(await _version(session, caller, one.template), one.weight) for one in asked.variants]
    return Trial(versions, asked.share, timedelta(hours=asked.wait_hours), asked.goal, asked.event)


async def _version(session: Any, caller: Caller, template: str) -> int:
    return (await templates.current(session, template, now=caller.now)).id or 0


async def _note(session: Any, caller: Caller, action: str, campaign_id: int) -> None:
    await caller.note(session, action, subject=f"campaign:{campaign_id}")
