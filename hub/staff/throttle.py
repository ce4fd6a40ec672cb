"""Slowing down those who guess: failures are counted per account and per address, and each one costs time."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlmodel import col, delete, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from hub.models import SignInFailure

WINDOW = timedelta(days=1)
_FIRST_DELAY, _LONGEST_DELAY = timedelta(seconds=15), timedelta(minutes=15)


class TooManyTries(Exception):
    """Wait this long, then try again."""

    def __init__(self, after: timedelta) -> None:
        super().__init__(f"Too many failed tries. Wait {_spoken(after)}, then try again")
        self.after = after


async def charge(session: AsyncSession, keys: Mapping[str, int], *, now: datetime) -> None:
    """Count one try against every key (key → tries that are free), or raise TooManyTries and count nothing.

    The try is paid for before it is made, and the keys stay locked to the end of the unit: a thousand guesses at
    once get no further than a thousand one after another. Give it back with `forgive` when it was right.
    """
    for key in sorted(keys):
        await _hold(session, key)
    waits = [await _wait(session, key, free, now) for key, free in keys.items()]
    if max(waits) > timedelta(0):
        raise TooManyTries(max(waits))
    session.add_all(SignInFailure(key=key, at=now) for key in keys)
    await session.flush()


async def ration(session: AsyncSession, key: str, most: int, *, now: datetime) -> bool:
    """Use one of the `most` that a key has in a day; False when all are used. No wait: it is no guessing."""
    await _hold(session, key)
    used = select(func.count()).where(col(SignInFailure.key) == key, col(SignInFailure.at) > now - WINDOW)
    if (await session.exec(used)).one() >= most:
        return False
    session.add(SignInFailure(key=key, at=now))
    await session.flush()
    return True


async def forgive(session: AsyncSession, key: str, *, only: datetime | None = None) -> None:
    """Forget the failures of a key, or the one counted at `only`."""
    query = delete(SignInFailure).where(col(SignInFailure.key) == key)
    await session.exec(query if only is None else query.where(col(SignInFailure.at) == only))


def network(ip: str) -> str:
    """What failures are counted by: an IPv4 address, or the /64 that one IPv6 customer has to send from."""
    try:
        version = ipaddress.ip_address(ip).version
    except ValueError:
        return ip
    return ip if version == 4 else str(ipaddress.ip_network((ip, 64), strict=False))


async def prune(session: AsyncSession, *, now: datetime) -> None:
    """Forget what no longer counts."""
    await session.exec(delete(SignInFailure).where(col(SignInFailure.at) < now - WINDOW))


def delay(failures: int, free: int) -> timedelta:
    """How long after its last failure a key has to wait: nothing, then 15 s, doubling up to a quarter of an hour."""
    if failures < free:
        return timedelta(0)
    return min(_FIRST_DELAY * (1 << min(failures - free, 20)), _LONGEST_DELAY)


async def _wait(session: AsyncSession, key: str, free: int, now: datetime) -> timedelta:
    mine = select(func.count(), func.max(SignInFailure.at)).where(
        col(SignInFailure.key) == key, col(SignInFailure.at) > now - WINDOW
    )
    failures, last = (await session.exec(mine)).one()
    until: datetime = now if last is None else last + delay(failures, free)
    return until - now


async def _hold(session: AsyncSession, key: str) -> None:
    await session.exec(select(func.pg_advisory_xact_lock(func.hashtextextended(key, 0))))


def _spoken(after: timedelta) -> str:
    seconds = max(1, round(after.total_seconds()))
    return f"{seconds} seconds" if seconds < 90 else f"{-(-seconds // 60)} minutes"
