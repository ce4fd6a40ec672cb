"""What an operator can mend, told in a sentence, with the exit code that says which kind it is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.engine import make_url

from channels.errors import Misconfigured
from hub.cli.printing import err, shown
from hub.database.binaries import CannotStart
from hub.database.migrating import Misfit
from hub.database.outage import is_away
from hub.settings import ConfigurationError

CONFIGURATION, DATABASE = 3, 4
_SHUT = ("28", "3D")  # SQLSTATE classes: a wrong password or user, no database of this name


class DatabaseAway(Exception):
    """The database cannot be used; says which one, and why."""


def told(error: Exception) -> int | None:
    """Tell it and return the exit code; None for a fault of ours, which deserves its traceback."""
    if isinstance(error, ConfigurationError | Misconfigured):
        _tell(str(error))
        return CONFIGURATION
    if isinstance(error, Misfit):
        _tell(str(error))
        return DATABASE
    if isinstance(error, CannotStart | DatabaseAway) or is_away(error):
        _tell(f"The database cannot be reached: {_cause(error)}")
        return DATABASE
    return None


@contextmanager
def reaching(url: str) -> Iterator[None]:
    """What keeps us from this database inside the block becomes DatabaseAway, which names it without its password."""
    try:
        yield
    except Exception as e:
        if not is_away(e) and not _is_shut(e):
            raise
        raise DatabaseAway(f"{_where(url)}: {_cause(e)}. Is [database] url right, and does the server run?") from e


def _is_shut(error: Exception) -> bool:
    """The server answers, but does not let us in."""
    state = getattr(getattr(error, "orig", None) or error, "sqlstate", None)
    return isinstance(state, str) and state.startswith(_SHUT)


def _cause(error: Exception) -> str:
    cause = getattr(error, "orig", None) or error
    return str(cause).splitlines()[0] if str(cause) else type(cause).__name__


def _where(url: str) -> str:
    """Host, port and name of a database, for people."""
    parts = make_url(url)
    return f"{parts.host or parts.query.get('host') or 'localhost'}:{parts.port or 5432}/{parts.database}"


def _tell(message: str) -> None:
    err.print(f"[red]error[/] {shown(message)}")
