"""`hub demo`: the sample company on the sandbox, with a story played over the real wires."""

from __future__ import annotations

import os
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from hub import bootstrap
from hub.cli import options
from hub.cli.demo import stage, telling
from hub.settings import Settings

SHIPPED = Path(__file__).parents[2] / "config.toml"


def demo(
    once: Annotated[
        bool, typer.Option("--once", help="Play the story in a folder of its own, verify it, and end.")
    ] = False,
    config: options.Config = None,
    json: options.Json = False,
) -> None:
    """Start everything on the sandbox with a sample company, play a story, and stay up until Ctrl-C.

    With --once it runs headless on free ports, prints what happened and exits 0, or 1 with what failed.
    """
    if json and not once:
        raise typer.BadParameter("is for --once: add it", param_hint="--json")
    options.set_up_logs(name="demo", quiet=True)
    with ExitStack() as stack:
        os.environ.update(stage.NO_QUIET_HOURS)
        os.environ.update(stage.PRICES)
        if once:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="hub-demo-", ignore_cleanup_errors=True))
            os.environ.update(stage.apart(Path(folder)))
        settings = options.settings(config or _shipped())
        if not json:
            options.out.print("[dim]Starting the database, the sandbox, the web server and a worker ...[/]")
        url = stack.enter_context(bootstrap.running_database(settings))
        outcome = options.run(_play(settings, url, config, once=once, json=json))
    if not outcome:
        raise typer.Exit(1)


async def _play(settings: Settings, url: str, config: Path | None, *, once: bool, json: bool) -> bool:
    report = None
    async with stage.setting(settings, url, config or _shipped()) as theatre:
        if theatre.fresh or once:
            report = await telling.perform(theatre, quiet=json)
        if not once:
            telling.invite(theatre)
            await theatre.stopped()
    if once and report is not None:
        telling.print_json(report) if json else telling.print_table(report)
    return report is None or report.ok or not once


def _shipped() -> Path | None:
    """The configuration that came with the package, unless there is one here."""
    here = Path(os.environ.get("HUB_CONFIG", "config.toml"))
    return None if here.exists() else SHIPPED
