"""Sending: one message, one conversation (RFC 5321), and an exact answer to what became of it (requirement 3.2)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import cast

import aiosmtplib

from channels import address
from channels.adapter import TokenSource
from channels.email.compose import compose, message_id
from channels.email.dkim import Signer
from channels.email.pool import Connection, Pool
from channels.email.replies import Stage, dropped, refused
from channels.email.settings import Smtp
from channels.email.tagging import tagged
from channels.errors import ChannelError, Refused, TryLater
from channels.message import Accepted, Address, Email, Outbound, Reason

LONGEST_SECONDS = 80.0  # for one mail in all: who asks for longer (the hub: 90) could only call it unknown


def _utc_now() -> datetime:
    return datetime.now(UTC)


class SmtpSender:
    """Hands mails to one server, as one address. The envelope comes from the Outbound alone, never from headers."""

    def __init__(
        self,
        name: str,
        settings: Smtp,
        own: Address,
        *,
        tokens: TokenSource | None = None,
        signer: Signer | None = None,
        clock: Callable[[], datetime] = _utc_now,
        longest_seconds: float = LONGEST_SECONDS,
    ) -> None:
        self._own, self._clock, self._timeout, self._longest = own, clock, settings.timeout_seconds, longest_seconds
        self._limit, self._signer = settings.max_message_bytes, signer
        self.pool = Pool(name, settings, hello=own.value.rpartition("@")[2], tokens=tokens)

    async def send(self, message: Outbound[Email]) -> Accepted:
        """Raises TryLater, Refused, Unknown or Misconfigured."""
        _check_recipient(message.to)
        envelope = Envelope(message, self._own)
        body = _dot_stuffed(self._written(message))
        conversation = _Conversation(self._timeout)
        try:
            async with asyncio.timeout(self._longest):
                answer = await self._converse(conversation, envelope, body)
        except TimeoutError as e:
            raise dropped(conversation.stage, f"not done within {self._longest:g} seconds") from e
        return Accepted(provider_id=message_id(message, self._own.value), detail=answer)

    async def close(self) -> None:
        await self.pool.close()

    def _written(self, message: Outbound[Email]) -> bytes:
        now = self._clock()
        mail = compose(message, self._own, now)
        if len(mail) > self._limit:
            raise _too_long(len(mail), f"smtp.max_message_bytes allows {self._limit:,}")
        return self._signer.signed(mail, now) if self._signer is not None else mail

    async def _converse(self, conversation: _Conversation, envelope: Envelope, body: bytes) -> str:
        try:
            async with self.pool.borrow() as connection:
                return await conversation.hand_over(connection, envelope, body)
        except _WentStale:
            async with self.pool.borrow(fresh=True) as connection:
                return await conversation.hand_over(connection, envelope, body)


class Envelope:
    """MAIL and RCPT, with the parameters this server offers."""

    def __init__(self, message: Outbound[Email], own: Address) -> None:
        self.recipient = message.to.value
        self.sender = "" if message.content.answers_automatically else tagged(own.value, message.token)
        self._id, self._own = message.id.hex, own.value

    def mail(self, client: aiosmtplib.SMTP, size: int) -> list[bytes]:
        words = [f"FROM:<{self.sender}>"]
        words += [f"SIZE={size}"] if client.supports_extension("size") else []
        words += ["SMTPUTF8", "BODY=8BITMIME"] if self.is_international else []
        words += ["RET=HDRS", f"ENVID={self._id}"] if client.supports_extension("dsn") else []
        return [word.encode() for word in words]

    def rcpt(self, client: aiosmtplib.SMTP) -> list[bytes]:
        """RFC 3461 4.1: an answer with an empty sender wants no reports; all else wants failures and delays."""
        words = [f"TO:<{self.recipient}>"]
        if client.supports_extension("dsn"):
            words.append("NOTIFY=FAILURE,DELAY" if self.sender else "NOTIFY=NEVER")
        return [word.encode() for word in words]

    @property
    def is_international(self) -> bool:
        """Also when only the header says so: an automatic answer has no envelope sender."""
        return not (self.recipient.isascii() and self._own.isascii())


class _WentStale(TryLater):
    """A kept connection turned out to be dead before anything was said on it: one fresh one may be tried."""


class _Conversation:
    """One mail transaction; knows its stage at every moment, while it waits for a connection too."""

    _connection: Connection
    _client: aiosmtplib.SMTP

    def __init__(self, seconds: float) -> None:
        self._seconds, self.stage = seconds, Stage.CONNECT

    async def hand_over(self, connection: Connection, envelope: Envelope, body: bytes) -> str:
        """The server's answer to the dot. The connection is left fit for the next mail, or marked unsound."""
        self._connection, self._client, self.stage = connection, connection.client, Stage.MAIL
        self._refuse_what_cannot_go(envelope, body)
        try:
            return await self._transact(envelope, body)
        except (aiosmtplib.SMTPException, OSError) as e:
            raise self._failed(e) from e

    def _refuse_what_cannot_go(self, envelope: Envelope, body: bytes) -> None:
        if envelope.is_international and not self._client.supports_extension("smtputf8"):
            why = f"the mail server cannot take the address {envelope.recipient!r}: it offers no SMTPUTF8 (RFC 6531)"
            raise Refused(why, reason=Reason.REJECTED, stage=Stage.MAIL)
        limit = self._client.esmtp_extensions.get("size", "")
        if limit.isdecimal() and 0 < int(limit) < len(body):
            raise _too_long(len(body), f"the mail server takes {int(limit):,}")

    async def _transact(self, envelope: Envelope, body: bytes) -> str:
        await self._say(b"MAIL", *envelope.mail(self._client, len(body)))
        self._connection.used += 1
        self.stage = Stage.RCPT
        await self._say(b"RCPT", *envelope.rcpt(self._client))
        self.stage = Stage.DATA
        await self._say(b"DATA", hope=354)
        await self._write(body)
        return await self._finish()

    async def _say(self, *words: bytes, hope: int = 250) -> str:
        code, text = await self._client.execute_command(*words)
        if code // 10 == hope // 10 and (hope != 354 or code == 354):
            return text
        failure = refused(self.stage, code, text)
        await self._reset(code)
        raise failure

    async def _write(self, body: bytes) -> None:
        """Everything but the dot, and wait until the system has it all: a drop until here means nothing was sent."""
        protocol = self._client.protocol
        if protocol is None:
            raise aiosmtplib.SMTPServerDisconnected("Connection lost")
        for start in range(0, len(body), 65536):
            protocol.write(body[start : start + 65536])
            await self._drained()

    async def _drained(self) -> None:
        async with asyncio.timeout(self._seconds):
            while self._unwritten():  # noqa: ASYNC110 - the library keeps its flow control to itself
                await asyncio.sleep(0.005)
        if self._client.transport is None:
            raise aiosmtplib.SMTPServerDisconnected("Connection lost")

    def _unwritten(self) -> int:
        transport = cast("asyncio.WriteTransport | None", self._client.transport)  # uvloop's are no subclass of it
        return transport.get_write_buffer_size() if transport is not None else 0

    async def _finish(self) -> str:
        protocol = self._client.protocol
        if protocol is None:
            raise aiosmtplib.SMTPServerDisconnected("Connection lost")
        protocol.write(b".\r\n")
        self.stage = Stage.DOT
        code, text = await protocol.read_response(timeout=self._seconds)
        if 200 <= code <= 299:
            return f"{code} {text}"
        self._connection.sound = 400 <= code <= 599 and code != 421
        raise refused(self.stage, code, text)

    async def _reset(self, code: int) -> None:
        """After a refusal the connection is fit for another mail only if RSET is answered (RFC 5321 4.1.1.5)."""
        self._connection.sound = False
        if 400 <= code <= 599 and code != 421:
            try:
                await self._client.rset()
            except (aiosmtplib.SMTPException, OSError):
                return
            self._connection.sound = True

    def _failed(self, error: Exception) -> ChannelError:
        """No reply in time, a drop, or a reply that is no SMTP: the connection is never used again."""
        self._connection.sound = False
        detail = str(error) or type(error).__name__
        if self.stage is Stage.MAIL and self._connection.used and isinstance(error, ConnectionError):
            self.stage = Stage.CONNECT
            return _WentStale(detail, stage=Stage.MAIL)
        return dropped(self.stage, detail)


def _too_long(size: int, limit: str) -> Refused:
    """Nothing was sent: neither is asked for more than MAIL. Files grow by a third on the wire (base64)."""
    why = f"the mail has {size:,} bytes with its files encoded, and {limit}. Send fewer or smaller files, or a link"
    return Refused(why, reason=Reason.TOO_LONG, stage=Stage.MAIL)


def _check_recipient(to: Address) -> None:
    """The library quietly cuts what it cannot read down to the first address: never let it see such a thing."""
    try:
        canonical = address.mail(to.value)
    except address.BadAddress as e:
        raise Refused(str(e), reason=Reason.BAD_ADDRESS, stage="compose") from e
    if canonical != to.value:
        raise Refused(f"{to.value!r} is not in canonical spelling", reason=Reason.BAD_ADDRESS, stage="compose")


def _dot_stuffed(mail: bytes) -> bytes:
    """RFC 5321 4.5.2. The mail has CRLF throughout and starts with a header field."""
    stuffed = mail.replace(b"\r\n.", b"\r\n..")
    return stuffed if stuffed.endswith(b"\r\n") else stuffed + b"\r\n"
