"""One connection to a mail server, past login: mails go over it one behind the other, pipelined where it may be.

RFC 2920: MAIL, RCPT and DATA leave in one group; a body leaves with the next mail's group right behind its dot, so that
a mail costs one round trip. Without PIPELINING the same code says one thing at a time; so it does with a mail that has
copies, for once DATA was said, only a lost connection keeps it from those who were taken. Replies are matched in order.
Whatever breaks, every mail is told its own stage: only one whose dot has left can have been accepted.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Callable, Iterator
from enum import Enum, auto

from channels.email.envelope import Mail, Offers
from channels.email.patience import Patience
from channels.email.replies import Stage, dropped, refused
from channels.email.reply_lines import NoReply, Reply, ReplyReader
from channels.errors import ChannelError, Refused, TryLater

_AT_ONCE = 16_384  # bytes of a body that go out together with its dot
_SLICE = 65_536  # of a longer one; its dot leaves only when all of it has


class Said(Enum):
    """What a reply is to."""

    MAIL = auto()
    RCPT = auto()
    COPY = auto()  # RCPT for somebody who gets a copy
    DATA = auto()
    DOT = auto()
    EMPTY = auto()  # the dot after a DATA that was let through although nobody was to get the mail
    RSET = auto()
    NOOP = auto()
    QUIT = auto()


_SAID_OF_A_MAIL = (Said.MAIL, Said.RCPT, Said.COPY, Said.DATA, Said.DOT)
_DATA = b"DATA\r\n"
_AFTER = {Said.MAIL: Stage.RCPT, Said.RCPT: Stage.DATA, Said.COPY: Stage.DATA}


class Conversation(asyncio.Protocol):
    """Takes the next mail from `feed` whenever it can carry one; `rests` and `ended` tell the pool about it."""

    def __init__(
        self,
        transport: asyncio.WriteTransport,
        offers: Offers,
        *,
        feed: Callable[[Conversation], Mail | None],
        rests: Callable[[Conversation], None],
        ended: Callable[[Conversation], None],
        again: Callable[[Mail], None],
        seconds: float,
        most: int,
    ) -> None:
        self._transport, self.offers = transport, offers
        self._feed, self._rests, self._ended, self._again = feed, rests, ended, again
        self._most = most
        self._loop = asyncio.get_running_loop()
        self._replies = ReplyReader()
        self._awaited: deque[tuple[Said, Mail | None]] = deque()
        self._bulk = 0  # answers to come about mails to many
        self._coming: Mail | None = None  # its group has left, its body has not
        self._group: deque[tuple[Said, bytes]] = deque()  # what of it is not yet said, where it is said line by line
        self._hopeless = False  # `_coming` was refused: its body must not follow
        self._body: Iterator[memoryview] | None = None  # what of a long body is not yet written
        self._full = False
        self._asking: asyncio.Task[None] | None = None  # whether a body that is late may still leave
        self._patience = Patience(seconds, lambda: self._break(f"no answer within {seconds:g} seconds"))
        self._retiring, self._left = False, asyncio.Event()
        self.carried, self.dead, self._since = 0, False, self._loop.time()
        transport.set_write_buffer_limits(high=1, low=0)  # pause_writing tells that not all has left
        transport.set_protocol(self)

    # ---- what the pool asks -----------------------------------------------------------------

    @property
    def has_room(self) -> bool:
        """True when a mail's first words may follow a body whose answer is still awaited."""
        follows = bool(self._awaited) and self._awaited[-1][0] in (Said.DOT, Said.RSET)
        return follows and self.offers.pipelining and not (self.dead or self._retiring or self._body)

    @property
    def idle_seconds(self) -> float:
        return self._loop.time() - self._since

    def go_on(self) -> None:
        """Begin the next mail, if there is one and nothing stands in its way."""
        self._write(self._next_group())

    def ask(self) -> None:
        """See whether it still answers (NOOP), then go on."""
        self._expect(Said.NOOP, None, min(5.0, self._patience.seconds))
        self._write(b"NOOP\r\n")

    def carries(self, mail: Mail) -> bool:
        return mail is self._coming or any(other is mail for _, other in self._awaited)

    @property
    def carries_bulk(self) -> bool:
        """True while what is behind it may have to wait long for the server's answer about a mail to many."""
        return self._bulk > 0 or (self._coming is not None and self._coming.bulk)

    def abandon(self, mail: Mail) -> None:
        """Nobody waits for this mail any more, which it carries: its body must not leave, no other mail follows."""
        self._retiring = True
        if all(other is None or other.done.done() for _, other in self._awaited) and not self._underway():
            self._break("given up")

    async def quit(self, seconds: float) -> None:
        """Say goodbye. A server that does not answer QUIT is no failure."""
        if not self.dead and not self._awaited and self._body is None:
            self.farewell()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._left.wait(), seconds)
        self._break("closed")

    def end(self) -> None:
        """At once; what is on the way is told its stage."""
        self._break("closed by us")

    @property
    def _by_groups(self) -> bool:
        """The mail that is coming is not said line by line."""
        return self.offers.pipelining and not self._group

    def _underway(self) -> bool:
        return self._coming is not None and not self._coming.done.done()

    # ---- writing ----------------------------------------------------------------------------

    def _next_group(self) -> bytes:
        """The next mail's first words; rests when there is none. Mails that this server cannot take are refused."""
        while not self._retiring and self.carried < self._most and (mail := self._feed(self)) is not None:
            mail.stage = Stage.MAIL
            try:
                words = mail.envelope.commands(self.offers, mail.body)
            except Refused as e:
                mail.fail(e)
                continue
            self._coming, self._hopeless, self.carried = mail, False, self.carried + 1
            return self._begun(mail, *words)
        if not self._awaited:
            self._rest()
        return b""

    def _begun(self, mail: Mail, from_: bytes, to: bytes, *copies: bytes) -> bytes:
        if copies or not self.offers.pipelining:
            self._group.extend(((Said.MAIL, from_), (Said.RCPT, to)))
            self._group.extend([(Said.COPY, line) for line in copies])
            self._group.append((Said.DATA, _DATA))
            return self._next_line()
        if not self._awaited:
            self._patience.renew()
        self._awaited.extend(((Said.MAIL, mail), (Said.RCPT, mail), (Said.DATA, mail)))
        self._bulk += 3 * mail.bulk
        return from_ + to + _DATA

    def _next_line(self) -> bytes:
        said, line = self._group.popleft()
        self._expect(said, self._coming)
        return line

    def _send_body(self, mail: Mail) -> None:
        if len(mail.body) <= _AT_ONCE and not self._full:
            self._finish(mail, mail.body)
            return
        view = memoryview(mail.body)
        self._body = iter([view[start : start + _SLICE] for start in range(0, len(view), _SLICE)])
        self._go_on_writing()

    def _go_on_writing(self) -> None:
        """A drop until the last byte has left means that nothing was sent: the dot waits for it."""
        assert self._coming is not None
        assert self._body is not None
        while not self._full and not self.dead:
            piece = next(self._body, None)
            if piece is None:
                self._body = None
                self._finish(self._coming, b"")
                return
            self._transport.write(piece)
            self._patience.renew()

    def _finish(self, mail: Mail, before: bytes) -> None:
        """The dot, and behind it the next mail's group: a message may be the first thing in one (RFC 2920 3.1)."""
        self._coming, mail.stage = None, Stage.DOT
        self._expect(Said.DOT, mail)
        group = self._next_group() if self.offers.pipelining else b""
        self._write(b"".join((before, b".\r\n", group)))

    def _write(self, data: bytes) -> None:
        if data and not self.dead:
            self._transport.write(data)

    def pause_writing(self) -> None:
        self._full = True

    def resume_writing(self) -> None:
        self._full = False
        if self._body is not None and not self.dead:
            self._go_on_writing()

    # ---- hearing ----------------------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        heard = False
        try:
            for reply in self._replies.feed(data):
                if self.dead:
                    return
                self._hear(reply)
                heard = True
        except NoReply as e:
            self._break(str(e))
            return
        if heard and not self.dead and (self._awaited or self._body is not None):
            self._patience.renew()  # each reply has its time, however slowly its bytes come

    def _hear(self, reply: Reply) -> None:
        if not self._awaited:
            self._interrupted(reply)
            return
        said, mail = self._awaited.popleft()
        self._bulk -= mail is not None and mail.bulk
        if reply.code == 250 and (said is Said.MAIL or said is Said.RCPT) and self._by_groups:
            if mail is not None and not self._hopeless:
                mail.stage = _AFTER[said]
        elif reply.code == 421 and said is not Said.QUIT:
            self._closing(said, mail, reply)
        elif mail is None or said is Said.EMPTY:
            self._housekeeping(said, reply)
        elif said is Said.DOT:
            self._judged(mail, reply)
        else:
            self._answered(said, mail, reply)

    def _answered(self, said: Said, mail: Mail, reply: Reply) -> None:
        """To one of the words before the body."""
        welcome = reply.code == 354 if said is Said.DATA else 250 <= reply.code <= 259
        if said is Said.COPY:
            mail.about_copy(reply.code, reply.text, taken=welcome)
        elif not welcome and not self._hopeless:
            self._hopeless = True
            mail.fail(refused(mail.stage, reply.code, reply.text))
        if not (welcome or 400 <= reply.code <= 599):
            self._break(f"unexpected reply {reply.code} {reply.text[:200]}")
        elif said is Said.DATA:
            self._let_through(mail) if welcome else self._reset()
        elif not self._by_groups:
            self._reset() if self._hopeless else self._write(self._step(said, mail))
        elif not self._hopeless:
            mail.stage = _AFTER[said]

    def _step(self, said: Said, mail: Mail) -> bytes:
        mail.stage = _AFTER[said]
        return self._next_line()

    def _let_through(self, mail: Mail) -> None:
        """354. RFC 2920 3.1: when nobody is to get it, what must follow is a dot and nothing else."""
        if self._hopeless:
            self._coming = None
            self._expect(Said.EMPTY, mail)
            self._write(b".\r\n")
        elif mail.done.done():  # given up meanwhile: even an empty body would be a mail
            self._break("given up")
        elif time.monotonic() > mail.begin_by:  # it stood behind a body whose answer took its time
            self._patience.renew()
            self._asking = asyncio.create_task(self._ask_again(mail))
        else:
            self._send_body(mail)

    async def _ask_again(self, mail: Mail) -> None:
        """The server waits for the body meanwhile. After a no only an end of the connection keeps it from a mail."""
        try:
            error: ChannelError | None = None if mail.still is not None and await mail.still() else _late()
        except ChannelError as e:
            error = e
        if self.dead:
            return
        if error is not None:
            mail.fail(error)
        if mail.done.done():
            self._break("given up")
        else:
            self._send_body(mail)

    def _reset(self) -> None:
        """After a refusal the connection is fit for another mail only if RSET is answered (RFC 5321 4.1.1.5)."""
        self._coming = None
        self._group.clear()
        self._expect(Said.RSET, None)
        self._write(b"RSET\r\n" + (self._next_group() if self.offers.pipelining else b""))

    def _judged(self, mail: Mail, reply: Reply) -> None:
        if 200 <= reply.code <= 299:
            mail.succeed(f"{reply.code} {reply.text}")
        else:
            mail.fail(refused(Stage.DOT, reply.code, reply.text))
            if not 400 <= reply.code <= 599:
                self._break(f"unexpected reply {reply.code} {reply.text[:200]}")
                return
        if not self._awaited:
            self.go_on()

    def _housekeeping(self, said: Said, reply: Reply) -> None:
        if said is Said.QUIT:
            self._left.set()
            self._break("closed")
        elif said in (Said.RSET, Said.NOOP) and reply.code // 10 != 25:
            self._break(f"{said.name} was answered {reply.code} {reply.text[:200]}")
        elif not self._awaited:
            self.go_on()

    def _expect(self, said: Said, mail: Mail | None, seconds: float = 0) -> None:
        if not self._awaited:
            self._patience.renew(seconds)
        self._awaited.append((said, mail))
        self._bulk += mail is not None and mail.bulk

    # ---- endings ----------------------------------------------------------------------------

    def _rest(self) -> None:
        """Nothing is on the way and nothing waits."""
        self._since = self._loop.time()
        self._patience.rest()
        if self._retiring or self.carried >= self._most:
            self.farewell()
        else:
            self._rests(self)

    def farewell(self) -> None:
        self._retiring = True
        self._expect(Said.QUIT, None, min(2.0, self._patience.seconds))
        self._write(b"QUIT\r\n")

    def _interrupted(self, reply: Reply) -> None:
        """A reply that nothing was asked for: in the middle of a body, a refusal; between mails, a goodbye."""
        if self._coming is not None:
            self._coming.fail(refused(Stage.DATA, reply.code, reply.text))
        self._break(f"{reply.code} {reply.text[:200]}")

    def _closing(self, said: Said, mail: Mail | None, reply: Reply) -> None:
        """421: the server closes the connection, whatever it was asked. It means all mails that are not yet sent.

        One that keeps a connection only for so many mails, or so long, may say it to the next MAIL.
        """
        why = f"421 {reply.text[:200]}"
        if said is Said.MAIL and mail is not None and self._may_restart(mail):
            self._break(why, lost=True)
            return
        if mail is not None and said in _SAID_OF_A_MAIL:
            mail.fail(refused(mail.stage, 421, reply.text))
        self._break(why, lambda stage: refused(stage, 421, reply.text))

    def connection_lost(self, exc: Exception | None) -> None:
        self._break(str(exc or "Connection lost"), lost=True)

    def eof_received(self) -> bool:
        return False

    def _break(self, why: str, error: Callable[[Stage], ChannelError] | None = None, *, lost: bool = False) -> None:
        """The connection is never used again, and every mail on it learns what became of it."""
        if self.dead:
            return
        self.dead = True
        self._patience.stop()
        self._transport.abort()
        for mail in self._on_the_way():
            if lost and self._may_restart(mail):
                mail.stage, mail.restarted = Stage.CONNECT, True
                self._again(mail)
            elif error is not None and mail.stage is not Stage.DOT:
                mail.fail(error(mail.stage))
            else:
                mail.fail(dropped(mail.stage, why))
        self._left.set()
        self._ended(self)

    def _may_restart(self, mail: Mail) -> bool:
        """True when a kept connection ended before anything was answered about this mail: one new one is tried."""
        return mail.stage is Stage.MAIL and self.carried > 1 and not mail.restarted

    def _on_the_way(self) -> list[Mail]:
        """In the order they were begun, without those that know already."""
        mails = [mail for _, mail in self._awaited if mail is not None]
        if self._coming is not None:
            mails.append(self._coming)
        return [mail for mail in dict.fromkeys(mails) if not mail.done.done()]


def _late() -> TryLater:
    return TryLater("it waited too long behind another mail", stage=Stage.DATA, stale=True)
