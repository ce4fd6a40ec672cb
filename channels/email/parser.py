"""Reading mails in a child process with limits: whatever a mail does to the reader, the mailbox goes on (M8, F13)."""

from __future__ import annotations

import asyncio
import json
import pickle
import struct
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Sequence
from typing import Any, cast

from channels.errors import Unreadable
from channels.message import Event

# -c with our own sys.path, because the child must find this package however the parent was started.
_BOOT = (
    "import sys, json; sys.path[:] = json.loads(sys.argv[1]); "
    "from channels.email.child import serve; serve(*sys.argv[2:])"
)
_WALL_SECONDS = 60  # the child's own limit is CPU time; this one is for a machine that is very busy
_ANSWER_LIMIT = 256 * 1024 * 1024


class Parser:
    """One child at a time, kept between mails and started again after a failure."""

    def __init__(self, own: str) -> None:
        self._arguments = ("events", own)
        self._child: Process | None = None
        self._turn = asyncio.Lock()

    async def parse(self, raw: bytes) -> Sequence[Event]:
        """What the mail says. Raises Unreadable when it is broken, too large or too complex."""
        return cast("Sequence[Event]", await self._within_limits(raw))

    async def close(self) -> None:
        child, self._child = self._child, None
        if child is not None and child.returncode is None:
            child.kill()
            await child.wait()

    async def _within_limits(self, raw: bytes) -> object:
        async with self._turn:
            try:
                async with asyncio.timeout(_WALL_SECONDS):
                    return await self._ask(raw)
            except (OSError, EOFError, asyncio.IncompleteReadError) as e:
                await self.close()
                why = "it took too long" if isinstance(e, TimeoutError) else "the reader was stopped by its limits"
                raise Unreadable(f"too large or too complex to read: {why}") from e
            except (Unreadable, asyncio.CancelledError):
                await self.close()
                raise

    async def _ask(self, raw: bytes) -> object:
        child = await self._running()
        stdin, stdout = cast("asyncio.StreamWriter", child.stdin), cast("asyncio.StreamReader", child.stdout)
        stdin.write(struct.pack("!Q", len(raw)))
        stdin.write(raw)
        await stdin.drain()
        ok, size = struct.unpack("!?Q", await stdout.readexactly(9))
        if size > _ANSWER_LIMIT:
            raise Unreadable("too large: what it says takes more memory than is allowed")
        answer = await stdout.readexactly(size)
        if not ok:
            raise Unreadable(answer.decode("utf-8", "replace"))
        return cast("Sequence[Event]", pickle.loads(answer))  # noqa: S301 - written by channels.email.child, not by the mail

    async def _running(self) -> Process:
        if self._child is None or self._child.returncode is not None:
            command = (sys.executable, "-c", _BOOT, json.dumps([p for p in sys.path if p]), *self._arguments)
            self._child = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE, stderr=DEVNULL)
        return self._child


class Understanding(Parser):
    """The same child, telling a mail as JSON for people and programs that look at a single mail."""

    def __init__(self) -> None:
        super().__init__("")
        self._arguments = ("understand", "")

    async def understand(self, raw: bytes) -> dict[str, Any]:
        """Everything that was read in the mail, as JSON can carry it. Raises Unreadable."""
        return cast("dict[str, Any]", await self._within_limits(raw))
