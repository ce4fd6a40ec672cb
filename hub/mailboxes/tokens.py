"""Access tokens of one mailbox: kept in memory, renewed before they end, once for all who ask at the same time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from channels.adapter import Authority
from channels.errors import Misconfigured, NotAllowed, TryLater
from hub import clock
from hub.database.engine import Database
from hub.database.locking import exclusive
from hub.database.outage import is_away
from hub.mailboxes import grants
from hub.mailboxes.grants import Grant
from hub.sealing import Sealer

EARLY = timedelta(minutes=5)  # before its end a token is no longer begun with
PATIENCE = 30.0  # seconds that we wait while another process asks the provider
_PAUSE = 0.1

_log = structlog.get_logger("mailboxes")


@dataclass(frozen=True, slots=True)
class _Access:
    """An access token, and the permission that it came of."""

    token: str = field(repr=False)
    renew_at: datetime
    granted_at: datetime


class MailboxTokens:
    """A channels.adapter.TokenSource on the permission in the database.

    Every token() looks whether that permission still stands, so that connecting anew and disconnecting are felt in
    every process at its next login. A refresh token that the provider changes for another is asked with by one
    process at a time: some providers take a second use for theft.
    """

    def __init__(
        self,
        database: Database,
        sealer: Sealer,
        channel: str,
        authority: Authority,
        *,
        remedy: str,
        now: Callable[[], datetime] = clock.now,
    ) -> None:
        self._database, self._sealer, self._channel, self._authority = database, sealer, channel, authority
        self._remedy, self._now = remedy, now
        self._one = asyncio.Lock()
        self._access: _Access | None = None
        self._unwritten: tuple[Grant, str, datetime] | None = None

    async def token(self, *, refused: str = "") -> str:
        """Raises TryLater, or NotAllowed or Misconfigured with what a person has to do."""
        async with self._one:
            try:
                grant = await self._grant()
            except Exception as e:
                return self._while_away(e, refused)
            if self._is_good(refused) and self._access and self._access.granted_at == grant.granted_at:
                return self._access.token
            return await self._renew(refused)

    def _is_good(self, refused: str) -> bool:
        access = self._access
        return access is not None and access.token != refused and self._now() < access.renew_at

    def _while_away(self, error: Exception, refused: str) -> str:
        """The database is away: a token that we have is good all the same."""
        if not is_away(error):
            raise error
        if self._is_good(refused) and self._access:
            return self._access.token
        raise TryLater("the database is away: no token", stage="token", whole_sender=True) from error

    async def _grant(self) -> Grant:
        """The permission as it stands. Raises NotAllowed when there is none that can be used."""
        await self._write_down()
        async with self._database.unit() as session:
            grant = await grants.find(session, self._sealer, self._channel)
        if grant is None:
            self._access = None
            raise self._not_allowed("the mailbox is not connected")
        if not grant.refresh:
            raise self._not_allowed("its permission was sealed under another secret of the hub")
        return grant

    async def _renew(self, refused: str) -> str:
        deadline = asyncio.get_running_loop().time() + PATIENCE
        try:
            while asyncio.get_running_loop().time() < deadline:
                async with exclusive(self._database, f"mailbox grant:{self._channel}") as ours:
                    if ours:
                        return await self._ask(await self._grant())
                await asyncio.sleep(_PAUSE)
        except Exception as e:
            return self._while_away(e, refused)
        raise TryLater("another process is asking for a token", stage="token", whole_sender=True)

    async def _ask(self, grant: Grant) -> str:
        started = self._now()
        try:
            tokens = await self._authority.refresh(grant.refresh)
        except NotAllowed as e:
            self._access = None
            refusal = self._not_allowed(e.problem)
            await self._show(grant, str(refusal))
            raise refusal from e
        except Misconfigured as e:
            await self._show(grant, str(e))
            raise
        lasts = timedelta(seconds=tokens.seconds)
        self._access = _Access(tokens.access, started + lasts - min(EARLY, lasts / 2), grant.granted_at)
        self._unwritten = (grant, tokens.refresh, started)
        await self._write_down_or_later()
        return tokens.access

    async def _write_down_or_later(self) -> None:
        try:
            await self._write_down()
        except Exception as e:
            if not is_away(e):
                raise
            _log.error("a new refresh token waits to be stored", channel=self._channel)

    async def _write_down(self) -> None:
        """What could not be stored is stored now: the old refresh token may be worth nothing any more."""
        if self._unwritten is None:
            return
        used, refresh, at = self._unwritten
        async with self._database.unit() as session:
            await grants.renewed(session, self._sealer, self._channel, used, refresh, now=at)
        self._unwritten = None

    async def _show(self, grant: Grant, words: str) -> None:
        async with self._database.unit() as session:
            await grants.troubled(session, self._channel, grant, words)

    def _not_allowed(self, problem: str) -> NotAllowed:
        return NotAllowed(problem, channel=self._channel, key="oauth", remedy=self._remedy)
