"""/api/v1/uncertain: messages of which nobody knows whether they left, and what a person decides about each."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel

from channels.message import Kind
from hub.api.access import Anyone, Caller
from hub.api.problems import Endpoint, Problem
from hub.api.shapes import Limit, Page
from hub.models.vocabulary import Purpose
from hub.outbound import uncertain
from hub.outbound.uncertain import NotUncertain
from hub.reports import uncertain as lists
from hub.reports.uncertain import Line, Whose
from hub.staff import audit
from hub.staff.roles import Action

router = APIRouter(prefix="/uncertain", tags=["Uncertain"], route_class=Endpoint)


class UncertainOut(BaseModel):
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

    @classmethod
    def of(cls, line: Line) -> UncertainOut:
        return cls.model_validate({name: getattr(line, name) for name in cls.model_fields})


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
    await _decide(caller, interaction_id, "again")


@router.post("/{interaction_id}/leave", status_code=204)
async def leave(caller: Anyone, interaction_id: UUID) -> None:
    """It stays unknown; evidence that comes later still settles it."""
    await _decide(caller, interaction_id, "leave")


async def _decide(caller: Caller, interaction_id: UUID, what: str) -> None:
    try:
        async with caller.hub.database.unit() as session:
            line = await lists.about(session, interaction_id)
            if line is None:
                raise NotUncertain("Its outcome is known, or somebody has decided already")
            caller.demand(Action.CAMPAIGNS if line.bulk else Action.ANSWER)
            if what == "again":
                await uncertain.send_again(session, interaction_id, now=caller.now)
            else:
                await uncertain.leave(session, interaction_id)
            await audit.write(
                session,
                f"uncertain.{what}",
                staff_id=caller.staff_id,
                subject=f"customer:{line.customer_id}",
                detail=f"interaction:{interaction_id}",
                ip=caller.ip,
                now=caller.now,
            )
    except NotUncertain as e:
        raise Problem(409, "Message", str(e), remedy="Read it again: GET /api/v1/interactions/{id}") from e
