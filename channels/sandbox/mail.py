"""The pretend mail world: an SMTP server that takes what the company sends, the people behind it, and the company's
own IMAP mailboxes. Spoken for real on loopback; nothing leaves the machine.

What happens to a mail depends on the local part of its recipient, up to the first dash:

| address          | what happens                                                                              |
|------------------|-------------------------------------------------------------------------------------------|
| `bounce-ana@…`   | taken, then reported back to the envelope sender as failed: 5.1.1 (RFC 3464)               |
| `full-ana@…`     | taken, then reported back as failed: 5.2.2, mailbox full                                   |
| `refuse-ana@…`   | refused at RCPT: 550 5.1.1                                                                 |
| `greylist-ana@…` | refused at RCPT the first time: 450 4.2.0; taken afterwards                                |
| `delay-ana@…`    | taken, reported back as delayed (4.4.1), and put into the mailbox a little later           |
| `drop-ana@…`     | taken and kept, but the connection ends after the final dot without a reply                |
| `complain-ana@…` | taken and kept, then reported as unwanted (RFC 5965)                                       |
| `vacation-ana@…` | taken and kept, then answered by an out-of-office robot                                    |
| anything else    | taken and kept                                                                             |

Mail to one of the company's addresses, with or without a +tag, goes into its IMAP INBOX. Only a logged-in client may
send to anybody else. A mail with the empty sender is never answered, reported on or complained about.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections import defaultdict
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping
from typing import Any, cast

import aiosmtplib
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from channels.sandbox import bearer
from channels.sandbox import mail_letters as letters
from channels.sandbox.authority import Authority
from channels.sandbox.mail_imap import Account, Mailboxes
from channels.sandbox.mail_letters import Enclosure, Letter

__all__ = ["Account", "Enclosure", "Letter", "MailWorld"]

_REPORTS = {
    "bounce": ("5.1.1", "550 5.1.1 The email account that you tried to reach does not exist"),
    "full": ("5.2.2", "552 5.2.2 Mailbox full: the recipient is over quota"),
}
_MAX_BYTES = 40_000_000
OnLetter = Callable[[Letter], Awaitable[None]]


class MailWorld:
    """Start it, point the hub's mail channel at its two ports, and watch the mailboxes."""

    def __init__(
        self,
        companies: Mapping[str, Account],
        *,
        ssl_context: ssl.SSLContext | None = None,
        delay_seconds: float = 2.0,
        authority: Authority | None = None,
    ) -> None:
        """`companies`: the company's own addresses and who reads them. With `ssl_context`, SMTP offers STARTTLS and
        wants it before a login, and IMAP is TLS from the first byte. `authority`: whose tokens are good as well."""
        self.smtp_port = self.imap_port = 0
        self.on_letter: list[OnLetter] = []
        self._companies = {address.lower(): account for address, account in companies.items()}
        self._tls, self._delay = ssl_context, delay_seconds
        self._authority = authority
        self._mailboxes = Mailboxes(self._companies, authority)
        self._letters: dict[str, list[Letter]] = defaultdict(list)
        self._greylisted: set[tuple[str, str]] = set()
        self._later: set[asyncio.Task[None]] = set()
        self._smtp: asyncio.Server | None = None

    async def start(self, smtp_port: int = 0, imap_port: int = 0) -> None:
        """Listen on 127.0.0.1; port 0 takes any free one, told in `smtp_port` and `imap_port`."""
        logging.getLogger("mail.log").setLevel(logging.ERROR)  # aiosmtpd warns of its own doings at every login
        loop = asyncio.get_running_loop()
        self._smtp = await loop.create_server(self._session, "127.0.0.1", smtp_port)
        self.smtp_port = int(self._smtp.sockets[0].getsockname()[1])
        self.imap_port = await self._mailboxes.start(imap_port, self._tls)

    async def stop(self) -> None:
        if self._smtp is not None:
            self._smtp.close()
        for task in self._later:
            task.cancel()
        await asyncio.gather(*self._later, return_exceptions=True)
        await self._mailboxes.stop()

    async def settled(self) -> None:
        """Until everything that follows from the mails so far (reports, answers, late deliveries) has happened."""
        while self._later:
            await asyncio.gather(*self._later)

    def mailbox(self, address: str) -> list[Letter]:
        """What lies in a pretend person's mailbox, oldest first."""
        return list(self._letters.get(address.lower(), ()))

    def addresses(self) -> list[str]:
        """Everybody who has ever got a letter."""
        return sorted(self._letters)

    async def write(
        self,
        sender: str,
        recipient: str,
        subject: str,
        text: str,
        *,
        in_reply_to: str = "",
        html: str = "",
        attachments: Iterable[Enclosure] = (),
        raw: bytes | None = None,
    ) -> None:
        """A pretend customer writes to the company, through the same SMTP port. `raw` replaces the composed mail."""
        mail = raw or letters.written(
            sender, recipient, subject, text, html=html, in_reply_to=in_reply_to, enclosures=attachments
        )
        async with aiosmtplib.SMTP(
            hostname="127.0.0.1", port=self.smtp_port, start_tls=False, local_hostname="pretend"
        ) as client:
            await client.sendmail(sender, [recipient], mail)

    # ---- SMTP: the handler protocol of aiosmtpd ---------------------------------------------

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self._account(address) is None:
            if not session.authenticated:
                return "530 5.7.0 Authentication required"
            refusal = self._refusal(envelope.mail_from or "", address)
            if refusal:
                return refusal
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 Ok"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        raw = envelope.content if isinstance(envelope.content, bytes) else b""
        for recipient in envelope.rcpt_tos:
            await self._receive((envelope.mail_from or "").strip("<>"), recipient, raw)  # "<>": nobody
        if any(_magic(recipient) == "drop" for recipient in envelope.rcpt_tos):
            _hang_up(server)
        return "250 2.0.0 Ok: queued"

    async def auth_XOAUTH2(self, server: SMTP, args: list[str]) -> AuthResult:  # noqa: N802
        given = bearer.decoded(args[1]) if len(args) > 1 else await server.challenge_auth("")
        who = bearer.account(self._authority, given) if isinstance(given, bytes) else ""
        if not who:
            await server.challenge_auth(bearer.REFUSAL)
            return AuthResult(success=False, handled=False)
        return AuthResult(success=True, auth_data=LoginPassword(who.encode(), b""))

    def _session(self) -> SMTP:
        return SMTP(
            self,
            data_size_limit=_MAX_BYTES,
            enable_SMTPUTF8=True,
            hostname=letters.HOST,
            ident="ESMTP sandbox",
            tls_context=self._tls,
            auth_require_tls=self._tls is not None,
            auth_exclude_mechanism=[] if self._authority else ["XOAUTH2"],
            authenticator=self._authenticate,
            loop=asyncio.get_running_loop(),
        )

    def _authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any
    ) -> AuthResult:
        known = {
            (account.user.encode(), account.password.encode())
            for account in self._companies.values()
            if account.password
        }
        good = isinstance(data, LoginPassword) and (data.login, data.password) in known
        return AuthResult(success=good, handled=False)

    # ---- the world --------------------------------------------------------------------------

    def _account(self, address: str) -> Account | None:
        local, _, domain = address.lower().rpartition("@")
        return self._companies.get(f"{local.partition('+')[0]}@{domain}") or self._companies.get(address.lower())

    def _refusal(self, sender: str, address: str) -> str:
        kind = _magic(address)
        if kind == "refuse":
            return f"550 5.1.1 <{address}>: Recipient address rejected: User unknown"
        if kind == "greylist" and (sender, address) not in self._greylisted:
            self._greylisted.add((sender, address))
            return f"450 4.2.0 <{address}>: Greylisted, please try again later"
        return ""

    async def _receive(self, sender: str, recipient: str, raw: bytes) -> None:
        account = self._account(recipient)
        if account is not None:
            await self._mailboxes.put(account.user, letters.stamped(raw, sender, recipient))
            return
        letter = letters.read(sender, recipient, raw)
        kind = _magic(recipient)
        if kind not in (*_REPORTS, "delay"):
            await self._keep(letter)
        if kind == "delay" or (sender and kind in (*_REPORTS, "complain", "vacation")):
            self._soon(self._follow_up(kind, letter))

    async def _keep(self, letter: Letter) -> None:
        self._letters[letter.recipient.lower()].append(letter)
        for watcher in self.on_letter:
            await watcher(letter)

    def _soon(self, what: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(what)
        self._later.add(task)
        task.add_done_callback(self._later.discard)

    async def _follow_up(self, kind: str, letter: Letter) -> None:
        if kind in _REPORTS:
            status, diagnostic = _REPORTS[kind]
            await self._report(letter, status=status, action="failed", diagnostic=diagnostic)
        elif kind == "delay":
            await self._report(letter, status="4.4.1", action="delayed", diagnostic="450 4.4.1 connection timed out")
            await asyncio.sleep(self._delay)
            await self._keep(letter)
        elif kind == "complain":
            await self._receive("", letter.sender, letters.complaint(letter.sender, letter))
        else:
            await self._receive("", letter.sender, letters.vacation(letter))

    async def _report(self, letter: Letter, *, status: str, action: str, diagnostic: str) -> None:
        if letter.sender:
            mail = letters.report(letter.sender, letter, status=status, action=action, diagnostic=diagnostic)
            await self._receive("", letter.sender, mail)


def _hang_up(server: SMTP) -> None:
    cast("asyncio.WriteTransport", server.transport).abort()  # uvloop's transports are no subclass of it


def _magic(address: str) -> str:
    return address.lower().partition("@")[0].partition("-")[0]
