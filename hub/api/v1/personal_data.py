"""/api/v1: a person's data for themselves, and erasing them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field

from hub.api.access import Caller, Eraser, Exporter
from hub.api.problems import Endpoint, Problem
from hub.api.shapes import EXAMPLE_ID, Body, Out
from hub.customers import directory
from hub.models import Erasure, PersonalExport
from hub.models.vocabulary import ErasureState
from hub.personal import certificate, erasing, handing_over
from hub.personal.erasing import NoSuchErasure, WrongName
from hub.personal.handing_over import NoSuchExport

router = APIRouter(tags=["Customers"], route_class=Endpoint)
_LOOK = "Look at the customers with GET /api/v1/customers?query=…"


class PersonalExportOut(Out):
    id: UUID = Field(examples=[EXAMPLE_ID])
    customer_id: UUID
    asked_at: datetime
    done: int = Field(description="Messages and files written so far")
    total: int
    size: int = Field(description="Bytes, when it is ready")
    ready_at: datetime | None = Field(description="From then on it can be fetched")
    expires_at: datetime | None = Field(description="Until then")


class ErasureIn(Body):
    name: Annotated[str, Field(min_length=1, max_length=500)] = Field(
        examples=["Ana Nowak"], description="The customer's, so that nobody is erased by a wrong number"
    )


class ErasureOut(BaseModel):
    id: UUID = Field(examples=[EXAMPLE_ID])
    state: ErasureState
    waits_for: int = Field(description="Messages, calls and imports of theirs that are under way: it begins after them")
    certificate: dict[str, Any] | None = Field(description="When it is done")

    @classmethod
    def of(cls, row: Erasure) -> ErasureOut:
        done = row.state is ErasureState.DONE
        told = certificate.of(row) if done else None
        return cls(id=row.id, state=row.state, waits_for=row.waits_for, certificate=told)


@router.post("/customers/{customer_id}/personal-data", status_code=202)
async def ask_for_personal_data(caller: Exporter, customer_id: UUID, response: Response) -> PersonalExportOut:
    """Put together everything about a person as a ZIP, in the background."""
    async with caller.hub.database.unit() as session:
        await directory.get(session, customer_id)
        row = await handing_over.ask(session, customer_id, staff_id=caller.staff_id, ip=caller.ip, now=caller.now)
    response.headers["Location"] = f"/api/v1/personal-data/{row.id}"
    return PersonalExportOut.of(row)


@router.get("/personal-data/{export_id}")
async def read_personal_data(caller: Exporter, export_id: UUID) -> PersonalExportOut:
    """How far it is."""
    async with caller.hub.database.unit() as session:
        return PersonalExportOut.of(await _export(session, caller, export_id))


@router.get("/personal-data/{export_id}/file", response_class=StreamingResponse)
async def fetch_personal_data(caller: Exporter, export_id: UUID) -> Response:
    """The ZIP. 409 while it is not ready."""
    async with caller.hub.database.unit() as session:
        row = await _export(session, caller, export_id)
        if row.ready_at is None:
            raise Problem(409, "Export", "It is not ready yet", remedy="Ask for it again in a moment")
        done = "customer.handed-over"
        await handing_over.note(session, done, row, staff_id=caller.staff_id, ip=caller.ip, now=caller.now)
    name = f'attachment; filename="personal-data-{row.customer_id}.zip"'
    headers = {"Content-Disposition": name, "Cache-Control": "private, no-store", "X-Content-Type-Options": "nosniff"}
    pieces = handing_over.content(caller.hub.storage, row)
    return StreamingResponse(pieces, media_type="application/zip", headers=headers)


@router.post("/customers/{customer_id}/erasure", status_code=202)
async def erase_customer(caller: Eraser, customer_id: UUID, body: ErasureIn, response: Response) -> ErasureOut:
    """Erase a person for good, in the background. Asked for twice it is one. 409 when the name is not theirs."""
    try:
        async with caller.hub.database.unit() as session:
            await directory.get(session, customer_id)
            row = await erasing.ask(
                session, customer_id, name=body.name, staff_id=caller.staff_id, ip=caller.ip, now=caller.now
            )
    except WrongName as e:
        raise Problem(409, "Customer", "Their name is another one", remedy="Send it as their card has it") from e
    response.headers["Location"] = f"/api/v1/erasures/{row.id}"
    return ErasureOut.of(row)


@router.get("/erasures/{erasure_id}")
async def read_erasure(caller: Eraser, erasure_id: UUID) -> ErasureOut:
    """How far it is, and in the end the certificate."""
    try:
        async with caller.hub.database.unit() as session:
            return ErasureOut.of(await erasing.get(session, erasure_id))
    except NoSuchErasure as e:
        raise Problem(404, "Erasure", str(e), remedy="Look at Settings, Erased people") from e


async def _export(session: Any, caller: Caller, export_id: UUID) -> PersonalExport:
    try:
        return await handing_over.get(session, export_id, now=caller.now)
    except NoSuchExport as e:
        raise Problem(404, "Export", str(e), remedy="Ask for a new one") from e
