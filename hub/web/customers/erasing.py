"""Erasing a person at the desk: what goes and what stays is read first, the name is typed; then the certificate."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Form, HTTPException, Response
from fastapi.responses import JSONResponse

from hub.models import Erasure
from hub.models.vocabulary import ErasureState
from hub.personal import certificate, erasing
from hub.personal.erasing import NoSuchErasure, WrongName
from hub.web import words
from hub.web.access import Eraser, Visit
from hub.web.pages import go, page
from hub.web.problems import Page
from hub.web.translations import worded

router = APIRouter(route_class=Page)
HERE = "/settings/erasures"


@router.get("/customers/{customer_id}/erase")
async def explain(visit: Eraser, customer_id: UUID) -> Response:
    return await _explained(visit, customer_id)


@router.post("/customers/{customer_id}/erase")
async def erase(visit: Eraser, customer_id: UUID, name: Annotated[str, Form(max_length=500)] = "") -> Response:
    """`name`: the customer's, typed anew, so that nobody is erased by one wrong click."""
    try:
        async with visit.hub.database.unit() as session:
            asked = await erasing.ask(
                session, customer_id, name=name, staff_id=visit.staff_id, ip=visit.ip, now=visit.now
            )
    except WrongName as e:
        return await _explained(visit, customer_id, typed=name, trouble=worded(e), status=422)
    return go(visit, f"{HERE}/{asked.id}")


@router.get(HERE)
async def listing(visit: Eraser) -> Response:
    async with visit.hub.database.unit() as session:
        rows = await erasing.listing(session)
    return page(visit, "erasures.html", rows=rows)


@router.get(HERE + "/{erasure_id}.json")
async def as_json(visit: Eraser, erasure_id: UUID) -> Response:
    """The certificate for programs and for the records."""
    row = await _found(visit, erasure_id)
    if row.state is not ErasureState.DONE:
        raise HTTPException(404)
    name = f'attachment; filename="erasure-{row.id}.json"'
    return JSONResponse(certificate.of(row), headers={"Content-Disposition": name, "Cache-Control": "no-store"})


@router.get(HERE + "/{erasure_id}")
async def show(visit: Eraser, erasure_id: UUID) -> Response:
    """How far it is, and when it is done the certificate, for printing."""
    row = await _found(visit, erasure_id)
    remains = {kind: certificate.remaining(row, kind) for kind in certificate.REMAINS}
    return page(visit, "erasure.html", row=row, gone=_grouped(row.rows), remains=remains)


async def _explained(
    visit: Visit, customer_id: UUID, *, typed: str = "", trouble: str = "", status: int = 200
) -> Response:
    async with visit.hub.database.unit() as session:
        customer, rows = await erasing.outlook(session, customer_id)
        asked = await erasing.under_way(session, customer_id)
    if asked is not None:
        return go(visit, f"{HERE}/{asked.id}")
    told: dict[str, Any] = {"customer": customer, "gone": _grouped(rows), "typed": typed, "trouble": trouble}
    return page(visit, "erase.html", status=status, **told)


async def _found(visit: Visit, erasure_id: UUID) -> Erasure:
    try:
        async with visit.hub.database.unit() as session:
            return await erasing.get(session, erasure_id)
    except NoSuchErasure as e:
        raise HTTPException(404) from e


def _grouped(rows: dict[str, int]) -> list[tuple[str, int]]:
    """What people know by name, and everything else in one sum."""
    named = [(word, rows[table]) for table, word in words.ERASED.items() if rows.get(table)]
    rest = sum(n for table, n in rows.items() if table not in words.ERASED)
    return [*named, (words.REST, rest)] if rest else named
