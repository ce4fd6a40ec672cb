"""A log made by hand, to reckon reports from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest
from sqlmodel.ext.asyncio.session import AsyncSession

from hub.campaigns.costs import Tariff
from hub.clock import uuid7
from hub.database.engine import Database
from hub.models import Conversation, Customer, Interaction, Staff
from hub.models.vocabulary import ConversationState, Direction, Kind, Origin, Role, State
from hub.reports.asked import Narrowed, asked
from hub.reports.parts import PARTS
from hub.reports.shapes import Report, Value
from hub.reports.spans import Span

NOW = datetime(2026, 3, 13, 12, tzinfo=UTC)  # a Friday
WEEK = Span(date(2026, 3, 9), date(2026, 3, 15), "Europe/Warsaw")


def at(day: int, hour: int = 12, minute: int = 0, *, month: int = 3) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


@dataclass
class Log:
    """Rows are kept until `written`."""

    database: Database
    rows: list[Any] = field(default_factory=list)

    def person(self, name: str = "Ada", **more: Any) -> UUID:
        row = Customer(id=uuid7(at(1, month=1)), name=name, created_at=at(1), updated_at=at(1), **more)
        self.rows.append(row)
        return row.id

    def agent(self, number: int, name: str) -> int:
        email, since = f"{name}@meadow.example".lower(), at(1)
        self.rows.append(Staff(id=number, email=email, name=name, role=Role.AGENT, password_hash="", created_at=since))
        return number

    def talk(self, customer: UUID, begun: datetime, **more: Any) -> UUID:
        fields = {"kind": Kind.EMAIL, "channel": "mail", "state": ConversationState.OPEN} | more
        row = Conversation(id=uuid7(begun), customer_id=customer, created_at=begun, last_at=begun, **fields)
        self.rows.append(row)
        return row.id

    def word(self, customer: UUID, moment: datetime, way: str, **more: Any) -> UUID:
        direction = Direction(way)
        state = State.RECEIVED if direction is Direction.IN else State.SENT
        fields = {
            "kind": Kind.EMAIL,
            "channel": "mail",
            "origin": Origin.CUSTOMER if direction is Direction.IN else Origin.AGENT,
            "state": state,
        } | more
        row = Interaction(
            id=uuid7(moment), at=moment, state_at=moment, customer_id=customer, direction=direction, **fields
        )
        self.rows.append(row)
        return row.id

    async def report(
        self,
        name: str,
        narrowed: Narrowed = Narrowed(),  # noqa: B008
        span: Span = WEEK,
        prices: Mapping[str, Tariff] | None = None,
    ) -> Report:
        async with self.database.unit() as session:
            await self._write(session)
        async with self.database.unit() as session:
            return await PARTS[name].report(session, await asked(session, span, narrowed, prices=prices, now=NOW))

    async def figures(self, name: str, narrowed: Narrowed = Narrowed()) -> dict[str, tuple[Value, Value]]:  # noqa: B008
        report = await self.report(name, narrowed)
        return {one.name: (_rounded(one.value), _rounded(one.before)) for one in report.figures}

    async def _write(self, session: AsyncSession) -> None:
        """In the order in which rows lean on each other: they were made so."""
        for row in self.rows:
            session.add(row)
            await session.flush()
        self.rows.clear()


def _rounded(value: Value) -> Value:
    return round(value, 4) if isinstance(value, float) else value


def table(report: Report, name: str) -> list[tuple[Value, ...]]:
    found = next(one for one in report.tables if one.name == name)
    return [tuple(_rounded(value) for value in row) for row in found.rows]


@pytest.fixture
def log(database: Database) -> Log:
    return Log(database)
