"""From a pretend customer's mail to the log, over real SMTP and IMAP, by the loops that run in a worker."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlmodel import select

from channels.sandbox.mail import Account, MailWorld
from hub.bootstrap import Hub, open_hub
from hub.database.engine import Database
from hub.jobs import listen, read
from hub.models import Interaction, RawMessage, SenderRow
from hub.settings import Settings
from hub.storage import Storage, StorageError, StorageFull

OURS = "support@meadow.example"


@pytest.fixture
async def world() -> AsyncIterator[MailWorld]:
    world = MailWorld({OURS: Account(OURS, "sandbox")})
    await world.start()
    yield world
    await world.stop()


def _settings(world: MailWorld, folder: Path, *, password: str = "sandbox") -> Settings:
    server = {"host": "127.0.0.1", "security": "none", "username": OURS, "password": password}
    mail = {
        "kind": "email",
        "provider": "smtp",
        "address": OURS,
        "smtp": {**server, "port": world.smtp_port},
        "imap": {**server, "port": world.imap_port, "poll_seconds": 0.2},
    }
    return Settings.model_validate({"hub": {"data_dir": folder}, "channels": {"mail": mail}})


@asynccontextmanager
async def _working(hub: Hub) -> AsyncIterator[None]:
    """The two loops of a worker that bring mail in."""
    stop = asyncio.Event()
    loops = [asyncio.create_task(loop(hub, stop)) for loop in (listen.run, read.run)]
    try:
        yield
    finally:
        stop.set()
        await asyncio.wait_for(asyncio.gather(*loops), 10)


async def _until(hub: Hub, truth: Callable[[], Awaitable[Any]], seconds: float = 30) -> Any:
    """The first true answer, asked again whenever the hub announces that something happened."""
    async with asyncio.timeout(seconds), hub.live.subscribe() as happenings:
        while not (found := await truth()):
            await happenings.get()
        return found


def _rows(database: Database, model: Any) -> Callable[[], Awaitable[list[Any]]]:
    async def every() -> list[Any]:
        async with database.unit() as session:
            return list(await session.exec(select(model)))

    return every


async def test_a_mail_arrives_in_the_log_once_however_often_the_worker_is_started(
    world: MailWorld, database_url: str, database: Database, tmp_path: Path
) -> None:
    async with open_hub(_settings(world, tmp_path), database_url) as hub:
        for number in (1, 2):
            await world.write("ana@pretend.example", OURS, f"Question {number}", "When do you open?")
            async with _working(hub):
                await _until(hub, lambda n=number: _at_least(_rows(database, Interaction), n))  # type: ignore[misc]
    words = await _rows(database, Interaction)()
    assert sorted(word.subject for word in words) == ["Question 1", "Question 2"]


async def test_a_full_disk_acknowledges_nothing_says_so_and_goes_on_when_there_is_room_f8(
    world: MailWorld, database_url: str, database: Database, tmp_path: Path
) -> None:
    async with open_hub(_settings(world, tmp_path), database_url) as hub:
        disk = Disk(hub.storage)
        hub = _with_storage(hub, disk)
        await world.write("ana@pretend.example", OURS, "Question", "When do you open?")
        async with _working(hub):
            told = await _until(hub, lambda: _trouble(database))
            assert "new mail cannot be stored" in told
            assert await _rows(database, RawMessage)() == []
            disk.full = False
            await _until(hub, _rows(database, Interaction))
            await _until(hub, lambda: _well(database))


async def test_a_wrong_password_is_shown_to_who_can_mend_it(
    world: MailWorld, database_url: str, database: Database, tmp_path: Path
) -> None:
    async with open_hub(_settings(world, tmp_path, password="wrong"), database_url) as hub, _working(hub):
        assert "mailbox: " in await _until(hub, lambda: _trouble(database))


async def test_a_mail_server_that_is_away_is_shown_until_it_is_back(
    world: MailWorld, database_url: str, database: Database, tmp_path: Path
) -> None:
    settings, ports = _settings(world, tmp_path), (world.smtp_port, world.imap_port)
    await world.stop()
    async with open_hub(settings, database_url) as hub, _working(hub):
        assert "cannot be read" in await _until(hub, lambda: _trouble(database), 60)
        await world.start(*ports)
        await _until(hub, lambda: _well(database), 60)


async def test_a_database_that_drops_every_connection_loses_no_mail_f3(
    world: MailWorld, database_url: str, database: Database, tmp_path: Path
) -> None:
    others = "datname = current_database() and pid <> pg_backend_pid()"
    drop = f"select pg_terminate_backend(pid) from pg_stat_activity where {others}"
    async with open_hub(_settings(world, tmp_path), database_url) as hub, _working(hub):
        for number in (1, 2, 3):
            await world.write("ana@pretend.example", OURS, f"Question {number}", "When do you open?")
            async with database.unit() as session:
                await session.execute(text(drop))
            await _until(hub, lambda n=number: _at_least(_rows(database, Interaction), n))  # type: ignore[misc]
    assert len(await _rows(database, Interaction)()) == 3


class Disk:
    """A store that has no room until somebody makes some."""

    def __init__(self, inner: Storage) -> None:
        self.full, self._inner = True, inner

    async def put(self, content: bytes) -> str:
        return (await self.put_all([content]))[0]

    async def put_all(self, contents: Sequence[bytes]) -> list[str]:
        if self.full:
            raise StorageFull("No space left on device")
        return await self._inner.put_all(contents)

    async def get(self, digest: str) -> bytes:
        return await self._inner.get(digest)

    async def get_all(self, digests: Sequence[str]) -> list[bytes | StorageError]:
        return await self._inner.get_all(digests)

    async def delete(self, digest: str) -> None:
        await self._inner.delete(digest)

    async def size(self, digest: str) -> int:
        return await self._inner.size(digest)


def _with_storage(hub: Hub, storage: Storage) -> Hub:
    return replace(hub, storage=storage, reception=replace(hub.reception, storage=storage))


async def _at_least(every: Callable[[], Awaitable[list[Any]]], number: int) -> bool:
    return len(await every()) >= number


async def _trouble(database: Database) -> str:
    return "".join(row.trouble for row in await _rows(database, SenderRow)())


async def _well(database: Database) -> bool:
    return not await _trouble(database)
