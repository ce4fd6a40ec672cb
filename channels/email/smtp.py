"""Sending: one mail (RFC 5321), and an exact answer to what became of it (requirement 3.2)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime

from channels import address
from channels.adapter import TokenSource
from channels.email.compose import compose, message_id
from channels.email.dkim import Signer
from channels.email.envelope import Mail, envelope_of, too_long, wire_form
from channels.email.pool import Pool
from channels.email.replies import dropped
from channels.email.settings import Smtp
from channels.email.smtp_login import Login
from channels.errors import Refused
from channels.message import Accepted, Address, Email, Outbound, Reason
from channels.timing import TimeLimit

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
        self._own, self._clock, self._time = own, clock, TimeLimit(longest_seconds)
        self._limit, self._signer = settings.max_message_bytes, signer
        self.login = Login(name, settings, hello=own.value.rpartition("@")[2], tokens=tokens)
        self.pool = Pool(settings, self.login)

    async def send(self, message: Outbound[Email]) -> Accepted:
        """Raises TryLater, Refused, Unknown or Misconfigured."""
        for one in message.takers:
            _check_recipient(one)
        body = wire_form(self._written(message))
        mail = Mail(envelope_of(message, self._own), body, asyncio.get_running_loop().create_future())
        mail.begin_by, mail.still, mail.bulk = message.begin_by, message.still, message.bulk
        try:
            with self._time:
                answer = await self.pool.carry(mail)
        except TimeoutError as e:
            raise dropped(mail.stage, f"not done within {self._time.seconds:g} seconds") from e
        return Accepted(message_id(message, self._own.value), answer, tuple(mail.not_taken))

    async def close(self) -> None:
        await self.pool.close()

    def _written(self, message: Outbound[Email]) -> bytes:
        now = self._clock()
        mail = compose(message, self._own, now)
        if len(mail) > self._limit:
            raise too_long(len(mail), f"smtp.max_message_bytes allows {self._limit:,}")
        return self._signer.signed(mail, now) if self._signer is not None else mail


def _check_recipient(to: Address) -> None:
    """It is written into a command: what is no address must never get there."""
    try:
        canonical = address.mail(to.value)
    except address.BadAddress as e:
        raise Refused(str(e), reason=Reason.BAD_ADDRESS, stage="compose") from e
    if canonical != to.value:
        raise Refused(f"{to.value!r} is not in canonical spelling", reason=Reason.BAD_ADDRESS, stage="compose")
