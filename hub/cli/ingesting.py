"""`hub ingest`: old mail from files into the log, quietly."""

from __future__ import annotations

import hashlib
import mailbox
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

from channels.adapter import Raw
from channels.message import Kind
from hub import clock
from hub.bootstrap import Hub
from hub.cli import options
from hub.inbound import processing
from hub.inbound import raw as raws
from hub.models.vocabulary import RawState
from hub.settings import ConfigurationError


def ingest(
    source: Annotated[
        Path, typer.Argument(exists=True, help="One mail, a folder of mails or a Maildir, or an mbox file.")
    ],
    channel: Annotated[str | None, typer.Option(help="The mail channel it came by; default the first one.")] = None,
    config: options.Config = None,
    json: options.Json = False,
) -> None:
    """Read old mail into the log. Nobody is notified and nothing is answered; running it again adds nothing."""
    counts = options.with_hub(config, lambda hub: _ingest(hub, source, _mail_channel(hub, channel)))
    if json:
        options.print_json(counts)
    else:
        options.out.print(", ".join(f"{n} {word}" for word, n in counts.items()) + ".")
    if counts["parked"]:
        options.err.print("Parked mails are listed under Settings, with their reasons, and can be run again.")


def _mail_channel(hub: Hub, name: str | None) -> str:
    mails = [c.name for c in hub.channels.values() if c.kind is Kind.EMAIL and c.listener]
    if name is not None and name not in mails:
        raise ConfigurationError(f"{name!r} is no mail channel that receives. There are: {', '.join(mails) or 'none'}")
    if not mails:
        raise ConfigurationError("no mail channel is configured; ingest needs one to say where the mail came by")
    return name or mails[0]


async def _ingest(hub: Hub, source: Path, channel: str) -> dict[str, int]:
    counts = {"read": 0, "known": 0, "parked": 0}
    with Progress(
        "{task.description}", BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=options.err
    ) as bar:
        task = bar.add_task("Reading", total=_count(source))
        for key, content in _mails(source):
            counts[await _ingest_one(hub, channel, key, content)] += 1
            bar.advance(task)
    return counts


async def _ingest_one(hub: Hub, channel: str, key: str, content: bytes) -> str:
    raw = Raw(f"ingest:{key}", content)
    async with hub.database.unit() as session:
        if not await raws.keep(session, hub.storage, channel, [raw], None, now=clock.now(), quiet=True):
            return "known"
        number = await raws.id_of(session, channel, raw.key) or 0
    state = await processing.process(hub.database, number, hub.reception, now=clock.now())
    return "read" if state is RawState.PROCESSED else "parked"


def _count(source: Path) -> int | None:
    """How many mails there are, where that is cheap to say."""
    return sum(1 for _ in _files(source)) if source.is_dir() else None


def _files(folder: Path) -> Iterator[Path]:
    return (p for p in sorted(folder.rglob("*")) if p.is_file() and "tmp" not in p.parts[len(folder.parts) :][:-1])


def _mails(source: Path) -> Iterator[tuple[str, bytes]]:
    """Each mail with a key that is the same at the next run: its hash."""
    if source.is_dir():
        contents: Iterator[bytes] = (p.read_bytes() for p in _files(source))
    elif _is_mbox(source):
        box = mailbox.mbox(source, create=False)
        contents = (box.get_bytes(key) for key in box.iterkeys())
    else:
        contents = iter([source.read_bytes()])
    for content in contents:
        yield hashlib.sha256(content).hexdigest(), content


def _is_mbox(file: Path) -> bool:
    with file.open("rb") as f:
        return f.read(5) == b"From "
