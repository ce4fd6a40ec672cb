"""Members of staff to try things with."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime

import pytest

from hub.database.engine import Database
from hub.models import Staff
from hub.models.vocabulary import Role
from hub.staff import passwords

PASSWORD = "meadow gate 7"

Hire = Callable[..., Awaitable[Staff]]


@pytest.fixture(scope="session")
def password_hash() -> str:
    """Of PASSWORD; hashing is slow on purpose, so once a run is enough."""
    return asyncio.run(passwords.hashed(PASSWORD))


@pytest.fixture
def hire(database: Database, password_hash: str, now: datetime) -> Hire:
    """Makes an account: hire("ana", Role.AGENT)."""

    async def make(name: str = "ana", role: Role = Role.AGENT) -> Staff:
        email = f"{name}@meadow.example"
        staff = Staff(email=email, name=name.title(), role=role, password_hash=password_hash, created_at=now)
        async with database.unit() as session:
            session.add(staff)
        return staff

    return make
