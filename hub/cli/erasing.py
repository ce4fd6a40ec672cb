"""`hub customers erase`: one person gone for good, and the certificate in a file."""

from __future__ import annotations

import json as as_json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Annotated, Any
from uuid import UUID

import typer

from hub import clock
from hub.bootstrap import Hub
from hub.cli import options
from hub.customers import directory
from hub.models import Erasure
from hub.models.vocabulary import ErasureState
from hub.personal import certificate, erasing


class _NoFile(Exception):
    """The certificate cannot be written there; says why."""


_CANNOT = (directory.NotFound, erasing.WrongName, _NoFile)


def erase(
    customer: Annotated[UUID, typer.Argument(help="The customer's id.")],
    file: Annotated[
        Path | None,
        typer.Argument(
            dir_okay=False,
            help="Where the certificate goes; it must not be there yet. Default erasure-ID.json.",
            show_default=False,
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say who it is and what would go; erase nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for the name.")] = False,
    config: options.Config = None,
    json: options.Json = False,
) -> None:
    """Erase a person for good. It cannot be taken back; what goes is shown, and the name asked for, before.

    Once more for somebody who is erased already it writes the certificate again. Exit 1 when there is no such customer,
    the name is another one, or messages or imports of theirs are under way: it goes on by itself after them.
    """
    kept = file or Path(f"erasure-{customer}.json")
    with _telling_why_not():
        told = options.with_hub(config, lambda hub: _look(hub, customer))
        if dry_run:
            _say({"dry_run": True, **told}, _outlook(told), json=json)
            return
        name = told["name"] if yes or told["erased"] else _asked(told)
        row = _certified(config, customer, name, kept)
    done = row.state is ErasureState.DONE
    _report(row, kept if done else None, json=json)
    if not done:
        raise typer.Exit(1)


@contextmanager
def _telling_why_not() -> Iterator[None]:
    try:
        yield
    except _CANNOT as e:
        options.err.print(f"[red]error[/] {options.shown(e)}")
        raise typer.Exit(1) from e


def _certified(config: Path | None, customer: UUID, name: str, file: Path) -> Erasure:
    """Erased, and once it is done the certificate in the file. Raises _NoFile."""
    with _new(file) as target:
        row = options.with_hub(config, lambda hub: _erase(hub, customer, name))
        if row.state is ErasureState.DONE:
            target.write(as_json.dumps(certificate.of(row), indent=2) + "\n")
    return row


async def _look(hub: Hub, customer: UUID) -> dict[str, Any]:
    """Who it is and how much goes; of somebody who is erased or about to be, only that. Raises NotFound, Merged."""
    async with hub.database.unit() as session:
        known = await erasing.latest(session, customer)
        if known is not None and known.state is not ErasureState.ASKED:
            return {"customer": str(customer), "name": "", "rows": {}, "erased": True}
        found, rows = await erasing.outlook(session, customer)
    return {"customer": str(customer), "name": found.name, "rows": dict(sorted(rows.items())), "erased": False}


async def _erase(hub: Hub, customer: UUID, name: str) -> Erasure:
    """As far as it goes now. A worker may be at it as well."""
    async with hub.database.unit() as session:
        row = await erasing.latest(session, customer)
        if row is None or row.state is ErasureState.ASKED:
            row = await erasing.ask(session, customer, name=name, staff_id=None, now=clock.now())
        number = row.id
    with suppress(directory.NotFound):  # the worker was quicker
        await erasing.carry_out(hub.database, hub.storage, number, clock=clock.now)
    async with hub.database.unit() as session:
        return await erasing.get(session, number)


def _asked(told: Mapping[str, Any]) -> str:
    options.err.print(_outlook(told))
    return str(typer.prompt("Type the name as it stands there", err=True))


def _outlook(told: Mapping[str, Any]) -> str:
    if told["erased"]:
        return "They are erased already."
    rows = ", ".join(f"{count} {table}" for table, count in told["rows"].items())
    return options.shown(f"{told['name']} ({told['customer']}) would be erased: {rows}.")


@contextmanager
def _new(file: Path) -> Iterator[IO[str]]:
    """Made before anybody is erased, so that nobody is without a certificate; gone when there is none.

    Raises _NoFile.
    """
    try:
        opened = file.open("x", encoding="utf-8")
    except OSError as e:
        raise _NoFile(str(e)) from e
    with opened as target:
        try:
            yield target
        except BaseException:
            file.unlink()
            raise
    if not file.stat().st_size:
        file.unlink()


def _report(row: Erasure, kept: Path | None, *, json: bool) -> None:
    told = {"dry_run": False, "erasure": str(row.id), "state": row.state.value, "waits_for": row.waits_for}
    done = certificate.of(row) if kept else None
    words = f"Erased. The certificate is in {options.shown(kept)}."
    if kept is None:
        waits = f"{row.waits_for} messages, calls or imports of theirs are under way. " if row.waits_for else ""
        words = f"{waits}It goes on by itself while a worker runs; run this again for the certificate."
    _say({**told, "certificate": done, "file": str(kept) if kept else None}, words, json=json)


def _say(told: Mapping[str, Any], words: str, *, json: bool) -> None:
    options.print_json(told) if json else options.out.print(words)
