"""`hub ingest` and `hub import-mail`: mail out of files, into the log or just to see what is understood."""

from __future__ import annotations

import asyncio
import json
import mailbox
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from sqlalchemy.engine import make_url
from sqlmodel import SQLModel, col, select

from hub.database.engine import Database
from hub.models import Conversation, Interaction, Outbox, Task

OURS = "support@meadow.example"


def letter(number: int, *, sender: str = "ana@nowak.example", subject: str = "", name: str = "") -> EmailMessage:
    mail = EmailMessage()
    mail["From"], mail["To"] = f"Ana Nowak <{sender}>", OURS
    mail["Subject"] = subject or f"Question {number}"
    mail["Date"], mail["Message-ID"] = (
        f"Tue, {number:02} Jan 2019 10:00:00 +0000",
        f"<{name or f'old-{number}'}@nowak.example>",
    )
    mail.set_content(f"When do you open? ({number})")
    mail.add_attachment(b"%PDF-1.4", maintype="application", subtype="pdf", filename=f"plan {number}.pdf")
    return mail


async def test_old_mail_comes_into_the_log_once_from_wherever_it_lies_and_nobody_hears_of_it(
    quick: Any, database: Database, tmp_path: Path
) -> None:
    one, folder, box = tmp_path / "one.eml", tmp_path / "folder", mailbox.mbox(tmp_path / "old.mbox")
    one.write_bytes(letter(1).as_bytes())
    (folder / "below").mkdir(parents=True)
    (folder / "below" / "2.eml").write_bytes(letter(2).as_bytes())
    (folder / "1 copied.eml").write_bytes(one.read_bytes())
    (folder / "1 by another way.eml").write_bytes(b"Received: from elsewhere\n" + one.read_bytes())
    for number in (3, 4):
        box.add(letter(number))
    box.close()

    first = [(await quick.hub("ingest", source, "--json")).json for source in (one, folder, tmp_path / "old.mbox")]
    assert [(ran["read"], ran["known"], ran["parked"]) for ran in first] == [(1, 0, 0), (2, 1, 0), (2, 0, 0)]
    again = await quick.hub("ingest", tmp_path / "old.mbox")
    assert (again.code, again.words) == (0, "0 read, 2 known, 0 parked.")

    words = await _rows(database, Interaction)
    assert sorted((word.subject, word.at.year) for word in words) == [(f"Question {n}", 2019) for n in (1, 2, 3, 4)]
    assert {word.direction for word in words} == {"in"}  # nothing was answered
    assert await _rows(database, Outbox) == []
    assert await _rows(database, Task) == []
    assert {(one.state, one.unread) for one in await _rows(database, Conversation)} == {("resolved", False)}


@pytest.mark.parametrize(("how", "code"), [(signal.SIGKILL, -signal.SIGKILL), (signal.SIGINT, 130)])
async def test_an_ingestion_that_is_stopped_half_way_goes_on_where_it_was_and_every_mail_is_there_once(
    quick: Any, database: Database, database_url: str, tmp_path: Path, how: signal.Signals, code: int
) -> None:
    box = mailbox.mbox(tmp_path / "old.mbox")
    for number in range(600):
        box.add(letter(number % 28 + 1, subject=f"Mail {number}", name=f"m{number}"))
    box.close()
    async with _first_words(database_url) as begun:
        process = await quick.start(("ingest", tmp_path / "old.mbox"), {}, stderr=asyncio.subprocess.PIPE)
        await asyncio.wait_for(begun.wait(), 60)
        process.send_signal(how)
        _, said = await process.communicate()
    assert process.returncode == code
    assert how is signal.SIGKILL or "the same command goes on" in said.decode()
    half = len(await _rows(database, Interaction))
    assert 0 < half < 600
    assert (await quick.hub("ingest", tmp_path / "old.mbox")).code == 0
    assert sorted(word.subject for word in await _rows(database, Interaction)) == sorted(
        f"Mail {n}" for n in range(600)
    )


@asynccontextmanager
async def _first_words(url: str) -> AsyncIterator[asyncio.Event]:
    """Set when the first words of a group have been committed to the log."""
    begun = asyncio.Event()
    connection = await asyncpg.connect(make_url(url).set(drivername="postgresql").render_as_string(hide_password=False))
    try:
        await connection.execute(_TELL)
        await connection.add_listener("words", lambda *_: begun.set())
        yield begun
    finally:
        await connection.close()


_TELL = """
create function tell() returns trigger language plpgsql as $$ begin perform pg_notify('words', ''); return null; end $$;
create trigger tell after insert on interaction for each statement execute function tell();
"""


async def test_a_folder_without_a_mail_is_said_to_have_none(quick: Any, tmp_path: Path) -> None:
    (tmp_path / "photographs").mkdir()
    ran = await quick.hub("ingest", tmp_path / "photographs")
    assert (ran.code, "There is no mail in it" in ran.err) == (0, True)


async def test_ingest_into_a_channel_that_is_not_there_names_those_that_are(quick: Any, tmp_path: Path) -> None:
    (tmp_path / "one.eml").write_bytes(letter(1).as_bytes())
    ran = await quick.hub("ingest", "one.eml", "--channel", "post")
    assert ran.code == 3
    assert "'post' is no mail channel that receives. There are: mail" in ran.err


async def test_a_mail_is_shown_as_it_was_understood_and_hostile_words_do_nothing_to_the_terminal(
    shell: Any, tmp_path: Path
) -> None:
    (tmp_path / "one.eml").write_bytes(letter(1, subject="[/] [bold]:smile: done").as_bytes())
    (tmp_path / "escape.eml").write_bytes(
        b"From: a@b.example\r\nSubject: =?utf-8?q?=1B]0;pwned=07?=\r\n\r\n\x1b[2Jhi\r\n"
    )
    data = await shell.hub("import-mail", "one.eml", "--json")
    assert data.code == 0
    assert data.json["from"] == {"email": "ana@nowak.example", "name": "Ana Nowak"}
    assert [(file["filename"], file["size"]) for file in data.json["attachments"]] == [("plan 1.pdf", 8)]
    assert (data.json["message_id"], data.json["problems"]) == ("<old-1@nowak.example>", [])
    told = await shell.hub("import-mail", "one.eml")
    assert (told.code, "[/] [bold]:smile: done" in told.out, "plan 1.pdf" in told.out) == (0, True, True)
    hostile = await shell.hub("import-mail", "escape.eml")
    assert (hostile.code, "\x1b" in hostile.out, "\x07" in hostile.out) == (0, False, False)


async def test_a_folder_with_junk_in_it_is_read_to_its_end_one_line_a_file(shell: Any, tmp_path: Path) -> None:
    folder = tmp_path / "mails"
    folder.mkdir()
    (folder / "good.eml").write_bytes(letter(1).as_bytes())
    (folder / "empty.eml").write_bytes(b"")
    (folder / "junk.eml").write_bytes(bytes(range(256)) * 40)
    (folder / "deep.eml").write_bytes(_nested(500))
    (folder / "headers.eml").write_bytes(
        b"Subject: =?utf-8?b?/////?=\r\nContent-Type: x/\xff; charset=\xfe\r\n\r\n\xff\xfe"
    )
    ran = await shell.hub("import-mail", "--batch", "mails", "--jsonl")
    told = {Path(line["file"]).name: line for line in ran.lines}
    assert set(told) == {file.name for file in folder.iterdir()}
    assert told["good.eml"]["subject"] == "Question 1"
    unread = [name for name, line in told.items() if set(line) == {"file", "problems"}]
    assert (ran.code, "Traceback" in ran.err) == (1 if unread else 0, False)
    json.dumps(told, ensure_ascii=False).encode()  # no lone surrogates


async def test_import_mail_wants_either_a_file_or_a_folder(shell: Any) -> None:
    ran = await shell.hub("import-mail")
    assert (ran.code, "either one FILE or --batch DIR" in " ".join(ran.err.split())) == (2, True)


def _nested(depth: int) -> bytes:
    head = "".join(f"Content-Type: multipart/mixed; boundary=b{n}\r\n\r\n--b{n}\r\n" for n in range(depth))
    return b"Subject: deep\r\nMIME-Version: 1.0\r\n" + head.encode() + b"Content-Type: text/plain\r\n\r\nthe bottom\r\n"


async def _rows(database: Database, model: type[SQLModel]) -> list[Any]:
    async with database.unit() as session:
        return list(await session.exec(select(model).order_by(col(model.id))))  # type: ignore[attr-defined]
