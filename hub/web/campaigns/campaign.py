"""Campaigns: the list, the page of one, and the steps of its life."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Form, HTTPException, Query, Response

from hub.campaigns import keeping, lifecycle, proofs, reactions, remarks, results, variants, waiting
from hub.campaigns.lifecycle import NotStartable
from hub.models import Campaign
from hub.models.vocabulary import CampaignState
from hub.sentences import Sentence
from hub.web import moments
from hub.web.access import Campaigner, CampaignReader, Visit
from hub.web.campaigns import looking
from hub.web.campaigns.verdicts import is_doubtful, verdict
from hub.web.pages import go, page
from hub.web.problems import Page
from hub.web.translations import gettext as _
from hub.web.translations import marked as N_  # noqa: N812 (the name that extraction looks for)
from hub.web.translations import worded
from hub.web.words import RESULTS

router = APIRouter(route_class=Page)

Reason = Annotated[str, Query(max_length=100, pattern=r"^[^\x00]*$")]  # once an answer has begun, no error can be told
_LONGEST_MOMENT = 30  # letters of one that was typed
BEFORE = (CampaignState.DRAFT, CampaignState.SCHEDULED)
_STEPS = {
    "start": N_("It runs now."),
    "schedule": N_("It starts by itself."),
    "unschedule": N_("It is a draft again."),
    "pause": N_("Paused. Nothing more leaves."),
    "resume": N_("It goes on where it stopped."),
    "cancel": N_("Cancelled. What has left stays as it is."),
    "archive": N_("It is in the archive now."),
    "unarchive": N_("It is out of the archive."),
}


@router.get("/campaigns")
async def listing(visit: CampaignReader, archived: bool = False, state: CampaignState | None = None) -> Response:
    async with visit.hub.database.unit() as session:
        lines = await lifecycle.listing(session, archived=archived, state=state)
        counts = {line.id: await lifecycle.counts(session, line.id) for line in lines[:50]}
    return page(visit, "campaigns.html", lines=lines, counts=counts, archived=archived, state_shown=state)


@router.get("/campaigns/{campaign_id}")
async def campaign(
    visit: CampaignReader, campaign_id: int, shown: str = "", reason: Reason = "", after: UUID | None = None
) -> Response:
    """Before it runs: the dry run. After: how far it is. `shown` opens the list behind a figure."""
    return await _shown(visit, campaign_id, shown, reason, after)


async def _shown(
    visit: Visit,
    campaign_id: int,
    shown: str = "",
    reason: str = "",
    after: UUID | None = None,
    *,
    trouble: str = "",
    at: str = "",
) -> Response:
    """`trouble`: why it cannot start by itself at `at`, as that was typed."""
    async with visit.hub.database.unit() as session:
        found = await lifecycle.get(session, campaign_id)
        before = found.state in BEFORE
        data: dict[str, Any] = {"campaign": found, "shown": shown, "reason": reason, "people": [], "more": None}
        data |= {"proof": None, "remarks": [], "figures": None, "report": None, "followed": [], "waits": (0, None)}
        data |= {"trouble": trouble, "at": at, "after": after}
        test, tried = await variants.of(session, campaign_id)
        data |= {"test": test, "due": variants.due(test) if test else None, "texts": len(tried)}
        data |= {"verdict": await verdict(session, test, tried), "doubtful": is_doubtful(test)}
        data |= await (_proved(session, visit, found) if before else _results(session, found, shown, reason, after))
    if before:
        data |= await looking.reviewed(visit, found)
    return page(visit, "campaign.html", status=422 if trouble else 200, **data)


async def _proved(session: Any, visit: Visit, found: Campaign) -> dict[str, Any]:
    """What is wrong with its texts, and what is remarked of them."""
    asked: dict[str, Any] = {"gate": visit.hub.gate, "now": visit.now}
    proof, tongues = await proofs.prove(session, found, **asked), visit.hub.settings.hub.languages
    return {"proof": proof, "remarks": await remarks.remarks(session, found, languages=tongues, **asked)}


@router.post("/campaigns/{campaign_id}/clone")
async def clone(visit: Campaigner, campaign_id: int) -> Response:
    """A new draft of everything but the people, open to be changed."""
    try:
        async with visit.hub.database.unit() as session:
            old = await lifecycle.get(session, campaign_id)
            name = _("%(name)s (copy)") % {"name": old.name[:180]}
            copy = await keeping.clone(session, campaign_id, name, staff_id=visit.staff_id, now=visit.now)
            await note(session, visit, "campaign.clone", copy.id)
    except NotStartable as e:
        return go(visit, f"/campaigns/{campaign_id}", worded(e))
    return go(visit, f"/campaigns/{copy.id}/edit", _("Copied as a draft. Nothing has been sent."))


@router.post("/campaigns/{campaign_id}/{step}")
async def move(visit: Campaigner, campaign_id: int, step: str, at: Annotated[str, Form()] = "") -> Response:
    """One of `_STEPS`. A refusal is said in words and changes nothing; a moment that is none comes back as typed."""
    if step not in _STEPS:
        raise HTTPException(404)
    try:
        async with visit.hub.database.unit() as session:
            await _take(session, visit, campaign_id, step, at)
            await note(session, visit, f"campaign.{step}", campaign_id)
    except (Unfit, lifecycle.Passed) as e:
        return await _shown(visit, campaign_id, trouble=worded(e), at=at[:_LONGEST_MOMENT])
    except NotStartable as e:
        return go(visit, f"/campaigns/{campaign_id}", worded(e))
    return go(visit, f"/campaigns/{campaign_id}", _(_STEPS[step]))


class Unfit(Exception):
    """The moment that was chosen is none; the message says why."""


async def note(session: Any, visit: Visit, action: str, campaign_id: int | None) -> None:
    """Into the audit trail."""
    await visit.note(session, action, subject=f"campaign:{campaign_id}")


async def _take(session: Any, visit: Visit, campaign_id: int, step: str, at: str) -> None:
    gate, now = visit.hub.gate, visit.now
    if step == "start":
        await lifecycle.start(session, campaign_id, gate=gate, now=now)
    elif step == "schedule":
        await lifecycle.schedule(session, campaign_id, _future(visit, at), gate=gate, now=now)
    elif step == "resume":
        await lifecycle.resume(session, campaign_id, gate=gate, now=now)
    elif step == "unschedule":
        await lifecycle.unschedule(session, campaign_id)
    elif step == "unarchive":
        await keeping.unarchive(session, campaign_id)
    else:
        acts = {"pause": lifecycle.pause, "cancel": lifecycle.cancel}
        await (acts | {"archive": keeping.archive})[step](session, campaign_id, now=now)


def _future(visit: Visit, at: str) -> Any:
    try:
        return moments.read_local(at, visit.zone)
    except ValueError as e:
        raise Unfit(moments.amiss(e, Sentence("Choose the day and the hour at which it starts."))) from e


async def _results(session: Any, found: Campaign, shown: str, reason: str, after: UUID | None) -> dict[str, Any]:
    number = found.id or 0
    data: dict[str, Any] = {
        "figures": await results.figures(session, number),
        "counts": await lifecycle.counts(session, number),
        "followed": await reactions.links(session, number),
        "waits": await waiting.until(session, number, step=0) if found.learnt else (0, None),
    }
    if shown in RESULTS:
        people = await results.people(session, number, shown, reason=reason, after=after, limit=results.PAGE + 1)
        data["people"] = people[: results.PAGE]
        data["more"] = people[results.PAGE - 1].id if len(people) > results.PAGE else None
    return data
