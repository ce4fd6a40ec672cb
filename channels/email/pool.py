"""The connections of one account: opened as the load asks, kept between mails, all fed from one line of mails."""

from __future__ import annotations

import asyncio
import copy
import time
from collections import deque
from typing import cast

import aiosmtplib

from channels.email.envelope import Mail, Offers
from channels.email.replies import Stage, dropped
from channels.email.settings import Smtp
from channels.email.smtp_login import Login
from channels.email.smtp_wire import Conversation
from channels.errors import ChannelError, TryLater

_FRESH_SECONDS = 10  # a connection idle for longer is asked (NOOP) before it carries a mail
_IDLE_SECONDS = 60.0  # and one idle for so long is closed: servers give them up after minutes
_RELUCTANT_SECONDS = 30.0  # after a server refused one more connection beside those that are open
_GOODBYE_SECONDS = 2.0


class Pool:
    """At most `settings.connections` at a time. A mail waits here until a connection takes it: a slow one holds few.

    Bulk goes after all else, and never on all connections at once: with a server that crawls, somebody's own mail finds
    one that it does not hold.
    """

    def __init__(self, settings: Smtp, login: Login) -> None:
        self._settings, self._login = settings, login
        self._waiting: deque[Mail] = deque()  # people wait for these
        self._bulk: deque[Mail] = deque()
        self._all: set[Conversation] = set()
        self._idle: list[Conversation] = []
        self._opening: set[asyncio.Task[None]] = set()
        self._asked: set[Conversation] = set()  # whether they still answer
        self._hungry: set[Conversation] = set()  # got no mail when they could have taken one
        self._reluctant_until = 0.0
        self._sweeper: asyncio.TimerHandle | None = None

    async def carry(self, mail: Mail) -> str:
        """The server's answer to the dot. Raises TryLater, Refused, Unknown or Misconfigured.

        When this is cancelled, `mail.stage` tells how far it had come; its connection carries no other mail.
        """
        self._line(mail).append(mail)
        self._dispatch()
        try:
            return await mail.done
        except asyncio.CancelledError:
            self._give_up(mail)
            raise

    async def close(self) -> None:
        """Say goodbye on the idle connections. Those that carry mails end at once; who waits is told."""
        for task in self._opening:
            task.cancel()
        await asyncio.gather(*(conversation.quit(_GOODBYE_SECONDS) for conversation in list(self._idle)))
        if self._sweeper is not None:
            self._sweeper.cancel()
            self._sweeper = None
        self._fail_waiting(dropped(Stage.CONNECT, "the channel was closed"))
        for conversation in list(self._all):
            conversation.end()

    def _give_up(self, mail: Mail) -> None:
        if mail in self._line(mail):
            self._line(mail).remove(mail)
        for conversation in [one for one in self._all if one.carries(mail)]:
            conversation.abandon(mail)

    # ---- who carries what -------------------------------------------------------------------

    def _line(self, mail: Mail) -> deque[Mail]:
        return self._bulk if mail.bulk else self._waiting

    def _most(self) -> int:
        """Connections there can be at present."""
        reluctant = self._all and asyncio.get_running_loop().time() < self._reluctant_until
        return len(self._all) if reluctant else self._settings.connections

    def _for_bulk(self) -> int:
        """So many more connections may carry bulk: one is kept for others."""
        return max(self._most() - 1, 1) - sum(conversation.carries_bulk for conversation in self._all)

    def _startable(self) -> int:
        """Mails that connections which carry nothing could take now."""
        return len(self._waiting) + (min(len(self._bulk), max(self._for_bulk(), 0)) if self._bulk else 0)

    def _dispatch(self) -> None:
        if self._is_busy():
            self._crowd()
            return
        startable = self._startable()
        while self._idle and startable > len(self._asked):
            self._put_to_work(self._idle.pop())
            startable = self._startable()
        spare = startable - len(self._asked) - len(self._opening)
        if spare > 0:
            spare -= self._open(spare)
        if spare > 0 or startable < len(self._waiting) + len(self._bulk):
            self._crowd()

    def _is_busy(self) -> bool:
        """Only bulk waits, and all the connections that it may have carry something: as nearly always while much is
        sent, and told without looking at each of them."""
        free = self._waiting or self._idle or self._asked or self._opening
        return not free and len(self._all) >= max(self._settings.connections - 1, 1)

    def _put_to_work(self, conversation: Conversation) -> None:
        if conversation.idle_seconds < _FRESH_SECONDS:
            conversation.go_on()
            return
        self._asked.add(conversation)
        conversation.ask()

    def _crowd(self) -> None:
        """No more connections may be opened: whichever waits only for an answer takes one more mail behind it."""
        for conversation in list(self._hungry):
            if not (self._waiting or self._bulk):
                return
            self._hungry.discard(conversation)
            if conversation.has_room:
                conversation.go_on()

    def _next(self, conversation: Conversation) -> Mail | None:
        while (line := self._open_to(conversation)) is not None:
            mail = line.popleft()
            if time.monotonic() > mail.begin_by:
                mail.fail(TryLater("it waited too long for a connection", stage=Stage.CONNECT, stale=True))
            if not mail.done.done():
                return mail
        self._hungry.add(conversation)
        return None

    def _open_to(self, conversation: Conversation) -> deque[Mail] | None:
        """The line it may take a mail from. None that somebody waits for stands behind bulk, but where it has to."""
        if self._waiting:
            return None if conversation.carries_bulk and self._most() > 1 else self._waiting
        return self._bulk if self._bulk and (conversation.carries_bulk or self._for_bulk() > 0) else None

    def _again(self, mail: Mail) -> None:
        self._line(mail).appendleft(mail)

    def _rests(self, conversation: Conversation) -> None:
        self._asked.discard(conversation)
        self._idle.append(conversation)
        if self._sweeper is None:
            self._sweeper = asyncio.get_running_loop().call_later(_IDLE_SECONDS / 4, self._sweep)

    def _ended(self, conversation: Conversation) -> None:
        self._all.discard(conversation)
        self._asked.discard(conversation)
        self._hungry.discard(conversation)
        if conversation in self._idle:
            self._idle.remove(conversation)
        self._dispatch()

    def _sweep(self) -> None:
        self._sweeper = None
        for conversation in [one for one in self._idle if one.idle_seconds >= _IDLE_SECONDS]:
            self._idle.remove(conversation)
            conversation.farewell()
        if self._idle:
            self._sweeper = asyncio.get_running_loop().call_later(_IDLE_SECONDS / 4, self._sweep)

    # ---- opening ----------------------------------------------------------------------------

    def _open(self, wanted: int) -> int:
        """Begin to open up to so many more connections; how many."""
        count = min(wanted, self._settings.connections - len(self._all) - len(self._opening))
        if count <= 0 or (self._all and asyncio.get_running_loop().time() < self._reluctant_until):
            return 0
        for _ in range(count):
            task = asyncio.create_task(self._connect())
            self._opening.add(task)
            task.add_done_callback(self._opened)
        return count

    async def _connect(self) -> None:
        client = await self._login.connect()
        transport = cast("asyncio.WriteTransport | None", client.transport)  # uvloop's are no subclass of it
        if transport is None or transport.is_closing():
            raise dropped(Stage.CONNECT, "the server closed the connection after the greeting")
        self._converse(client, transport)

    def _converse(self, client: aiosmtplib.SMTP, transport: asyncio.WriteTransport) -> None:
        """The library has brought us in; from here on the connection is ours."""
        conversation = Conversation(
            transport,
            Offers.of(client.esmtp_extensions),
            feed=self._next,
            rests=self._rests,
            ended=self._ended,
            again=self._again,
            seconds=self._settings.timeout_seconds,
            most=self._settings.mails_per_connection,
        )
        self._all.add(conversation)
        conversation.go_on()

    def _opened(self, task: asyncio.Task[None]) -> None:
        self._opening.discard(task)
        if task.cancelled():
            return
        error = task.exception()
        if error is None:
            return
        if not isinstance(error, ChannelError):
            error = dropped(Stage.CONNECT, f"{type(error).__name__}: {error}")
        if self._all:
            self._reluctant_until = asyncio.get_running_loop().time() + _RELUCTANT_SECONDS
        elif not self._opening:
            self._fail_waiting(error)

    def _fail_waiting(self, error: ChannelError) -> None:
        waiting, self._waiting, self._bulk = [*self._waiting, *self._bulk], deque(), deque()
        for mail in waiting:
            mail.fail(copy.copy(error))
