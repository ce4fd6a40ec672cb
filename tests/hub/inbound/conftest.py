"""A reception with the three usual channels, which connect to nothing, ways to bring it news, and the rows."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlmodel import SQLModel, select

from channels.adapter import Channel
from channels.message import Event, Inbound, Kind
from channels.providers import open_channel
from hub.database.engine import Database
from hub.inbound.receive import Reception, receive, store_files
from hub.outbound import senders
from hub.settings import CallsTable
from hub.storage import open_storage
from tests.gates import SHIPPED, gate_of
from tests.hub.inbound.events import HUB_PHONE, SALES, SUPPORT

Bring = Callable[..., Awaitable[UUID | None]]
Rows = Callable[[type[SQLModel]], Awaitable[list[Any]]]

_TWILIO = {"number": HUB_PHONE, "account_sid": "AC" + "a" * 32, "auth_token": "token"}
_MAIL = {
    "address": SUPPORT,
    "smtp": {"host": "127.0.0.1", "port": 1, "security": "none"},
    "imap": {"host": "127.0.0.1", "port": 1, "security": "none", "username": "support"},
}


@pytest.fixture
async def channels() -> AsyncIterator[dict[str, Channel]]:
    opened = {
        "mail": open_channel("mail", Kind.EMAIL, "smtp", _MAIL, webhook_base=""),
        "sales": open_channel("sales", Kind.EMAIL, "smtp", _MAIL | {"address": SALES}, webhook_base=""),
        "sms": open_channel("sms", Kind.SMS, "twilio", _TWILIO, webhook_base="http://hub.example/webhooks/sms"),
        "voice": open_channel("voice", Kind.VOICE, "twilio", _TWILIO, webhook_base="http://hub.example/webhooks/voice"),
    }
    yield opened
    for channel in opened.values():
        await channel.close()


@pytest.fixture
async def reception(channels: dict[str, Channel], database: Database, tmp_path: Path, now: datetime) -> Reception:
    async with database.unit() as session:
        for channel in channels.values():
            await senders.register(session, channel.name, channel.kind, rate=100, burst=100, now=now)
    return Reception(open_storage(str(tmp_path / "blobs")), gate_of(SHIPPED), channels, CallsTable(), "Meadow & Sons")


@pytest.fixture
def bring(database: Database, reception: Reception, now: datetime) -> Bring:
    """Receive one event in a transaction of its own; `channel` by name, else the one of its kind."""

    async def one(event: Event, *, at: datetime = now, channel: str = "", quiet: bool = False) -> UUID | None:
        if isinstance(event, Inbound) and event.kind is Kind.EMAIL and event.at is None:
            event = replace(event, at=at)  # every mail has a Date
        await store_files(reception.storage, event)
        async with database.unit() as session:
            return await receive(session, _channel(reception, event, channel), event, reception, now=at, quiet=quiet)

    return one


@pytest.fixture
def rows(database: Database) -> Rows:
    """Every row of a table, in the order of its key."""

    async def every(model: type[SQLModel]) -> list[Any]:
        async with database.unit() as session:
            return list(await session.exec(select(model).order_by(*model.__table__.primary_key)))  # type: ignore[attr-defined]

    return every


def _channel(reception: Reception, event: Event, name: str) -> Channel:
    kinds: dict[object, str] = {Kind.EMAIL: "mail", Kind.SMS: "sms"}
    kind = getattr(event, "kind", None)
    return reception.channels[name or kinds.get(kind, "voice")]
