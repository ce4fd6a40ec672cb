"""A person's data for themselves: asked for on their page, made in the background, fetched by who is signed in."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter, HTTPException, Response
from fastapi.responses import StreamingResponse

from hub.models import PersonalExport
from hub.personal import handing_over
from hub.personal.handing_over import NoSuchExport
from hub.web.access import Exporter, Visit
from hub.web.pages import go, page
from hub.web.problems import Page

router = APIRouter(route_class=Page)
_HEADERS = {"Cache-Control": "private, no-store", "X-Content-Type-Options": "nosniff"}


@router.get("/customers/{customer_id}/personal-data")
async def listing(visit: Exporter, customer_id: UUID) -> Response:
    """What is in it, those that were made lately, and the button."""
    async with visit.hub.database.unit() as session:
        customer, rows = await handing_over.outlook(session, customer_id, now=visit.now)
    return page(visit, "personal_data.html", customer=customer, rows=rows, days=visit.hub.settings.retention.exports)


@router.post("/customers/{customer_id}/personal-data")
async def ask(visit: Exporter, customer_id: UUID) -> Response:
    async with visit.hub.database.unit() as session:
        await handing_over.ask(session, customer_id, staff_id=visit.staff_id, ip=visit.ip, now=visit.now)
    return go(visit, f"/customers/{customer_id}/personal-data")


@router.get("/personal-data/{export_id}.zip")
async def fetch(visit: Exporter, export_id: UUID) -> Response:
    """The archive, while its days last. Who fetched it stands in the trail."""
    row = await _ready(visit, export_id)
    name = f'attachment; filename="personal-data-{row.customer_id}.zip"'
    headers = {**_HEADERS, "Content-Disposition": name, "Content-Length": str(row.size)}
    pieces = handing_over.content(visit.hub.storage, row)
    return StreamingResponse(pieces, media_type="application/zip", headers=headers)


async def _ready(visit: Visit, export_id: UUID) -> PersonalExport:
    try:
        async with visit.hub.database.unit() as session:
            row = await handing_over.get(session, export_id, now=visit.now)
            if row.ready_at is None:
                raise HTTPException(404)
            done = "customer.handed-over"
            await handing_over.note(session, done, row, staff_id=visit.staff_id, ip=visit.ip, now=visit.now)
    except NoSuchExport as e:
        raise HTTPException(404) from e
    return row
