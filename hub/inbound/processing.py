"""Reading kept mails: outside of any transaction, received in one, retried, parked, never in another's way."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from sqlalchemy import update
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from channels.adapter import Channel
from channels.errors import Misconfigured, Unreadable
from channels.message import Auto, Event, Inbound, Receipt
from hub.database.engine import Database, fetch
from hub.database.outage import is_away
from hub.database.purity import storable
from hub.inbound import cards, messages, openers, raw
from hub.inbound.openers import Letter
from hub.inbound.raw import Work
from hub.inbound.reception import Reception
from hub.interactions import receipts
from hub.models import RawMessage
from hub.models.vocabulary import RawState
from hub.storage import StorageError, StorageFull

RETRIES = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30))  # then it is parked
OVERSIZE = "too large: only its beginning was fetched"
GROUP_BYTES = 4_000_000
PATIENCE = 0.5  # seconds; mails that take longer to read are received apart, and keep nobody waiting

_log = structlog.get_logger("processing")


@dataclass(frozen=True, slots=True)
class _Read:
    """A mail and what it says."""

    work: Work
    channel: Channel
    events: Sequence[Event]

    @property
    def flag(self) -> str:
        return OVERSIZE if self.work.oversize else ""

    @property
    def letter(self) -> Letter | None:
        """For mails that are one word and nothing else."""
        match self.events:
            case [Inbound() as inbound]:
                return openers.letter(self.work.id, self.channel, inbound, quiet=self.work.quiet, flag=self.flag)
        return None


async def process(database: Database, raw_id: int, reception: Reception, *, now: datetime) -> RawState:
    """Read one mail, if it is due. LookupError for a mail that is not there."""
    async with database.unit() as session:
        works = await raw.claim(session, now=now, only=[raw_id])
    if works:
        return (await process_all(database, works, reception, now=now))[raw_id]
    async with database.unit() as session:
        row = await session.get(RawMessage, raw_id)
    if row is None:
        raise LookupError(f"There is no raw message {raw_id}")
    return row.state


async def process_all(
    database: Database, works: Sequence[Work], reception: Reception, *, now: datetime
) -> dict[int, RawState]:
    """Read claimed mails and receive what they say; what became of each. What fails is tried again, then parked.

    A database that goes away raises; the mails are due again after their lease.
    """
    states: dict[int, RawState] = {}
    for group in _groups(works):
        states |= await _process_group(database, group, reception, now)
    return states


def _groups(works: Sequence[Work]) -> Iterator[list[Work]]:
    """What is held in memory at once: many ordinary mails, or one giant."""
    group: list[Work] = []
    total = 0
    for work in works:
        total += work.size
        if group and total > GROUP_BYTES:
            yield group
            group, total = [], work.size
        group.append(work)
    if group:
        yield group


async def _process_group(
    database: Database, works: Sequence[Work], reception: Reception, now: datetime
) -> dict[int, RawState]:
    contents = await reception.storage.get_all([work.sha256 for work in works])
    reading = {_reading(*one, reception): one[0] for one in zip(works, contents, strict=True)}
    states: dict[int, RawState] = {}
    try:
        waiting = set(reading)
        while waiting:
            done, waiting = await asyncio.wait(waiting, timeout=PATIENCE)
            states |= await _settle(database, [(reading[one], one) for one in reading if one in done], reception, now)
    finally:
        for task in reading:
            task.cancel()
    return states


def _reading(work: Work, content: bytes | StorageError, reception: Reception) -> asyncio.Future[Sequence[Event]]:
    """Understanding a mail takes its time. Hundreds are read at once: none of them is a task of its own."""
    try:
        return asyncio.ensure_future(_asked(work, content, reception))
    except (Unreadable, Misconfigured, StorageError) as e:
        failed: asyncio.Future[Sequence[Event]] = asyncio.get_running_loop().create_future()
        failed.set_exception(e)
        return failed


def _asked(work: Work, content: bytes | StorageError, reception: Reception) -> Awaitable[Sequence[Event]]:
    channel = reception.channels.get(work.channel)
    if work.tries > len(RETRIES) + 1:
        raise Unreadable("Every process that read this mail died over it")  # so it is not tried again
    if channel is None or channel.listener is None:
        raise Misconfigured(f"There is no channel {work.channel!r} that reads mail. Configure it, then read this again")
    if isinstance(content, StorageError):
        raise content
    return channel.listener.read(content)


async def _settle(
    database: Database,
    outcomes: Sequence[tuple[Work, asyncio.Future[Sequence[Event]]]],
    reception: Reception,
    now: datetime,
) -> dict[int, RawState]:
    states, good = {}, []
    for work, read in outcomes:
        error = read.exception()
        if error is None:
            good.append(_Read(work, reception.channels[work.channel], list(map(storable, read.result()))))
        elif isinstance(error, Unreadable) and (not error.again or work.tries > len(RETRIES)):
            states[work.id] = await _unreadable(database, work, error, reception, now)
        else:
            states[work.id] = await _failed(database, work, error, now)
    taken = await _together(database, good, reception, now)
    for one in good:
        known = one.work.id in taken
        states[one.work.id] = RawState.PROCESSED if known else await _alone(database, one, reception, now)
    return states


# ---- receiving ------------------------------------------------------------------------------


async def _together(
    database: Database, read: Sequence[_Read], reception: Reception, now: datetime
) -> Mapping[int, UUID]:
    """The plain ones of a group in one transaction. When that fails, for whatever reason, each goes by itself (I6)."""
    letters = [letter for one in read if (letter := one.letter) is not None]
    try:
        files = [file.content for letter in letters for file in letter.inbound.attachments]
        await reception.storage.put_all(files)
        async with database.unit() as session:
            taken = await openers.take_all(session, letters, reception, now=now)
            if taken:
                await fetch(session, _DONE, list(taken), list(taken.values()))
    except Exception as e:
        if is_away(e):
            raise
        _log.info("mails are received one by one", mails=len(letters), error=type(e).__name__)
        return {}
    return taken


_DONE = """
update raw_message set state = 'processed', interaction_id = done.interaction, error = ''
from unnest($1::bigint[], $2::uuid[]) as done(raw, interaction)
where raw_message.id = done.raw
"""


async def _alone(database: Database, read: _Read, reception: Reception, now: datetime) -> RawState:
    try:
        for event in read.events:
            await messages.store_files(reception.storage, event)
        async with database.unit() as session:
            interaction_id, remark = await _rows(session, read, reception, now)
            done = {"state": RawState.PROCESSED, "interaction_id": interaction_id, "error": remark}
            await session.exec(update(RawMessage).where(col(RawMessage.id) == read.work.id).values(**done))
    except Exception as e:  # even a fault of ours is this mail's alone: the next one is not to wait for it
        return await _failed(database, read.work, e, now)
    return RawState.PROCESSED


async def _rows(session: AsyncSession, read: _Read, reception: Reception, now: datetime) -> tuple[UUID | None, str]:
    """Receipts first: a bounce that named one of our messages is evidence in that message's history, and no mail."""
    channel, quiet = read.channel, read.work.quiet
    news = [event for event in read.events if isinstance(event, Receipt)]
    signed = [receipts.news_of(channel.name, one, reception.gate.signer) for one in news]
    known = await receipts.apply_all(session, signed, now=now) if signed else []
    matched = next((one for one in known if one is not None), None)
    about = next((one.recipient for one in news if one.recipient), "")
    kept = matched
    for event in read.events:
        if isinstance(event, Inbound) and not (matched and event.auto in (Auto.BOUNCE, Auto.ARF)):
            kept = await messages.take(
                session, channel, event, reception, now=now, quiet=quiet, flag=read.flag, about=about
            )
    return kept, "" if kept is not None else "It tells of nothing we sent to anybody we know"


async def _unreadable(
    database: Database, work: Work, error: Unreadable, reception: Reception, now: datetime
) -> RawState:
    """Reading it again would end the same way: parked at once, with a card in the log for whoever awaits it."""
    try:
        card_id = await _carded(database, work, str(error), reception, now)
    except Exception as e:
        if is_away(e) or isinstance(e, StorageFull):
            return await _failed(database, work, e, now)
        _log.exception("no card for an unreadable mail", raw=work.id, error=type(e).__name__)
        card_id = None
    async with database.unit() as session:
        parked = {"state": RawState.PARKED, "error": storable(str(error))[:1000], "interaction_id": card_id}
        await session.exec(update(RawMessage).where(col(RawMessage.id) == work.id).values(**parked))
    return RawState.PARKED


async def _carded(database: Database, work: Work, why: str, reception: Reception, now: datetime) -> UUID | None:
    channel = reception.channels[work.channel]
    card = await cards.of(await reception.storage.get(work.sha256), channel, why)
    if card is None:
        return None
    card = storable(card)
    await messages.store_files(reception.storage, card)
    async with database.unit() as session:
        return await cards.put(session, card, channel, reception, quiet=work.quiet, now=now)


async def _failed(database: Database, work: Work, error: BaseException, now: datetime) -> RawState:
    """Raises when the database is away: then it was not the mail's fault, and LEASE says when to go on."""
    counts = not isinstance(error, StorageFull)
    said = str(error) if isinstance(error, StorageFull) else f"{type(error).__name__}: {error}"
    parked = counts and work.tries > len(RETRIES)
    state = RawState.PARKED if parked else RawState.RECEIVED
    wait = timedelta(0) if parked else RETRIES[min(work.tries, len(RETRIES)) - 1]
    tries = work.tries if counts else work.tries - 1
    async with database.unit() as session:
        said = storable(said)[:1000]
        values = {"state": state, "next_try_at": now + wait, "error": said, "tries": tries, "reader": ""}
        await session.exec(update(RawMessage).where(col(RawMessage.id) == work.id).values(**values))
    return state
