"""One mail as a server is asked to take it: MAIL and RCPT with the parameters it knows, and the bytes of the body."""

from __future__ import annotations

import asyncio
import math
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from channels.email.replies import Stage, refused
from channels.email.tagging import tagged
from channels.errors import ChannelError, Refused, TryLater
from channels.message import Address, Email, NotTaken, Outbound, Reason

_LINE_END = re.compile(rb"\r\n|\r|\n")
_WORDS = bytes(set(range(256)) - set(b"\r\n"))


@dataclass(frozen=True, slots=True)
class Offers:
    """What a server announced (RFC 5321 4.1.1.1). `size` is 0 where it names no limit."""

    pipelining: bool = False
    size_known: bool = False
    size: int = 0
    eight_bit: bool = False
    international: bool = False
    dsn: bool = False

    @classmethod
    def of(cls, extensions: Mapping[str, str]) -> Offers:
        """`extensions`: keyword in lower case → its parameters."""
        limit = extensions.get("size", "").strip()
        return cls(
            pipelining="pipelining" in extensions,
            size_known="size" in extensions,
            size=int(limit) if limit.isdecimal() and len(limit) < 20 else 0,
            eight_bit="8bitmime" in extensions,
            international="smtputf8" in extensions,
            dsn="dsn" in extensions,
        )


@dataclass(frozen=True, slots=True)
class Envelope:
    """Who it is from and for. An automatic answer has no `sender` (RFC 5321 4.5.5); `name` comes back in reports."""

    sender: str
    recipient: str
    name: str = ""
    is_international: bool = False
    copies: tuple[str, ...] = ()

    def commands(self, offers: Offers, body: bytes) -> tuple[bytes, ...]:
        """MAIL, then RCPT for each, with their line ends. Raises Refused for what this server cannot take."""
        self._check(offers, body)
        words = [f"MAIL FROM:<{self.sender}>"]
        words += [f"SIZE={len(body)}"] if offers.size_known else []
        words += ["SMTPUTF8"] if self.is_international else []
        words += ["BODY=8BITMIME"] if self.is_international or not body.isascii() else []
        words += ["RET=HDRS", f"ENVID={self.name}"] if offers.dsn and self.name else []
        return f"{' '.join(words)}\r\n".encode(), *(self._to(one, offers) for one in (self.recipient, *self.copies))

    def _to(self, recipient: str, offers: Offers) -> bytes:
        return f"RCPT TO:<{recipient}>{self._notify(offers)}\r\n".encode()

    def _notify(self, offers: Offers) -> str:
        """RFC 3461 4.1: an answer with an empty sender wants no reports; all else wants failures and delays."""
        if not offers.dsn:
            return ""
        return " NOTIFY=FAILURE,DELAY" if self.sender else " NOTIFY=NEVER"

    def _check(self, offers: Offers, body: bytes) -> None:
        if self.is_international and not offers.international:
            odd = next((one for one in self.copies if not one.isascii() and self.recipient.isascii()), self.recipient)
            why = f"the mail server cannot take the address {odd!r}: it offers no SMTPUTF8 (RFC 6531)"
            raise Refused(why, reason=Reason.REJECTED, stage=Stage.MAIL)
        if 0 < offers.size < len(body):
            raise too_long(len(body), f"the mail server takes {offers.size:,}")
        if not (offers.eight_bit or self.is_international or body.isascii()):
            why = "the mail holds bytes over 127 and the mail server takes none: it offers no 8BITMIME (RFC 6152)"
            raise Refused(why, reason=Reason.REJECTED, stage=Stage.MAIL)


@dataclass(slots=True, eq=False)
class Mail:
    """One mail on its way. `stage` is always true; `done` gets the server's answer to the dot, or a ChannelError."""

    envelope: Envelope
    body: bytes  # CRLF throughout, dots stuffed, without the final dot
    done: asyncio.Future[str]
    stage: Stage = Stage.CONNECT
    begin_by: float = math.inf  # monotonic
    bulk: bool = False
    still: Callable[[], Awaitable[bool]] | None = None  # asked before a body that would leave after `begin_by`
    restarted: bool = False  # nothing had been said about it on a kept connection that turned out to be dead
    asked: int = 0  # of the envelope's copies so many have been answered
    not_taken: list[NotTaken] = field(default_factory=list)

    def fail(self, error: ChannelError) -> None:
        if not self.done.done():
            self.done.set_exception(error)

    def about_copy(self, code: int, text: str, *, taken: bool) -> None:
        """The server has answered about the next copy. It is refused by itself: the mail goes on to the others."""
        address, self.asked = self.envelope.copies[self.asked], self.asked + 1
        if not taken:
            self.not_taken.append(_not_taken(address, refused(Stage.RCPT, code, text)))

    def succeed(self, answer: str) -> None:
        if not self.done.done():
            self.done.set_result(answer)


def envelope_of(message: Outbound[Email], own: Address) -> Envelope:
    """From the Outbound alone, never from headers. International also when only a header is: an automatic answer."""
    sender = "" if message.content.answers_automatically else tagged(own.value, message.token)
    takers = [one.value for one in message.takers]
    said = (own.value, message.to.value, *[one.value for one in message.cc], *takers)
    return Envelope(sender, takers[0], message.id.hex, not all(map(str.isascii, said)), tuple(takers[1:]))


def wire_form(mail: bytes) -> bytes:
    """As it goes after DATA (RFC 5321 4.5.2): only CRLF ends a line, no line is a lone dot, the last line is ended.

    A bare CR or LF would let a relay that takes it for a line end find a second mail in this one.
    """
    if len(mail.translate(None, _WORDS)) != 2 * _line_ends(mail):  # counting CRLF takes twice as long
        mail = _LINE_END.sub(b"\r\n", mail)
    if mail.rfind(b"\n.") >= 0:
        mail = mail.replace(b"\n.", b"\n..")
    if mail.startswith(b"."):
        mail = b"." + mail
    return mail if mail.endswith(b"\r\n") else mail + b"\r\n"


def _line_ends(mail: bytes) -> int:
    """Of whatever kind: CRLF, CR and LF are one each."""
    return len(mail.splitlines()) - (not mail.endswith((b"\r", b"\n")))


def too_long(size: int, limit: str) -> Refused:
    """Nothing was sent: neither is asked for more than MAIL. Files grow by a third on the wire (base64)."""
    why = f"the mail has {size:,} bytes with its files encoded, and {limit}. Send fewer or smaller files, or a link"
    return Refused(why, reason=Reason.TOO_LONG, stage=Stage.MAIL)


def _not_taken(address: str, error: ChannelError) -> NotTaken:
    """What the server puts off says nothing for good about the address."""
    later = isinstance(error, TryLater)
    reason = getattr(error, "reason", None) or (Reason.UNREACHABLE if later else Reason.REJECTED)
    lasting = Reason.UNREACHABLE if later and reason.hard else reason
    return NotTaken(address, lasting, str(error), getattr(error, "code", ""), later)
