"""/api/v1/service-levels: how soon customers are answered, and the promises that are open."""

from __future__ import annotations

from dataclasses import asdict
from uuid import UUID

from fastapi import APIRouter

from hub.api.access import Anyone, Caller, InboxReader, TeamLead
from hub.api.problems import telling
from hub.api.shapes import Page
from hub.api.v1.work_shapes import Id, PolicyIn, PolicyOut, PromiseOut
from hub.conversations import inbox, keeping, policies
from hub.conversations.inbox import NoSuchConversation
from hub.conversations.policies import NoSuchPolicy, Policy, PolicyProblem

_READ = "Read them with GET /api/v1/service-levels"
_TOLD = telling(
    (NoSuchPolicy, 404, "Service level", _READ),
    (PolicyProblem, 422, "Service level", _READ),
    (NoSuchConversation, 404, "Conversation", "Look its id up with GET /api/v1/interactions"),
)
router = APIRouter(tags=["Service levels"], route_class=_TOLD)


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
    async with caller.hub.database.unit() as session:
        await policies.remove(session, policy_id, now=caller.now, by=caller.staff_id)


@router.get("/conversations/{conversation_id}/promises")
async def list_promises(caller: InboxReader, conversation_id: UUID) -> Page[PromiseOut]:
    """What somebody should keep in this conversation, the earliest first."""
    async with caller.hub.database.unit() as session:
        await inbox.conversation(session, conversation_id)
        found = await keeping.open_promises(session, conversation_id)
    return Page(items=[PromiseOut(**asdict(one)) for one in found])


async def _save(caller: Caller, policy: Policy) -> PolicyOut:
    async with caller.hub.database.unit() as session:
        kept = await policies.save(session, policy, now=caller.now, by=caller.staff_id)
        return _out(next(one for one in await policies.listing(session) if one.id == kept))


def _out(policy: Policy) -> PolicyOut:
    return PolicyOut(**asdict(policy))
