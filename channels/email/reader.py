"""The outside of one reading child: mails in, answers out, in order; and whose fault it was when it dies."""

from __future__ import annotations

import asyncio
import json
import pickle
import struct
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from channels.errors import Unreadable

# -c with our own sys.path, because the child must find this package however the parent was started.
_BOOT = (
    "import sys, json; sys.path[:] = json.loads(sys.argv[1]); "
    "from channels.email.child import serve; serve(sys.argv[2])"
)
_WALL_SECONDS = 60  # the child's own limit is CPU time; this one is for a machine that is very busy
_ANSWER_LIMIT = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True, eq=False)
class Job:
    """One mail to `own` that somebody waits for."""

    raw: bytes = field(repr=False)
    own: str
    answer: asyncio.Future[object]


class Child:
    """One process, kept between mails and started again after a failure."""

    def __init__(self, task: str) -> None:
        self._task = task
        self._process: Process | None = None

    async def read(self, jobs: Sequence[Job]) -> None:
        """Answer every job. The mail that ends the child is unreadable; those behind it are given to the next one."""
        waiting = deque(jobs)
        try:
            while waiting:
                await self._through(waiting)
        finally:
            for job in waiting:
                _fail(job, "the reader was stopped")

    async def close(self) -> None:
        process, self._process = self._process, None
        if process is not None and process.returncode is None:
            process.kill()
            await process.wait()

    async def _through(self, waiting: deque[Job]) -> None:
        """Every mail is on its way before the first answer is read: no waiting for each other in between."""
        try:
            process = await self._running()
            stdin, stdout = cast("asyncio.StreamWriter", process.stdin), cast("asyncio.StreamReader", process.stdout)
            for job in waiting:
                own = job.own.encode()
                stdin.writelines((struct.pack("!HQ", len(own), len(job.raw)), own, job.raw))
            while waiting:
                async with asyncio.timeout(_WALL_SECONDS):
                    ok, answer = await _answer(stdout)
                _settle(waiting.popleft(), ok, answer)
        except (OSError, EOFError, Unreadable) as e:  # an incomplete read is an EOFError, a timeout an OSError
            await self.close()
            _fail(waiting.popleft(), _why(e))

    async def _running(self) -> Process:
        if self._process is None or self._process.returncode is not None:
            command = (sys.executable, "-c", _BOOT, json.dumps([p for p in sys.path if p]), self._task)
            self._process = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE, stderr=DEVNULL)
        return self._process


async def _answer(stdout: asyncio.StreamReader) -> tuple[bool, bytes]:
    ok, size = struct.unpack("!?Q", await stdout.readexactly(9))
    if size > _ANSWER_LIMIT:
        raise Unreadable("what it says takes more memory than is allowed")
    return ok, await stdout.readexactly(size)


def _settle(job: Job, ok: bool, answer: bytes) -> None:
    if job.answer.done():
        return
    if ok:
        read: Any = pickle.loads(answer)  # noqa: S301 - written by channels.email.child, not by the mail
        job.answer.set_result(read)
    else:
        job.answer.set_exception(Unreadable(answer.decode("utf-8", "replace")))


def _fail(job: Job, why: str) -> None:
    if not job.answer.done():
        job.answer.set_exception(Unreadable(f"too large or too complex to read: {why}", again=True))


def _why(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "it took too long"
    return str(error) if isinstance(error, Unreadable) else "the reader was stopped by its limits"
