"""Listening to a mailbox for ever: a few connections, each waiting (IDLE) on a folder of its own (requirements I1-I6).

One folder's trouble is its own; what keeps us out of the account altogether ends the listening, and is told once.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from datetime import UTC, datetime

from channels.adapter import Batch, Cursor, Hitch, TokenSource
from channels.email.imap_folder import Folder
from channels.email.imap_wire import Wire
from channels.email.merging import merged
from channels.email.parser import Parser
from channels.email.settings import Imap
from channels.errors import Interrupted, Misconfigured
from channels.message import Event

_IDLE_SECONDS = 540.0  # many networks drop a silent connection after 10 minutes, long before the RFC's 29
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 60.0  # seconds between two tries of one connection, while others are well


class ImapListener:
    """Reads the folders of one account."""

    def __init__(self, name: str, settings: Imap, parser: Parser, tokens: TokenSource | None = None) -> None:
        self._name, self._settings, self._parser, self._tokens = name, settings, parser, tokens

    async def listen(self, after: Mapping[str, Cursor]) -> AsyncIterator[Batch | Hitch]:
        """Raises Interrupted (connect again and go on from the stored cursor) or Misconfigured."""
        account = _Account(self._name, self._settings, self._tokens)
        folders = [Folder(self._settings, name, after.get(name)) for name in self._settings.folders]
        watches = [_Watch(account, share).run() for share in _shares(folders, self._settings.connections)]
        async with aclosing(merged(watches)) as news:
            async for one in news:
                yield one

    def read(self, raw: bytes) -> Awaitable[Sequence[Event]]:
        """Raises Unreadable."""
        return self._parser.parse(raw)


def _shares(folders: Sequence[Folder], connections: int) -> list[Sequence[Folder]]:
    """A connection for each; those that are too many share the last one."""
    alone = len(folders) if len(folders) <= connections else connections - 1
    shares: list[Sequence[Folder]] = [[folder] for folder in folders[:alone]]
    return [*shares, folders[alone:]] if folders[alone:] else shares


class _Account:
    """The connections to one account. They log in one by one: a refusal is to count once with the server."""

    def __init__(self, name: str, settings: Imap, tokens: TokenSource | None) -> None:
        self.settings = settings
        self._name, self._tokens = name, tokens
        self._door = asyncio.Lock()
        self._refusal: Misconfigured | None = None
        self._inside: set[Wire] = set()

    @property
    def is_lost(self) -> bool:
        """No connection is logged in."""
        return not self._inside

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[Wire]:
        wire = Wire(self._name, self.settings, self._tokens)
        try:
            async with self._door:
                await self._enter(wire)
            self._inside.add(wire)
            yield wire
        finally:
            self._inside.discard(wire)
            await wire.close()

    async def _enter(self, wire: Wire) -> None:
        if self._refusal is not None and self.is_lost:
            raise self._refusal
        try:
            await wire.open()
        except Misconfigured as e:
            self._refusal = e
            raise


class _Watch:
    """One connection and its folders: of several the first is waited on, the others are looked at now and then."""

    def __init__(self, account: _Account, folders: Sequence[Folder]) -> None:
        self._account, self._folders = account, folders
        self._hitched: set[str] = set()

    async def run(self) -> AsyncGenerator[Batch | Hitch, None]:
        """Raises Interrupted or Misconfigured when no other connection is left either."""
        pause = _FIRST_PAUSE
        while True:
            try:
                async with self._account.connected() as wire:
                    async for one in self._rounds(wire):
                        yield one
                        pause = _FIRST_PAUSE
            except (Interrupted, Misconfigured) as e:
                if self._account.is_lost:
                    raise
                if pause > _FIRST_PAUSE or isinstance(e, Misconfigured):  # anybody may lose a connection once
                    for folder in self._folders:
                        yield self._hitch(folder, str(e))
                wait = _LONGEST_PAUSE if isinstance(e, Misconfigured) else pause
            await asyncio.sleep(wait)
            pause = min(pause * 2, _LONGEST_PAUSE)

    async def _rounds(self, wire: Wire) -> AsyncIterator[Batch | Hitch]:
        """The poll is the promise; IDLE only makes it quicker. The first folder comes last, and stays open."""
        seconds = min(self._account.settings.poll_seconds, _IDLE_SECONDS)
        while True:
            for folder in reversed(self._folders):
                async for one in self._look(wire, folder):
                    yield one
            await wire.wait(seconds)

    async def _look(self, wire: Wire, folder: Folder) -> AsyncIterator[Batch | Hitch]:
        try:
            async for batch in folder.catch_up(wire, now=datetime.now(UTC)):
                yield batch
        except Misconfigured as e:
            if len(self._account.settings.folders) == 1:
                raise
            yield self._hitch(folder, str(e))
        else:
            if folder.name in self._hitched:
                self._hitched.discard(folder.name)
                yield Hitch(folder.name)

    def _hitch(self, folder: Folder, words: str) -> Hitch:
        self._hitched.add(folder.name)
        return Hitch(folder.name, words)
