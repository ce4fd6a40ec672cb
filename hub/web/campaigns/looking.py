"""Dry runs on the desk: begun when a campaign is saved, shown while they are worked out, each sum with its people."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Response

from hub.campaigns import costs, dry_run_lists, dry_runs, estimates, lifecycle
from hub.campaigns.dry_run_lists import Part, Person
from hub.campaigns.dry_runs import Report
from hub.customers.exporting import csv_text
from hub.models import Campaign
from hub.queue import enqueue
from hub.web import moments, words
from hub.web.access import Campaigner, CampaignReader, Exporter, Visit
from hub.web.pages import go, page
from hub.web.problems import Page
from hub.web.retold import retold
from hub.web.sheets import sheet
from hub.web.translations import gettext as _
from hub.web.translations import marked as N_  # noqa: N812 (the name that extraction looks for)

router = APIRouter(route_class=Page)


@router.post("/campaigns/{campaign_id}/dry-run")
async def again(visit: Campaigner, campaign_id: int) -> Response:
    await look(visit, campaign_id)
    return go(visit, f"/campaigns/{campaign_id}")


@router.get("/campaigns/{campaign_id}/people")
async def people(
    visit: CampaignReader,
    campaign_id: int,
    part: Annotated[Part, Depends()],
    after: UUID | None = None,
) -> Response:
    """Who is in one part of the dry run, and how the gate decided about each."""
    async with visit.hub.database.unit() as session:
        found = await lifecycle.get(session, campaign_id)
        listed = await dry_run_lists.people(session, campaign_id, part, after=after, limit=dry_run_lists.PAGE + 1)
    more = listed[dry_run_lists.PAGE - 1].customer_id if len(listed) > dry_run_lists.PAGE else None
    data: dict[str, Any] = {"campaign": found, "part": part, "people": listed[: dry_run_lists.PAGE], "more": more}
    return page(visit, "campaign_people.html", **data)


@router.get("/campaigns/{campaign_id}/people.csv")
async def people_as_csv(visit: Exporter, campaign_id: int, part: Annotated[Part, Depends()]) -> Response:
    """A part of the dry run, or all of it, safe to open in a spreadsheet: for those who may export customers."""
    async with visit.hub.database.unit() as session:
        await lifecycle.get(session, campaign_id)
        subject = f"campaign:{campaign_id}"
        await visit.note(session, "campaign.dry-run.csv", subject=subject, detail=part.kind or part.reason or "all")
    return sheet(_csv(visit, campaign_id, part), f"campaign-{campaign_id}-dry-run.csv")


async def look(visit: Visit, campaign_id: int) -> None:
    """Begin a dry run: small ones are done at once, the rest of a large one in the background."""
    async with visit.hub.database.unit() as session:
        await dry_runs.begin(session, campaign_id, now=visit.now)
    async with visit.hub.database.unit() as session:
        if await dry_runs.advance(session, campaign_id, gate=visit.hub.gate, limit=dry_runs.AT_ONCE):
            await enqueue(session, "dry-run", payload={"campaign": campaign_id}, dedupe=f"dry-run:{campaign_id}")


async def reviewed(visit: Visit, found: Campaign) -> Mapping[str, Any]:
    """What the page says of the dry run; there is one for every campaign as it is now."""
    number = found.id or 0
    report = await _report(visit, number)
    if report is None:
        await look(visit, number)
        report = await _report(visit, number)
    if report is None:
        return {"report": None}
    async with visit.hub.database.unit() as session:
        ends = await estimates.finish(
            session, report, gate=visit.hub.gate, per_hour=found.per_hour, now=found.starts_at or visit.now
        )
    prices = costs.tariffs(visit.hub.settings.channels, visit.hub.gate)
    priced = {kind: costs.cost(kind, report.units(kind), prices) for kind in report.kinds}
    total = costs.total([one for one in priced.values() if one is not None])
    return {"report": report, "ends": ends, "costs": priced, "total": total}


async def _report(visit: Visit, campaign_id: int) -> Report | None:
    async with visit.hub.database.unit() as session:
        return await dry_runs.report(session, campaign_id)


async def _csv(visit: Visit, campaign_id: int, part: Part) -> AsyncIterator[str]:
    yield "\ufeff" + csv_text([tuple(map(_, _COLUMNS))])
    async for listed in dry_run_lists.pages(visit.hub.database, campaign_id, part):
        yield csv_text(_row(visit, person) for person in listed)


_COLUMNS = (
    *(N_("Customer"), N_("Number"), N_("Language"), N_("Channel"), N_("Why not"), N_("Not before"), N_("Segments")),
    *(N_("How this was decided"), N_("Page")),
)


def _row(visit: Visit, person: Person) -> tuple[str, ...]:
    return (
        person.name,
        person.number,
        person.language,
        _(words.sign(words.KINDS, person.kind).word) if person.kind else "",
        _(words.WITHHELD[person.reason]) if person.reason else "",
        moments.plain(person.not_before, visit.zone) if person.not_before else "",
        str(person.segments or ""),
        "; ".join(map(retold, person.trace)),
        f"{visit.hub.settings.hub.public_url}/customers/{person.customer_id}",
    )
