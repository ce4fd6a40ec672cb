"""What an operator can mend, told in a sentence, with the exit code that says which kind it is."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape

from channels.errors import Misconfigured
from hub.database.binaries import CannotStart
from hub.database.outage import is_away
from hub.settings import ConfigurationError

CONFIGURATION, DATABASE = 3, 4


def told(error: Exception) -> int | None:
    """Tell it and return the exit code; None for a fault of ours, which deserves its traceback."""
    if isinstance(error, ConfigurationError | Misconfigured):
        _tell(str(error))
        return CONFIGURATION
    if isinstance(error, CannotStart) or is_away(error):
        cause = getattr(error, "orig", None) or error
        _tell(f"The database cannot be reached: {str(cause).splitlines()[0] if str(cause) else type(cause).__name__}")
        return DATABASE
    return None


def _tell(message: str) -> None:
    Console(stderr=True, highlight=False, soft_wrap=True).print(f"[red]error[/] {escape(message)}")
