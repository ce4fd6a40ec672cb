"""Telling open pages and idle workers that something happened. Ids travel, never content; every reader also polls."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import asyncpg
import structlog
from sqlmodel.ext.asyncio.session import AsyncSession

from hub.database.engine import Database, connection_lost, fetch

_CHANNEL = "hub_live"
_NOTICE = 7_900  # PostgreSQL: a payload must be shorter than 8,000 bytes
_GROUP = 60  # happenings that as a rule are no longer than that
_log = structlog.get_logger("live")


@dataclass(frozen=True, slots=True)
class Happening:
    """Something changed. Topic `resync` means: the connection was lost meanwhile, look at everything again."""

    topic: str
    ids: dict[str, str] = field(default_factory=dict)


async def publish(session: AsyncSession, topic: str, **ids: object) -> None:
    """Announce a change; listeners hear it when the caller's transaction commits, and never if it does not."""
    await publish_all(session, [Happening(topic, {k: str(v) for k, v in ids.items()})])


async def publish_all(session: AsyncSession, happenings: Sequence[Happening]) -> None:
    """Announce many changes in one statement and few notices, the same one only once."""
    channel, payloads = notices(happenings)
    if payloads:
        await fetch(session, NOTIFY, channel, payloads)


async def tell(database: Database, happenings: Sequence[Happening]) -> None:
    """Announce what is committed already, where that was a statement by itself."""
    await database.alone(NOTIFY, *notices(happenings))


def notices(happenings: Iterable[Happening]) -> tuple[str, list[str]]:
    """What `NOTIFY` needs: a channel, and what has to be said on it."""
    different = {(one.topic, *one.ids.items()): one for one in happenings}
    told = [{"topic": one.topic, "ids": one.ids} for one in different.values()]
    return _CHANNEL, [payload for i in range(0, len(told), _GROUP) for payload in _payloads(told[i : i + _GROUP])]


def _payloads(told: Sequence[Mapping[str, object]]) -> list[str]:
    """JSON arrays of as many as a notice holds: a thousand notices would wake every listener a thousand times."""
    payload = json.dumps(told)
    if len(payload) <= _NOTICE or len(told) == 1:
        return [payload]
    half = len(told) // 2
    return _payloads(told[:half]) + _payloads(told[half:])


NOTIFY = "select pg_notify($1, payload) from unnest($2::text[]) as t(payload)"


class Live:
    """One listening connection of this process, shared by all its subscribers."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._subscribers: dict[asyncio.Queue[Happening], Collection[str]] = {}
        self._followers: list[Callable[[Happening], None]] = []
        self._task: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def subscribe(self, *topics: str) -> AsyncIterator[asyncio.Queue[Happening]]:
        """A queue of happenings from now on, of these topics or of all; `resync` is everybody's.

        A subscriber that falls 1,000 behind gets one `resync` instead.
        """
        queue: asyncio.Queue[Happening] = asyncio.Queue(maxsize=1000)
        self._subscribers[queue] = topics
        self._begin()
        try:
            yield queue
        finally:
            del self._subscribers[queue]

    def follow(self, hear: Callable[[Happening], None]) -> None:
        """`hear` is called with everything that happens from now on, as long as this process listens."""
        if hear not in self._followers:
            self._followers.append(hear)
            self._begin()

    def _begin(self) -> None:
        if self._task is None:
            self._task = asyncio.create_task(self._listen())

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _listen(self) -> None:
        while True:
            try:
                await self._listen_once()
            except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as e:
                _log.warning("live connection lost", error=str(e))
            await asyncio.sleep(1)

    async def _listen_once(self) -> None:
        connection = await asyncpg.connect(self._url, timeout=10)
        try:
            lost = connection_lost(connection)
            await connection.add_listener(_CHANNEL, self._heard)
            self._spread(Happening("resync"))
            await lost
        finally:
            connection.terminate()

    def _heard(self, _connection: object, _pid: int, _channel: str, payload: object) -> None:
        wanted = {topic for topics in self._subscribers.values() for topic in topics}
        everything = bool(self._followers) or not all(self._subscribers.values())  # somebody named no topic
        for message in json.loads(str(payload)):
            if not everything and message["topic"] not in wanted:
                continue  # as most: a worker hears of every customer, and asks of none
            self._spread(Happening(message["topic"], message["ids"]))

    def _spread(self, happening: Happening) -> None:
        for hear in self._followers:
            hear(happening)
        for queue, topics in self._subscribers.items():
            if topics and happening.topic not in (*topics, "resync"):
                continue
            told = happening
            if queue.full():
                while not queue.empty():
                    queue.get_nowait()
                told = Happening("resync")
            queue.put_nowait(told)
