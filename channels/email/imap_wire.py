"""One IMAP connection (RFC 3501) over aioimaplib, with what that library lacks: limits, and ends that are noticed.

A lost connection does not fail its pending commands, and some replies make it hang past its own timeouts; so every
call here races the loss of the connection and an outer timeout. A literal is never trusted to be as long as it says.
"""

from __future__ import annotations

import asyncio
import binascii
import re
import ssl
from collections.abc import Awaitable, Iterable, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any, TypeVar

from aioimaplib import aioimaplib

from channels.adapter import TokenSource
from channels.email import imap_answers
from channels.email.imap_answers import Fetched, Lines, Outline
from channels.email.imap_client import ROOM, Client
from channels.email.settings import Imap
from channels.errors import Interrupted, Misconfigured, NotAllowed, TryLater

T = TypeVar("T")
_UIDVALIDITY = re.compile(rb"\[UIDVALIDITY (\d{1,10})\]", re.IGNORECASE)
_TRANSIENT = re.compile(rb"\[(UNAVAILABLE|INUSE|LIMIT|SERVERBUG|CONTACTADMIN)\]", re.IGNORECASE)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_FIRST_YEAR = 1970  # a mailbox that is read from before that is read whole
_NUMBERS = 32_000_000  # for the answer to a search: some four million messages, eight bytes each


class Wire:
    """A logged-in connection. Every method raises Interrupted when the connection is gone or silent."""

    def __init__(self, name: str, settings: Imap, tokens: TokenSource | None = None) -> None:
        self._name, self._settings, self._tokens = name, settings, tokens
        self._lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._client: Client | None = None
        self._open_folder = ("", 0)  # it cannot change its UIDVALIDITY meanwhile (RFC 3501 2.3.1.1)

    async def open(self) -> None:
        """Connect, TLS, login. Raises Interrupted, or Misconfigured with what to change."""
        await self.connect()
        await self.login()

    async def connect(self) -> None:
        s = self._settings
        context = s.tls_context() if s.security == "tls" else None
        self._client = Client(s.host, s.port, s.timeout_seconds, self._on_lost, context)
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
        """Open a folder, unless it is open; its UIDVALIDITY. Raises Misconfigured when there is no such folder."""
        if self._open_folder[0] == folder:
            return self._open_folder[1]
        self._open_folder = ("", 0)
        try:
            response = await self._within(self._it.select(_quoted(_modified_utf7(folder))))
        except ValueError as e:
            raise self._wrong("folders", f"{folder!r} cannot be a folder name", "Remove line ends") from e
        if response.result != "OK":
            raise self._wrong("folders", f"{folder!r} cannot be opened: {_said(response.lines)}", "Check its spelling")
        found = [m for m in map(_UIDVALIDITY.search, _bytes_of(response.lines)) if m]
        if not found:
            raise Interrupted(f"{folder}: the server told no UIDVALIDITY")
        self._open_folder = (folder, int(found[0].group(1)))
        return self._open_folder[1]

    async def newer_than(self, uid: int, *, since: datetime | None = None) -> list[int]:
        """UIDs above `uid`, rising; of messages that came on `since`'s day or later, which the server counts its way.

        `n:*` always holds the last message, so smaller ones are dropped (I5).
        """
        self._it.allow(_NUMBERS)
        self._it.protocol.grew = False
        day = (
            f" SINCE {since.day}-{_MONTHS[since.month - 1]}-{since.year}" if since and since.year > _FIRST_YEAR else ""
        )
        response = await self._within(self._it.uid_search(f"UID {uid + 1}:*{day}", charset=None))
        self._check(response)
        numbers = (int(word) for line in _bytes_of(response.lines[:-1]) for word in line.split() if word.isdigit())
        return sorted({number for number in numbers if uid < number < 2**32})

    async def outlines(self, uids: Sequence[int]) -> dict[int, Outline]:
        """By UID. Some hundreds at a time."""
        response = await self._fetch(uids, "(UID RFC822.SIZE INTERNALDATE)", room=ROOM)
        return imap_answers.outlines(response, set(uids))

    async def messages(self, uids: Sequence[int], room: int) -> list[Fetched]:
        """Whole messages; `room` is how many bytes they may take together."""
        return imap_answers.messages(await self._fetch(uids, "(UID BODY.PEEK[])", room=2 * room + 16 * ROOM), uids)

    async def beginning(self, uid: int, size: int) -> list[Fetched]:
        """The first `size` bytes of one message."""
        return imap_answers.messages(
            await self._fetch([uid], f"(UID BODY.PEEK[]<0.{size}>)", room=2 * size + ROOM), [uid]
        )

    async def mark_seen(self, uids: Sequence[int]) -> None:
        self._check(await self._within(self._it.uid("store", _uid_set(uids), r"+FLAGS.SILENT (\Seen)")))

    async def wait(self, seconds: float) -> None:
        """Until the server announces something in the open folder, or `seconds` have passed.

        What it announced beside an answer, since `newer_than` asked, it does not announce again.
        """
        self._it.allow(ROOM)
        if self._it.protocol.grew:
            return
        if "IDLE" not in self._it.protocol.capabilities or not self._open_folder[0]:
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
    def _it(self) -> Client:
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

    async def _fetch(self, uids: Sequence[int], items: str, *, room: int) -> Lines:
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
