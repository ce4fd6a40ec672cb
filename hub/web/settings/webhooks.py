"""Which other programs are told of what happens, and whether they heard it."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Form, Response

from hub.models.vocabulary import EndpointState
from hub.web.access import Administrator, Visit
from hub.web.pages import go, page
from hub.web.problems import Page
from hub.web.translations import gettext as _
from hub.web.translations import worded
from hub.webhooks import deliveries, endpoints
from hub.webhooks.endpoints import EndpointProblem, Shown, Wanted
from hub.webhooks.events import EVENTS

router = APIRouter(prefix="/settings/webhooks", route_class=Page)
_Url = Annotated[str, Form(max_length=2000)]
_Name = Annotated[str, Form(max_length=200)]
_Events = Annotated[list[str] | None, Form()]


@router.get("")
async def listing(visit: Administrator) -> Response:
    return page(visit, "webhooks.html", **await _data(visit))


@router.post("")
async def create(visit: Administrator, url: _Url = "", name: _Name = "", events: _Events = None) -> Response:
    wanted = Wanted(url.strip(), name, tuple(events or ()))
    try:
        async with visit.hub.database.unit() as session:
            shown = await endpoints.create(
                session, visit.hub.sealer, wanted, loopback=_loopback(visit), now=visit.now, by=visit.staff_id
            )
    except EndpointProblem as e:
        return page(visit, "webhooks.html", status=422, **await _data(visit, typed=wanted, trouble=worded(e)))
    return page(visit, "webhooks.html", **await _data(visit, shown=shown))


@router.post("/{endpoint_id}")
async def change(
    visit: Administrator, endpoint_id: int, url: _Url = "", name: _Name = "", events: _Events = None
) -> Response:
    wanted = Wanted(url.strip(), name, tuple(events or ()))
    try:
        async with visit.hub.database.unit() as session:
            await endpoints.change(
                session, endpoint_id, wanted, loopback=_loopback(visit), now=visit.now, by=visit.staff_id
            )
    except EndpointProblem as e:
        return page(
            visit, "webhooks.html", status=422, **await _data(visit, typed=wanted, at=endpoint_id, trouble=worded(e))
        )
    return _back(visit, _("Saved."))


@router.post("/{endpoint_id}/test")
async def test(visit: Administrator, endpoint_id: int) -> Response:
    async with visit.hub.database.unit() as session:
        await endpoints.test(session, endpoint_id, now=visit.now)
    return _back(visit, _("It is sent. Load the page again to see the answer."))


@router.post("/{endpoint_id}/pause")
async def pause(visit: Administrator, endpoint_id: int) -> Response:
    async with visit.hub.database.unit() as session:
        await endpoints.turn(session, endpoint_id, EndpointState.PAUSED, now=visit.now, by=visit.staff_id)
    return _back(visit, _("Paused. What happens meanwhile waits."))


@router.post("/{endpoint_id}/resume")
async def resume(visit: Administrator, endpoint_id: int) -> Response:
    async with visit.hub.database.unit() as session:
        await endpoints.turn(session, endpoint_id, EndpointState.ON, now=visit.now, by=visit.staff_id)
    return _back(visit, _("It is told again."))


@router.post("/{endpoint_id}/rotate")
async def rotate(visit: Administrator, endpoint_id: int) -> Response:
    async with visit.hub.database.unit() as session:
        shown = await endpoints.rotate(session, visit.hub.sealer, endpoint_id, now=visit.now, by=visit.staff_id)
    return page(visit, "webhooks.html", **await _data(visit, shown=shown))


@router.post("/{endpoint_id}/delete")
async def delete(visit: Administrator, endpoint_id: int) -> Response:
    async with visit.hub.database.unit() as session:
        await endpoints.remove(session, endpoint_id, now=visit.now, by=visit.staff_id)
    return _back(visit, _("The webhook is gone."))


@router.post("/deliveries/{delivery_id}/again")
async def again(visit: Administrator, delivery_id: int) -> Response:
    async with visit.hub.database.unit() as session:
        await deliveries.again(session, delivery_id, now=visit.now)
    return _back(visit, _("It is sent again."))


async def _data(
    visit: Visit, *, shown: Shown | None = None, typed: Wanted | None = None, at: int = 0, trouble: str = ""
) -> dict[str, Any]:
    """`typed` belongs to the endpoint `at`; 0: to a new one."""
    async with visit.hub.database.unit() as session:
        kept = await endpoints.listing(session)
        logs = {one.id: await deliveries.log(session, one.id or 0, limit=20) for one in kept}
    data = {"kept": kept, "logs": logs, "events": list(EVENTS), "shown": shown}
    return data | {"typed": typed, "typed_at": at, "trouble": trouble}


def _back(visit: Visit, notice: str) -> Response:
    return go(visit, "/settings/webhooks", notice)


def _loopback(visit: Visit) -> bool:
    return visit.hub.settings.webhooks.loopback
