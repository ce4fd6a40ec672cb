"""Receipts come in floods: what comes within a few milliseconds is settled in one transaction, answered after it.

While one group is written the next is read, and while it is committed the next is written.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from channels.message import Receipt
from hub import clock
from hub.database.engine import Database
from hub.database.outage import is_away, is_conflict
from hub.database.purity import storable
from hub.interactions import receipts, usual
from hub.interactions.reckoning import News
from hub.signing import Signer

GATHERING = 0.004  # seconds from the first receipt of a group to its settling
MOST = 256  # receipts in one transaction
AT_ONCE = 2  # groups in the database's hands
WAITING = 4000  # receipts; more than these would wait longer than their sender does
GROUP_SECONDS = 8.0  # a database that does not answer for so long is away

_log = structlog.get_logger("receipts")


class TooMany(Exception):
    """More receipts wait than can be settled in time. None of these was kept: their sender should come again."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    """What one request brought, and what its sender waits for."""

    news: Sequence[News]
    settled: asyncio.Future[None]

    def tell(self, error: Exception | None) -> None:
        if self.settled.done():  # whoever asked has gone
            return
        if error is None:
            self.settled.set_result(None)
        else:
            self.settled.set_exception(error)


class Collector:
    """Holds the receipts of this process until their group is committed."""

    def __init__(
        self,
        database: Database,
        signer: Signer,
        *,
        gathering: float = GATHERING,
        most: int = MOST,
        waiting: int = WAITING,
    ) -> None:
        self._database, self._signer = database, signer
        self._gathering, self._most, self._limit = gathering, most, waiting
        self._waiting: deque[_Waiting] = deque()
        self._held = 0  # receipts in `_waiting`
        self._draining: asyncio.Task[None] | None = None
        self._settling: set[asyncio.Task[None]] = set()

    async def settle(self, channel: str, told: Sequence[Receipt]) -> None:
        """Returns when all of these are committed. Raises TooMany at once, or what the database raised.

        Who stops waiting takes its receipts back, unless their group has begun.
        """
        if self._held + len(told) > self._limit:
            raise TooMany(f"{self._held} receipts wait already")
        news = [receipts.news_of(channel, _storable(one), self._signer) for one in told]
        mine = _Waiting(news, asyncio.get_running_loop().create_future())
        self._waiting.append(mine)
        self._held += len(news)
        if self._draining is None:
            self._draining = asyncio.create_task(self._drain())
        await mine.settled

    async def _drain(self) -> None:
        try:
            while self._waiting:
                if self._held < self._most:
                    await asyncio.sleep(self._gathering)
                if len(self._settling) >= AT_ONCE:
                    await asyncio.wait(self._settling, return_when=asyncio.FIRST_COMPLETED)
                self._begin(self._next())
        finally:
            self._draining = None

    def _begin(self, group: Sequence[_Waiting]) -> None:
        task = asyncio.create_task(self._settle(group))
        self._settling.add(task)
        task.add_done_callback(self._settling.discard)

    def _next(self) -> list[_Waiting]:
        group: list[_Waiting] = []
        size = 0
        while self._waiting and (not group or size + len(self._waiting[0].news) <= self._most):
            one = self._waiting.popleft()
            self._held -= len(one.news)
            if not one.settled.done():
                group.append(one)
                size += len(one.news)
        return group

    async def _settle(self, group: Sequence[_Waiting]) -> None:
        """All together. Where that fails, in two halves, down to the one at fault: it fails alone."""
        try:
            async with asyncio.timeout(GROUP_SECONDS):
                await self._write([news for one in group for news in one.news])
        except Exception as e:
            if len(group) > 1 and (is_conflict(e) or not is_away(e)):
                _log.info("receipts are settled in smaller groups", receipts=len(group), error=type(e).__name__)
                await self._settle(group[: len(group) // 2])
                await self._settle(group[len(group) // 2 :])
                return
            for one in group:
                one.tell(e)
        else:
            for one in group:
                one.tell(None)

    async def _write(self, news: Sequence[News]) -> None:
        now = clock.now()
        left = await usual.settle(self._database, news, now=now)
        if left:
            async with self._database.unit() as session:
                await receipts.apply_all(session, left, now=now)


def _storable(receipt: Receipt) -> Receipt:
    """`storable`, at once where everything is plain ASCII, as it nearly always is."""
    payload = receipt.payload
    words = (receipt.provider_id, receipt.token, receipt.message_id, receipt.recipient, receipt.code, receipt.detail)
    said = "".join((*words, *payload, *payload.values()))
    return receipt if said.isascii() and "\0" not in said else storable(receipt)
