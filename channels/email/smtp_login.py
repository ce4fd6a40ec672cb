"""Connecting to the server that mail is handed in to: TLS, login, and what it means when it does not let us in."""

from __future__ import annotations

import asyncio
import ssl

import aiosmtplib

from channels.adapter import TokenSource
from channels.email.replies import Stage, dropped, refused
from channels.email.settings import Smtp
from channels.errors import ChannelError, Misconfigured, NotAllowed


class Login:
    """How this account gets in. `hello` is the name we give ourselves in EHLO."""

    def __init__(self, name: str, settings: Smtp, hello: str, tokens: TokenSource | None = None) -> None:
        self._name, self._settings, self._hello, self._tokens = name, settings, hello, tokens

    async def connect(self) -> aiosmtplib.SMTP:
        """A new connection, past TLS and login. Raises TryLater or Misconfigured.

        A token may have been ended before its time: one that is refused is changed for another, once, on a new
        connection, because some servers end the one that was turned away.
        """
        token = await self._tokens.token() if self._tokens else ""
        try:
            return await self._connect(token)
        except NotAllowed:
            if self._tokens is None:
                raise
            return await self._connect(await self._tokens.token(refused=token))

    async def _connect(self, token: str) -> aiosmtplib.SMTP:
        client = self._client()
        try:
            async with asyncio.timeout(self._settings.timeout_seconds * 2):
                await client.connect()
                await self._introduce(client, token)
        except (aiosmtplib.SMTPException, OSError, ValueError) as e:
            client.close()
            raise self._failure(e) from e
        except BaseException:
            client.close()
            raise
        return client

    def _client(self) -> aiosmtplib.SMTP:
        s = self._settings
        return aiosmtplib.SMTP(
            hostname=s.host,
            port=s.port,
            local_hostname=self._hello,
            timeout=s.timeout_seconds,
            use_tls=s.security == "tls",
            start_tls=s.security == "starttls",
            tls_context=s.tls_context() if s.security != "none" else None,
        )

    async def _introduce(self, client: aiosmtplib.SMTP, token: str) -> None:
        s = self._settings
        if not s.username:
            await client.ehlo()
        elif token:
            await client.auth_xoauth2(s.username, token)
        else:
            await client.login(s.username, s.password.get_secret_value())

    def _failure(self, error: Exception) -> ChannelError:
        if isinstance(error, aiosmtplib.SMTPAuthenticationError) and error.code >= 500:
            if self._tokens is not None:
                return self._not_let_in(f"{error.code} {' '.join(error.message.split())}"[:300])
            return self._wrong(
                "username", f"login refused: {error.code} {error.message}", "Check username and password"
            )
        if isinstance(error, aiosmtplib.SMTPResponseException):
            return refused(Stage.CONNECT, error.code, error.message)
        if _is_tls(error):
            return self._wrong("security", f"no trusted TLS: {error}", "Check host, certificate and ca_file")
        if isinstance(error, OSError):
            return dropped(Stage.CONNECT, str(error) or type(error).__name__)
        return self._wrong("security", str(error), "Check port and security")

    def _not_let_in(self, said: str) -> NotAllowed:
        return NotAllowed(
            f"the server does not let us in as {self._settings.username}: {said}",
            channel=self._name,
            key="smtp.username",
            remedy=(
                "Connect it again, signed in as the mailbox's owner, and see that the provider lets the mailbox send "
                "by SMTP (Microsoft: Authenticated SMTP)"
            ),
        )

    def _wrong(self, key: str, problem: str, remedy: str) -> Misconfigured:
        return Misconfigured(problem, channel=self._name, key=f"smtp.{key}", remedy=remedy)


def _is_tls(error: BaseException | None) -> bool:
    return error is not None and (isinstance(error, ssl.SSLError) or _is_tls(error.__cause__))
