"""Raw mail: kept first, read later, retried, parked, never in another's way (requirements M9, 3.5, I1, I6, F8)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from channels.adapter import Cursor, Raw
from hub import clock
from hub.database.engine import Database
from hub.inbound import parked, processing, raw
from hub.inbound.receive import Reception
from hub.interactions import record
from hub.models import Conversation, Customer, Interaction, MailboxCursor, RawMessage, ReceiptRow
from hub.models.vocabulary import RawState, State
from hub.outbound import workers
from hub.storage import StorageError, StorageFull
from tests.hub.inbound.conftest import Bring, Rows
from tests.hub.inbound.events import ANA, SUPPORT, mail
from tests.log_rows import said

LETTER = b"From: Ana <ana@example.org>\r\nTo: support@meadow.example\r\nSubject: Hello\r\n"
LETTER += b"Message-ID: <l1@example.org>\r\n\r\nHi\r\n"


def letter(uid: int = 1, content: bytes = LETTER, *, validity: int = 7, oversize: bool = False) -> Raw:
    return Raw(f"INBOX:{validity}:{uid}", content, oversize=oversize)


async def keep(database: Database, reception: Reception, *letters: Raw, now: datetime, quiet: bool = False) -> int:
    last = letters[-1].key.split(":")
    cursor = Cursor("INBOX", int(last[1]), int(last[2]))
    mails = [replace(one, old=quiet) for one in letters]
    async with database.unit() as session:
        return await raw.keep(session, reception.storage, "mail", mails, cursor, now=now)


async def test_mail_and_position_are_kept_together_and_twice_is_once(
    database: Database, reception: Reception, rows: Rows, now: datetime
) -> None:
    assert await keep(database, reception, letter(1), letter(2), now=now) == 2
    assert await keep(database, reception, letter(2), now=now) == 0
    (cursor,) = await rows(MailboxCursor)
    assert (cursor.folder, cursor.uidvalidity, cursor.uid) == ("INBOX", 7, 2)


async def test_the_position_never_moves_back_except_to_a_new_uidvalidity_i1(
    database: Database, reception: Reception, now: datetime
) -> None:
    await keep(database, reception, letter(5), now=now)
    await keep(database, reception, letter(3), now=now)
    async with database.unit() as session:
        assert (await raw.cursors(session, "mail"))["INBOX"] == Cursor("INBOX", 7, 5)
    await keep(database, reception, letter(1, validity=8), now=now)
    async with database.unit() as session:
        assert (await raw.cursors(session, "mail"))["INBOX"] == Cursor("INBOX", 8, 1)


async def test_a_mailbox_read_again_from_the_start_doubles_nothing_i1(
    database: Database, reception: Reception, rows: Rows, now: datetime
) -> None:
    await keep(database, reception, letter(1), now=now)
    await keep(database, reception, letter(1, validity=8), now=now)
    for row in await rows(RawMessage):
        assert await processing.process(database, row.id, reception, now=now) is RawState.PROCESSED
    assert len(await rows(Interaction)) == 1


async def test_a_mail_is_read_once_and_points_to_its_interaction(
    database: Database, reception: Reception, rows: Rows, now: datetime
) -> None:
    await keep(database, reception, letter(), now=now)
    assert await processing.process(database, 1, reception, now=now) is RawState.PROCESSED
    assert await processing.process(database, 1, reception, now=now) is RawState.PROCESSED
    (row,), (word,) = await rows(RawMessage), await rows(Interaction)
    assert (row.interaction_id, word.subject, word.sender) == (word.id, "Hello", ANA)


async def test_what_cannot_be_read_is_tried_after_1_5_and_30_minutes_then_parked_and_can_be_read_again(
    database: Database, reception: Reception, rows: Rows, now: datetime
) -> None:
    await keep(database, reception, letter(), now=now)
    nobody = replace(reception, channels={})
    at, waits = now, []
    while (state := await processing.process(database, 1, nobody, now=at)) is RawState.RECEIVED:
        (row,) = await rows(RawMessage)
        waits.append((row.next_try_at - at) // timedelta(minutes=1))
        at = row.next_try_at
    assert (state, waits) == (RawState.PARKED, [1, 5, 30])
    async with database.unit() as session:
        (unread,) = await parked.unprocessed(session)
        assert "no channel 'mail'" in unread.error
        assert await parked.again(session, 1, now=at)
    assert await processing.process(database, 1, reception, now=at) is RawState.PROCESSED


async def test_a_mail_whose_reader_dies_every_time_is_parked_in_the_end_i6(
    database: Database, reception: Reception, now: datetime
) -> None:
    await keep(database, reception, letter(), now=now)
    at = now
    for _ in range(4):
        async with database.unit() as session:
            assert [work.id for work in await raw.claim(session, now=at)] == [1]
        at += raw.LEASE
    assert await processing.process(database, 1, reception, now=at) is RawState.PARKED


async def test_a_reader_that_lost_the_database_gives_its_mails_back_and_no_others_f3(
    database: Database, reception: Reception, rows: Rows, now: datetime
) -> None:
    for n in range(3):
        await keep(database, reception, letter(n + 1), now=now)
    async with database.unit() as session:
        (mine,) = await raw.claim(session, now=now, limit=1, reader="one/0")
        (others,) = await raw.claim(session, now=now, limit=1, reader="one/1")
    async with database.unit() as session:
        assert await raw.let_go(session, "one/0", now=now) == 1
    assert {row.id: row.tries for row in await rows(RawMessage)}[mine.id] == 0
    async with database.unit() as session:
        free = {work.id for work in await raw.claim(session, now=now)}
    assert mine.id in free
    assert others.id not in free


async def test_a_mail_that_failed_is_nobodys_to_give_back(
    database: Database, reception: Reception, rows: Rows, now: datetime
) -> None:
    await keep(database, reception, letter(), now=now)
    async with database.unit() as session:
        works = await raw.claim(session, now=now, reader="one/0")
    await processing.process_all(database, works, replace(reception, channels={}), now=now)
    async with database.unit() as session:
        assert await raw.let_go(session, "one/0", now=now) == 0
    assert [row.tries for row in await rows(RawMessage)] == [1]


async def test_what_a_dead_worker_was_reading_is_read_by_others_at_once(
    database: Database, reception: Reception, rows: Rows, now: datetime
) -> None:
    await keep(database, reception, letter(), now=now)
    async with database.unit() as session:
        await raw.claim(session, now=now, reader="one/2")
        await workers.bury(session, {"another"})
        assert await raw.claim(session, now=now) == []
        await workers.bury(session, {"one"})
    later = clock.now()
    async with database.unit() as session:
        assert [work.tries for work in await raw.claim(session, now=later)] == [2]  # it may be what killed it


async def test_two_processes_do_not_read_one_mail_at_once(
    database: Database, reception: Reception, rows: Rows, now: datetime
) -> None:
    await keep(database, reception, letter(), now=now)
    async with database.unit() as session:
        assert await raw.claim(session, now=now)
    assert await processing.process(database, 1, reception, now=now) is RawState.RECEIVED
    assert await rows(Interaction) == []


async def test_a_mail_over_the_limit_is_shown_with_a_flag_m8(
    database: Database, reception: Reception, rows: Rows, now: datetime
) -> None:
    await keep(database, reception, letter(oversize=True), now=now)
    await processing.process(database, 1, reception, now=now)
    (word,) = await rows(Interaction)
    assert word.flag == "too large: only its beginning was fetched"


async def test_an_archive_comes_in_quietly(database: Database, reception: Reception, rows: Rows, now: datetime) -> None:
    await keep(database, reception, letter(), now=now, quiet=True)
    await processing.process(database, 1, reception, now=now)
    (conversation,) = await rows(Conversation)
    assert (conversation.state, conversation.unread) == ("resolved", False)


async def test_a_bounce_is_evidence_of_our_mail_and_no_mail_itself(
    database: Database, reception: Reception, rows: Rows, bring: Bring, now: datetime
) -> None:
    ours = await _sent(database, bring, rows, now)
    bounce = _bounce(reception.gate.signer.message_token(ours))
    await keep(database, reception, letter(1, bounce), now=now)
    assert await processing.process(database, 1, reception, now=now) is RawState.PROCESSED
    words = {w.id: w for w in await rows(Interaction)}
    assert (len(words), words[ours].state, len(await rows(Customer))) == (2, State.FAILED, 1)
    assert [(r.interaction_id, r.progress, r.code) for r in await rows(ReceiptRow)] == [(ours, "failed", "5.1.1")]


async def test_a_bounce_that_proves_nothing_is_kept_with_the_customer_it_names_and_changes_nothing_b3(
    database: Database, reception: Reception, rows: Rows, bring: Bring, now: datetime
) -> None:
    ours = await _sent(database, bring, rows, now)
    await keep(database, reception, letter(1, _bounce("a" * 42)), now=now)
    await processing.process(database, 1, reception, now=now)
    words = {w.id: w for w in await rows(Interaction)}
    assert (words[ours].state, len(await rows(Customer))) == (State.SENT, 1)
    assert [w.auto for w in words.values() if w.auto] == ["bounce"]


async def test_a_full_disk_keeps_nothing_and_says_so_f8(
    database: Database, reception: Reception, rows: Rows, now: datetime
) -> None:
    full = replace(reception, storage=Full())
    with pytest.raises(StorageFull):
        await keep(database, full, letter(), now=now)
    assert [await rows(m) for m in (RawMessage, MailboxCursor)] == [[], []]


class Full:
    """A store without room."""

    async def put(self, content: bytes) -> str:
        raise StorageFull("no room")

    async def put_all(self, contents: Sequence[bytes]) -> list[str]:
        raise StorageFull("no room")

    async def get(self, digest: str) -> bytes:
        raise AssertionError(digest)

    async def get_all(self, digests: Sequence[str]) -> list[bytes | StorageError]:
        raise AssertionError(digests)

    async def delete(self, digest: str) -> None:
        raise AssertionError(digest)

    async def size(self, digest: str) -> int:
        raise AssertionError(digest)


async def _sent(database: Database, bring: Bring, rows: Rows, now: datetime) -> UUID:
    await bring(mail("hello"))
    (customer,) = await rows(Customer)
    row = said(customer.id, now, sender=SUPPORT, recipient=ANA)
    async with database.unit() as session:
        return await record.add(session, row)


def _bounce(token: str) -> bytes:
    return f"""From: Mail Delivery System <mailer-daemon@mx.test>
To: support+{token}@meadow.example
Subject: Undelivered Mail Returned to Sender
Message-ID: <b1@mx.test>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

It did not arrive.

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.test

Final-Recipient: rfc822; {ANA}
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 no such user

--b--
""".replace("\n", "\r\n").encode()


async def test_new_mail_is_taken_before_old_and_can_be_taken_alone(
    database: Database, reception: Reception, now: datetime
) -> None:
    await keep(database, reception, letter(1), now=now - timedelta(hours=1), quiet=True)
    await keep(database, reception, letter(2), letter(3), letter(4), now=now)
    async with database.unit() as session:
        alone = [work.quiet for work in await raw.claim_new(session, now=now, limit=2)]
        rest = [work.quiet for _ in range(2) for work in await raw.claim(session, now=now, limit=1)]
    assert (alone, rest) == ([False, False], [False, True])
