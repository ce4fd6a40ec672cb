"""What people answered to a campaign."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter, Response

from hub.campaigns import answers, lifecycle, reactions
from hub.web.access import CampaignReader
from hub.web.pages import page
from hub.web.problems import Page

router = APIRouter(route_class=Page)


@router.get("/campaigns/{campaign_id}/answers")
async def listing(visit: CampaignReader, campaign_id: int, before: UUID | None = None) -> Response:
    """The newest first. Their words, and where they stand, are for those who may read the inbox."""
    async with visit.hub.database.unit() as session:
        campaign = await lifecycle.get(session, campaign_id)
        found = await answers.listing(session, campaign_id, before=before, limit=answers.PAGE + 1)
        number = (await reactions.totals(session, campaign_id)).answered
    more = str(found[answers.PAGE - 1].id) if len(found) > answers.PAGE else ""
    return page(
        visit, "campaign_answers.html", campaign=campaign, answers=found[: answers.PAGE], more=more, number=number
    )
