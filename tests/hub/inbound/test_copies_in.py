"""One mail by several mailboxes is one word, and no mail without a sender is another's (requirements M10, M1)."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any

from channels.message import Address, Inbound, Kind
from hub.database.engine import Database
from hub.inbound.receive import Reception, receive
from hub.models import Conversation, Customer, Identity, Interaction, ProviderReference
from hub.models.vocabulary import Direction
from tests.hub.inbound.conftest import Bring, Rows
from tests.hub.inbound.events import SALES, SUPPORT, mail

BOTH = {"cc": (Address(Kind.EMAIL, SALES),)}


def letter(text: str = "Hello", name: str = "a@x", **more: Any) -> Inbound:
    return mail(text, name, **{**BOTH, **more})


async def test_a_mail_to_two_mailboxes_is_one_word_that_says_where_else_it_came(bring: Bring, rows: Rows) -> None:
    first = await bring(letter(), channel="mail")
    assert await bring(letter(), channel="sales") == first
    (word,), (conversation,) = await rows(Interaction), await rows(Conversation)
    assert (word.channel, word.detail, word.copied) == ("mail", f"it came to {SALES} too", None)
    assert {(r.channel, r.interaction_id) for r in await rows(ProviderReference)} == {("mail", first), ("sales", first)}
    assert conversation.channel == "mail"


async def test_the_same_copies_again_say_nothing_new(bring: Bring, rows: Rows) -> None:
    for name in ("mail", "sales", "sales", "mail"):
        await bring(letter(), channel=name)
    (word,) = await rows(Interaction)
    assert word.detail.count("it came to") == 1


async def test_both_copies_at_once_on_two_workers_are_one_word(
    database: Database, reception: Reception, rows: Rows, now: datetime
) -> None:
    async def once(channel: str) -> Any:
        async with database.unit() as session:
            return await receive(session, reception.channels[channel], letter(), reception, now=now)

    ids = await asyncio.gather(*(once(name) for name in ("mail", "sales") * 5))
    assert len(set(ids)) == 1
    assert [len(await rows(m)) for m in (Interaction, Customer, Conversation)] == [1, 1, 1]


async def test_the_same_message_id_with_another_text_in_another_mailbox_loses_no_word(bring: Bring, rows: Rows) -> None:
    await bring(letter("one"), channel="mail")
    for name in ("sales", "mail", "sales"):
        await bring(letter("two"), channel=name)
    words = sorted((w.body_text, w.channel, w.flag) for w in await rows(Interaction))
    assert words == [("one", "mail", ""), ("two", "sales", "same Message-ID, other text")]


async def test_an_answer_is_threaded_whichever_mailbox_it_comes_to(bring: Bring, rows: Rows) -> None:
    await bring(mail("one", "a@x"), channel="mail")
    await bring(mail("two", "b@x", in_reply_to=("<a@x>",)), channel="sales")
    assert len(await rows(Conversation)) == 1


async def test_a_copy_of_our_own_mail_in_another_mailbox_of_ours_is_no_customers_word(
    bring: Bring, rows: Rows, database: Database
) -> None:
    first = await bring(mail("Hello"))
    async with database.unit() as session:
        word = await session.get(Interaction, first)
        assert word is not None
        word.direction, word.content_hash = Direction.OUT, ""
    assert await bring(mail("Our words", sender=SUPPORT), channel="sales") == first
    assert len(await rows(Interaction)) == 1


async def test_mails_without_a_sender_are_nobodys_but_their_own(bring: Bring, rows: Rows, now: datetime) -> None:
    await bring(mail("one", "a@x", sender=""))
    await bring(mail("two", "b@x", sender="root", in_reply_to=("<a@x>",)), at=now + timedelta(seconds=1))
    words = await rows(Interaction)
    assert len({w.customer_id for w in words}) == len({w.conversation_id for w in words}) == 2
    assert [w.flag for w in words] == ["no sender address", "possible thread"]
    assert await rows(Identity) == []
    assert all(c.provisional for c in await rows(Customer))


async def test_the_same_mail_without_a_sender_twice_is_one_word(bring: Bring, rows: Rows) -> None:
    await bring(mail("one", "a@x", sender=""))
    await bring(mail("one", "a@x", sender=""))
    assert [len(await rows(m)) for m in (Interaction, Customer)] == [1, 1]
