"""A mail that cannot be read is parked at once and still seen: a card says who wrote, about what, why (M8, M9, F13)."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from channels.adapter import Raw
from hub.database.engine import Database
from hub.inbound import cards, parked, processing, raw
from hub.inbound.receive import Reception
from hub.models import AttachmentRow, Conversation, Interaction, RawMessage
from hub.models.vocabulary import RawState
from tests.hub.inbound.conftest import Rows
from tests.hub.inbound.events import ANA

HEAD = (
    b"From: Ana Nowak <%b>\r\nTo: support@meadow.example\r\nSubject: Contract\r\n" % ANA.encode()
    + b"Message-ID: <c1@example.org>\r\n"
)
DEEP = HEAD + b"".join(
    b'Content-Type: multipart/mixed; boundary="%d"\r\n\r\n--%d\r\n' % (level, level) for level in range(60)
)
BROAD = HEAD + b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n' + b"--b\r\n\r\nx\r\n" * 1_200 + b"--b--\r\n"
LONG = HEAD + b"X-Long: " + b"x" * 70_000 + b"\r\n\r\nHello\r\n"
CROWDED = HEAD.replace(b"support@meadow.example", b", ".join(b"p%d@example.org" % n for n in range(3_000)))


async def bring(database: Database, reception: Reception, content: bytes, now: datetime) -> RawState:
    async with database.unit() as session:
        await raw.keep(session, reception.storage, "mail", [Raw("INBOX:7:1", content)], None, now=now)
    return await processing.process(database, 1, reception, now=now)


@pytest.mark.parametrize("content", [DEEP, BROAD, LONG, CROWDED], ids=["deep", "broad", "long", "crowded"])
async def test_a_mail_over_the_limits_is_parked_at_once_with_a_card_in_the_log(
    database: Database, reception: Reception, rows: Rows, now: datetime, content: bytes
) -> None:
    assert await bring(database, reception, content, now) is RawState.PARKED
    (kept,), (card,), (file,) = await rows(RawMessage), await rows(Interaction), await rows(AttachmentRow)
    assert (card.sender, card.subject, card.flag) == (ANA, "Contract", cards.UNREADABLE)
    assert card.detail.startswith("too ")
    assert kept.interaction_id == card.id
    assert (file.name, file.size, file.sha256) == (cards.FILE, len(content), kept.sha256)


async def test_its_conversation_asks_a_person_to_look(
    database: Database, reception: Reception, rows: Rows, now: datetime
) -> None:
    await bring(database, reception, DEEP, now)
    (conversation,) = await rows(Conversation)
    assert (conversation.flag, conversation.unread) == (cards.UNREADABLE, True)


async def test_reading_it_again_makes_no_second_card(
    database: Database, reception: Reception, rows: Rows, now: datetime
) -> None:
    await bring(database, reception, DEEP, now)
    async with database.unit() as session:
        assert await parked.all_again(session, now=now) == 1
    assert await processing.process(database, 1, reception, now=now + timedelta(hours=1)) is RawState.PARKED
    assert len(await rows(Interaction)) == 1


async def test_bytes_that_are_no_mail_are_parked_without_a_card(
    database: Database, reception: Reception, rows: Rows, now: datetime
) -> None:
    assert await bring(database, reception, b"", now) is RawState.PARKED
    assert await rows(Interaction) == []
