"""The company's mailboxes: an IMAP server with IDLE (pymap, in this process), and a way to put mail into it."""

from __future__ import annotations

import asyncio
import secrets
import ssl
from argparse import Namespace
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from proxyprotocol.reader import ProxyProtocolReader
from pymap.backend.dict import Config, Identity, Login
from pymap.imap import IMAPServer
from pymap.parsing.commands import Commands
from pymap.parsing.message import AppendMessage
from pymap.user import UserMetadata
from pysasl import SASLAuth
from pysasl.hashing import Cleartext

from channels.sandbox.authority import Authority
from channels.sandbox.bearer import Mechanisms, WithInitialResponse


@dataclass(frozen=True, slots=True)
class Account:
    """Who may read one of the company's mailboxes, and hand in mail as it. Without a password only tokens do."""

    user: str
    password: str


class Mailboxes:
    """One INBOX per user, in memory."""

    def __init__(self, accounts: Mapping[str, Account], authority: Authority | None = None) -> None:
        self._config = _config(authority)
        self._login = Login(self._config)
        for account in accounts.values():
            password = account.password or secrets.token_hex(16)
            self._login.users_dict[account.user] = UserMetadata(self._config, account.user, password=password)
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.Task[Any]] = set()

    async def start(self, port: int, tls: ssl.SSLContext | None) -> int:
        """Listen on loopback; the port it became. With `tls` it is spoken from the first byte."""
        speak = ProxyProtocolReader(self._config.proxy_protocol).get_callback(IMAPServer(self._login, self._config))

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            if task is not None:
                self._open.add(task)
                task.add_done_callback(self._open.discard)
            await speak(reader, writer)

        self._server = await asyncio.start_server(serve, "127.0.0.1", port, ssl=tls)
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        open_now = list(self._open)
        for task in open_now:
            task.cancel()
        await asyncio.gather(*open_now, return_exceptions=True)

    async def put(self, user: str, mail: bytes) -> None:
        """Deliver into the user's INBOX; whoever waits in IDLE hears of it."""
        identity = Identity(user, self._login, None, frozenset())
        async with identity.new_session() as session:
            inbox = await session.mailbox_set.get_mailbox("INBOX")
            await inbox.append(AppendMessage(mail), recent=True)


class _Tokens(Config):
    """The library's configuration with XOAUTH2 in it."""

    authority: Authority

    @property
    def tls_auth(self) -> SASLAuth:
        return Mechanisms(self.authority)

    @property
    def commands(self) -> Commands:
        commands = super().commands
        commands.register(WithInitialResponse)
        return commands


def _config(authority: Authority | None) -> Config:
    """The passwords are pretend ones that stand in the operator's config file: they are compared as they are."""
    config = (Config if authority is None else _Tokens)(
        Namespace(passlib_cfg=None, proxy_protocol=None, inherited_sockets=None),
        demo_data=False,
        demo_user="",
        demo_password="",
        host="127.0.0.1",
        port=0,
        tls_enabled=False,
        hash_context=Cleartext(),
        invalid_user_sleep=0.0,
    )
    if isinstance(config, _Tokens) and authority is not None:
        config.authority = authority
    return config
