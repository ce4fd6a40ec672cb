"""Access tokens from a sealed permission: one question at a time, nothing newer lost, trouble told and over again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from aiohttp import web
from sqlmodel import select

from channels.adapter import Authority as Asked
from channels.errors import NotAllowed, TryLater
from channels.message import Kind
from channels.providers import authority
from channels.sandbox.authority import App, Authority, Grant
from hub.database.engine import Database
from hub.mailboxes import connecting, grants
from hub.mailboxes.connecting import By
from hub.mailboxes.tokens import MailboxTokens
from hub.models import MailboxGrant
from hub.sealing import Sealer

OWN = "support@meadow.example"
SECRET, NEXT = b"the secret of these very tests..", b"the secret that comes after it.."
Build = Callable[..., MailboxTokens]


class Provider:
    """The sandbox's provider on a port; `broken` is answered instead of it."""

    def __init__(self) -> None:
        self.authority, self.broken, self.url = Authority([OWN], [App("hub")]), 0, ""

    def say_yes(self) -> str:
        """A refresh token, as an owner's yes brings it."""
        return self.authority._new_refresh(Grant(OWN, "hub"))

    @property
    def asked(self) -> Asked:
        smtp = {"host": "127.0.0.1", "security": "none"}
        urls = {"authorize_url": f"{self.url}/oauth/authorize", "token_url": f"{self.url}/oauth/token"}
        oauth = {"provider": "custom", "client_id": "hub", "scopes": ["mail"], **urls}
        found = authority("mail", Kind.EMAIL, "smtp", {"address": OWN, "smtp": smtp, "oauth": oauth})
        assert found is not None
        return found

    @web.middleware
    async def middleware(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        return web.Response(status=self.broken) if self.broken else await handler(request)


@pytest.fixture
async def provider() -> AsyncIterator[Provider]:
    provider = Provider()
    app = web.Application(middlewares=[provider.middleware])
    app.add_routes(provider.authority.routes())
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    provider.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield provider
    await runner.cleanup()


class Time:
    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def time(now: datetime) -> Time:
    return Time(now)


@pytest.fixture
def source(database: Database, provider: Provider, time: Time) -> Build:
    """A token source as one process has it."""

    def build(sealer: Sealer | None = None) -> MailboxTokens:
        sealing = sealer or Sealer(SECRET)
        return MailboxTokens(database, sealing, "mail", provider.asked, remedy="Connect it", now=time)

    return build


@pytest.fixture
async def connected(database: Database, provider: Provider, now: datetime) -> None:
    await connecting.keep(database, Sealer(SECRET), "mail", provider.say_yes(), by=By(), now=now)


async def row(database: Database) -> Any:
    async with database.unit() as session:
        return (await session.exec(select(MailboxGrant))).one()


async def test_nobody_connected_is_something_to_do(source: Build) -> None:
    with pytest.raises(NotAllowed, match=r"not connected\. Connect it"):
        await source().token()


async def test_twenty_who_ask_at_once_get_one_token_of_one_question(
    source: Build, provider: Provider, connected: None
) -> None:
    tokens = source()
    given = set(await asyncio.gather(*(tokens.token() for _ in range(20))))
    assert len(given) == 1
    assert provider.authority.accepts(OWN, given.pop())
    assert len(provider.authority.asked) == 1


async def test_a_token_is_changed_five_minutes_before_its_end_and_when_it_was_refused(
    source: Build, provider: Provider, time: Time, connected: None
) -> None:
    tokens = source()
    first = await tokens.token()
    time.now += timedelta(minutes=54, seconds=59)
    assert await tokens.token() == first
    time.now += timedelta(seconds=1)
    second = await tokens.token()
    assert second != first
    refused = await asyncio.gather(*(tokens.token(refused=second) for _ in range(5)))
    assert len({second, *refused}) == 2
    assert len(provider.authority.asked) == 3


async def test_several_processes_share_a_refresh_token_that_is_good_once(
    source: Build, provider: Provider, database: Database, connected: None
) -> None:
    """Each asks with the newest one: a second use of an old one would end the whole permission."""
    processes, held = [source() for _ in range(4)], dict[MailboxTokens, str]()
    for _ in range(3):
        given = await asyncio.gather(*(one.token(refused=held.get(one, "")) for one in processes))
        held = dict(zip(processes, given, strict=True))
        assert all(provider.authority.accepts(OWN, token) for token in given)
    assert len(provider.authority.asked) == 12
    assert (await row(database)).trouble == ""


async def test_a_refresh_does_not_overwrite_a_newer_permission(
    source: Build, provider: Provider, database: Database, connected: None, now: datetime
) -> None:
    sealer = Sealer(SECRET)
    async with database.unit() as session:
        used = await grants.find(session, sealer, "mail")
        assert used is not None
    await connecting.keep(database, sealer, "mail", "newer", by=By(), now=now + timedelta(seconds=1))
    async with database.unit() as session:
        await grants.renewed(session, sealer, "mail", used, "late", now=now)
        await grants.troubled(session, "mail", used, "late trouble")
    async with database.unit() as session:
        kept = await grants.find(session, sealer, "mail")
    assert kept is not None
    assert (kept.refresh, (await row(database)).trouble) == ("newer", "")


async def test_a_withdrawn_permission_is_trouble_until_somebody_connects_again_without_a_restart(
    source: Build, provider: Provider, database: Database, time: Time, connected: None
) -> None:
    tokens = source()
    first = await tokens.token()
    provider.authority.withdraw(OWN)
    with pytest.raises(NotAllowed, match=r"127.0.0.1 no longer accepts the permission.*Connect it"):
        await tokens.token(refused=first)
    assert "no longer accepts" in (await row(database)).trouble
    time.now += timedelta(minutes=1)
    await connecting.keep(database, Sealer(SECRET), "mail", provider.say_yes(), by=By(), now=time.now)
    assert provider.authority.accepts(OWN, await tokens.token())
    assert (await row(database)).trouble == ""


async def test_disconnecting_is_felt_at_the_next_login_of_every_process(
    source: Build, provider: Provider, database: Database, connected: None, now: datetime
) -> None:
    tokens = source()
    await tokens.token()
    await connecting.disconnect(database, Sealer(SECRET), "mail", provider.asked, by=By(), now=now)
    with pytest.raises(NotAllowed, match="not connected"):
        await tokens.token()


async def test_a_provider_in_trouble_is_no_trouble_of_ours(
    source: Build, provider: Provider, database: Database, connected: None
) -> None:
    tokens = source()
    provider.broken = 503
    with pytest.raises(TryLater, match="HTTP 503"):
        await tokens.token()
    assert (await row(database)).trouble == ""
    provider.broken = 0
    assert provider.authority.accepts(OWN, await tokens.token())


async def test_a_token_that_is_good_is_given_also_while_the_database_is_away(
    source: Build, connected: None, provider: Provider, time: Time, now: datetime
) -> None:
    away = Database("postgresql://hub@127.0.0.1:9/hub")
    tokens = source()
    first = await tokens.token()
    tokens._database = away
    assert await tokens.token() == first
    with pytest.raises(TryLater, match="database is away"):
        await tokens.token(refused=first)
    await away.close()


async def test_a_new_secret_of_the_hub_takes_over_and_one_that_was_lost_is_told(
    source: Build, provider: Provider, database: Database, connected: None
) -> None:
    with pytest.raises(NotAllowed, match="sealed under another secret"):
        await source(Sealer(NEXT)).token()
    await source(Sealer(NEXT, previous=[SECRET])).token()
    assert provider.authority.accepts(OWN, await source(Sealer(NEXT)).token())


def test_what_is_sealed_is_not_readable_not_changeable_and_different_each_time() -> None:
    sealer = Sealer(SECRET)
    sealed = sealer.seal("a", "the words")
    assert b"words" not in sealed
    assert sealed != sealer.seal("a", "the words")
    assert sealer.open("a", sealed) == "the words"
    assert sealer.open("b", sealed) is None
    changed = [sealed[:i] + bytes([sealed[i] ^ 1]) + sealed[i + 1 :] for i in range(len(sealed))]
    assert [sealer.open("a", one) for one in [*changed, b"", sealed[:-1], sealed[:13]]] == [None] * (len(sealed) + 3)
