"""`hub import-purchases`: what customers bought, from a CSV file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from sqlmodel.ext.asyncio.session import AsyncSession

from hub import clock
from hub.bootstrap import Hub
from hub.cli import options, sheets
from hub.customers import importing_purchases as importing
from hub.customers.importing_purchases import LAYOUT, Terms
from hub.customers.purchases import LONGEST_SOURCE, SOURCE
from hub.customers.results import Result
from hub.customers.sheets import Line, Unusable, columns, header, lines
from hub.models.vocabulary import Outcome

BATCH = 500


def import_purchases(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="CSV in UTF-8 with a header row.")],
    map_: Annotated[list[str], typer.Option("--map", "-m", help="COLUMN=field; may be given again.")] = [],  # noqa: B006
    source: Annotated[str, typer.Option(help="The system whose numbers these are: each counts once in it.")] = SOURCE,
    update: Annotated[bool, typer.Option("--update", help="Change what is known otherwise, not reject it.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would happen; write nothing.")] = False,
    rejects: Annotated[
        Path | None, typer.Option(help="Where rejected rows go; default FILE.rejected.csv.", show_default=False)
    ] = None,
    config: options.Config = None,
    json: options.Json = False,
) -> None:
    """Import purchases. Run it again as often as you like: a number that counts already is left as it is.

    Fields: number, at, amount, currency, description, external_id, email, phone. Exit 1 when rows were rejected.
    """
    if not source.strip() or len(source) > LONGEST_SOURCE:
        raise typer.BadParameter(f"takes 1 to {LONGEST_SOURCE} characters", param_hint="--source")
    try:
        names, chosen = header(file), sheets.mapping(map_)
        fields, rows = columns(names, chosen, LAYOUT).fields, list(lines(file, chosen, LAYOUT))
    except Unusable as e:
        options.err.print(f"[red]error[/] {options.shown(file)}: {options.shown(e)}")
        raise typer.Exit(1) from e
    results = options.with_hub(config, lambda hub: _import(hub, rows, source.strip(), update=update, dry_run=dry_run))
    rejected = [(one.line, str(one.reason)) for one in results if one.outcome is Outcome.REJECTED]
    kept = sheets.keep_rejected(rejects or file.with_suffix(".rejected.csv"), names, rejected)
    unread = list(importing.left_out(names, fields))
    _report(Counter(one.outcome for one in results), kept, unread, dry_run=dry_run, json=json)
    if rejected:
        raise typer.Exit(1)


async def _import(hub: Hub, rows: Sequence[Line], source: str, *, update: bool, dry_run: bool) -> list[Result]:
    settings = hub.settings
    terms = Terms(source, settings.rfm.currency, settings.hub.timezone, settings.hub.country, update)

    async def write(session: AsyncSession, batch: Sequence[Line]) -> list[Result]:
        return await importing.write(session, batch, terms, now=clock.now())

    ordered = list(importing.in_order(lambda: rows))
    together = len(rows) if dry_run else BATCH  # what is tried is found by a refund further down as well
    results = await sheets.in_batches(hub, ordered, BATCH, write, dry_run=dry_run, together=together)
    return sorted(results, key=lambda one: one.line.number)


def _report(counts: Counter[Outcome], kept: Path | None, unread: Sequence[str], *, dry_run: bool, json: bool) -> None:
    if json:
        everything = {outcome.value: counts[outcome] for outcome in Outcome}
        more = {"dry_run": dry_run, "rejected_file": str(kept) if kept else None, "columns_left_out": unread}
        options.print_json(everything | more)
        return
    words = ", ".join(f"{counts[one]} {one.value}" for one in Outcome)
    options.out.print(f"{'Would be: ' if dry_run else ''}{words}.")
    if unread:
        options.out.print(f"Columns that were left out: {options.shown(', '.join(unread))}.")
    sheets.tell_of_rejected(kept)
