"""A campaign as one customer would get it, and sending just that to oneself."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Form, Response
from fastapi.responses import HTMLResponse

from channels.address import BadAddress
from hub.campaigns import lifecycle, previews
from hub.campaigns.previews import NothingToTry, Preview
from hub.customers import directory
from hub.models.vocabulary import Kind
from hub.outbound.trial import NotForTests
from hub.web.access import Campaigner, Visit
from hub.web.messages import frames, markup
from hub.web.pages import go, page
from hub.web.problems import Page
from hub.web.translations import gettext as _
from hub.web.translations import worded

router = APIRouter(route_class=Page)
_FOUND = 8


@router.get("/campaigns/{campaign_id}/preview")
async def preview(visit: Campaigner, campaign_id: int, customer: UUID | None = None, q: str = "") -> Response:
    """As `customer`, found by `q`; at first as somebody who would get it."""
    return await _shown(visit, campaign_id, customer, q)


@router.get("/campaigns/{campaign_id}/preview/html")
async def html(visit: Campaigner, campaign_id: int, customer: UUID) -> Response:
    """The mail as it is designed, for a frame without scripts and without our origin."""
    async with visit.hub.database.unit() as session:
        found = await previews.preview(session, campaign_id, customer, gate=visit.hub.gate, now=visit.now)
    said = found.of(Kind.EMAIL)
    document = await frames.document(said.rendered.html) if said and said.rendered else None
    headers = {"Content-Security-Policy": markup.POLICY, "Cache-Control": "private, no-store"}
    return HTMLResponse(document or markup.document(""), headers=headers)


@router.post("/campaigns/{campaign_id}/test")
async def send_test(
    visit: Campaigner,
    campaign_id: int,
    customer: Annotated[UUID, Form()],
    kind: Annotated[Kind, Form()],
    to: Annotated[str, Form(max_length=320)] = "",
) -> Response:
    """Sent by the same ways as the campaign, marked as a test, counted nowhere."""
    try:
        async with visit.hub.database.unit() as session:
            await previews.send_test(
                session,
                campaign_id,
                customer,
                kind,
                to,
                staff_id=visit.staff_id,
                gate=visit.hub.gate,
                country=visit.hub.settings.hub.country,
                most=visit.hub.settings.campaigns.tests_a_day,
                now=visit.now,
            )
            await visit.note(
                session, "campaign.test", subject=f"campaign:{campaign_id}", detail=f"customer:{customer} {kind.value}"
            )
    except (BadAddress, NotForTests, NothingToTry) as e:
        return await _shown(visit, campaign_id, customer, "", trouble=worded(e), typed={kind: to})
    address = f"/campaigns/{campaign_id}/preview?customer={customer}"
    return go(visit, address, _("The test is on its way to %(to)s.") % {"to": to})


async def _shown(
    visit: Visit,
    campaign_id: int,
    customer: UUID | None,
    q: str,
    *,
    trouble: str = "",
    typed: dict[Kind, str] | None = None,
) -> Response:
    async with visit.hub.database.unit() as session:
        found = await lifecycle.get(session, campaign_id)
        chosen = customer or await previews.somebody(session, found, now=visit.now)
        lines = await directory.listing(session, query=q, limit=_FOUND) if q else []
        seen: Preview | None = None
        if chosen is not None and found.template_version_id is not None:
            seen = await previews.preview(session, campaign_id, chosen, gate=visit.hub.gate, now=visit.now)
    mine = {Kind.EMAIL: visit.staff.email, Kind.SMS: visit.staff.phone or "", Kind.VOICE: visit.staff.phone or ""}
    data: dict[str, Any] = {"campaign": found, "preview": seen, "lines": lines, "q": q, "trouble": trouble}
    status = 422 if trouble else 200
    return page(visit, "campaign_preview.html", status=status, to={**mine, **(typed or {})}, **data)
