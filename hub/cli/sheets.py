"""What commands that read a CSV file share: their mapping of columns, their progress, the file of rejected rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

from hub.cli import options
from hub.customers import exporting
from hub.customers.sheets import Line


def mapping(pairs: Iterable[str]) -> dict[str, str]:
    """Of `--map COLUMN=field`."""
    found = {}
    for pair in pairs:
        column, equals, name = pair.rpartition("=")
        if not equals:
            raise typer.BadParameter(f"{pair!r}: write it as COLUMN=field", param_hint="--map")
        found[column] = name
    return found


def keep_rejected(file: Path, names: Sequence[str], rejected: Sequence[tuple[Line, str]]) -> Path | None:
    """Write the rejected rows as they stood, with line and reason in front; nothing in it runs as a formula."""
    if not rejected:
        return None
    rows = [(str(line.number), reason, *line.original) for line, reason in rejected]
    file.write_text(exporting.csv_text([("line", "reason", *names), *rows]), encoding="utf-8", newline="")
    return file


def tell_of_rejected(kept: Path | None) -> None:
    if kept:
        options.out.print(
            f"The rejected rows and their reasons are in [bold]{options.shown(kept)}[/]; mend them there and import it."
        )


def progress() -> Progress:
    return Progress("{task.description}", BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=options.err)
