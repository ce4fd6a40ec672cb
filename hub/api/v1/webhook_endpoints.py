"""/api/v1/webhook-endpoints: which other programs are told of what happens, and what they answered."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from hub.api.access import Anyone, Caller
from hub.api.problems import telling
from hub.api.shapes import Body, Limit, Out, Page
from hub.models.vocabulary import DeliveryState, EndpointState
from hub.staff.roles import Action
from hub.webhooks import deliveries, endpoints
from hub.webhooks.deliveries import NoSuchDelivery
from hub.webhooks.endpoints import EndpointProblem, NoSuchEndpoint, Shown, Wanted
from hub.webhooks.events import EVENTS

_LOOK = "Look its id up with GET /api/v1/webhook-endpoints"
_TOLD = telling(
    (NoSuchEndpoint, 404, "Webhook endpoint", _LOOK),
    (NoSuchDelivery, 404, "Webhook endpoint", _LOOK),
    (EndpointProblem, 422, "Webhook endpoint", "Correct it and send the request again"),
)
router = APIRouter(tags=["Webhook endpoints"], route_class=_TOLD)
_PATH = "/webhook-endpoints/{endpoint_id}"


class EndpointIn(Body):
    url: Annotated[str, Field(max_length=2000, examples=["https://erp.example/hooks"])]
    name: Annotated[str, Field(max_length=200)] = ""
    events: Annotated[list[str], Field(min_length=1, max_length=len(EVENTS), examples=[["message.received"]])]

    @property
    def wanted(self) -> Wanted:
        return Wanted(self.url, self.name, tuple(dict.fromkeys(self.events)))


class EndpointOut(Out):
    id: int
    url: str
    name: str
    events: list[str]
    state: EndpointState
    failing_since: datetime | None
    created_at: datetime


class SecretOut(BaseModel):
    """The only time that the secret is shown."""

    endpoint: EndpointOut
    secret: str

    @classmethod
    def of(cls, shown: Shown) -> SecretOut:
        return cls(endpoint=EndpointOut.of(shown.endpoint), secret=shown.secret)


class DeliveryOut(Out):
    """`status` 0: nobody answered."""

    id: int
    message_id: str
    event: str
    at: datetime
    state: DeliveryState
    next_at: datetime
    attempts: int
    status: int | None
    answer: str
    milliseconds: int | None


@router.get("/webhook-endpoints")
async def list_webhook_endpoints(caller: Anyone) -> Page[EndpointOut]:
    """All of them, without their secrets."""
    caller.demand(Action.SETTINGS)
    async with caller.hub.database.unit() as session:
        return Page(items=[EndpointOut.of(one) for one in await endpoints.listing(session)])


@router.post("/webhook-endpoints", status_code=201)
async def create_webhook_endpoint(caller: Anyone, body: EndpointIn) -> SecretOut:
    """A new one, and its secret."""
    caller.demand(Action.SETTINGS)
    loopback = caller.hub.settings.webhooks.loopback
    async with caller.hub.database.unit() as session:
        shown = await endpoints.create(
            session, caller.hub.sealer, body.wanted, loopback=loopback, now=caller.now, by=caller.staff_id
        )
        return SecretOut.of(shown)


@router.put(_PATH)
async def change_webhook_endpoint(caller: Anyone, endpoint_id: int, body: EndpointIn) -> EndpointOut:
    """Address, name and events at once."""
    caller.demand(Action.SETTINGS)
    loopback = caller.hub.settings.webhooks.loopback
    async with caller.hub.database.unit() as session:
        row = await endpoints.change(
            session, _named(endpoint_id), body.wanted, loopback=loopback, now=caller.now, by=caller.staff_id
        )
        return EndpointOut.of(row)


@router.delete(_PATH, status_code=204, response_class=Response)
async def delete_webhook_endpoint(caller: Anyone, endpoint_id: int) -> None:
    """With everything that waits for it."""
    caller.demand(Action.SETTINGS)
    async with caller.hub.database.unit() as session:
        await endpoints.remove(session, _named(endpoint_id), now=caller.now, by=caller.staff_id)


@router.post(_PATH + "/rotate")
async def rotate_webhook_secret(caller: Anyone, endpoint_id: int) -> SecretOut:
    """A new secret; for a day the former one signs too."""
    caller.demand(Action.SETTINGS)
    async with caller.hub.database.unit() as session:
        shown = await endpoints.rotate(
            session, caller.hub.sealer, _named(endpoint_id), now=caller.now, by=caller.staff_id
        )
        return SecretOut.of(shown)


@router.post(_PATH + "/pause")
async def pause_webhook_endpoint(caller: Anyone, endpoint_id: int) -> EndpointOut:
    """What happens meanwhile waits."""
    return await _turn(caller, endpoint_id, EndpointState.PAUSED)


@router.post(_PATH + "/resume")
async def resume_webhook_endpoint(caller: Anyone, endpoint_id: int) -> EndpointOut:
    """On again, also after it was switched off."""
    return await _turn(caller, endpoint_id, EndpointState.ON)


@router.post(_PATH + "/test", status_code=204, response_class=Response)
async def test_webhook_endpoint(caller: Anyone, endpoint_id: int) -> None:
    """It is sent `webhook.test`."""
    caller.demand(Action.SETTINGS)
    async with caller.hub.database.unit() as session:
        await endpoints.test(session, _named(endpoint_id), now=caller.now)


@router.get(_PATH + "/deliveries")
async def list_webhook_deliveries(caller: Anyone, endpoint_id: int, limit: Limit = 50) -> Page[DeliveryOut]:
    """What it was told of and what it answered, the newest first."""
    caller.demand(Action.SETTINGS)
    async with caller.hub.database.unit() as session:
        await endpoints.get(session, _named(endpoint_id))
        return Page(items=[DeliveryOut.of(one) for one in await deliveries.log(session, endpoint_id, limit=limit)])


@router.post("/webhook-deliveries/{delivery_id}/again")
async def send_webhook_delivery_again(caller: Anyone, delivery_id: int) -> DeliveryOut:
    """Under the same `webhook-id`."""
    caller.demand(Action.SETTINGS)
    async with caller.hub.database.unit() as session:
        if not 0 < delivery_id < 2**63:
            raise NoSuchDelivery(f"There is no delivery {delivery_id}")
        return DeliveryOut.of(await deliveries.again(session, delivery_id, now=caller.now))


async def _turn(caller: Caller, endpoint_id: int, state: EndpointState) -> EndpointOut:
    caller.demand(Action.SETTINGS)
    async with caller.hub.database.unit() as session:
        row = await endpoints.turn(session, _named(endpoint_id), state, now=caller.now, by=caller.staff_id)
        return EndpointOut.of(row)


def _named(endpoint_id: int) -> int:
    """Raises NoSuchEndpoint for a number that none can have."""
    if not 0 < endpoint_id < 2**31:
        raise NoSuchEndpoint(f"There is no endpoint {endpoint_id}")
    return endpoint_id
