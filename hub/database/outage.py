"""Telling "the database is away, try again in a moment" from every other error. Doors answer it with 503.

And telling what no database could keep: that is the asker's mistake, and doors answer it with 422.
"""

from __future__ import annotations

import asyncpg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolExhausted

RETRY_AFTER = 5  # seconds

# SQLSTATE classes of a server that is going, gone or not there yet: connections, shutting down, no room for more;
# and of one that took a transaction back so that another could go on (a deadlock): the same again will do.
_AWAY = ("08", "57P", "53300", "40")

_IMPOSSIBLE = ("22", "23503")  # data exceptions, foreign keys


def is_away(error: BaseException) -> bool:
    """Did this come of a database that cannot be reached now, whatever was asked of it?

    A bundled server that is down has no socket file (FileNotFoundError); asyncpg's own errors come through
    unwrapped while connecting and wrapped by SQLAlchemy afterwards.
    """
    if isinstance(error, PoolExhausted | TimeoutError | OSError):
        return True
    if isinstance(error, DBAPIError):
        return error.connection_invalidated or _says_so(error.orig)
    return _says_so(error)


def is_conflict(error: BaseException) -> bool:
    """Was this transaction taken back so that another one could go on? The database itself is there."""
    return _state(error).startswith("40")


def is_impossible(error: BaseException) -> bool:
    """Was it asked to keep what it cannot: a number out of range, a NUL in a text, a reference to nothing?"""
    return _state(error).startswith(_IMPOSSIBLE)


def _state(error: BaseException) -> str:
    """The SQLSTATE of what the driver raised, wrapped by SQLAlchemy or not; "" when it has none."""
    state = getattr(error.orig if isinstance(error, DBAPIError) else error, "sqlstate", None)
    return state if isinstance(state, str) else ""


def _says_so(error: BaseException | None) -> bool:
    state = getattr(error, "sqlstate", None)
    if isinstance(state, str):
        return state.startswith(_AWAY)
    return isinstance(error, asyncpg.InterfaceError) and "closed" in str(error)
