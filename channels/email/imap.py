"""Listening to a mailbox: from the cursor on, in batches, for ever (requirements I1-I6, research/wire.md 2.4).

The mailbox's flags are never the memory. A batch is yielded with the cursor to store with it; only when the caller
comes back for the next one does this module touch the mailbox (and then only `\\Seen`).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

from channels.adapter import Batch, Cursor, Raw, TokenSource
from channels.email.imap_wire import Fetched, Wire
from channels.email.parser import Parser
from channels.email.settings import Imap
from channels.message import Event

_BATCH_BYTES = 8_000_000
_BATCH_MESSAGES = 50
_SIZES_AT_ONCE = 200
_BEGINNING = 262_144  # of a message over the limit: its header and some text
_IDLE_SECONDS = 540.0  # many networks drop a silent connection after 10 minutes, long before the RFC's 29


class ImapListener:
    """Reads the folders of one account in turn over one connection; waits (IDLE) on the first."""

    def __init__(self, name: str, settings: Imap, parser: Parser, tokens: TokenSource | None = None) -> None:
        self._name, self._settings, self._parser, self._tokens = name, settings, parser, tokens

    async def listen(self, after: Mapping[str, Cursor]) -> AsyncIterator[Batch]:
        """Raises Interrupted (connect again and go on from the stored cursor) or Misconfigured."""
        cursors = dict(after)
        async with self._connected() as wire:
            while True:
                for folder in self._settings.folders:
                    async for batch in self._catch_up(wire, folder, cursors.get(folder)):
                        yield batch
                        cursors[folder] = batch.cursor
                await self._wait(wire)

    async def read(self, raw: bytes) -> Sequence[Event]:
        """Raises Unreadable."""
        return await self._parser.parse(raw)

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[Wire]:
        wire = Wire(self._name, self._settings, self._tokens)
        try:
            await wire.open()
            yield wire
        finally:
            await wire.close()

    async def _wait(self, wire: Wire) -> None:
        """The poll is the promise; IDLE only makes it quicker. Other folders than the first are polled."""
        seconds = min(self._settings.poll_seconds, _IDLE_SECONDS)
        await wire.wait(seconds)

    async def _catch_up(self, wire: Wire, folder: str, cursor: Cursor | None) -> AsyncIterator[Batch]:
        """Until a search finds nothing newer: what comes after that search is announced in IDLE."""
        uidvalidity = await wire.select(folder)
        start = cursor if cursor and cursor.uidvalidity == uidvalidity else Cursor(folder, uidvalidity, 0)
        if start != cursor:
            yield Batch(start, ())
        while uids := await wire.newer_than(start.uid):
            async for batch in self._batches(wire, start, uids):
                yield batch
                await self._mark(wire, batch)
                start = batch.cursor

    async def _batches(self, wire: Wire, start: Cursor, uids: list[int]) -> AsyncIterator[Batch]:
        for first in range(0, len(uids), _SIZES_AT_ONCE):
            block = uids[first : first + _SIZES_AT_ONCE]
            sizes = await wire.sizes(block)
            for group in _groups([(uid, sizes.get(uid, 0)) for uid in block]):
                yield await self._batch(wire, start, group)

    async def _batch(self, wire: Wire, start: Cursor, group: list[tuple[int, int]]) -> Batch:
        limit = self._settings.max_message_bytes
        whole = [uid for uid, size in group if size <= limit]
        fetched = {f.uid: f for f in await self._whole(wire, whole, sum(size for _, size in group))}
        raws = [self._raw(start, fetched[uid]) for uid in whole if uid in fetched]
        for uid in (uid for uid, size in group if size > limit):
            raws += [self._raw(start, f, oversize=True) for f in await wire.beginning(uid, min(_BEGINNING, limit))]
        return Batch(Cursor(start.folder, start.uidvalidity, group[-1][0]), tuple(raws))

    async def _whole(self, wire: Wire, uids: list[int], room: int) -> list[Fetched]:
        """Those not in the answer are asked for once more; then they are gone (expunged by somebody)."""
        if not uids:
            return []
        fetched = await wire.messages(uids, room)
        missing = [uid for uid in uids if uid not in {f.uid for f in fetched}]
        return fetched + (await wire.messages(missing, room) if missing else [])

    def _raw(self, start: Cursor, fetched: Fetched, *, oversize: bool = False) -> Raw:
        return Raw(f"{start.folder}:{start.uidvalidity}:{fetched.uid}", fetched.content, oversize=oversize)

    async def _mark(self, wire: Wire, batch: Batch) -> None:
        if self._settings.mark_seen and batch.messages:
            await wire.mark_seen(sorted(int(raw.key.rpartition(":")[2]) for raw in batch.messages))


def _groups(sized: list[tuple[int, int]]) -> list[list[tuple[int, int]]]:
    """Consecutive messages that fit one batch; a message bigger than a batch stands alone."""
    groups: list[list[tuple[int, int]]] = []
    total = 0
    for uid, size in sized:
        if not groups or total + size > _BATCH_BYTES or len(groups[-1]) == _BATCH_MESSAGES:
            groups.append([])
            total = 0
        groups[-1].append((uid, size))
        total += size
    return groups
