"""`hub ingest`: old mail from files into the log, quietly."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from channels.message import Kind
from hub import clock
from hub.bootstrap import Hub
from hub.cli import options
from hub.inbound import archives, ingestion
from hub.inbound.archives import Found
from hub.settings import ConfigurationError

_PATIENT = 10  # of 19: the machine's cores belong to new mail first, and the reading children inherit it
TOLD = 20  # mails that were not read are named, the first so many


@dataclass
class _Counts:
    read: int = 0
    known: int = 0
    parked: int = 0
    errors: list[dict[str, str]] = field(default_factory=list)

    def add(self, done: ingestion.Done) -> None:
        self.read += done.read
        self.known += done.known
        self.parked += len(done.unread)
        room = TOLD - len(self.errors)
        self.errors += [{"place": place, "why": why} for place, why in done.unread[:room]]


def ingest(
    source: Annotated[
        Path, typer.Argument(exists=True, help="One mail, a folder of mails or a Maildir, or an mbox file.")
    ],
    channel: Annotated[str | None, typer.Option(help="The mail channel it came by; default the first one.")] = None,
    config: options.Config = None,
    json: options.Json = False,
) -> None:
    """Read old mail into the log. Nobody is notified and nothing is answered; running it again adds nothing."""
    counts = _Counts()
    os.nice(_PATIENT)
    try:
        options.with_hub(config, lambda hub: _ingest(hub, source, _mail_channel(hub, channel), counts))
    except (KeyboardInterrupt, asyncio.CancelledError):
        _tell(counts, json)
        options.err.print("Stopped. What is counted here is in the log; the same command goes on where this one ended.")
        raise typer.Exit(130) from None
    _tell(counts, json)


def _tell(counts: _Counts, json: bool) -> None:
    if json:
        options.print_json(
            {"read": counts.read, "known": counts.known, "parked": counts.parked, "errors": counts.errors}
        )
    else:
        options.out.print(f"{counts.read} read, {counts.known} known, {counts.parked} parked.")
    for error in counts.errors if not json else ():
        options.err.print(f"{error['place']}: {error['why']}", markup=False)
    if not (counts.read or counts.known or counts.parked):
        options.err.print("There is no mail in it. Name a mail, a folder of mails, a Maildir or an mbox.")
    if counts.parked:
        options.err.print("Parked mails are listed under Settings, with their reasons, and can be run again.")


def _mail_channel(hub: Hub, name: str | None) -> str:
    mails = [c.name for c in hub.channels.values() if c.kind is Kind.EMAIL and c.listener]
    if name is not None and name not in mails:
        raise ConfigurationError(f"{name!r} is no mail channel that receives. There are: {', '.join(mails) or 'none'}")
    if not mails:
        raise ConfigurationError("no mail channel is configured; ingest needs one to say where the mail came by")
    return name or mails[0]


async def _ingest(hub: Hub, source: Path, channel: str, counts: _Counts) -> None:
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=options.err) as bar:
        task = bar.add_task("Reading", total=await asyncio.to_thread(archives.size, source))
        await ingestion.resume(hub.database, channel, hub.reception)
        found = archives.mails(source)
        shares = [asyncio.create_task(_share(hub, channel, found, counts, bar, task)) for _ in range(ingestion.AT_ONCE)]
        try:
            await asyncio.gather(*shares)
        finally:
            for share in shares:
                share.cancel()


async def _share(hub: Hub, channel: str, found: Iterator[Found], counts: _Counts, bar: Progress, task: TaskID) -> None:
    """Two of these take turns: while the children read one's mails, the other's are put into the log."""
    while group := ingestion.next_group(found):
        counts.add(await ingestion.ingest(hub.database, channel, group, hub.reception, now=clock.now()))
        bar.update(task, completed=max(group[-1].done, bar.tasks[task].completed))
        bar.update(task, description=f"{counts.read + counts.known + counts.parked:,} mails")
