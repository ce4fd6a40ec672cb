"""Telling what happened in the demo: progress while it plays, a table or JSON at the end, the way in at last."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from rich.panel import Panel
from rich.table import Table
from sqlmodel.ext.asyncio.session import AsyncSession

from hub import clock
from hub.campaigns import lifecycle
from hub.cli import options
from hub.cli.demo.stage import ADMIN, AGENT, COLLEAGUE, LEAD, MARKETER, Theatre
from hub.cli.demo.story import SCENES, Failed, Scene
from hub.reports import health
from hub.reports.tally import Tally, tally


@dataclass(frozen=True, slots=True)
class Told:
    scene: str
    title: str
    ok: bool
    seen: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Report:
    """What `--json` prints. `campaign` holds the counters of the story's campaign."""

    ok: bool
    scenes: tuple[Told, ...]
    log: Tally
    campaign: Mapping[str, object]
    doctor: tuple[Mapping[str, object], ...]


async def perform(theatre: Theatre, *, quiet: bool) -> Report:
    """Play every scene; one that fails does not keep the others from being played."""
    told = []
    for scene in SCENES:
        told.append(await _perform(theatre, scene))
        if not quiet:
            mark = "[green]✓[/]" if told[-1].ok else "[red]✗[/]"
            options.out.print(f"{mark} {scene.title}: {options.shown(told[-1].seen)} [dim]{told[-1].seconds:.1f} s[/]")
    async with theatre.hub.database.unit() as session:
        counts = await _campaign(session)
        problems = await health.doctor(session, now=clock.now())
        log = await tally(session)
    ok = all(one.ok for one in told) and not problems
    return Report(ok, tuple(told), log, counts, tuple(asdict(p) for p in problems))


def print_table(report: Report) -> None:
    table = Table("What", "How many", box=None)
    for words, n in report.log.words.items():
        table.add_row(words, str(n))
    for title, numbers in (
        ("outcome", report.log.states),
        ("receipt", report.log.receipts),
        ("withheld", report.log.withheld),
    ):
        for word, n in numbers.items():
            table.add_row(f"[dim]{title}[/] {word}", str(n))
    options.out.print(table)
    for problem in report.doctor:
        words = f"{problem['check']}: {problem['count']}, {problem['example']}"
        options.out.print(f"[red]doctor[/] {options.shown(words)}")
    options.out.print("[green]The story held.[/]" if report.ok else "[red]The story did not hold.[/]")


def print_json(report: Report) -> None:
    options.print_json(asdict(report))


def invite(theatre: Theatre) -> None:
    """The address and the sign-in, last of all so that they are seen."""
    options.out.print(
        Panel(
            f"The hub        [bold]{theatre.hub.settings.hub.public_url}[/]\n"
            f"Sign in as     {AGENT}  an agent\n"
            f"               {COLLEAGUE}   another agent\n"
            f"               {LEAD}  a supervisor\n"
            f"               {MARKETER}  a marketer\n"
            f"               {ADMIN}  everything\n"
            f"Password       {theatre.password}\n"
            f"The customers  [bold]{theatre.world.page_url}[/]: play their mailboxes and telephones\n"
            "[dim]Quiet hours are off in the demo. Ctrl-C stops; the next start resumes.[/]",
            title="Contact Hub is running",
            expand=False,
        )
    )


async def _perform(theatre: Theatre, scene: Scene) -> Told:
    began = time.monotonic()
    try:
        seen, ok = await scene.play(theatre), True
    except (Failed, TimeoutError) as e:
        seen, ok = str(e) or type(e).__name__, False
    return Told(scene.name, scene.title, ok, seen, round(time.monotonic() - began, 2))


async def _campaign(session: AsyncSession) -> dict[str, object]:
    for line in await lifecycle.listing(session):
        counts = await lifecycle.counts(session, line.id)
        return {"name": line.name, "state": line.state.value, **asdict(counts), "sum": counts.total}
    return {}
