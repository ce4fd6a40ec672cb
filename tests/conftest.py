"""One PostgreSQL a run (fsync off), one database a test, copied from a migrated template."""

from __future__ import annotations

import asyncio
import itertools
import os
import signal
import tempfile
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import pytest
import structlog
from hypothesis import HealthCheck, settings
from sqlalchemy.engine import make_url

from hub.database import embedded, migrating
from hub.database.engine import Database
from hub.queue import install

_numbers = itertools.count(1)

# Rich tracebacks with everybody's locals take seconds each; tests that expect a logged fault would wait for them.
structlog.configure(
    processors=[
        structlog.processors.add_log_level,
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback),
    ]
)

# A machine may be busy: how long an example takes is no fault of what is tested.
settings.register_profile("hub", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("hub")

# A shell that starts the run in the background has it ignore Ctrl-C, and so would every command under test.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def server_url() -> Iterator[str]:
    """A PostgreSQL for this run: HUB_TEST_DATABASE_URL if given, else the bundled one."""
    if given := os.environ.get("HUB_TEST_DATABASE_URL"):
        yield given
        return
    with tempfile.TemporaryDirectory(prefix="hub-pg-") as home, embedded.server(Path(home), fsync=False) as url:
        yield url


@pytest.fixture(scope="session")
def template(server_url: str) -> str:
    """The name of a migrated, empty database to copy."""
    import asyncio

    name = f"hub_template_{os.getpid()}"
    asyncio.run(_make_template(server_url, name))
    return name


@pytest.fixture
async def database_url(server_url: str, template: str) -> AsyncIterator[str]:
    """The URL of a fresh database that is dropped after the test."""
    name = f"hub_test_{os.getpid()}_{next(_numbers)}"
    await _execute(server_url, f'create database "{name}" template "{template}"')
    yield named(server_url, name)
    await _execute(server_url, f'drop database if exists "{name}" with (force)')


@pytest.fixture
async def other_database_url(server_url: str, template: str) -> AsyncIterator[str]:
    """A second fresh database, for a second hub."""
    name = f"hub_test_{os.getpid()}_{next(_numbers)}"
    await _execute(server_url, f'create database "{name}" template "{template}"')
    yield named(server_url, name)
    await _execute(server_url, f'drop database if exists "{name}" with (force)')


@pytest.fixture
def own_url(server_url: str, template: str) -> Iterator[str]:
    """A fresh database for a test that runs a loop of its own."""
    name = f"hub_own_{os.getpid()}"
    asyncio.run(_execute(server_url, f'drop database if exists "{name}" with (force)'))
    asyncio.run(_execute(server_url, f'create database "{name}" template "{template}"'))
    yield named(server_url, name)
    asyncio.run(_execute(server_url, f'drop database if exists "{name}" with (force)'))


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """Units of work on a fresh, migrated, empty database."""
    database = Database(database_url)
    yield database
    await database.close()


@pytest.fixture
def now() -> datetime:
    """A Tuesday noon."""
    return datetime(2026, 3, 10, 12, tzinfo=UTC)


def named(url: str, name: str) -> str:
    """The same server, another database."""
    return make_url(url).set(database=name).render_as_string(hide_password=False)


async def _make_template(server_url: str, name: str) -> None:
    await _execute(server_url, f'drop database if exists "{name}" with (force)')
    await _execute(server_url, f'create database "{name}"')
    await migrating.upgrade(named(server_url, name))
    await install(named(server_url, name))


async def _execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Where everything is installed (HUB_TESTS_SKIP_NOTHING is set), a skipped test is a failure."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("HUB_TESTS_SKIP_NOTHING") and reporter is not None and reporter.stats.get("skipped"):
        reporter.write_line("skipped tests are failures here (HUB_TESTS_SKIP_NOTHING)", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
