"""`hub senders`: how fast each channel may send, what it has spent today, and what holds it back."""

from __future__ import annotations

from dataclasses import asdict

from rich.table import Table

from hub import clock
from hub.bootstrap import Hub
from hub.cli import options
from hub.reports import senders
from hub.reports.senders import Line


def show(config: options.Config = None, json: options.Json = False) -> None:
    """List the channels as senders: rate, what waits, today's cap and what it has used, and until when one rests."""

    async def listing(hub: Hub) -> list[Line]:
        async with hub.database.unit() as session:
            return await senders.listing(session, hub.channels, now=clock.now())

    lines = options.with_hub(config, listing)
    if json:
        options.print_json([asdict(one) | {"full": one.full} for one in lines])
        return
    table = Table("Channel", "A second", "Burst", "Waiting", "Today", "Ramp", "State", box=None)
    for one in lines:
        table.add_row(one.name, _rate(one), f"{one.burst:.0f}", str(one.waiting), _today(one), _ramp(one), _state(one))
    options.out.print(table)


def _rate(one: Line) -> str:
    slowed = f", slowed to {_plain(one.rate * one.pace)}" if one.pace < 1 else ""
    unit = one.unit.value.removesuffix("s") if one.rate == 1 else one.unit.value
    return f"{_plain(one.rate)} {unit}{slowed}"


def _plain(number: float) -> str:
    """Never a power of ten."""
    return f"{number:.3f}".rstrip("0").rstrip(".")


def _today(one: Line) -> str:
    if one.cap is None:
        return str(one.used)
    return f"{one.used} of {one.cap}" + (f", {one.reserve} for people" if one.reserve else "")


def _ramp(one: Line) -> str:
    return "" if one.ramp_day is None else f"day {one.ramp_day} of {one.ramp_days}"


def _state(one: Line) -> str:
    if one.trouble:
        return f"[red]{options.shown(one.trouble)}[/]"
    if one.paused_until is not None:
        return f"[yellow]rests until {one.paused_until:%Y-%m-%d %H:%M:%S} UTC[/]"
    return "[yellow]campaigns wait for tomorrow[/]" if one.full else "[green]sends[/]"
