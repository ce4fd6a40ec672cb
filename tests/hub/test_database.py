"""The schema, its migrations, and the units of work on it."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, ForeignKeyConstraint, text
from sqlalchemy.exc import DBAPIError

from hub import bootstrap
from hub.cli import failures
from hub.clock import first_uuid7, moment, uuid7
from hub.database import migrating, revisions
from hub.database.engine import Database
from hub.database.migrating import Misfit
from hub.models import METADATA, Consent, Customer


async def test_the_migrations_from_empty_give_exactly_the_models(database: Database) -> None:
    async with database.engine.connect() as connection:
        assert await connection.run_sync(_drift) == []


async def test_a_migrated_database_has_nothing_pending_and_migrating_again_changes_nothing(
    database_url: str,
) -> None:
    await migrating.upgrade(database_url)
    assert await migrating.pending(database_url) == []


def test_the_revision_wanted_by_the_files_names_is_the_one_that_alembic_migrates_to() -> None:
    assert migrating.newest() == revisions.head(migrating.SCRIPTS)


async def test_a_database_that_is_behind_lacks_what_came_after(database: Database, database_url: str) -> None:
    async with database.unit() as session:
        await session.execute(text("update alembic_version set version_num = '0001'"))
    assert (await migrating.pending(database_url))[0] == "0002"


@pytest.mark.parametrize(
    ("made", "said"),
    [
        ("alter table call_outcome drop column calls_back", r"it lacks call_outcome.calls_back\)"),
        ("drop table missed_call", r"it lacks missed_call.customer_id and \d+ more\)"),
        ("update alembic_version set version_num = '0003'", "already exists"),
        ("update alembic_version set version_num = '9999'", "its schema is 9999"),
    ],
)
async def test_data_of_an_earlier_schema_are_left_alone_and_told_of_in_words(
    made: str, said: str, database: Database, database_url: str
) -> None:
    await bootstrap.prepare(database_url)
    async with database.unit() as session:
        await session.execute(text(made))
    with pytest.raises(Misfit, match=said) as found:
        await bootstrap.prepare(database_url)
    assert "Move the data folder away" in str(found.value)
    assert failures.told(found.value) == failures.DATABASE


def test_a_worker_starts_without_loading_what_migrates() -> None:
    command = "import sys, hub.cli.running; sys.exit('alembic' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", command], check=False).returncode == 0


async def test_a_unit_that_raises_leaves_nothing_behind(database: Database, now: datetime) -> None:
    customer = Customer(id=uuid7(now), name="Ana", created_at=now, updated_at=now)
    with pytest.raises(RuntimeError):
        async with database.unit() as session:
            session.add(customer)
            await session.flush()
            raise RuntimeError
    async with database.unit() as session:
        assert await session.get(Customer, customer.id) is None


async def test_the_consent_ledger_refuses_to_be_rewritten(database: Database, now: datetime) -> None:
    customer = Customer(id=uuid7(now), name="Ana", created_at=now, updated_at=now)
    async with database.unit() as session:
        session.add(customer)
        await session.flush()
        session.add(Consent(customer_id=customer.id, at=now, granted=False, source="test"))
    with pytest.raises(DBAPIError, match="append-only"):
        async with database.unit() as session:
            await session.execute(text("update consent set granted = true"))


def test_identifiers_sort_by_the_moment_they_were_made_from() -> None:
    early, late = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, 0, 0, 0, 1000, tzinfo=UTC)
    assert first_uuid7(early) <= uuid7(early) < first_uuid7(late) <= uuid7(late)
    assert moment(uuid7(late)) == late
    assert uuid7(early).version == 7


def test_identifiers_of_one_moment_sort_in_the_order_they_were_made() -> None:
    one, other = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)
    made = [uuid7(at) for _ in range(1000) for at in (one, other)]
    assert made[::2] == sorted(made[::2])
    assert made[1::2] == sorted(made[1::2])


def test_an_identifier_of_before_1970_is_still_a_lawful_one() -> None:
    assert moment(uuid7(datetime(1969, 1, 1, tzinfo=UTC))) - datetime(1970, 1, 1, tzinfo=UTC) == timedelta(0)


def _drift(connection: Connection) -> list[object]:
    def ours(name: str | None, kind: str, parents: object) -> bool:
        foreign = kind == "table" and name is not None and name.startswith(("pgqueuer", "interaction_"))
        return not foreign and name != "alembic_version"

    context = MigrationContext.configure(
        connection, opts={"compare_type": True, "include_name": ours, "include_object": _not_a_partition_key}
    )
    return list(compare_metadata(context, METADATA))


def _not_a_partition_key(item: object, name: str | None, kind: str, reflected: bool, _other: object) -> bool:
    """PostgreSQL shows one copy of a foreign key per partition of the table it points to.

    Those of the log and of greetings are kept by triggers; the models name them, so that rows are written in order.
    """
    if isinstance(item, ForeignKeyConstraint) and not reflected and item.table.name in ("interaction", "greeting"):
        return False
    return not (kind == "foreign_key_constraint" and reflected and name is not None and name.endswith(("_1", "_2")))
