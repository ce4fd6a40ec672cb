"""`hub occasions`: what will be greeted, for whom and when."""

from __future__ import annotations

import json as json_
from collections.abc import AsyncIterator
from typing import Annotated, Any

import typer
from rich.table import Table

from hub import clock
from hub.bootstrap import Hub
from hub.cli import options
from hub.models import Occasion
from hub.occasions import forecast, rules
from hub.occasions.forecast import Coming

app = typer.Typer(no_args_is_help=True, help="Occasions: birthdays, name days, anniversaries, feasts.")


@app.command("list")
def list_(config: options.Config = None, json: options.Json = False) -> None:
    """List what is greeted: kind, hour, for whom, and whether it is switched on."""

    async def listing(hub: Hub) -> list[Occasion]:
        async with hub.database.unit() as session:
            return await rules.listing(session)

    found = options.with_hub(config, listing)
    if json:
        options.print_json([one.model_dump(mode="json") for one in found])
        return
    table = Table("Occasion", "Kind", "At", "For", "State", box=None)
    for one in found:
        state = "[green]on[/]" if one.enabled else "[yellow]off[/]"
        whom = ", ".join(one.keepers) or "everybody"
        table.add_row(options.shown(one.title or one.name), one.kind.value, f"{one.at_hour:%H:%M}", whom, state)
    options.out.print(table)


@app.command("forecast")
def show(
    days: Annotated[int, typer.Option(min=1, max=3660, help="From today on.")] = 30,
    config: options.Config = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON object a line, as they are found.")] = False,
) -> None:
    """List the greetings ahead: who, for what, when by their clock, on which channel or why not.

    As things stand: consent, pauses, disputes and addresses may change until then.
    """

    async def listing(hub: Hub) -> int:
        number = 0
        async for line in _lines(hub, days):
            options.out.file.write(_as_json(line) if json else _as_row(line))
            number += 1
        return number

    number = options.with_hub(config, listing)
    if not json:
        options.out.print(f"{number} greetings in {days} days")


async def _lines(hub: Hub, days: int) -> AsyncIterator[Coming]:
    async with hub.database.unit() as session:
        async for line in forecast.lines(session, days, gate=hub.gate, now=clock.now()):
            if not line.greeted:
                yield line


def _as_json(line: Coming) -> str:
    said: dict[str, Any] = {
        "customer": str(line.customer_id),
        "name": line.name,
        "occasion": line.occasion.kind.value,
        "title": rules.title_in(line.occasion, "") or line.occasion.name,
        "date": line.date.isoformat(),
        "local_time": f"{line.local_time:%H:%M}",
        "zone": line.zone,
        "channel": line.kind.value if line.kind else None,
        "withheld": str(line.withheld) if line.withheld else None,
        "why": list(line.why),
    }
    return json_.dumps(said, ensure_ascii=False) + "\n"


def _as_row(line: Coming) -> str:
    how = line.kind.value if line.kind else f"not: {line.withheld}"
    what = line.occasion.title or line.occasion.name
    return f"{line.date}  {line.local_time:%H:%M}  {how:22}  {what[:24]:24}  {line.name}  ({line.zone})\n"
