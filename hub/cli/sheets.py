"""What commands that read a CSV file share: their mapping of columns, their progress, the file of rejected rows."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Protocol, TypeVar

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn
from sqlmodel.ext.asyncio.session import AsyncSession

from hub.bootstrap import Hub
from hub.cli import options
from hub.customers import exporting

R = TypeVar("R")  # a row
D = TypeVar("D")  # what came of it


class Standing(Protocol):
    """A row as it stands in its file."""

    @property
    def number(self) -> int: ...
    @property
    def original(self) -> Sequence[str]: ...


def mapping(pairs: Iterable[str]) -> dict[str, str]:
    """Of `--map COLUMN=field`."""
    found = {}
    for pair in pairs:
        column, equals, name = pair.rpartition("=")
        if not equals:
            raise typer.BadParameter(f"{pair!r}: write it as COLUMN=field", param_hint="--map")
        found[column] = name
    return found


def keep_rejected(file: Path, names: Sequence[str], rejected: Sequence[tuple[Standing, str]]) -> Path | None:
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


@asynccontextmanager
async def unit(hub: Hub, *, dry_run: bool) -> AsyncIterator[AsyncSession]:
    """A unit of work of which nothing stays in a dry run."""
    try:
        async with hub.database.unit() as session:
            yield session
            if dry_run:
                raise _DryRunError
    except _DryRunError:
        pass


class _DryRunError(Exception):
    """Rolls a batch back on purpose."""


async def in_batches(
    hub: Hub,
    rows: Sequence[R],
    size: int,
    write: Callable[[AsyncSession, Sequence[R]], Awaitable[list[D]]],
    *,
    dry_run: bool,
    together: int | None = None,
) -> list[D]:
    """What came of each row. `write` takes a batch, reports a bad row and does not raise.

    `together`: so many rows share a unit of work; else a batch has its own.
    """
    results: list[D] = []
    with progress() as shown:
        bar = shown.add_task("Importing", total=len(rows))
        for several in _cut(rows, together or size):
            async with unit(hub, dry_run=dry_run) as session:
                for batch in _cut(several, size):
                    results += await write(session, batch)
                    shown.advance(bar, len(batch))
    return results


def _cut(rows: Sequence[R], size: int) -> Iterator[Sequence[R]]:
    return (rows[start : start + size] for start in range(0, len(rows), size))


def progress() -> Progress:
    return Progress("{task.description}", BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=options.err)
