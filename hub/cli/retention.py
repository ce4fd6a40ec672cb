"""`hub retention`: what is not kept for ever, looked at or let go."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.table import Table

from hub import clock
from hub.bootstrap import Hub
from hub.cli import options
from hub.personal import retention


def keep_no_longer(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would go; delete nothing.")] = False,
    config: options.Config = None,
    json: options.Json = False,
) -> None:
    """Delete what is older than the table retention allows. Workers do it every day by themselves."""

    async def work(hub: Hub) -> dict[str, dict[str, Any]]:
        now, chosen = clock.now(), hub.settings.retention
        async with hub.database.unit() as session:
            found = {name: asdict(one) for name, one in (await retention.look(session, chosen, now=now)).items()}
        if not dry_run:
            gone = await retention.let_go(hub.database, hub.storage, chosen, now=now)
            found = {name: {**one, "count": gone[name]} for name, one in found.items()}
        return found

    found = options.with_hub(config, work)
    if json:
        options.print_json({"dry_run": dry_run, "classes": found})
        return
    table = Table("Class", "After days", "Would go" if dry_run else "Gone", "Oldest", box=None)
    for name, one in found.items():
        oldest = f"{one['oldest']:%Y-%m-%d}" if one["oldest"] else ""
        table.add_row(name, str(one["days"] or "never"), str(one["count"]), oldest)
    options.out.print(table)
