"""Old mail in files: every kind of archive gives its mails whole, once, in constant memory."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import pytest

from channels.adapter import Raw
from hub.database.engine import Database
from hub.inbound import archives, ingestion, raw, sent
from hub.inbound.receive import Reception
from hub.models import Conversation, Identity, Interaction, RawMessage, WebhookDelivery, WebhookEndpoint
from hub.models.vocabulary import EndpointState
from tests.hub.inbound.conftest import Bring, Rows
from tests.hub.inbound.events import mail

FROM = b"From ana@example.org Tue Mar 10 12:00:00 2026\n"


def letter(number: int, body: bytes = b"Hello\n") -> bytes:
    return b"From: Ana <ana%d@example.org>\nSubject: %d\nMessage-ID: <%d@x>\n\n" % (number, number, number) + body


def contents(source: Path) -> list[bytes]:
    return [one.content for one in archives.mails(source)]


def mbox(folder: Path, *mails: bytes, name: str = "old.mbox") -> Path:
    file = folder / name
    file.write_bytes(b"".join(FROM + mail + b"\n" for mail in mails))
    return file


def test_an_mbox_gives_each_mail_byte_for_byte(tmp_path: Path) -> None:
    mails = [letter(1), letter(2, b"one\n\n\ntwo\n\n"), letter(3, b"")]
    assert contents(mbox(tmp_path, *mails)) == mails


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (b">From here on\n", b"From here on\n"),  # mboxo
        (b">>From here on\n", b">From here on\n"),  # mboxrd
        (b"text\nFrom the middle\n", b"text\nFrom the middle\n"),  # not behind an empty line
        (b"text\n\nFrom Monday on we are closed.\nBye\n", b"text\n\nFrom Monday on we are closed.\nBye\n"),
        (b"From: a colon\n", b"From: a colon\n"),
        (b"x" * 200_000 + b"\n", b"x" * 200_000 + b"\n"),
    ],
)
def test_what_only_looks_like_a_border_is_text(written: bytes, meant: bytes, tmp_path: Path) -> None:
    assert contents(mbox(tmp_path, letter(1, written), letter(2))) == [letter(1, meant), letter(2)]


def test_lines_that_nearly_part_mails_cost_no_more_than_others(tmp_path: Path) -> None:
    nearly = b"\nFrom " + b"1:00" * 16_000 + b"\n"
    started = time.process_time()
    assert contents(mbox(tmp_path, letter(1, nearly * 20))) == [letter(1, nearly * 20)]
    assert time.process_time() - started < 3


@pytest.mark.parametrize(
    "border", [b"From - Tue Mar 10 12:00:00 2026\n", b"From 1794@xxx Tue Mar 10 12:00:00 +0000 2026\n"]
)
def test_the_borders_of_other_programs_are_borders(border: bytes, tmp_path: Path) -> None:
    file = tmp_path / "x"
    file.write_bytes(border + letter(1) + b"\n" + border + letter(2).replace(b"\n", b"\r\n"))
    assert contents(file) == [letter(1), letter(2).replace(b"\n", b"\r\n")]


def test_a_content_length_that_leads_to_the_next_mail_is_believed_and_another_is_not(tmp_path: Path) -> None:
    body = b"text\n\n" + FROM + b"X: y\n\n>From me\n"
    true, false = (b"Content-Length: %d\n" % n + letter(1, body) for n in (len(body), len(body) - 7))
    assert contents(mbox(tmp_path, true, letter(2))) == [true, letter(2)]
    assert len(contents(mbox(tmp_path, false, letter(2)))) == 3


def test_a_maildir_gives_what_is_in_cur_and_new_and_in_its_subfolders(tmp_path: Path) -> None:
    for number, place in enumerate(
        ("cur/1:2,S", "new/2", "tmp/3", ".Sent/cur/4:2,S", ".Sent/tmp/5", "dovecot-uidlist")
    ):
        file = tmp_path / "Maildir" / place
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(letter(number))
        (file.parent.parent / "new").mkdir(exist_ok=True)
    assert sorted(contents(tmp_path / "Maildir")) == sorted(letter(n) for n in (0, 1, 3))


def test_a_folder_gives_its_mails_and_mboxes_and_leaves_what_is_neither(tmp_path: Path) -> None:
    (tmp_path / "a.eml").write_bytes(letter(1))
    (tmp_path / "below").mkdir()
    mbox(tmp_path / "below", letter(2), letter(3))
    (tmp_path / "index.msf").write_bytes(b'// <!-- <mdb:mork:z v="1.4"/> -->\n')
    found = list(archives.mails(tmp_path))
    assert [one.content for one in found] == [letter(1), letter(2), letter(3)]
    assert found[-1].done == archives.size(tmp_path)


def test_a_file_that_is_no_mail_gives_none_and_blank_lines_in_front_of_one_do_no_harm(tmp_path: Path) -> None:
    noise, mail = tmp_path / "noise.bin", tmp_path / "mail.txt"
    noise.write_bytes(bytes(range(256)) * 12)
    mail.write_bytes(b"\n\n" + letter(1))
    assert contents(noise) == []
    assert contents(mail) == [b"\n\n" + letter(1)]


def test_a_giant_is_not_held_whole(tmp_path: Path) -> None:
    giant = letter(1, b"x" * 99 + b"\n") + (b"y" * 99 + b"\n") * (archives.LIMIT // 100 + 1)
    found = list(archives.mails(mbox(tmp_path, giant, letter(2))))
    assert [(one.oversize, len(one.content)) for one in found] == [(True, archives.BEGINNING), (False, len(letter(2)))]


async def put_in(database: Database, reception: Reception, mails: Sequence[bytes], now: datetime) -> ingestion.Done:
    group = [archives.Found(f"place {n}", mail, 0) for n, mail in enumerate(mails)]
    return await ingestion.ingest(database, "mail", group, reception, now=now)


async def test_an_archive_is_put_in_once_and_quietly(
    database: Database, reception: Reception, rows: Rows, now: datetime
) -> None:
    mails = [letter(n) for n in range(5)]
    assert await put_in(database, reception, [*mails[:3], mails[0]], now) == ingestion.Done(3, 1)
    assert await put_in(database, reception, mails, now) == ingestion.Done(2, 3)
    assert sorted(word.subject for word in await rows(Interaction)) == list("01234")
    assert {(one.state, one.unread) for one in await rows(Conversation)} == {("resolved", False)}


async def test_a_mail_that_cannot_be_read_is_named_with_its_place_and_cause(
    database: Database, reception: Reception, now: datetime
) -> None:
    bad = b"Subject: x\nContent-Type: text/plain; charset=\xff\n" + b"X: " + b"y" * 30_000_000
    done = await put_in(database, reception, [letter(1), bad, letter(2)], now)
    assert (done.read, [place for place, _ in done.unread]) == (2, ["place 1"])


async def test_what_a_killed_run_kept_and_did_not_read_is_read_by_the_next_one(
    database: Database, reception: Reception, rows: Rows, now: datetime
) -> None:
    async with database.unit() as session:
        kept = [Raw(f"ingest:{n}", letter(n)) for n in range(3)]
        assert len(await raw.keep_and_claim(session, reception.storage, "mail", kept, now=now)) == 3
    async with database.unit() as session:
        assert await raw.claim(session, now=now) == []  # its lease keeps the workers off
    await ingestion.resume(database, "mail", reception)
    assert sorted(word.subject for word in await rows(Interaction)) == ["0", "1", "2"]
    assert {row.state for row in await rows(RawMessage)} == {"processed"}


ASKED = b"From: Ana <ana@example.org>\nTo: support@meadow.example\nSubject: Bill\nMessage-ID: <a@x>\n"
ASKED += b"Date: Mon, 2 Mar 2026 10:00:00 +0000\n\nIs it right?\n"
ANSWERED = (
    b"From: Meadow <support@meadow.example>\nTo: sales@meadow.example, Ana <ana@example.org>\nSubject: Re: Bill\n"
)
ANSWERED += b"Message-ID: <b@meadow>\nIn-Reply-To: <a@x>\nDate: Mon, 2 Mar 2026 11:00:00 +0000\n\nIt is.\n"
THANKED = b"From: Ana <ana@example.org>\nTo: support@meadow.example\nSubject: Re: Bill\nMessage-ID: <c@x>\n"
THANKED += b"In-Reply-To: <b@meadow>\nDate: Mon, 2 Mar 2026 12:00:00 +0000\n\nThank you!\n"


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2), (1, 2, 0)])
async def test_what_we_wrote_is_history_of_whom_we_wrote_to_in_whatever_order_it_comes(
    database: Database, reception: Reception, rows: Rows, now: datetime, order: tuple[int, ...]
) -> None:
    for number in order:
        await put_in(database, reception, [(ASKED, ANSWERED, THANKED)[number]], now)
    words = sorted(await rows(Interaction), key=lambda word: word.at)
    assert [(w.direction, w.sender, w.recipient) for w in words] == [
        ("in", "ana@example.org", "support@meadow.example"),
        ("out", "support@meadow.example", "ana@example.org"),
        ("in", "ana@example.org", "support@meadow.example"),
    ]
    assert (words[1].state, words[1].origin, words[1].detail) == ("sent", "agent", sent.CLAIMED)
    assert len({word.conversation_id for word in words}) == 1
    assert {one.value for one in await rows(Identity)} == {"ana@example.org"}
    assert {(one.state, one.unread) for one in await rows(Conversation)} == {("resolved", False)}


async def test_what_we_wrote_to_ourselves_is_nobodys_history(
    database: Database, reception: Reception, rows: Rows, now: datetime
) -> None:
    await put_in(database, reception, [ANSWERED.replace(b", Ana <ana@example.org>", b"")], now)
    assert await rows(Interaction) == []
    assert {row.state for row in await rows(RawMessage)} == {"processed"}


async def test_no_program_is_told_of_old_mail(
    database: Database, reception: Reception, bring: Bring, rows: Rows, now: datetime
) -> None:
    wanted = ["message.received", "conversation.opened"]
    async with database.unit() as session:
        session.add(
            WebhookEndpoint(
                url="https://erp.example/hooks",
                name="",
                events=wanted,
                state=EndpointState.ON,
                secret=b"",
                created_at=now,
            )
        )
    await put_in(database, reception, [ASKED], now)  # alone, as what opens a conversation
    await put_in(database, reception, [THANKED, ANSWERED], now)
    assert len(await rows(Interaction)) == 3
    assert await rows(WebhookDelivery) == []
    await bring(mail("Good morning", "d@x", "boris@example.org"))
    assert {one.event for one in await rows(WebhookDelivery)} == set(wanted)
