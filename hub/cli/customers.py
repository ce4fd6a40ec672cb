"""`hub customers`: bringing people in from a CSV file, and taking them out again."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer
from sqlmodel.ext.asyncio.session import AsyncSession

from hub import clock
from hub.bootstrap import Hub
from hub.cli import erasing, options, sheets
from hub.customers import directory, exporting
from hub.customers.importing import Duplicates, Terms, bring
from hub.customers.results import Result
from hub.customers.sheets import Line, Unusable, header, lines
from hub.models.vocabulary import Outcome
from hub.personal import archive
from hub.segments import lists
from hub.segments.saved import SegmentProblem
from hub.staff import audit

app = typer.Typer(no_args_is_help=True, help="Customers in from a CSV file, out again, handed over and erased.")
BATCH = 200


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="CSV in UTF-8 with a header row.")],
    map_: Annotated[list[str], typer.Option("--map", "-m", help="COLUMN=field; may be given again.")] = [],  # noqa: B006
    duplicates: Annotated[Duplicates, typer.Option(help="Rows whose address is known already.")] = Duplicates.SKIP,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would happen; write nothing.")] = False,
    list_: Annotated[
        str, typer.Option("--list", help="The list that everybody goes on, by its name; made if there is none.")
    ] = "",
    rejects: Annotated[
        Path | None, typer.Option(help="Where rejected rows go; default FILE.rejected.csv.", show_default=False)
    ] = None,
    config: options.Config = None,
    json: options.Json = False,
) -> None:
    """Import customers. Rejected rows are written to a file with their reasons, and nothing else is lost.

    Fields: name, given_name, family_name, email, phone, language, timezone, country, culture, birthday, labels,
    external_id, vip, consent; any other column becomes an attribute. Exit 1 when rows were rejected.
    """
    try:
        names, rows = header(file), list(lines(file, sheets.mapping(map_)))
    except Unusable as e:
        options.err.print(f"[red]error[/] {options.shown(file)}: {options.shown(e)}")
        raise typer.Exit(1) from e
    asked = _Asked(duplicates, file.name, list_, dry_run)
    try:
        results = options.with_hub(config, lambda hub: _import(hub, rows, asked))
    except SegmentProblem as e:
        options.err.print(f"[red]error[/] --list: {options.shown(e)}")
        raise typer.Exit(1) from e
    rejected = [r for r in results if r.outcome is Outcome.REJECTED]
    kept = sheets.keep_rejected(
        rejects or file.with_suffix(".rejected.csv"), names, [(one.line, str(one.reason)) for one in rejected]
    )
    _report(Counter(r.outcome.value for r in results), kept, dry_run=dry_run, json=json)
    if rejected:
        raise typer.Exit(1)


@app.command("export")
def export(
    file: Annotated[Path | None, typer.Argument(help="Where to; default standard output.", show_default=False)] = None,
    config: options.Config = None,
) -> None:
    """Export every customer as CSV, in the columns that `import` reads."""

    async def write_all(hub: Hub) -> None:
        target = file.open("w", encoding="utf-8", newline="") if file else sys.stdout
        try:
            target.write(exporting.csv_text([exporting.HEADER]))
            async for page in exporting.pages(hub.database):
                target.write(exporting.csv_text(page))
        finally:
            if file:
                target.close()

    options.with_hub(config, write_all)


@app.command("hand-over")
def hand_over(
    customer: Annotated[UUID, typer.Argument(help="The customer's id.")],
    file: Annotated[Path, typer.Argument(dir_okay=False, help="Where the ZIP goes; it must not be there yet.")],
    config: options.Config = None,
    json: options.Json = False,
) -> None:
    """Write everything about one person into a ZIP for them: JSON, files, mails as they came, a page to read.

    The trail notes it. Exit 1 when there is no such customer.
    """
    try:
        options.with_hub(config, lambda hub: _hand_over(hub, customer, file))
    except (directory.NotFound, FileExistsError) as e:
        options.err.print(f"[red]error[/] {options.shown(e)}")
        raise typer.Exit(1) from e
    size = file.stat().st_size
    if json:
        options.print_json({"customer": str(customer), "file": str(file), "size": size})
    else:
        options.out.print(f"{options.shown(file)}: {size} bytes")


async def _hand_over(hub: Hub, customer: UUID, file: Path) -> None:
    """Raises directory.NotFound, FileExistsError."""
    now, sources = clock.now(), archive.Sources(hub.database, hub.storage, hub.settings.hub.name)
    async with hub.database.unit() as session:
        about = {"subject": f"customer:{customer}", "detail": "by the command line"}
        await directory.get(session, customer)
        await audit.write(session, "customer.hand-over", staff_id=None, now=now, **about)
    with file.open("xb") as target, sheets.progress() as progress:
        bar = progress.add_task("Writing", total=None)

        async def told(done: int) -> None:
            progress.update(bar, completed=done)

        await archive.write(sources, customer, target, now=now, progress=told)


app.command("erase")(erasing.erase)


@dataclass(frozen=True, slots=True)
class _Asked:
    """`onto`: the name of a list; empty: none."""

    policy: Duplicates
    file: str
    onto: str
    dry_run: bool


async def _import(hub: Hub, rows: Sequence[Line], asked: _Asked) -> list[Result]:
    settings = hub.settings.hub
    terms = Terms(asked.policy, f"import {asked.file}", settings.country, settings.languages[0], file=asked.file)

    async def write(session: AsyncSession, batch: Sequence[Line]) -> list[Result]:
        now = clock.now()
        became = await bring(session, batch, terms, now=now)
        if asked.onto:
            onto = await lists.named(session, asked.onto, now=now)
            people = {one.customer_id for one in became if one.customer_id is not None}
            await lists.add(session, onto.id or 0, people, staff_id=None, now=now)
        return became

    return await sheets.in_batches(hub, rows, BATCH, write, dry_run=asked.dry_run)


def _report(counts: Counter[str], kept: Path | None, *, dry_run: bool, json: bool) -> None:
    if json:
        everything = {outcome.value: counts[outcome.value] for outcome in Outcome}
        options.print_json(everything | {"dry_run": dry_run, "rejected_file": str(kept) if kept else None})
        return
    words = ", ".join(f"{counts[o.value]} {o.value}" for o in Outcome)
    options.out.print(f"{'Would be: ' if dry_run else ''}{words}.")
    sheets.tell_of_rejected(kept)
