"""Who works at the benches' desk, with what they have arranged; and rows of a table as COPY takes them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
from sqlmodel import SQLModel

from hub.models import LabelRow, SavedView, Staff, StaffSession, Task, Team, TeamChannel, TeamMember
from hub.models.columns import defaults
from hub.models.vocabulary import Role
from tests.bench.desk_past import STAFF, Past, identifier

COOKIE = "bench-cookie"
_TEAMS = ("Support", "Sales", "Returns")
_LABELS = ("gold", "vip", "claim", "return", "wholesale")


@dataclass(frozen=True, slots=True)
class Columns:
    """A table and what each of its columns holds where nothing else is said."""

    table: str
    places: dict[str, int]
    usual: tuple[Any, ...]

    @classmethod
    def of(cls, model: type[SQLModel]) -> Columns:
        table = model.__table__  # type: ignore[attr-defined]
        known = {
            name: json.dumps(value) if isinstance(value, dict) else value for name, value in defaults(model).items()
        }
        names = [one.name for one in table.columns if not one.computed and one is not table.autoincrement_column]
        return cls(table.name, {name: n for n, name in enumerate(names)}, tuple(known.get(name) for name in names))

    def record(self, **given: Any) -> tuple[Any, ...]:
        row, places = list(self.usual), self.places
        for name, value in given.items():
            row[places[name]] = value
        return tuple(row)


async def copied(connection: asyncpg.Connection, columns: Columns, records: Iterable[tuple[Any, ...]]) -> None:
    await connection.copy_records_to_table(columns.table, columns=list(columns.places), records=records)


def moment(at: int) -> datetime:
    """Of milliseconds."""
    return datetime.fromtimestamp(at / 1000, UTC)


async def fill(connection: asyncpg.Connection, past: Past, now: datetime) -> None:
    """Twenty people in three teams; the first one is signed in. Their tasks lie around now."""
    await _some(connection, Staff, [_colleague(n, now) for n in range(1, STAFF + 1)])
    digest, later = hashlib.sha256(COOKIE.encode()).hexdigest(), now + timedelta(days=300)
    signed = {"token_hash": digest, "staff_id": 1, "csrf": "-", "created_at": now, "seen_at": now, "expires_at": later}
    await _some(connection, StaffSession, [signed])
    await _some(connection, Team, [{"name": name, "created_at": now} for name in _TEAMS])
    await _some(connection, TeamMember, [{"team_id": 1 + n % 3, "staff_id": n} for n in range(1, STAFF + 1)])
    await _some(connection, TeamChannel, [{"channel": "mail", "team_id": 2}, {"channel": "sms", "team_id": 1}])
    await _some(connection, LabelRow, [{"name": name, "colour": "blue", "description": ""} for name in _LABELS])
    sought = json.dumps({"states": ["open"]})
    views = [{"name": name, "staff_id": 1, "shared": True, "conditions": sought} for name in ("Claims", "Gold")]
    await _some(connection, SavedView, views)
    await _some(connection, Task, [_task(n, past, now) for n in range(2000)])


async def _some(connection: asyncpg.Connection, model: type[SQLModel], rows: Iterable[dict[str, Any]]) -> None:
    columns = Columns.of(model)
    await copied(connection, columns, [columns.record(**row) for row in rows])


def _colleague(n: int, now: datetime) -> dict[str, Any]:
    role = Role.ADMIN if n == 1 else Role.AGENT
    known = {"email": f"agent{n}@meadow.example", "name": f"Agent {n}", "password_hash": "-"}
    return {**known, "role": role.value, "created_at": now}


def _task(n: int, past: Past, now: datetime) -> dict[str, Any]:
    whose = identifier(past.said[0][0], n % past.customers)
    due = now + timedelta(hours=n - 1000)
    told = {"title": f"Call back {n}", "due_at": due, "assignee_id": 1 + n % STAFF}
    return {"customer_id": whose, **told, "created_at": now, "changed_at": now}
