"""`hub migrate`, `hub check`, `hub doctor`: is it set up, does every wire hold, is every row in a lawful state."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict

import typer
from rich.table import Table

from channels.adapter import Channel, Finding
from channels.providers import Granting, closed
from hub import bootstrap, clock
from hub.bootstrap import Hub
from hub.cli import options
from hub.database import migrating
from hub.database.engine import Database
from hub.database.outage import is_away
from hub.reports import health
from hub.settings import Settings

CHECK_SECONDS = 30


def migrate(config: options.Config = None) -> None:
    """Bring the database to the current schema. Safe to run at any time, by several processes at once."""
    chosen = options.settings(config)
    with bootstrap.running_database(chosen) as url, options.reaching(url):
        pending = options.run(migrating.pending(url))
        options.run(bootstrap.prepare(url))
    options.out.print(f"Migrated: {', '.join(pending)}." if pending else "The schema is current.")


def check(config: options.Config = None, json: options.Json = False) -> None:
    """Validate the configuration and try every channel for real: connect, TLS, login, account. Exit 1 if any fails."""
    chosen = options.settings(config)
    if bootstrap.needs_grants(chosen):
        with options.database(config) as (chosen, url):
            findings = options.run(_try_all(chosen, url))
    else:
        findings = options.run(_try_all(chosen))
    if health.lies_apart(chosen):
        findings |= options.run(_files(chosen))
    if json:
        options.print_json({name: [asdict(f) for f in found] for name, found in findings.items()})
    else:
        _print_findings(findings)
    if not all(f.ok for found in findings.values() for f in found):
        raise typer.Exit(1)


def doctor(config: options.Config = None, json: options.Json = False) -> None:
    """Examine the data: every row in a lawful state, counters equal sums, nothing orphaned. Exit 1 if not."""

    async def examine(hub: Hub) -> list[health.Problem]:
        async with hub.database.unit() as session:
            apart = await health.scattered(session) if health.lies_apart(hub.settings) else None
            return [*await health.doctor(session, now=clock.now()), *([apart] if apart else [])]

    problems = options.with_hub(config, examine)
    if json:
        options.print_json({"healthy": not problems, "problems": [asdict(p) for p in problems]})
    else:
        _print_problems(problems)
    if problems:
        raise typer.Exit(1)


async def _try_all(chosen: Settings, url: str = "") -> dict[str, Sequence[Finding]]:
    """With the database where mailboxes' owners let us in: what they allowed lies there."""
    async with AsyncExitStack() as stack:
        granting: Granting = closed
        if url:
            database = Database(url)
            stack.push_async_callback(database.close)
            granting = bootstrap.granting(chosen, database, bootstrap.sealer(chosen))
        channels = bootstrap.open_channels(chosen, granting)
        results = await asyncio.gather(*(_try(channel) for channel in channels.values()))
    return dict(zip(channels, results, strict=True))


async def _files(chosen: Settings) -> dict[str, Sequence[Finding]]:
    """Whether files are where all who need them can read them. A database that is away is `hub doctor`'s to tell."""
    assert chosen.database.url is not None
    database = Database(chosen.database.url.get_secret_value())
    try:
        async with asyncio.timeout(CHECK_SECONDS), database.unit() as session:
            apart = await health.scattered(session)
    except Exception as e:
        if not is_away(e):
            raise
        return {}
    finally:
        await database.close()
    if apart is None:
        return {}
    return {"files": [Finding("storage", False, f"{apart.check}: workers run on {apart.example}", apart.remedy)]}


async def _try(channel: Channel) -> Sequence[Finding]:
    try:
        return await asyncio.wait_for(channel.check(), CHECK_SECONDS)
    except TimeoutError:
        return [Finding("check", False, f"no answer within {CHECK_SECONDS} s", "Is the host reachable from here?")]
    finally:
        await channel.close()


def _print_findings(findings: dict[str, Sequence[Finding]]) -> None:
    table = Table("Channel", "Step", "", "What was found", box=None)
    for name, found in findings.items():
        for f in found:
            detail, remedy = options.shown(f.detail), options.shown(f.remedy)
            words = detail if f.ok else f"{detail}\n[dim]{remedy}[/]"
            table.add_row(name, options.shown(f.step), "[green]ok[/]" if f.ok else "[red]fails[/]", words)
    options.out.print(table)


def _print_problems(problems: Sequence[health.Problem]) -> None:
    if not problems:
        options.out.print("[green]Healthy[/]: every row is in a lawful state, all counters equal their sums.")
    for p in problems:
        options.out.print(
            f"[red]{p.check}[/]: {p.count} rows, for example {options.shown(p.example)}\n  [dim]{p.remedy}[/]"
        )
