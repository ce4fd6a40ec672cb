"""Results of a campaign beside its page: the lists as CSV, and the picture over time."""

from __future__ import annotations

from collections.abc import AsyncIterator

from fastapi import APIRouter, HTTPException, Response

from hub.campaigns import lifecycle, over_time, results
from hub.campaigns.results import Person
from hub.customers.exporting import csv_text
from hub.web import charts, moments, words
from hub.web.access import CampaignReader, Exporter, Visit
from hub.web.campaigns.campaign import Reason
from hub.web.pages import page
from hub.web.problems import Page
from hub.web.sheets import sheet
from hub.web.translations import gettext as _
from hub.web.translations import marked as N_  # noqa: N812 (the name that extraction looks for)

router = APIRouter(route_class=Page)


@router.get("/campaigns/{campaign_id}/over-time")
async def picture(visit: CampaignReader, campaign_id: int) -> Response:
    """How many left, arrived, were opened and followed, in stretches since it began."""
    async with visit.hub.database.unit() as session:
        found = await lifecycle.get(session, campaign_id)
        stretches = await over_time.stretches(session, found, now=visit.now)
    return page(visit, "campaign_over_time.html", campaign=found, stretches=stretches, chart=charts.lines(stretches))


@router.get("/campaigns/{campaign_id}/results.csv")
async def as_csv(visit: Exporter, campaign_id: int, shown: str = "all", reason: Reason = "") -> Response:
    """Those whom a figure counts, or everybody, safe to open in a spreadsheet: for those who may export customers."""
    if shown not in results.FIGURES:
        raise HTTPException(404)
    async with visit.hub.database.unit() as session:
        await lifecycle.get(session, campaign_id)
        subject = f"campaign:{campaign_id}"
        await visit.note(session, "campaign.results.csv", subject=subject, detail=shown)
    return sheet(_csv(visit, campaign_id, shown, reason), f"campaign-{campaign_id}-{shown}.csv")


_COLUMNS = (
    *(N_("Customer"), N_("Number"), N_("Channel"), N_("State"), N_("Why"), N_("In the provider's words"), N_("When")),
    N_("Page"),
)


async def _csv(visit: Visit, campaign_id: int, shown: str, reason: str) -> AsyncIterator[str]:
    yield "\ufeff" + csv_text([tuple(map(_, _COLUMNS))])
    async for listed in results.pages(visit.hub.database, campaign_id, shown, reason=reason):
        yield csv_text(_row(visit, person) for person in listed)


def _row(visit: Visit, person: Person) -> tuple[str, ...]:
    return (
        person.name,
        person.number,
        _(words.sign(words.KINDS, person.kind).word) if person.kind else "",
        _(words.outcome(person.kind, person.state).word),
        _(words.why(person.state, person.reason)) if person.reason else "",
        person.detail,
        moments.plain(person.at, visit.zone),
        f"{visit.hub.settings.hub.public_url}/customers/{person.customer_id}",
    )
