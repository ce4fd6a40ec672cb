"""A hub on a real database, asked over HTTP as programs and providers do."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import httpx
import pytest

from hub import clock
from hub.app import create_app
from hub.bootstrap import Hub, open_hub
from hub.customers import directory
from hub.customers.directory import NewCustomer
from hub.models import Customer, Staff, StaffSession
from hub.models.vocabulary import Role
from hub.settings import Settings
from hub.staff import sessions, tokens

AUTH_TOKEN = "twilio-auth-token"
STRANGER = "203.0.113.9"

Headers = dict[str, str]
Bearer = Callable[..., Awaitable[Headers]]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    twilio = {"provider": "twilio", "account_sid": "AC" + "a" * 32, "auth_token": AUTH_TOKEN, "number": "+48732230001"}
    mail = {"address": "support@meadow.example", "smtp": {"host": "127.0.0.1", "port": 9, "security": "none"}}
    return Settings.model_validate(
        {
            "hub": {"name": "Meadow & <Sons>", "public_url": "https://hub.example/desk", "data_dir": tmp_path},
            "channels": {
                "mail": {"kind": "email", "provider": "smtp", **mail},
                "sms": {"kind": "sms", **twilio},
                "voice": {"kind": "voice", **twilio},
            },
        }
    )


@pytest.fixture
async def hub(settings: Settings, database_url: str) -> AsyncIterator[Hub]:
    async with open_hub(settings, database_url) as opened:
        yield opened


Calling = Callable[..., AbstractAsyncContextManager[httpx.AsyncClient]]


@asynccontextmanager
async def _calling(hub: Hub, ip: str = STRANGER) -> AsyncIterator[httpx.AsyncClient]:
    """A client of this hub's API, at this address."""
    transport = httpx.ASGITransport(create_app(hub), client=(ip, 40000))
    async with httpx.AsyncClient(transport=transport, base_url="http://evil.example") as client:
        yield client


@pytest.fixture
def calling() -> Calling:
    """A client of any hub, at any address: `async with calling(hub, "127.0.0.1") as client`."""
    return _calling


@pytest.fixture
async def client(hub: Hub) -> AsyncIterator[httpx.AsyncClient]:
    async with _calling(hub) as client:
        yield client


@pytest.fixture
def hire(hub: Hub) -> Callable[[Role], Awaitable[Staff]]:
    async def make(role: Role) -> Staff:
        email = f"{role.value}@meadow.example"
        staff = Staff(email=email, name=role.value, role=role, password_hash="-", created_at=clock.now())
        async with hub.database.unit() as session:
            session.add(staff)
        return staff

    return make


@pytest.fixture
def bearer(hub: Hub, hire: Callable[[Role], Awaitable[Staff]]) -> Bearer:
    """The Authorization header of a new member of staff with this role."""

    async def issue(role: Role = Role.SUPERVISOR) -> Headers:
        staff = await hire(role)
        async with hub.database.unit() as session:
            issued = await tokens.issue(session, staff_id=staff.id or 0, name="test", now=clock.now())
        return {"Authorization": f"Bearer {issued.token}"}

    return issue


@pytest.fixture
async def headers(bearer: Bearer) -> Headers:
    return await bearer()


@pytest.fixture
def cookie(hub: Hub, hire: Callable[[Role], Awaitable[Staff]]) -> Callable[[Role], Awaitable[Headers]]:
    """The Cookie header of somebody with this role who has just signed in."""

    async def sign_in(role: Role) -> Headers:
        staff, now = await hire(role), clock.now()
        row = StaffSession(
            token_hash=sessions._digest(role.value),
            staff_id=staff.id or 0,
            csrf="-",
            created_at=now,
            seen_at=now,
            expires_at=now + sessions.ABSOLUTE,
        )
        async with hub.database.unit() as session:
            session.add(row)
        return {"Cookie": f"{sessions.COOKIE}={role.value}"}

    return sign_in


@pytest.fixture
async def ana(hub: Hub) -> Customer:
    """A customer with a mail address and a telephone, who likes nothing better than anything else."""
    new = NewCustomer("Ana Kowalska", language="pl", emails=("ana@example.org",), phones=("+48601123456",))
    async with hub.database.unit() as session:
        return await directory.create(session, new, now=clock.now())
