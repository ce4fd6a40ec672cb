"""Peers that speak the real protocols on loopback: the sandbox, and servers that misbehave as they are told."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any
from uuid import UUID

import pytest

from channels.adapter import Channel, TokenSource
from channels.email.channel import Settings, open_channel
from channels.errors import NotAllowed
from channels.message import Address, Email, Kind, Outbound
from channels.sandbox.mail import Account, MailWorld
from tests.dovecot import PROGRAM, Dovecot, dovecot

OWN = "support@shop.example"
ACCOUNT = Account("support", "s3cret")
ID = UUID("0192f3a4-0000-7000-8000-00000000002a")

Answer = bytes | str | Callable[[asyncio.StreamWriter], None] | None


@pytest.fixture(scope="module")
def peer() -> Iterator[Dovecot]:
    """A Dovecot for the tests of one module."""
    if not PROGRAM:
        pytest.skip("Dovecot is not installed (apt-get install dovecot-imapd)")
    with dovecot() as server:
        yield server


@pytest.fixture
def outbound() -> Callable[..., Outbound[Email]]:
    """Build an Outbound[Email]; everything has a sensible default."""

    def build(
        to: str = "ana@people.example", *, name: str = "Ana", token: str = "k7x", **email: Any
    ) -> Outbound[Email]:
        content = Email(**{"subject": "Your order", "text": "It is on its way.\n", **email})
        return Outbound(ID, Address(Kind.EMAIL, to, name), content, token)

    return build


@pytest.fixture
def settings() -> Callable[..., Settings]:
    """Settings for peers on loopback; `smtp` and `imap` add to or replace single keys. With `oauth`, no password."""

    def build(
        smtp_port: int = 1,
        imap_port: int = 0,
        *,
        smtp: dict[str, Any] | None = None,
        oauth: dict[str, Any] | None = None,
        **imap: Any,
    ) -> Settings:
        plain = {"host": "127.0.0.1", "security": "none", "timeout_seconds": 5}
        login = {} if oauth else {"username": ACCOUNT.user, "password": ACCOUNT.password}
        table: dict[str, Any] = {"address": OWN, "display_name": "The Shop"}
        table["smtp"] = {**plain, "port": smtp_port, **(smtp or {})}
        if imap_port:
            table["imap"] = {**plain, **login, "port": imap_port, **imap}
        if oauth:
            table["oauth"] = oauth
        return Settings.model_validate(table)

    return build


@pytest.fixture
async def opened() -> AsyncIterator[Callable[..., Channel]]:
    """Open channels and close them after the test."""
    channels: list[Channel] = []

    def open_one(settings: Settings, tokens: TokenSource | None = None) -> Channel:
        channels.append(open_channel("mail", settings, "", tokens=tokens))
        return channels[-1]

    yield open_one
    for channel in channels:
        await channel.close()


class Wallet:
    """A token source with these tokens, in this order: the next one is taken out when one is refused."""

    def __init__(self, *tokens: str) -> None:
        self._tokens, self.refused = list(tokens), list[str]()

    async def token(self, *, refused: str = "") -> str:
        if refused:
            self.refused.append(refused)
        if refused == self._tokens[0]:
            del self._tokens[0]
        if not self._tokens:
            raise NotAllowed("no more tokens", channel="mail", key="oauth")
        return self._tokens[0]


@pytest.fixture
def wallet() -> type[Wallet]:
    return Wallet


@pytest.fixture
def oauth() -> dict[str, Any]:
    """The [oauth] table of an app that nobody is asked about."""
    return {"provider": "google", "client_id": "an-app"}


@pytest.fixture
async def world() -> AsyncIterator[MailWorld]:
    world = MailWorld({OWN: ACCOUNT}, delay_seconds=0)
    await world.start()
    yield world
    await world.stop()


@pytest.fixture
def login() -> dict[str, Any]:
    return {"username": ACCOUNT.user, "password": ACCOUNT.password}


class FakeSmtp:
    """A server that does as `answers` says: verb (or `greeting`, `body`, `dot`) → bytes, `drop`, `hang`.

    `body` is asked when the first bytes after DATA arrive. `lines` is everything that was said to it, by connection.
    """

    def __init__(self, answers: dict[str, Answer]) -> None:
        self.answers = answers
        self.connections: list[list[bytes]] = []
        self.mails: list[bytes] = []
        self.on_connect: Callable[[], None] | None = None
        self.reached = asyncio.Event()  # set when a `hang` is reached
        self.offers = b"250-fake\r\n250 SIZE 10000000\r\n"

    @property
    def said(self) -> list[bytes]:
        return [line for lines in self.connections for line in lines]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections.append([])
        if self.on_connect:
            self.on_connect()
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, _Over):
            await self._talk(reader, writer, self.connections[-1])
        writer.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, lines: list[bytes]) -> None:
        await self._answer("greeting", b"220 fake ESMTP\r\n", writer)
        while line := await reader.readline():
            lines.append(line.rstrip(b"\r\n"))
            verb = line.split(b" ")[0].strip().decode().upper()
            await self._answer(verb, self._usual(verb), writer)
            if verb == "DATA" and self.answers.get("DATA", b"354")[:3] == b"354":  # type: ignore[index]
                await self._take(reader, writer)

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if "body" in self.answers:
            await reader.read(10)
            await self._answer("body", b"", writer)
        self.mails.append(await reader.readuntil(b"\r\n.\r\n"))
        await self._answer("dot", b"250 2.0.0 queued\r\n", writer)

    def _usual(self, verb: str) -> bytes:
        return {"EHLO": self.offers, "DATA": b"354 go\r\n", "QUIT": b"221 bye\r\n"}.get(verb, b"250 ok\r\n")

    async def _answer(self, verb: str, usual: bytes, writer: asyncio.StreamWriter) -> None:
        answer = self.answers.get(verb, usual)
        if answer == "hang":
            self.reached.set()
            await asyncio.Event().wait()
        if answer == "drop":
            writer.transport.abort()
            raise _Over
        if isinstance(answer, bytes):
            writer.write(answer)
            await writer.drain()


class _Over(Exception):
    """The fake server has hung up."""


Serving = Callable[[Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]], Awaitable[int]]


@pytest.fixture
async def serving() -> AsyncIterator[Serving]:
    """Serve a connection callback on loopback; the port. Everything ends with the test."""
    servers: list[asyncio.Server] = []
    tasks: set[asyncio.Task[Any]] = set()

    async def serve(speak: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]], **more: Any) -> int:
        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None
            tasks.add(task)
            task.add_done_callback(tasks.discard)
            await speak(reader, writer)

        servers.append(await asyncio.start_server(connected, "127.0.0.1", 0, **more))
        return int(servers[-1].sockets[0].getsockname()[1])

    yield serve
    for server in servers:
        server.close()
    for task in list(tasks):
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


@pytest.fixture
def fake_smtp_server() -> type[FakeSmtp]:
    """For tests that run a loop of their own."""
    return FakeSmtp


@pytest.fixture
async def fake_smtp(serving: Serving) -> Callable[..., Awaitable[tuple[FakeSmtp, int]]]:
    """Start a FakeSmtp with these answers; the server and its port."""

    async def start(answers: dict[str, Answer] | None = None, *, offers: bytes | None = None) -> tuple[FakeSmtp, int]:
        server = FakeSmtp(answers or {})
        server.offers = offers or server.offers
        return server, await serving(server.serve)

    return start
