"""The IMAP library's client as we use it: what comes in is counted, and FETCH is read by ourselves (decision 0021)."""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import Callable
from typing import Any

from aioimaplib import aioimaplib

from channels.email.imap_fetch import Answer, TooLarge

_EXISTS = re.compile(rb"(\d{1,10}) EXISTS$", re.IGNORECASE)
_SHORT = 32  # bytes; such a line is no longer
ROOM = 1_000_000  # bytes for everything that is no message: FETCH lines of 200 messages, flags, greetings


class _Protocol(aioimaplib.IMAP4ClientProtocol):  # type: ignore[misc]  # the library is not annotated
    """Counts what comes in, reads FETCH by itself, and answers the one continuation that the library leaves hanging."""

    room = ROOM
    answer: Answer | None = None
    held = 0  # messages in the open folder, as the server said last
    grew = False  # they have become more, whatever was asked when it said so; who looks sets it back

    def data_received(self, data: bytes) -> None:
        if self.answer is not None:
            data = self._fetched(self.answer, data)
        self.room -= len(data)
        if self.room < 0:
            self.transport.abort()
        elif data:
            super().data_received(data)

    def fetch(self, command: str, room: int) -> Answer:
        """Send a FETCH; nothing else may be under way. What it answers does not go through the library."""
        tag = self.new_tag()
        self.answer = Answer(tag, room)
        self.transport.write(f"{tag} {command}\r\n".encode())
        return self.answer

    def _fetched(self, answer: Answer, data: bytes) -> bytes:
        try:
            rest = answer.feed(data)
        except TooLarge:
            self.transport.abort()
            return b""
        if answer.ended.done():
            self.answer = None
            for line in answer.lines:
                self._count(bytes(line[:_SHORT]))
        return rest

    def _untagged_response(self, line: bytes) -> Any:
        """The library passes over what belongs to no command of its own."""
        self._count(line.removeprefix(b"* "))
        return super()._untagged_response(line)

    def _count(self, line: bytes) -> None:
        if found := _EXISTS.match(line):
            number = int(found.group(1))
            self.grew, self.held = self.grew or number > self.held, number

    def _continuation(self, line: bytes) -> None:
        if self.pending_sync_command is not None and self.pending_sync_command.name == "AUTHENTICATE":
            self.transport.write(b"\r\n")  # XOAUTH2: the error comes as a challenge; an empty answer ends it
        else:
            super()._continuation(line)


class Client(aioimaplib.IMAP4):  # type: ignore[misc]
    """The library's client on our protocol. TLS when there is a context."""

    def __init__(
        self,
        host: str,
        port: int,
        seconds: float,
        lost: Callable[[Exception | None], None],
        context: ssl.SSLContext | None,
    ) -> None:
        super().__init__(host, port, None, seconds, lost, context)

    def create_client(self, host: str, port: int, loop: Any, conn_lost_cb: Any = None, ssl_context: Any = None) -> None:
        running = asyncio.get_running_loop()
        self.protocol = _Protocol(running, conn_lost_cb)
        self._client_task = running.create_task(
            running.create_connection(lambda: self.protocol, host, port, ssl=ssl_context)
        )

    def allow(self, room: int) -> None:
        """How many bytes may come in from now on."""
        self.protocol.room = room

    def fetch(self, command: str, room: int) -> Answer:
        answer: Answer = self.protocol.fetch(command, room)
        return answer

    def abort(self) -> None:
        self._client_task.cancel()
        if self.protocol.transport is not None:
            self.protocol.transport.abort()
        for task in [*self.tasks, *self.protocol.tasks]:
            task.cancel()
