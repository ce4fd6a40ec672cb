"""Putting an archive's mails into the log, group by group: kept raw, read, received, each of them once."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import col, select

from channels.adapter import Raw
from hub import clock
from hub.database.engine import Database
from hub.inbound import processing, raw
from hub.inbound.archives import Found
from hub.inbound.reception import Reception
from hub.models import RawMessage
from hub.models.vocabulary import RawState

AT_ONCE = 2  # groups
_GROUP, _GROUP_BYTES = 100, 4_000_000


@dataclass(frozen=True, slots=True)
class Done:
    """What became of a group. `unread`: where each mail lies that could not be read, and why."""

    read: int
    known: int
    unread: tuple[tuple[str, str], ...] = ()


def next_group(found: Iterator[Found]) -> list[Found]:
    """The next mails, as many as are held in memory at once; none at the end."""
    group: list[Found] = []
    total = 0
    while len(group) < _GROUP and total < _GROUP_BYTES and (one := next(found, None)) is not None:
        group.append(one)
        total += len(one.content)
    return group


async def ingest(
    database: Database, channel: str, group: Sequence[Found], reception: Reception, *, now: datetime
) -> Done:
    """Keep and read those that are new. A mail's key is the hash of its bytes: it is the same at the next run."""
    places = {_key(one): one for one in group}
    async with database.unit() as session:
        known = await raw.known(session, channel, list(places))
    fresh = [Raw(key, one.content, oversize=one.oversize) for key, one in places.items() if key not in known]
    if not fresh:
        return Done(0, len(group))
    async with database.unit() as session:
        works = await raw.keep_and_claim(session, reception.storage, channel, fresh, now=now)
    states = await processing.process_all(database, works, reception, now=now)
    failed = [number for number, state in states.items() if state is not RawState.PROCESSED]
    unread = await _reasons(database, failed) if failed else []
    told = tuple((places[key].place, why) for key, why in unread)
    return Done(len(works) - len(failed), len(group) - len(works), told)


async def resume(database: Database, channel: str, reception: Reception) -> None:
    """Read what an earlier run kept and did not get to read: whoever ingests is the only one to wait for it."""
    while True:
        now = clock.now()
        async with database.unit() as session:
            works = await raw.claim_archive(session, channel, now=now)
        if not works:
            return
        await processing.process_all(database, works, reception, now=now)


async def _reasons(database: Database, numbers: Sequence[int]) -> list[tuple[str, str]]:
    async with database.unit() as session:
        rows = select(RawMessage.key, RawMessage.error).where(col(RawMessage.id).in_(numbers))
        return list(await session.exec(rows.order_by(col(RawMessage.id))))


def _key(found: Found) -> str:
    return f"{raw.ARCHIVE}{hashlib.sha256(found.content).hexdigest()}"
