"""The outside of one reading child: mails in, answers out, in order; and whose fault it was when it dies."""

from __future__ import annotations

import asyncio
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, cast

from channels.email.answers import ANSWER, FRAME, SMALL, unpacked
from channels.errors import Unreadable

# -c with our own sys.path, because the child must find this package however the parent was started; nothing of what
# Python looks for at its start besides (-I -S) is of use to it.
_BOOT = (
    "import sys; sys.path[:] = sys.argv[1].split(chr(10)); from channels.email.child import serve; serve(sys.argv[2])"
)
_HERE = str(Path(__file__).parents[2])
_WALL_SECONDS = 60  # the child's own limit is CPU time; this one is for a machine that is very busy
_RENEWED_SECONDS = 0.1  # the patience is not renewed for answers that come at once
_DYING_SECONDS = 1.0
_ANSWER_LIMIT = 256 * 1024 * 1024
_DEATHS = 2  # of children that a mail had for itself; then nobody reads it again


@dataclass(slots=True, eq=False)
class Job:
    """One mail to `own` that somebody waits for."""

    raw: bytes = field(repr=False)
    own: str
    answer: asyncio.Future[list[Any]]
    deaths: int = 0


class Child:
    """One process, kept between mails and started again after a failure."""

    def __init__(self, task: str) -> None:
        self._task = task
        self._process: Process | None = None

    async def read(self, jobs: Sequence[Job]) -> None:
        """Answer every job. When the child ends over several, those without an answer are read one by one."""
        waiting, together = deque(jobs), len(jobs)
        try:
            while waiting:
                if not await self._through(waiting, together):
                    together = 1
        finally:
            for job in waiting:
                _fail(job, "the reader was stopped", again=True)

    async def close(self) -> None:
        process, self._process = self._process, None
        if process is not None and process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    async def _through(self, waiting: deque[Job], together: int) -> bool:
        """The next mails, all on their way before the first answer is read. False when the child ended over them."""
        hands, before = list(islice(waiting, together)), len(waiting)
        try:
            process = await self._running()
        except OSError as e:  # no memory, no processes left: the machine's fault
            _fail(waiting.popleft(), f"no reader could be started ({e.strerror})", again=True)
            return False
        try:
            await _exchange(process, hands, waiting)
        except (OSError, EOFError, Unreadable) as e:  # an incomplete read is an EOFError, a timeout an OSError
            unanswered = len(hands) - (before - len(waiting))
            code = await self._ended(at_once=not isinstance(e, EOFError))
            if unanswered == 1 or len(waiting[0].raw) > SMALL:
                _blame(waiting, e, code)
            return False
        return True

    async def _running(self) -> Process:
        if self._process is None or self._process.returncode is not None:
            path = "\n".join(dict.fromkeys([*filter(None, sys.path), _HERE]))
            command = (sys.executable, "-I", "-S", "-c", _BOOT, path, self._task)
            self._process = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE, stderr=DEVNULL)
        return self._process

    async def _ended(self, *, at_once: bool) -> int | None:
        """How the child ended; one that is dying is let die."""
        process = self._process
        if process is not None and not at_once:
            with suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), _DYING_SECONDS)
        await self.close()
        return process.returncode if process is not None else None


async def _exchange(process: Process, hands: Sequence[Job], waiting: deque[Job]) -> None:
    stdin, stdout = cast("asyncio.StreamWriter", process.stdin), cast("asyncio.StreamReader", process.stdout)
    pieces: list[bytes] = []
    for left, job in zip(range(len(hands) - 1, -1, -1), hands, strict=True):
        own = job.own.encode()
        pieces += (FRAME.pack(left > 0, len(own), len(job.raw)), own, job.raw)
    stdin.writelines(pieces)
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(_WALL_SECONDS) as patience:
        last = len(waiting) - len(hands)
        while len(waiting) > last:
            due = loop.time() + _WALL_SECONDS
            if due - (patience.when() or 0) > _RENEWED_SECONDS:
                patience.reschedule(due)
            ok, answer = await _answer(stdout)
            if not ok:
                _refuse(waiting.popleft(), answer)
                continue
            for told in unpacked(answer):
                _settle(waiting.popleft(), told)


async def _answer(stdout: asyncio.StreamReader) -> tuple[bool, bytes]:
    ok, _, size = ANSWER.unpack(await stdout.readexactly(ANSWER.size))
    if size > _ANSWER_LIMIT:
        raise Unreadable("what it says takes more memory than is allowed")
    return ok, await stdout.readexactly(size)


def _settle(job: Job, told: list[Any]) -> None:
    if not job.answer.done():
        job.answer.set_result(told)


def _refuse(job: Job, why: bytes) -> None:
    if not job.answer.done():
        job.answer.set_exception(Unreadable(why.decode("utf-8", "replace")))


def _blame(waiting: deque[Job], error: Exception, code: int | None) -> None:
    """The first of `waiting` ended the child; it stays there when it is to be read once more."""
    job = waiting[0]
    job.deaths += 1
    if isinstance(error, TimeoutError):
        _fail(waiting.popleft(), "it took too long", again=True)
    elif isinstance(error, Unreadable):
        _fail(waiting.popleft(), str(error), again=False)
    elif code == -signal.SIGXCPU or job.deaths >= _DEATHS:
        _fail(waiting.popleft(), "the reader was stopped by its limits", again=False)


def _fail(job: Job, why: str, *, again: bool) -> None:
    if not job.answer.done():
        job.answer.set_exception(Unreadable(f"too large or too complex to read: {why}", again=again))
