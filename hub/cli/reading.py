"""`hub import-mail`: reading mails from files just to see what is understood."""

from __future__ import annotations

import asyncio
import json as jsonlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from channels.errors import Unreadable
from channels.reader import mail_reader
from hub.cli.printing import Json, err, out, print_json, shown

READERS = 2


def import_mail(
    file: Annotated[
        Path | None, typer.Argument(exists=True, dir_okay=False, help="One mail.", show_default=False)
    ] = None,
    batch: Annotated[
        Path | None, typer.Option(exists=True, file_okay=False, help="A folder, read with everything below it.")
    ] = None,
    jsonl: Annotated[
        bool, typer.Option("--jsonl", help="With --batch: one JSON object a line, with its file.")
    ] = False,
    json: Json = False,
) -> None:
    """Read a mail and print what was understood; nothing is stored. Exit 1 when a mail could not be read."""
    if (file is None) == (batch is None):
        raise typer.BadParameter("give either one FILE or --batch DIR")
    if file is not None:
        understood = asyncio.run(_understand_one(file))
        print_json(understood) if json else _show(understood)
        return
    failed = asyncio.run(_understand_all(sorted(p for p in (batch or Path()).rglob("*") if p.is_file()), jsonl or json))
    if failed:
        raise typer.Exit(1)


async def _understand_one(file: Path) -> dict[str, Any]:
    reader = mail_reader()
    try:
        return await reader.understand(await asyncio.to_thread(file.read_bytes))
    except Unreadable as e:
        err.print(f"[red]error[/] {shown(file)}: {shown(e)}")
        raise typer.Exit(1) from e
    finally:
        await reader.close()


async def _understand_all(files: list[Path], as_json: bool) -> int:
    """Read them with a few children side by side; returns how many could not be read."""
    waiting = iter(files)
    counts = await asyncio.gather(*(_work_off(waiting, as_json) for _ in range(READERS)))
    return sum(counts)


async def _work_off(waiting: Iterator[Path], as_json: bool) -> int:
    reader, failed = mail_reader(), 0
    try:
        for file in waiting:
            try:
                understood = await reader.understand(await asyncio.to_thread(file.read_bytes))
            except Unreadable as e:
                failed += 1
                understood = {"problems": [str(e)]}
            if as_json:
                sys.stdout.write(jsonlib.dumps({"file": str(file)} | understood, ensure_ascii=False) + "\n")
            else:
                told = understood.get("subject") or ", ".join(understood["problems"])
                out.print(f"[bold]{shown(file)}[/]  {shown(told)}")
    finally:
        await reader.close()
    return failed


def _show(mail: dict[str, Any]) -> None:
    sender = mail.get("from") or {}
    out.print(f"[bold]{shown(mail.get('subject'))}[/]")
    lines = [f"from {sender.get('name', '')} <{sender.get('email', '')}>, {mail.get('date')}"]
    lines.append(mail.get("reply_text") or (mail.get("body") or {}).get("text") or "")
    lines += [f"  {f['filename']}  {f['content_type']}  {f['size']} bytes" for f in mail.get("attachments") or []]
    out.print(shown("\n".join(lines)))
    for problem in mail.get("problems") or []:
        err.print(f"  {shown(problem)}")
