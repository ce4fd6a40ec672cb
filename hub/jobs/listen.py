"""Listening to mailboxes: every batch is stored before the next one is asked for, which is what acknowledges it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager

import structlog

from channels.adapter import Batch, Channel, Cursor, Hitch, Listener
from channels.errors import Interrupted, Misconfigured
from hub import clock
from hub.bootstrap import Hub
from hub.database.locking import exclusive
from hub.database.outage import is_away
from hub.inbound import mailbox, raw
from hub.live import Happening
from hub.storage import StorageError

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0  # seconds between two tries; doubled each time
WORTH_TELLING = 4.0  # the pause between tries from which on people are told that it cannot be read
UNMENDED = 60.0  # until a mailbox with wrong settings is tried again: wrong passwords lock accounts
AWAY = 2.0  # until a database that is away is asked again: nobody else suffers from the asking
TAKEN = 10.0  # until we ask again whether another process has let go of a mailbox
SETTLED = 5.0  # a mailbox that was listened to for so long is well

_log = structlog.get_logger("listen")


async def run(hub: Hub, stop: asyncio.Event) -> None:
    """Listen to every mailbox until `stop`. A batch that is not stored then comes again at the next start."""
    async with hub.live.subscribe("mailbox") as happenings, asyncio.TaskGroup() as group:

        def start(channel: Channel, listener: Listener) -> asyncio.Task[None]:
            return group.create_task(_mailbox(hub, channel, listener, stop))

        listeners = {one.name: (one, one.listener) for one in hub.channels.values() if one.listener is not None}
        tasks = {name: start(*both) for name, both in listeners.items()}
        anew = group.create_task(_anew(happenings, tasks, lambda name: start(*listeners[name])))
        await stop.wait()
        for task in (anew, *tasks.values()):
            task.cancel()


async def _anew(
    happenings: asyncio.Queue[Happening],
    tasks: dict[str, asyncio.Task[None]],
    start: Callable[[str], asyncio.Task[None]],
) -> None:
    """A mailbox was connected or disconnected: what is open to it, or waits until it may be tried again, is over."""
    while True:
        happening = await happenings.get()
        name = happening.ids.get("channel", "")
        if happening.topic == "mailbox" and name in tasks:
            tasks[name].cancel()
            await asyncio.wait([tasks[name]])
            tasks[name] = start(name)


async def _mailbox(hub: Hub, channel: Channel, listener: Listener, stop: asyncio.Event) -> None:
    pause = FIRST_PAUSE
    while not stop.is_set():
        started = clock.now()
        wait = await _try(hub, channel, listener, pause)
        lasted = (clock.now() - started).total_seconds() > SETTLED
        pause = FIRST_PAUSE if lasted else min(pause * 2, LONGEST_PAUSE)
        await asyncio.sleep(pause if wait is None else wait)


async def _try(hub: Hub, channel: Channel, listener: Listener, pause: float) -> float | None:
    """Listen until that ends; how long to wait before the next try, None for the usual back-off.

    `pause`: how far that has come, by tries that failed.
    """
    try:
        async with exclusive(hub.database, f"mailbox:{channel.name}") as ours:
            if not ours:
                return TAKEN
            await _listen(hub, channel, listener)
    except Interrupted as e:
        _log.info("mailbox interrupted", channel=channel.name, cause=str(e))
        if pause >= WORTH_TELLING:
            await _show(hub, channel, f"it cannot be read: {e}. It is tried again by itself")
    except Misconfigured as e:
        _log.warning("mailbox misconfigured", channel=channel.name, cause=str(e))
        await _show(hub, channel, str(e))
        return UNMENDED
    except Exception as e:
        if is_away(e):
            _log.warning("database away", channel=channel.name, error=type(e).__name__)
            return AWAY
        # The other mailboxes go on whatever it is, and this one starts from its cursor, so nothing is lost.
        _log.exception("mailbox failed", channel=channel.name, error=type(e).__name__)
    return None


async def _listen(hub: Hub, channel: Channel, listener: Listener) -> None:
    async with hub.database.unit() as session:
        after = await raw.cursors(session, channel.name)
    hitches: dict[str, str] = {}  # what is the matter with each folder that cannot be read now
    async with _news(listener, after) as news, _getting_well(hub, channel, hitches):
        async for one in news:
            match one:
                case Batch():
                    await _store(hub, channel, one, hitches)
                case Hitch():
                    await _note(hub, channel, one, hitches)


async def _note(hub: Hub, channel: Channel, hitch: Hitch, hitches: dict[str, str]) -> None:
    before = hitches.pop(hitch.folder, "")
    if hitch.words:
        hitches[hitch.folder] = hitch.words
    if before != hitch.words:
        _log.warning("folder", channel=channel.name, folder=hitch.folder, cause=hitch.words or "can be read again")
        await _stand(hub, channel, hitches)


async def _store(hub: Hub, channel: Channel, batch: Batch, hitches: Mapping[str, str]) -> None:
    """Returns when the batch is safe. A full disk or a database that is away are waited for, whatever it takes."""
    pause = FIRST_PAUSE
    while (wait := await _stored(hub, channel, batch, hitches)) is not None:
        await asyncio.sleep(wait or pause)
        pause = min(pause * 2, LONGEST_PAUSE)


async def _stored(hub: Hub, channel: Channel, batch: Batch, hitches: Mapping[str, str]) -> float | None:
    """None when it is; else how long to wait before the next try, 0 for the usual back-off."""
    try:
        async with hub.database.unit() as session:
            await raw.keep(session, hub.storage, channel.name, batch.messages, batch.cursor, now=clock.now())
            await mailbox.standing(session, channel.name, hitches)
    except StorageError as e:
        _log.error("raw mail cannot be stored", channel=channel.name, cause=str(e))
        await _show(hub, channel, f"new mail cannot be stored and waits on the mail server. {e}")
        return 0
    except Exception as e:
        if not is_away(e):
            raise
        _log.warning("database away, mail waits", channel=channel.name, error=type(e).__name__)
        return AWAY
    return None


@asynccontextmanager
async def _news(listener: Listener, after: Mapping[str, Cursor]) -> AsyncIterator[AsyncIterator[Batch | Hitch]]:
    """The listener's stream, closed with its connections however the block ends."""
    stream = listener.listen(after)
    try:
        yield stream
    finally:
        close = getattr(stream, "aclose", None)
        if close is not None:
            await close()


@asynccontextmanager
async def _getting_well(hub: Hub, channel: Channel, hitches: Mapping[str, str]) -> AsyncIterator[None]:
    """An empty mailbox yields nothing; that it is listened to without complaint is the sign that it is well."""
    task = asyncio.create_task(_well_soon(hub, channel, hitches))
    try:
        yield
    finally:
        task.cancel()


async def _well_soon(hub: Hub, channel: Channel, hitches: Mapping[str, str]) -> None:
    await asyncio.sleep(SETTLED)
    await _stand(hub, channel, hitches)


async def _stand(hub: Hub, channel: Channel, hitches: Mapping[str, str]) -> None:
    async with hub.database.unit() as session:
        await mailbox.standing(session, channel.name, hitches)


async def _show(hub: Hub, channel: Channel, words: str) -> None:
    try:
        async with hub.database.unit() as session:
            await mailbox.trouble(session, channel.name, words)
    except Exception as e:
        if not is_away(e):
            raise
