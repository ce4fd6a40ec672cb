"""/health, /metrics and the reference: what machines and programmers ask about us."""

from __future__ import annotations

import asyncio
import dataclasses
import re
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from html.parser import HTMLParser

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from hub.bootstrap import Hub
from hub.database import outage
from hub.database.engine import Database
from hub.models.vocabulary import Role

Headers = dict[str, str]
Bearer = Callable[..., Awaitable[Headers]]
Calling = Callable[..., AbstractAsyncContextManager[httpx.AsyncClient]]
AWAY = "postgresql://nobody@127.0.0.1:9/none"


async def test_the_process_lives_and_is_ready(client: httpx.AsyncClient) -> None:
    answers = [await client.get(f"/health/{word}") for word in ("live", "ready")]
    assert [(a.status_code, a.json()["status"]) for a in answers] == [(200, "ok"), (200, "ok")]


async def test_without_its_database_it_lives_but_is_not_ready_and_metrics_say_so(hub: Hub, calling: Calling) -> None:
    """F3."""
    async with calling(dataclasses.replace(hub, database=Database(AWAY)), "127.0.0.1") as client:
        live, ready = await client.get("/health/live"), await client.get("/health/ready")
        metrics = await client.get("/metrics")
        api = await client.get("/api/v1/customers", headers={"Authorization": "Bearer hub_x"})
    assert [live.status_code, ready.status_code, api.status_code] == [200, 503, 503]
    assert ready.json() == {"status": "unready", "database": "It cannot be reached"}
    assert "hub_database_up 0.0" in metrics.text
    assert api.headers["Retry-After"]


async def test_however_many_ask_at_once_the_database_is_asked_once(hub: Hub, calling: Calling) -> None:
    came = 0

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal came
        came += 1
        await reader.read()  # and answer nothing
        writer.close()

    server = await asyncio.start_server(listen, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    silent = Database(f"postgresql://nobody@127.0.0.1:{port}/none")
    async with server, calling(dataclasses.replace(hub, database=silent), "127.0.0.1") as client:
        answers = await asyncio.gather(*(client.get("/health/ready") for _ in range(30)))
        assert {answer.status_code for answer in answers} == {503}
        assert came == 1
        assert (await client.get("/health/ready")).status_code == 503
        assert came == 2


async def test_an_unmigrated_database_is_not_ready_and_the_remedy_is_named(client: httpx.AsyncClient, hub: Hub) -> None:
    async with hub.database.unit() as session:
        await (await session.connection()).execute(text("delete from alembic_version"))
    ready = await client.get("/health/ready")
    assert ready.status_code == 503
    assert "hub migrate" in ready.json()["schema"]


async def test_a_connection_cut_in_the_middle_is_told_as_an_outage_and_the_next_request_works(
    client: httpx.AsyncClient, hub: Hub, headers: Headers
) -> None:
    await client.get("/api/v1/customers", headers=headers)
    cut = "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database()"
    with pytest.raises(DBAPIError) as caught:
        async with hub.database.unit() as session:
            await (await session.connection()).execute(text(cut))
    assert outage.is_away(caught.value)
    assert (await client.get("/api/v1/customers", headers=headers)).status_code == 200


async def test_metrics_are_what_prometheus_reads(hub: Hub, calling: Calling) -> None:
    async with calling(hub, "127.0.0.1") as client:
        response = await client.get("/metrics")
    names = {family.name for family in text_string_to_metric_families(response.text)}
    assert {"process_resident_memory_bytes", "hub_database_up"} <= names


async def test_metrics_are_for_this_machine_and_for_administrators(
    client: httpx.AsyncClient, hub: Hub, calling: Calling, bearer: Bearer
) -> None:
    asked = [{}, await bearer(Role.SUPERVISOR), await bearer(Role.ADMIN)]
    far = [(await client.get("/metrics", headers=h)).status_code for h in asked]
    async with calling(hub, "127.0.0.1") as near:
        proxied = (await near.get("/metrics", headers={"X-Forwarded-For": "203.0.113.9"})).status_code
    assert (far, proxied) == ([401, 403, 200], 401)


async def test_the_reference_describes_every_endpoint_and_loads_nothing(client: httpx.AsyncClient) -> None:
    schema = (await client.get("/api/openapi.json")).json()
    response = await client.get("/api/docs")
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            assert f"<code>{method.upper()} {path}</code>" in response.text
            assert operation["description"]
    assert set(re.findall(r'(?:href|src)="([^"]*)"', response.text)) == {"/api/plain.css", "/api/openapi.json"}
    assert response.headers["content-security-policy"].startswith("default-src 'none'")
    HTMLParser().feed(response.text)


async def test_the_reference_s_examples_work(client: httpx.AsyncClient, headers: Headers) -> None:
    schema = (await client.get("/api/openapi.json")).json()
    fields = schema["components"]["schemas"]["CustomerIn"]["properties"]
    example = {name: field["examples"][0] for name, field in fields.items()}
    made = await client.post("/api/v1/customers", json=example, headers=headers)
    assert made.status_code == 201, made.text


async def test_every_endpoint_asks_for_a_token(client: httpx.AsyncClient) -> None:
    schema = (await client.get("/api/openapi.json")).json()
    operations = [(p, m, o) for p, methods in schema["paths"].items() for m, o in methods.items()]
    assert [(p, m) for p, m, o in operations if not o.get("security")] == []
