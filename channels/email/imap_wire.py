"""One IMAP connection (RFC 3501) over aioimaplib, with what that library lacks: limits, and ends that are noticed.

A lost connection does not fail its pending commands, and some replies make it hang past its own timeouts; so every
call here races the loss of the connection and an outer timeout. A literal is never trusted to be as long as it says.
"""

from __future__ import annotations

import asyncio
import binascii
import re
import ssl
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar

from aioimaplib import aioimaplib

from channels.adapter import TokenSource
from channels.email.imap_fetch import Answer, TooLarge
from channels.email.settings import Imap
from channels.errors import Interrupted, Misconfigured, NotAllowed, TryLater

T = TypeVar("T")
_UIDVALIDITY = re.compile(rb"\[UIDVALIDITY (\d{1,10})\]", re.IGNORECASE)
_FETCH = re.compile(rb"\d+ FETCH \(", re.IGNORECASE)
_UID = re.compile(rb"\bUID (\d{1,10})", re.IGNORECASE)
_SIZE = re.compile(rb"\bRFC822\.SIZE (\d{1,15})", re.IGNORECASE)
_BODY = re.compile(rb'BODY\[\](?:<\d+>)? (?:NIL|"((?:[^"\\]|\\.)*)")', re.IGNORECASE | re.DOTALL)
_TRANSIENT = re.compile(rb"\[(UNAVAILABLE|INUSE|LIMIT|SERVERBUG|CONTACTADMIN)\]", re.IGNORECASE)
_ROOM = 1_000_000  # for everything that is no message: FETCH lines of 200 messages, flags, greetings
_NUMBERS = 32_000_000  # for the answer to a search: some four million messages, eight bytes each


@dataclass(frozen=True, slots=True)
class Fetched:
    """One message of a FETCH. `content` is empty when the server said NIL."""

    uid: int
    content: bytes


class Wire:
    """A logged-in connection. Every method raises Interrupted when the connection is gone or silent."""

    def __init__(self, name: str, settings: Imap, tokens: TokenSource | None = None) -> None:
        self._name, self._settings, self._tokens = name, settings, tokens
        self._lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._client: _Client | None = None

    async def open(self) -> None:
        """Connect, TLS, login. Raises Interrupted, or Misconfigured with what to change."""
        await self.connect()
        await self.login()

    async def connect(self) -> None:
        s = self._settings
        context = s.tls_context() if s.security == "tls" else None
        self._client = _Client(s.host, s.port, s.timeout_seconds, self._on_lost, context)
        try:
            await self._within(self._client.wait_hello_from_server())
        except Interrupted as e:
            if isinstance(cause := e.__cause__, ssl.SSLError):
                raise self._wrong("security", f"no trusted TLS: {cause}", "Check host, port and ca_file") from e
            raise

    async def login(self) -> None:
        """With a token where there is a source of them, else with the password."""
        s = self._settings
        try:
            if self._tokens is not None:
                await self._present_tokens(self._tokens)
            else:
                password = s.password.get_secret_value()
                self._check_login(await self._within(self._it.login(_quoted(s.username), password)))
        except ValueError as e:
            raise self._wrong("username", f"cannot be sent: {e}", "Remove line ends from username and password") from e
        await self._within(self._it.protocol.capability())

    async def select(self, folder: str) -> int:
        """Open a folder; its UIDVALIDITY. Raises Misconfigured when there is no such folder."""
        try:
            response = await self._within(self._it.select(_quoted(_modified_utf7(folder))))
        except ValueError as e:
            raise self._wrong("folders", f"{folder!r} cannot be a folder name", "Remove line ends") from e
        if response.result != "OK":
            raise self._wrong("folders", f"{folder!r} cannot be opened: {_said(response.lines)}", "Check its spelling")
        found = [m for m in map(_UIDVALIDITY.search, _bytes_of(response.lines)) if m]
        if not found:
            raise Interrupted(f"{folder}: the server told no UIDVALIDITY")
        return int(found[0].group(1))

    async def newer_than(self, uid: int) -> list[int]:
        """UIDs above `uid`, rising. `n:*` always holds the last message, so smaller ones are dropped (I5)."""
        self._it.allow(_NUMBERS)
        response = await self._within(self._it.uid_search(f"UID {uid + 1}:*", charset=None))
        self._check(response)
        numbers = (int(word) for line in _bytes_of(response.lines[:-1]) for word in line.split() if word.isdigit())
        return sorted({number for number in numbers if uid < number < 2**32})

    async def sizes(self, uids: Sequence[int]) -> dict[int, int]:
        """Bytes of each message by UID. Some hundreds at a time."""
        response = await self._fetch(uids, "(UID RFC822.SIZE)", room=_ROOM)
        pairs = ((_UID.search(line), _SIZE.search(line)) for line in _bytes_of(response))
        return {int(u.group(1)): int(s.group(1)) for u, s in pairs if u and s and int(u.group(1)) in set(uids)}

    async def messages(self, uids: Sequence[int], room: int) -> list[Fetched]:
        """Whole messages; `room` is how many bytes they may take together."""
        return _messages(await self._fetch(uids, "(UID BODY.PEEK[])", room=2 * room + 16 * _ROOM), uids)

    async def beginning(self, uid: int, size: int) -> list[Fetched]:
        """The first `size` bytes of one message."""
        return _messages(await self._fetch([uid], f"(UID BODY.PEEK[]<0.{size}>)", room=2 * size + _ROOM), [uid])

    async def mark_seen(self, uids: Sequence[int]) -> None:
        self._check(await self._within(self._it.uid("store", _uid_set(uids), r"+FLAGS.SILENT (\Seen)")))

    async def wait(self, seconds: float) -> None:
        """Until the server announces something, or `seconds` have passed."""
        self._it.allow(_ROOM)
        if "IDLE" not in self._it.protocol.capabilities:
            await self._sleep(seconds)
            return
        ended = await self._within(self._it.idle_start(seconds + 60))
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while not _announces(await self._race(self._it.protocol.idle_queue.get())):
                    pass
        self._it.idle_done()
        await self._within(ended)

    async def close(self) -> None:
        """Say goodbye if the connection lives, and let go of it in any case."""
        if self._client is None:
            return
        if not self._lost.done():
            with suppress(Interrupted, TimeoutError):
                async with asyncio.timeout(min(2, self._settings.timeout_seconds)):
                    await self._race(self._client.logout())
        self._client.abort()

    # ---- inside -----------------------------------------------------------------------------

    @property
    def _it(self) -> _Client:
        if self._client is None or self._lost.done():
            raise Interrupted(f"{self._settings.host}: not connected")
        return self._client

    def _on_lost(self, error: Exception | None) -> None:
        if not self._lost.done():
            self._lost.set_exception(Interrupted(f"{self._settings.host}: connection lost: {error or 'closed'}"))
            self._lost.exception()  # nobody need be waiting

    async def _present_tokens(self, tokens: TokenSource) -> None:
        """XOAUTH2. A token may have been ended before its time: one that is refused is changed for another, once."""
        token = await _token(tokens)
        response = await self._present(token)
        if response.result != "OK" and not _is_passing(response):
            response = await self._present(await _token(tokens, refused=token))
        if response.result != "OK" and not _is_passing(response):
            raise self._not_let_in(_said(response.lines))
        self._check_login(response)

    async def _present(self, token: str) -> Any:
        return await self._within(self._it.xoauth2(_unbroken(self._settings.username), token))

    def _not_let_in(self, said: str) -> NotAllowed:
        return NotAllowed(
            f"the server does not let us in as {self._settings.username}: {said}",
            channel=self._name,
            key="imap.username",
            remedy="Connect it again, signed in as the mailbox's owner, and see that IMAP is allowed for the mailbox",
        )

    async def _fetch(self, uids: Sequence[int], items: str, *, room: int) -> list[Any]:
        answer = self._it.fetch(f"UID FETCH {_uid_set(uids)} {items}", room)
        said = await self._within(answer.ended)
        if not said.upper().startswith(b"OK"):
            raise Interrupted(f"{self._settings.host}: {_said([said])}")
        return list(answer.lines)

    async def _sleep(self, seconds: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(self._lost), seconds)
        self._check(await self._within(self._it.noop()))

    async def _within(self, call: Awaitable[T]) -> T:
        try:
            async with asyncio.timeout(self._settings.timeout_seconds):
                return await self._race(call)
        except TimeoutError as e:
            raise Interrupted(f"{self._settings.host}: no answer in {self._settings.timeout_seconds:g} s") from e

    async def _race(self, call: Awaitable[T]) -> T:
        """The result of `call`, or Interrupted as soon as the connection ends."""
        task = asyncio.ensure_future(call)
        try:
            either: tuple[asyncio.Future[Any], ...] = (task, self._lost)
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            if not task.done():
                self._lost.result()
            return await task
        except (aioimaplib.AioImapException, OSError, AttributeError, IndexError, UnicodeError) as e:
            raise Interrupted(f"{self._settings.host}: {type(e).__name__} {e}") from e
        finally:
            task.cancel()

    def _check(self, response: Any) -> None:
        if response.result != "OK":
            raise Interrupted(f"{self._settings.host}: {response.result} {_said(response.lines)}")

    def _check_login(self, response: Any) -> None:
        if response.result == "OK":
            return
        if _is_passing(response):
            raise Interrupted(f"{self._settings.host}: no login now: {_said(response.lines)}")
        raise self._wrong("username", f"login refused: {_said(response.lines)}", "Check username and password")

    def _wrong(self, key: str, problem: str, remedy: str) -> Misconfigured:
        return Misconfigured(problem, channel=self._name, key=f"imap.{key}", remedy=remedy)


class _Protocol(aioimaplib.IMAP4ClientProtocol):  # type: ignore[misc]  # the library is not annotated
    """Counts what comes in, reads FETCH by itself, and answers the one continuation that the library leaves hanging."""

    room = _ROOM
    answer: Answer | None = None

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
        return rest

    def _continuation(self, line: bytes) -> None:
        if self.pending_sync_command is not None and self.pending_sync_command.name == "AUTHENTICATE":
            self.transport.write(b"\r\n")  # XOAUTH2: the error comes as a challenge; an empty answer ends it
        else:
            super()._continuation(line)


class _Client(aioimaplib.IMAP4):  # type: ignore[misc]
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


async def _token(tokens: TokenSource, *, refused: str = "") -> str:
    try:
        return await tokens.token(refused=refused)
    except TryLater as e:
        raise Interrupted(f"no token for the mailbox: {e}") from e


def _is_passing(response: Any) -> bool:
    """The server cannot decide now; it says nothing about us (RFC 5530)."""
    return any(map(_TRANSIENT.search, _bytes_of(response.lines)))


def _unbroken(username: str) -> str:
    """Control characters would end the field of XOAUTH2's initial response."""
    if not username.isprintable():
        raise ValueError("it holds control characters")
    return username


def _bytes_of(lines: Iterable[Any]) -> list[bytes]:
    return [line for line in lines if isinstance(line, bytes)]


def _said(lines: Iterable[Any]) -> str:
    said = b" ".join(_bytes_of(lines)).decode("utf-8", "replace")
    return re.sub(r"[\x00-\x1f\x7f]+", " ", said)[:200]


def _messages(lines: list[Any], wanted: Sequence[int]) -> list[Fetched]:
    """A FETCH is a flat list of lines and literals; the order within one message is the server's."""
    found: dict[int, Fetched] = {}
    for group in _by_message(lines):
        line = b"".join(_bytes_of(group))
        uid = _UID.search(line)
        content = _content(group, line)
        if uid and content is not None and int(uid.group(1)) in wanted:
            found[int(uid.group(1))] = Fetched(int(uid.group(1)), content)
    return [found[uid] for uid in wanted if uid in found]


def _by_message(lines: list[Any]) -> list[list[Any]]:
    groups: list[list[Any]] = []
    for line in lines:
        if isinstance(line, bytes) and _FETCH.match(line):
            groups.append([])
        if groups:
            groups[-1].append(line)
    return groups


def _content(group: list[Any], line: bytes) -> bytes | None:
    literals = [bytes(part) for part in group if isinstance(part, bytearray)]
    if literals:
        return max(literals, key=len)
    short = _BODY.search(line)
    return None if short is None else re.sub(rb"\\(.)", rb"\1", short.group(1) or b"")


def _announces(push: Any) -> bool:
    return isinstance(push, list) and any(b"EXISTS" in line or b"RECENT" in line for line in _bytes_of(push))


def _uid_set(uids: Sequence[int]) -> str:
    """`1:3,7` for 1, 2, 3, 7. `uids` rise."""
    ranges: list[list[int]] = []
    for uid in uids:
        if ranges and uid == ranges[-1][1] + 1:
            ranges[-1][1] = uid
        else:
            ranges.append([uid, uid])
    return ",".join(str(a) if a == b else f"{a}:{b}" for a, b in ranges)


def _quoted(text: str) -> str:
    if re.search(r"[\x00\r\n]", text):
        raise ValueError("it holds a line end")
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _modified_utf7(folder: str) -> str:
    """RFC 3501 5.1.3: `Входящие` as the server knows it."""

    def shift(match: re.Match[str]) -> str:
        encoded = match.group().encode("utf-16-be")
        return "&" + binascii.b2a_base64(encoded, newline=False).rstrip(b"=").replace(b"/", b",").decode() + "-"

    return re.sub(r"[^\x20-\x7e]+", shift, folder.replace("&", "&-"))
