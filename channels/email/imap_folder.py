"""One folder over a connection: what is newer than its cursor, in batches (requirements I1-I6).

The mailbox's flags are never the memory. A batch is yielded with the cursor to store with it; only when the caller
comes back for the next one does this module touch the mailbox (and then only `\\Seen`).

Of what lies in a folder when the hub first opens it, only mails since the start are fetched (decision 0022).
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from channels.adapter import Batch, Cursor, Raw
from channels.email.imap_answers import Fetched, Outline, moment
from channels.email.imap_wire import Wire
from channels.email.settings import Imap

_BATCH_BYTES = 4_000_000
_BATCH_MESSAGES = 200  # what storing costs is shared by so many
_OUTLINES_AT_ONCE = 200
_BEGINNING = 262_144  # of a message over the limit: its header and some text
_HEADER = 65_536
_CLOCKS = timedelta(hours=1)  # what the server's clock may be behind ours; INTERNALDATE also knows only whole seconds
_DATE = re.compile(rb"(?im)^Date:[ \t]*([\x20-\x7e]{1,100})\r?$")


class Folder:
    """Where we stand in one folder. The cursor moves when the caller has stored what goes with it."""

    def __init__(self, settings: Imap, name: str, cursor: Cursor | None) -> None:
        self.name = name
        self._settings, self._cursor = settings, cursor

    async def catch_up(self, wire: Wire, *, now: datetime) -> AsyncIterator[Batch]:
        """Until a search finds nothing newer: what comes after that search is announced in IDLE."""
        uidvalidity = await wire.select(self.name)
        cursor = self._cursor
        if cursor is None or cursor.uidvalidity != uidvalidity:
            since = now - timedelta(days=self._settings.since_days) if cursor is None else cursor.since
            cursor = self._cursor = await _beginning(wire, Cursor(self.name, uidvalidity, 0, since))
            yield Batch(cursor, ())
        while uids := await wire.newer_than(cursor.uid):
            async for batch in self._batches(wire, cursor, uids):
                yield batch
                cursor = self._cursor = batch.cursor
                await self._mark(wire, batch)

    async def _batches(self, wire: Wire, start: Cursor, uids: list[int]) -> AsyncIterator[Batch]:
        for first in range(0, len(uids), _OUTLINES_AT_ONCE):
            block = uids[first : first + _OUTLINES_AT_ONCE]
            outlines = await wire.outlines(block)
            for group in _groups([outlines.get(uid, Outline(uid, 0)) for uid in block]):
                yield await self._batch(wire, start, group)

    async def _batch(self, wire: Wire, start: Cursor, group: Sequence[Outline]) -> Batch:
        wanted = [one for one in group if not _lay_there(one, start)]
        limit = self._settings.max_message_bytes
        whole = [one for one in wanted if one.size <= limit]
        fetched = {f.uid: f for f in await _whole(wire, [one.uid for one in whole], sum(one.size for one in whole))}
        raws = [_raw(start, one, fetched[one.uid]) for one in whole if one.uid in fetched]
        for one in (one for one in wanted if one.size > limit):
            beginning = await wire.beginning(one.uid, min(_BEGINNING, limit))
            raws += [replace(_raw(start, one, f), oversize=True) for f in beginning]
        return Batch(replace(start, uid=group[-1].uid), tuple(raws))

    async def _mark(self, wire: Wire, batch: Batch) -> None:
        if self._settings.mark_seen and batch.messages:
            await wire.mark_seen(sorted(int(raw.key.rpartition(":")[2]) for raw in batch.messages))


async def _beginning(wire: Wire, start: Cursor) -> Cursor:
    """Before the first mail since the start, as days go (RFC 3501 6.4.4): the hour is looked at with each mail."""
    if start.since is None:
        return start
    every = await wire.newer_than(0)
    recent = await wire.newer_than(0, since=start.since - timedelta(days=1))  # the server's day may not be ours
    last = every[-1] if every else 0
    return replace(start, uid=recent[0] - 1 if recent else last, present=last)


async def _whole(wire: Wire, uids: list[int], room: int) -> list[Fetched]:
    """Those not in the answer are asked for once more; then they are gone (expunged by somebody)."""
    if not uids:
        return []
    fetched = await wire.messages(uids, room)
    came = {f.uid for f in fetched}
    missing = [uid for uid in uids if uid not in came]
    return fetched + (await wire.messages(missing, room) if missing else [])


def _groups(outlines: Sequence[Outline]) -> list[list[Outline]]:
    """Consecutive messages that fit one batch; a message bigger than a batch stands alone."""
    groups: list[list[Outline]] = []
    total = 0
    for one in outlines:
        if not groups or total + one.size > _BATCH_BYTES or len(groups[-1]) == _BATCH_MESSAGES:
            groups.append([])
            total = 0
        groups[-1].append(one)
        total += one.size
    return groups


# ---- how old a mail is ----------------------------------------------------------------------


def _raw(start: Cursor, outline: Outline, fetched: Fetched) -> Raw:
    key = f"{start.folder}:{start.uidvalidity}:{fetched.uid}"
    return Raw(key, fetched.content, old=_is_old(outline, fetched.content, start))


def _lay_there(outline: Outline, start: Cursor) -> bool:
    """It is from before the start, and was there when we began: not ours to read."""
    return outline.uid <= start.present and _is_before(outline.arrived, start.since)


def _is_old(outline: Outline, content: bytes, start: Cursor) -> bool:
    """Put there later although it is well before the start: that is what the server's clock says.

    What lay there when we began may have been moved there by programs that give every mail the same new time of
    arrival: then its own date counts. Otherwise that is only what some sender's clock said.
    """
    if outline.uid <= start.present:
        return _is_before(outline.arrived, start.since) or _is_before(_written(content), start.since)
    return start.since is not None and _is_before(outline.arrived, start.since - _CLOCKS)


def _is_before(moment: datetime | None, since: datetime | None) -> bool:
    return moment is not None and since is not None and moment < since


def _header_end(content: bytes) -> int:
    """Where the first blank line is."""
    mixed = content.find(b"\n\r\n", 0, _HEADER)
    plain = content.find(b"\n\n", 0, mixed if mixed >= 0 else _HEADER)
    return next((end for end in (plain, mixed) if end >= 0), _HEADER)


def _written(content: bytes) -> datetime | None:
    """The Date of a mail's header, as far as it can be had without reading the mail."""
    end = _header_end(content)
    usual = content.find(b"\nDate:", 0, end) + 1  # otherwise it is looked for letter by letter
    found = _DATE.search(content, usual, end)
    return moment(found.group(1).decode()) if found else None
