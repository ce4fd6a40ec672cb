"""/api/v1/service-levels: how soon customers are answered, and the promises that are open."""

from __future__ import annotations

from dataclasses import asdict
from typing import NoReturn
from uuid import UUID

from fastapi import APIRouter

from hub.api.access import Anyone, Caller, InboxReader, TeamLead
from hub.api.problems import Endpoint, Problem
from hub.api.shapes import Page
from hub.api.v1.work_shapes import Id, PolicyIn, PolicyOut, PromiseOut
from hub.conversations import inbox, keeping, policies
from hub.conversations.inbox import NoSuchConversation
from hub.conversations.policies import NoSuchPolicy, Policy, PolicyProblem

router = APIRouter(tags=["Service levels"], route_class=Endpoint)


@router.get("/service-levels")
async def list_service_levels(caller: Anyone) -> Page[PolicyOut]:
    """In the order in which they are asked."""
    async with caller.hub.database.unit() as session:
        return Page(items=[_out(one) for one in await policies.listing(session)])


@router.post("/service-levels", status_code=201)
async def create_service_level(caller: TeamLead, body: PolicyIn) -> PolicyOut:
    """Promises of open conversations are reckoned anew within seconds."""
    return await _save(caller, body.policy())


@router.put("/service-levels/{policy_id}")
async def change_service_level(caller: TeamLead, policy_id: Id, body: PolicyIn) -> PolicyOut:
    """Everything about it at once."""
    return await _save(caller, body.policy(policy_id))


@router.delete("/service-levels/{policy_id}", status_code=204)
async def remove_service_level(caller: TeamLead, policy_id: Id) -> None:
    """What it promised is promised no more."""
    try:
        async with caller.hub.database.unit() as session:
            await policies.remove(session, policy_id, now=caller.now, by=caller.staff_id)
    except NoSuchPolicy as e:
        _refuse(e)


@router.get("/conversations/{conversation_id}/promises")
async def list_promises(caller: InboxReader, conversation_id: UUID) -> Page[PromiseOut]:
    """What somebody should keep in this conversation, the earliest first."""
    try:
        async with caller.hub.database.unit() as session:
            await inbox.conversation(session, conversation_id)
            found = await keeping.open_promises(session, conversation_id)
    except NoSuchConversation as e:
        remedy = "Look its id up with GET /api/v1/interactions"
        raise Problem(404, "Conversation", str(e), remedy=remedy) from e
    return Page(items=[PromiseOut(**asdict(one)) for one in found])


async def _save(caller: Caller, policy: Policy) -> PolicyOut:
    try:
        async with caller.hub.database.unit() as session:
            kept = await policies.save(session, policy, now=caller.now, by=caller.staff_id)
            return _out(next(one for one in await policies.listing(session) if one.id == kept))
    except (NoSuchPolicy, PolicyProblem) as e:
        _refuse(e)


def _out(policy: Policy) -> PolicyOut:
    return PolicyOut(**asdict(policy))


def _refuse(error: Exception) -> NoReturn:
    status = 404 if isinstance(error, LookupError) else 422
    raise Problem(status, "Service level", str(error), remedy="Read them with GET /api/v1/service-levels") from error
