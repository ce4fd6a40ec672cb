"""Who gets in: tokens, roles, sizes, and what a "no" looks like (ASVS 8.2.2, 6.3.1; RFC 9457)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlmodel import select

from hub.api.access import WRONG_TOKENS
from hub.bootstrap import Hub
from hub.models import Audit, Customer, Interaction
from hub.models.vocabulary import Role

Headers = dict[str, str]
Bearer = Callable[..., Awaitable[Headers]]
Calling = Callable[..., AbstractAsyncContextManager[httpx.AsyncClient]]

_DESK = {Role.AGENT, Role.SUPERVISOR, Role.ADMIN}
_MARKETING = {Role.MARKETER, Role.SUPERVISOR, Role.ADMIN}
_WORDS = {"customer_id": "{ana}", "text": "Hello", "kind": "sms"}
_MATRIX: list[tuple[str, str, dict[str, Any] | None, set[Role]]] = [
    ("GET", "/customers", None, set(Role)),
    ("POST", "/customers", {"name": "Eve"}, _DESK),
    ("GET", "/customers/{ana}", None, set(Role)),
    ("PATCH", "/customers/{ana}", {"vip": True}, _DESK),
    ("POST", "/customers/{ana}/addresses", {"kind": "email", "value": "a@example.net"}, _DESK),
    ("PUT", "/customers/{ana}/preferences/service", {"channels": ["sms"]}, _DESK),
    ("GET", "/customers/{ana}/consents", None, set(Role)),
    ("POST", "/customers/{ana}/consents", {"granted": True, "source": "shop"}, _DESK),
    ("GET", "/customers/{ana}/timeline", None, _DESK),
    ("GET", "/interactions", None, _DESK),
    ("GET", "/interactions/{ana}", None, _DESK),
    ("POST", "/messages", _WORDS, _DESK),
    ("POST", "/messages", {**_WORDS, "purpose": "marketing"}, _MARKETING),
    ("GET", "/topics", None, _MARKETING),
    ("POST", "/topics", {"key": "garden", "titles": {"en": "Garden"}}, _MARKETING),
    ("GET", "/occasions", None, _MARKETING),
    ("POST", "/occasions", {"kind": "festival", "title": "Our day", "template": "festival", "rule": {"date": "05-24"}},
     _MARKETING),
    ("GET", "/appointments", None, _DESK),
    ("POST", "/appointments", {"customer_id": "{ana}", "title": "Fitting", "starts_at": "2099-01-01T10:00:00Z",
                               "timezone": "UTC"}, _DESK),
]  # fmt: skip


async def _ask(client: httpx.AsyncClient, row: tuple[str, str, Any, Any], ana: Customer, headers: Headers) -> int:
    method, path, body, _ = row
    filled = {k: str(ana.id) if v == "{ana}" else v for k, v in body.items()} if body else None
    url = "/api/v1" + path.replace("{ana}", str(ana.id))
    return (await client.request(method, url, json=filled, headers=headers)).status_code


@pytest.mark.parametrize("role", list(Role))
async def test_each_role_opens_exactly_its_endpoints(
    client: httpx.AsyncClient, bearer: Bearer, ana: Customer, role: Role
) -> None:
    headers = await bearer(role)
    refused = [(m, p) for m, p, b, r in _MATRIX if await _ask(client, (m, p, b, r), ana, headers) == 403]
    assert refused == [(m, p) for m, p, _, allowed in _MATRIX if role not in allowed]


_NO_TOKENS = [None, b"Bearer hub_wrong", b"Basic YTpi", b"Bearer", b"Bearer \xff"]


async def test_without_a_good_token_nothing_opens_and_nothing_changes(
    hub: Hub, ana: Customer, calling: Calling
) -> None:
    for number, authorization in enumerate(_NO_TOKENS):
        headers: Any = {"Authorization": authorization} if authorization else {}
        async with calling(hub, f"203.0.113.{number}") as client:
            assert {await _ask(client, row, ana, headers) for row in _MATRIX} == {401}
    async with hub.database.unit() as session:
        assert len((await session.exec(select(Customer))).all()) == 1
        assert (await session.exec(select(Interaction))).all() == []


async def test_an_address_that_keeps_sending_wrong_tokens_is_slowed_down_but_right_ones_still_work(
    client: httpx.AsyncClient, headers: Headers
) -> None:
    wrong = {"Authorization": "Bearer hub_wrong"}
    statuses = [(await client.get("/api/v1/customers", headers=wrong)).status_code for _ in range(WRONG_TOKENS + 1)]
    assert statuses == [401] * WRONG_TOKENS + [429]
    slowed = await client.get("/api/v1/customers", headers=wrong)
    assert int(slowed.headers["Retry-After"]) > 0
    assert (await client.get("/api/v1/customers", headers=headers)).status_code == 200


async def test_a_problem_names_the_thing_the_cause_and_the_remedy(client: httpx.AsyncClient, headers: Headers) -> None:
    nobody = uuid4()
    response = await client.get(f"/api/v1/customers/{nobody}", headers=headers)
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json() == {
        "type": "about:blank",
        "title": "Customer",
        "status": 404,
        "detail": f"There is no customer {nobody}",
        "remedy": "Look them up with GET /api/v1/customers?query=…",
    }


_WRONG_TURNS = [
    ("GET", "/api/v1/nothing", 404),
    ("GET", "/api/nothing", 404),
    ("DELETE", "/api/v1/customers", 405),
    ("GET", "/api/v1/customers/1 or 1=1", 404),
    ("GET", "/api/v1/interactions?limit=100000", 422),
    ("GET", "/api/v1/interactions?state=nonsense", 422),
    ("GET", "/api/v1/customers/%00", 404),
]


async def test_every_wrong_turn_is_a_problem(client: httpx.AsyncClient, headers: Headers) -> None:
    for method, path, status in _WRONG_TURNS:
        response = await client.request(method, path, headers=headers)
        assert (path, response.status_code) == (path, status)
        assert response.headers["content-type"] == "application/problem+json"
        assert response.json()["remedy"]


_NONSENSE = [
    b"{",
    b"[]",
    b"\xff\xfe",
    b"[" * 500_000,
    b'{"name": "a\\u0000b"}',
    b'{"name": "a", "given_name": "\\ud800"}',
    b'{"name": "a", "attributes": {"\\u0000": 1}}',
    b'{"name": "a", "provisional": true}',
    b'{"name": "a", "id": "0195a0c4-7c1e-7d3a-9f52-3b1c7e5a9d10"}',
    b'{"name": "a", "birthday": "2025-02-30"}',
    b'{"name": "a", "birthday": "yesterday"}',
    b'{"name": "a", "emails": ["not an address"]}',
    b'{"name": "a", "timezone": "../../etc/passwd"}',
    b'{"name": "a", "timezone": "Mars/Base"}',
    b'{"name": "  "}',
]


async def test_a_body_that_makes_no_sense_is_refused_and_adds_nobody(
    client: httpx.AsyncClient, hub: Hub, headers: Headers
) -> None:
    """ASVS 15.3.3: mass assignment is one of the ways not to make sense."""
    sent = {**headers, "Content-Type": "application/json"}
    for body in _NONSENSE:
        response = await client.post("/api/v1/customers", content=body, headers=sent)
        assert response.status_code in (400, 422), body[:80]
        assert response.headers["content-type"] == "application/problem+json"
    async with hub.database.unit() as session:
        assert (await session.exec(select(Customer))).all() == []


async def test_a_body_without_end_is_cut_off_announced_or_not(client: httpx.AsyncClient, headers: Headers) -> None:
    huge = b'{"name": "' + b"a" * 1_000_001 + b'"}'

    async def drip() -> Any:
        for start in range(0, len(huge), 65536):
            yield huge[start : start + 65536]

    sent = {**headers, "Content-Type": "application/json"}
    announced = await client.post("/api/v1/customers", content=huge, headers=sent)
    dripping = await client.post("/api/v1/customers", content=drip(), headers=sent)
    assert [announced.status_code, dripping.status_code] == [413, 413]


async def test_every_reading_of_a_customer_is_in_the_audit_trail(
    client: httpx.AsyncClient, hub: Hub, headers: Headers, ana: Customer
) -> None:
    """Requirement G6."""
    for path in ("", "/consents", "/timeline"):
        await client.get(f"/api/v1/customers/{ana.id}{path}", headers=headers)
    async with hub.database.unit() as session:
        rows = (await session.exec(select(Audit).where(Audit.subject == f"customer:{ana.id}"))).all()
    assert [r.action for r in sorted(rows, key=lambda r: r.id or 0)] == [
        "customer.read",
        "consent.read",
        "timeline.read",
    ]
    assert {r.ip for r in rows} == {"203.0.113.9"}
