"""/api/v1/uncertain: messages of which nobody knows whether they left, and what a person decides about each."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import APIRouter

from channels.message import Kind
from hub.api.access import Anyone, Caller
from hub.api.problems import Endpoint, Problem
from hub.api.shapes import Limit, Out, Page
from hub.models.vocabulary import Purpose
from hub.outbound import uncertain
from hub.outbound.uncertain import NotUncertain
from hub.reports import uncertain as lists
from hub.reports.uncertain import Whose
from hub.staff.roles import Action

router = APIRouter(prefix="/uncertain", tags=["Uncertain"], route_class=Endpoint)


class UncertainOut(Out):
    """`again_at`: the hub sends it once more then by itself, unless evidence comes before."""

    id: UUID
    customer_id: UUID
    kind: Kind | None
    purpose: Purpose
    recipient: str
    campaign_id: int | None
    since: datetime
    detail: str
    flag: str
    again_at: datetime | None


@router.get("")
async def list_uncertain(
    caller: Anyone, campaign_id: int | None = None, before: UUID | None = None, limit: Limit = 50
) -> Page[UncertainOut]:
    """The newest first: those that the token's owner may decide about."""
    whose = Whose(caller.may(Action.CAMPAIGNS), caller.may(Action.ANSWER), campaign_id)
    async with caller.hub.database.unit() as session:
        found = await lists.lines(session, whose=whose, before=before, limit=limit + 1)
    more = str(found[limit - 1].id) if len(found) > limit else None
    return Page(items=[UncertainOut.of(line) for line in found[:limit]], next=more)


@router.post("/{interaction_id}/again", status_code=204)
async def send_again(caller: Anyone, interaction_id: UUID) -> None:
    """The very same message once more: it may come twice, and is marked so."""
    await _decide(caller, interaction_id, again=True)


@router.post("/{interaction_id}/leave", status_code=204)
async def leave(caller: Anyone, interaction_id: UUID) -> None:
    """It stays unknown; evidence that comes later still settles it."""
    await _decide(caller, interaction_id, again=False)


async def _decide(caller: Caller, interaction_id: UUID, *, again: bool) -> None:
    by: dict[str, Any] = {"demand": caller.demand, "staff_id": caller.staff_id, "ip": caller.ip, "now": caller.now}
    try:
        async with caller.hub.database.unit() as session:
            await uncertain.decide(session, interaction_id, again=again, **by)
    except NotUncertain as e:
        raise Problem(409, "Message", str(e), remedy="Read it again: GET /api/v1/interactions/{id}") from e
