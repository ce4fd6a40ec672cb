"""Other programs are told: by a real receiver on loopback, signed, again after a failure, once rolled back never."""

from __future__ import annotations

import asyncio
import base64
import dataclasses
import hmac
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from aiohttp import web
from sqlalchemy import text
from structlog.testing import capture_logs

from channels import posting
from hub import clock
from hub.app import create_app
from hub.bootstrap import Hub
from hub.conversations import assignment, tasks
from hub.customers import directory
from hub.customers.directory import NewCustomer
from hub.jobs import webhooks
from hub.models import WebhookDelivery
from hub.models.vocabulary import DeliveryState, EndpointState, Role
from hub.reports import health
from hub.settings import WebhooksTable
from hub.staff import tokens
from hub.webhooks import deliveries, endpoints, signing
from hub.webhooks.deliveries import SECONDS_UNTIL, TRIES
from hub.webhooks.endpoints import EndpointProblem, Shown, Wanted
from hub.webhooks.events import EVENTS

ALL = tuple(EVENTS)


@dataclass
class Receiver:
    url: str = ""
    status: int = 204
    heard: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    came: asyncio.Event = field(default_factory=asyncio.Event)

    async def hear(self, request: web.Request) -> web.Response:
        self.heard.append(({k.lower(): v for k, v in request.headers.items()}, await request.read()))
        self.came.set()
        return web.Response(status=self.status, text="x" * 5000, headers={"Location": f"{self.url}/elsewhere"})

    @property
    def told(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _headers, body in self.heard]


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    one, app = Receiver(), web.Application()
    app.router.add_post("/{path:.*}", one.hear)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    one.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield one
    await runner.cleanup()


@pytest.fixture
def here(hub: Hub) -> Hub:
    """A hub whose endpoints may lie on this machine."""
    chosen = hub.settings.model_copy(update={"webhooks": WebhooksTable(loopback=True)})
    return dataclasses.replace(hub, settings=chosen)


async def added(hub: Hub, receiver: Receiver, *events: str) -> Shown:
    wanted = Wanted(receiver.url, "ERP", events or ALL)
    async with hub.database.unit() as session:
        return await endpoints.create(session, hub.sealer, wanted, loopback=True, now=clock.now(), by=1)


async def logged(hub: Hub, shown: Shown) -> list[WebhookDelivery]:
    async with hub.database.unit() as session:
        return list(await deliveries.log(session, shown.endpoint.id or 0))


def genuine(secret: str, headers: dict[str, str], body: bytes) -> bool:
    """As the specification's receivers verify."""
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    key = base64.b64decode(secret.removeprefix("whsec_"))
    wanted = base64.b64encode(hmac.digest(key, signed, "sha256")).decode()
    return any(hmac.compare_digest(f"v1,{wanted}", one) for one in headers["webhook-signature"].split(" "))


def test_the_signature_is_the_one_that_the_specification_publishes() -> None:
    """The example of standardwebhooks.com's own libraries."""
    secret, message = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek"
    said = signing.signature(secret, message, 1614265330, b'{"test": 2432232314}')
    assert said == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


async def test_every_event_is_told_with_the_facts_that_are_documented(
    world: Any, here: Hub, receiver: Receiver
) -> None:
    shown = await added(here, receiver)
    now, talk = clock.now(), world.conversations["invoice"]
    async with here.database.unit() as session:
        await directory.create(session, NewCustomer("Eva", emails=("eva@new.example",)), now=now)
        await assignment.assign(session, talk, world.staff[Role.ADMIN])
        await assignment.resolve(session, talk, now=now)
        await assignment.reopen(session, talk)
    assert await webhooks.turn(here) > 0
    while await webhooks.turn(here):
        pass
    told = receiver.told
    kinds = {one["type"] for one in told}
    assert {"customer.created", "conversation.assigned", "conversation.resolved", "conversation.reopened"} <= kinds
    assert {one["type"]: tuple(sorted(one["data"])) for one in told} == {
        kind: tuple(sorted(EVENTS[kind])) for kind in kinds
    }
    assert all(genuine(shown.secret, headers, body) for headers, body in receiver.heard)
    assert "eva@new.example" not in str(receiver.heard)
    assert {row.state for row in await logged(here, shown)} == {DeliveryState.DELIVERED}


async def test_what_is_rolled_back_is_told_to_nobody(empty: Any, here: Hub, receiver: Receiver) -> None:
    shown = await added(here, receiver)
    with pytest.raises(ZeroDivisionError):
        async with here.database.unit() as session:
            await directory.create(session, NewCustomer("Eva"), now=clock.now())
            raise ZeroDivisionError
    assert await logged(here, shown) == []


async def test_an_event_that_nobody_chose_is_not_written_down(empty: Any, here: Hub, receiver: Receiver) -> None:
    shown = await added(here, receiver, "call.missed")
    async with here.database.unit() as session:
        await directory.create(session, NewCustomer("Eva"), now=clock.now())
    assert await logged(here, shown) == []


async def test_a_worker_that_dies_leaves_its_parcel_to_the_next_under_the_same_id(
    empty: Any, here: Hub, receiver: Receiver
) -> None:
    shown, now = await added(here, receiver), clock.now()
    async with here.database.unit() as session:
        await endpoints.test(session, shown.endpoint.id or 0, now=now)
    async with here.database.unit() as session:
        (lost,) = await deliveries.claim(session, here.sealer, busy=(), now=now)
    async with here.database.unit() as session:
        assert await deliveries.claim(session, here.sealer, busy=(), now=now) == []
    later = now + deliveries.LEASE + timedelta(seconds=1)
    async with here.database.unit() as session:
        (found,) = await deliveries.claim(session, here.sealer, busy=(), now=later)
    assert found.headers["webhook-id"] == lost.headers["webhook-id"]
    assert (found.body, found.attempt) == (lost.body, 2)
    gone = posting.Answered(200, "", 1)
    async with here.database.unit() as session:
        assert not await deliveries.settle(session, lost, gone, now=later)
        assert await deliveries.settle(session, found, gone, now=later)


async def test_a_transaction_that_announces_something_holds_up_nobody_who_settles_or_pauses(
    empty: Any, here: Hub, receiver: Receiver
) -> None:
    shown, now = await added(here, receiver, "customer.created"), clock.now()
    number = shown.endpoint.id or 0
    async with here.database.unit() as session:
        await endpoints.test(session, number, now=now)
        await session.flush()
        (parcel,) = await deliveries.claim(session, here.sealer, busy=(), now=now)
    async with here.database.unit() as announcing:
        await directory.create(announcing, NewCustomer("Eva"), now=now)
        async with here.database.unit() as session:
            await session.execute(text("set local lock_timeout = '10s'"))  # else this test would wait for itself
            assert await deliveries.settle(session, parcel, posting.Answered(200, "", 1), now=now)
            await endpoints.turn(session, number, EndpointState.PAUSED, now=now, by=1)
    assert {row.event: row.state for row in await logged(here, shown)} == {
        "webhook.test": DeliveryState.DELIVERED,
        "customer.created": DeliveryState.WAITING,
    }


async def test_an_outcome_that_cannot_be_kept_breaks_off_no_other_and_is_tried_again(
    empty: Any, here: Hub, receiver: Receiver
) -> None:
    one, other = await added(here, receiver), await added(here, receiver)
    async with here.database.unit() as session:
        for shown in (one, one, other):
            await endpoints.test(session, shown.endpoint.id or 0, now=clock.now())
    _second, first = await logged(here, one)
    refuse = "create function refuse() returns trigger language plpgsql as $$ begin raise exception 'no'; end $$"
    when = f"when (new.id = {first.id} and new.state = 'delivered')"
    each = f"create trigger refuse before update on webhook_delivery for each row {when} execute function refuse()"
    async with here.database.unit() as session:
        await session.execute(text(refuse))
        await session.execute(text(each))
    with capture_logs() as told:
        assert await webhooks.turn(here) == 3
    assert [(line["event"], line["delivery"]) for line in told] == [("delivery not settled", first.id)]
    states = {row.id: row.state for shown in (one, other) for row in await logged(here, shown)}
    assert [states.pop(first.id), *states.values()] == [DeliveryState.WAITING, *[DeliveryState.DELIVERED] * 2]

    async with here.database.unit() as session:
        await session.execute(text("drop trigger refuse on webhook_delivery"))
        await session.execute(text("update webhook_delivery set claimed_until = now() - interval '1 s'"))
    assert await webhooks.turn(here) == 1
    assert [row.state for row in await logged(here, one)] == [DeliveryState.DELIVERED] * 2
    assert [headers["webhook-id"] for headers, _body in receiver.heard].count(first.message_id) == 2


async def test_a_failure_is_tried_again_and_a_redirect_is_a_failure(empty: Any, here: Hub, receiver: Receiver) -> None:
    shown = await added(here, receiver)
    receiver.status = 302
    async with here.database.unit() as session:
        await endpoints.test(session, shown.endpoint.id or 0, now=clock.now())
    assert await webhooks.turn(here) == 1
    (row,) = await logged(here, shown)
    assert (row.state, row.status, row.attempts, len(row.answer)) == (DeliveryState.WAITING, 302, 1, 2000)
    assert row.next_at > clock.now()
    assert len(receiver.heard) == 1
    receiver.status = 200
    async with here.database.unit() as session:
        await deliveries.again(session, row.id or 0, now=clock.now())
    assert await webhooks.turn(here) == 1
    (row,) = await logged(here, shown)
    assert (row.state, row.status) == (DeliveryState.DELIVERED, 200)
    first, second = [headers["webhook-id"] for headers, _body in receiver.heard]
    assert first == second


async def fail(hub: Hub, now: datetime, status: int = 500) -> int:
    async with hub.database.unit() as session:
        parcels = await deliveries.claim(session, hub.sealer, busy=(), now=now)
        for one in parcels:
            await deliveries.settle(session, one, posting.Answered(status, "no", 1), now=now)
    return len(parcels)


async def test_after_days_of_failures_it_is_switched_off_and_an_administrator_has_a_task(
    empty: Any, here: Hub, receiver: Receiver
) -> None:
    shown, now = await added(here, receiver), clock.now()
    async with here.database.unit() as session:
        await endpoints.test(session, shown.endpoint.id or 0, now=now)
    tries = 0
    for seconds in (0, *SECONDS_UNTIL):
        now += timedelta(seconds=seconds)
        tries += await fail(here, now)
    assert tries <= TRIES
    async with here.database.unit() as session:
        await endpoints.test(session, shown.endpoint.id or 0, now=now)
    await fail(here, now + deliveries.OFF_AFTER)
    async with here.database.unit() as session:
        assert (await endpoints.get(session, shown.endpoint.id or 0)).state is EndpointState.OFF
        (todo,) = await tasks.listing(session, assignee_id=empty.staff[Role.ADMIN])
    assert todo.title == "The webhook to ERP was switched off: it failed for days"
    async with here.database.unit() as session:
        await directory.create(session, NewCustomer("Eva"), now=clock.now())
    assert len(await logged(here, shown)) == 2


async def test_a_program_that_says_gone_is_told_nothing_more(empty: Any, here: Hub, receiver: Receiver) -> None:
    shown = await added(here, receiver)
    async with here.database.unit() as session:
        await endpoints.test(session, shown.endpoint.id or 0, now=clock.now())
    await fail(here, clock.now(), 410)
    async with here.database.unit() as session:
        assert (await endpoints.get(session, shown.endpoint.id or 0)).state is EndpointState.OFF
        (todo,) = await tasks.listing(session, assignee_id=empty.staff[Role.ADMIN])
    assert todo.title == "The webhook to ERP was switched off: it says that it is gone"


async def test_of_several_that_fail_at_once_the_first_switches_it_off_and_one_task_says_so(
    empty: Any, here: Hub, receiver: Receiver
) -> None:
    shown = await added(here, receiver)
    receiver.status = 410
    async with here.database.unit() as session:
        for _ in range(3):
            await endpoints.test(session, shown.endpoint.id or 0, now=clock.now())
    assert await webhooks.turn(here) == 3
    async with here.database.unit() as session:
        assert len(await tasks.listing(session, assignee_id=empty.staff[Role.ADMIN])) == 1


async def test_while_the_secret_changes_both_sign(empty: Any, here: Hub, receiver: Receiver) -> None:
    shown = await added(here, receiver)
    async with here.database.unit() as session:
        fresh = await endpoints.rotate(session, here.sealer, shown.endpoint.id or 0, now=clock.now(), by=1)
        await endpoints.test(session, shown.endpoint.id or 0, now=clock.now())
    await webhooks.turn(here)
    ((headers, body),) = receiver.heard
    assert genuine(shown.secret, headers, body)
    assert genuine(fresh.secret, headers, body)
    async with here.database.unit() as session:
        row = await endpoints.get(session, shown.endpoint.id or 0)
        after = clock.now() + endpoints.BOTH
        assert endpoints.keys(row, here.sealer, now=after) == [fresh.secret]


async def test_what_happens_during_a_pause_waits_for_its_end(empty: Any, here: Hub, receiver: Receiver) -> None:
    shown, now = await added(here, receiver, "customer.created"), clock.now()
    number = shown.endpoint.id or 0
    async with here.database.unit() as session:
        await endpoints.turn(session, number, EndpointState.PAUSED, now=now, by=1)
    async with here.database.unit() as session:
        await directory.create(session, NewCustomer("Eva"), now=clock.now())
    assert await webhooks.turn(here) == 0
    async with here.database.unit() as session:
        await endpoints.turn(session, number, EndpointState.ON, now=now, by=1)
    assert await webhooks.turn(here) == 1


async def test_the_workers_loop_posts_what_happens_and_ends_when_it_is_told(
    empty: Any, here: Hub, receiver: Receiver
) -> None:
    await added(here, receiver, "customer.created")
    stop = asyncio.Event()
    loop = asyncio.create_task(webhooks.run(here, stop))
    async with here.database.unit() as session:
        await directory.create(session, NewCustomer("Eva"), now=clock.now())
    async with asyncio.timeout(60):
        await receiver.came.wait()
    stop.set()
    await asyncio.wait_for(loop, 60)
    assert [one["type"] for one in receiver.told] == ["customer.created"]


async def test_the_doctor_sees_what_waits_for_too_long(empty: Any, here: Hub, receiver: Receiver) -> None:
    shown = await added(here, receiver)
    async with here.database.unit() as session:
        await endpoints.test(session, shown.endpoint.id or 0, now=clock.now() - timedelta(hours=3))
        found = [one.check for one in await health.doctor(session, now=clock.now())]
    assert "webhooks that wait" in found


@pytest.mark.parametrize(
    "url",
    [
        "http://erp.example/",
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://localhost/",
        "https://10.0.0.1/x",
        "https://intranet/",
        "https://user:secret@erp.example/",
        "https://①②⑦.example/",
        "https://erp.example:99999/",
        "https://erp.example/\r\nX: y",
        "ftp://erp.example/",
        "",
    ],
)
async def test_addresses_that_lead_anywhere_but_to_the_open_internet_are_refused(hub: Hub, url: str) -> None:
    with pytest.raises(EndpointProblem):
        async with hub.database.unit() as session:
            wanted = Wanted(url, "", ("call.missed",))
            await endpoints.create(session, hub.sealer, wanted, loopback=False, now=clock.now(), by=1)


async def test_a_name_that_leads_into_our_network_is_not_posted_to() -> None:
    answered = await posting.post("https://127.0.0.1.nip.io.localhost.localdomain/", b"{}", {}, loopback=False)
    assert answered.status == 0


async def test_the_page_adds_shows_the_secret_once_and_refuses_with_the_reason(world: Any, signed_in: Any) -> None:
    desk = await signed_in(Role.ADMIN)
    made = await desk.send("/settings/webhooks", url="https://erp.example/", name="ERP", events="call.missed")
    assert "whsec_" in made.text
    seen = await desk.see("/settings/webhooks")
    assert "whsec_" not in seen.text
    assert seen.select_one("input[value='call.missed'][checked]") is not None
    refused = await desk.send("/settings/webhooks", url="http://10.0.0.1/", events="call.missed")
    assert refused.status_code == 422
    for step in ("test", "pause", "resume"):
        assert (await desk.send(f"/settings/webhooks/1/{step}")).status_code == 303
    assert "webhook.test" in (await desk.see("/settings/webhooks")).text
    assert "whsec_" in (await desk.send("/settings/webhooks/1/rotate")).text
    assert (await desk.send("/settings/webhooks/deliveries/1/again")).status_code == 303
    assert (await desk.send("/settings/webhooks/1/delete")).status_code == 303
    assert (await desk.send("/settings/webhooks/1/test")).status_code == 404


async def test_what_stands_behind_the_host_of_an_address_is_read_by_administrators_alone(
    world: Any, signed_in: Any
) -> None:
    admin, lead = await signed_in(Role.ADMIN), await signed_in(Role.SUPERVISOR)
    url = "https://hooks.example/services/T0/path-secret?key=query-secret"
    await admin.send("/settings/webhooks", url=url, events="call.missed")
    await admin.send("/settings/webhooks/1/rotate")
    read = (await lead.see("/audit")).text + (await lead.client.get("/audit.csv")).text
    assert "https://hooks.example" in read
    assert "secret" not in read
    async with world.hub.database.unit() as session:
        row = await endpoints.get(session, 1)
        row.failing_since = clock.now() - deliveries.OFF_AFTER
        await endpoints.test(session, 1, now=clock.now())
    await fail(world.hub, clock.now())
    async with world.hub.database.unit() as session:
        (todo,) = await tasks.listing(session, assignee_id=world.staff[Role.ADMIN])
    assert todo.title == "The webhook to https://hooks.example was switched off: it failed for days"


async def test_the_api_does_what_the_page_does(empty: Any, hub: Hub) -> None:
    async with hub.database.unit() as session:
        admin = await tokens.issue(session, staff_id=empty.staff[Role.ADMIN], name="t", now=clock.now())
        agent = await tokens.issue(session, staff_id=empty.staff[Role.AGENT], name="t", now=clock.now())
    transport = httpx.ASGITransport(create_app(hub))
    path = "/api/v1/webhook-endpoints"
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as client:
        client.headers["authorization"] = f"Bearer {agent.token}"
        assert (await client.get(path)).status_code == 403
        client.headers["authorization"] = f"Bearer {admin.token}"
        new = {"url": "https://erp.example/", "events": ["call.missed"]}
        made = (await client.post(path, json=new)).json()
        assert made["secret"].startswith("whsec_")
        one = f"{path}/{made['endpoint']['id']}"
        assert (await client.get(path)).json()["items"] == [made["endpoint"]]
        changed = await client.put(one, json=new | {"name": "ERP"})
        assert changed.json()["name"] == "ERP"
        assert (await client.post(f"{one}/pause")).json()["state"] == "paused"
        assert (await client.post(f"{one}/resume")).json()["state"] == "on"
        assert (await client.post(f"{one}/rotate")).json()["secret"] != made["secret"]
        assert (await client.post(f"{one}/test")).status_code == 204
        (sent,) = (await client.get(f"{one}/deliveries")).json()["items"]
        again = await client.post(f"/api/v1/webhook-deliveries/{sent['id']}/again")
        assert again.json()["message_id"] == sent["message_id"]
        assert (await client.post(path, json=new | {"url": f"http://{uuid4()}/"})).status_code == 422
        assert (await client.post(path, json=new | {"events": ["nothing"]})).status_code == 422
        assert (await client.delete(one)).status_code == 204
        assert (await client.delete(one)).status_code == 404
