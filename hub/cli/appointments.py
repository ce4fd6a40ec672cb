"""`hub import-appointments`: appointments from a CSV file of the system that books them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from sqlmodel.ext.asyncio.session import AsyncSession

from hub import clock
from hub.bootstrap import Hub
from hub.cli import options, sheets
from hub.conversations import appointment_sheets
from hub.conversations.appointment_sheets import Row, Usual
from hub.conversations.appointment_sync import Outcome
from hub.customers.sheets import Unusable

BATCH = 100


@dataclass(frozen=True, slots=True)
class Result:
    row: Row
    outcome: Outcome
    reason: str = ""


def import_appointments(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="CSV in UTF-8 with a header row.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would happen; write nothing.")] = False,
    rejects: Annotated[
        Path | None, typer.Option(help="Where rejected rows go; default FILE.rejected.csv.", show_default=False)
    ] = None,
    config: options.Config = None,
    json: options.Json = False,
) -> None:
    """Import appointments. The same key again changes the appointment, and never books a second one.

    Columns: key, customer (number in the other system, mail address or telephone), title, starts_at; and if you like
    ends_at, timezone, place, remind (7d 1d 2h), owner, state (cancelled). Exit 1 when rows were rejected.
    """
    try:
        header, found = appointment_sheets.rows(file.read_bytes())
        rows = list(found)
    except Unusable as e:
        options.err.print(f"[red]error[/] {options.shown(file)}: {options.shown(e)}")
        raise typer.Exit(1) from e
    results = options.with_hub(config, lambda hub: _import(hub, rows, dry_run=dry_run))
    rejected = [one for one in results if one.outcome is Outcome.REJECTED]
    told = [(one.row, one.reason) for one in rejected]
    kept = sheets.keep_rejected(rejects or file.with_suffix(".rejected.csv"), header, told)
    _report(results, kept, dry_run=dry_run, json=json)
    if rejected:
        raise typer.Exit(1)


async def _import(hub: Hub, rows: Sequence[Row], *, dry_run: bool) -> list[Result]:
    async def write(session: AsyncSession, batch: Sequence[Row]) -> list[Result]:
        return [await _import_row(session, row, hub) for row in batch]

    return await sheets.in_batches(hub, rows, BATCH, write, dry_run=dry_run)


async def _import_row(session: AsyncSession, row: Row, hub: Hub) -> Result:
    usual = Usual(hub.settings.hub.timezone, hub.settings.hub.country)
    try:
        return Result(row, await appointment_sheets.take(session, row, usual, now=clock.now()))
    except ValueError as e:
        return Result(row, Outcome.REJECTED, str(e))


def _report(results: Sequence[Result], kept: Path | None, *, dry_run: bool, json: bool) -> None:
    counts = Counter(one.outcome for one in results)
    if json:
        told = {one.value: counts[one] for one in Outcome}
        options.print_json(told | {"dry_run": dry_run, "rejected_file": str(kept) if kept else None})
        return
    words = ", ".join(f"{counts[one]} {one.value}" for one in Outcome)
    options.out.print(f"{'Would be: ' if dry_run else ''}{words}.")
    for one in [one for one in results if one.outcome is Outcome.REJECTED][:20]:
        options.err.print(f"line {one.row.number}: {options.shown(one.reason)}")
    if kept:
        options.out.print(f"The rejected rows and their reasons are in [bold]{options.shown(kept)}[/].")
