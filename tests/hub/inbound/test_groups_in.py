"""Mails that are read in groups: the same rows as one by one, and one that fails is alone with it (requirement I6)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from email.utils import format_datetime
from typing import Any

from sqlalchemy import text
from sqlmodel import SQLModel

from channels.adapter import Raw
from hub.database.engine import Database
from hub.inbound import processing, raw
from hub.inbound.receive import Reception
from hub.models import AttachmentRow, Conversation, Customer, Identity, Interaction, Outbox, RawMessage
from hub.models.vocabulary import RawState
from tests.hub.inbound.conftest import Rows

States = dict[int, RawState]


def letter(name: str, *more: str, sender: str = "") -> Raw:
    head = f"From: Ana <{sender or name + '@example.org'}>\r\nTo: support@meadow.example, Bob <bob@example.org>\r\n"
    head += "".join(f"{line}\r\n" for line in (f"Subject: {name}", f"Message-ID: <{name}@example.org>", *more))
    body = (
        "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nHello\r\n"
        "--b\r\nContent-Type: image/png\r\nContent-Disposition: attachment; filename=a.png\r\n\r\nx\r\n--b--\r\n"
    )
    return Raw(f"INBOX:7:{name}", (head + body).encode())


async def read(database: Database, reception: Reception, *letters: Raw, now: datetime, quiet: bool = False) -> States:
    """All of them in one group."""
    mails = [replace(one, old=quiet) for one in letters]
    async with database.unit() as session:
        await raw.keep(session, reception.storage, "mail", mails, None, now=now)
    async with database.unit() as session:
        works = await raw.claim(session, now=now)
    return await processing.process_all(database, works, reception, now=now)


async def test_what_is_read_in_a_group_is_what_is_read_alone(
    database: Database, reception: Reception, rows: Rows, now: datetime
) -> None:
    def of(found: list[Any], name: str) -> dict[str, Any]:
        """What its rows say, without what must differ."""
        one = next(row for row in found if name in str(row.model_dump()))
        told = {key: str(value).replace(name, "NAME") for key, value in one.model_dump().items()}
        return {k: v for k, v in told.items() if not (k.endswith("id") and k != "message_id") and k != "content_hash"}

    for quiet in (False, True):
        (alone, *group) = (f"{word}{'quietly' if quiet else ''}" for word in ("zebra", "yak", "xerus"))
        await read(database, reception, letter(alone), now=now, quiet=quiet)
        await read(database, reception, *map(letter, group), now=now, quiet=quiet)
        models: tuple[type[SQLModel], ...] = (Interaction, Conversation, Identity)
        for model in models:
            found = await rows(model)
            assert of(found, group[0]) == of(found, alone), model
    assert len({str(one.model_dump(exclude={"id"})) for one in await rows(Customer)}) == 1
    words = await rows(Interaction)
    assert {row.interaction_id for row in await rows(RawMessage)} == {word.id for word in words}
    assert sorted(row.interaction_id for row in await rows(AttachmentRow)) == sorted(word.id for word in words)


async def test_answers_copies_and_robots_in_a_group_go_where_they_would_alone(
    database: Database, reception: Reception, rows: Rows, now: datetime
) -> None:
    letters = [
        letter("first", sender="ana@example.org"),
        letter("answer", "In-Reply-To: <first@example.org>", sender="ana@example.org"),
        replace(letter("first", sender="ana@example.org"), key="INBOX:7:copy"),
        letter("away", "Auto-Submitted: auto-replied", sender="ana@example.org"),
        letter("other", sender="eve@example.org"),
        letter("late", "References: <never-came@example.org>", sender="ana@example.org"),
    ]
    states = await read(database, reception, *letters, now=now)
    assert set(states.values()) == {RawState.PROCESSED}
    words = {word.subject: word for word in await rows(Interaction)}
    assert sorted(words) == ["answer", "away", "first", "late", "other"]
    assert words["answer"].conversation_id == words["first"].conversation_id
    assert (words["away"].conversation_id, words["away"].auto) == (None, "auto-reply")
    assert len({row.id for row in await rows(Customer)}) == 2
    after = await read(database, reception, letter("never-came", sender="ana@example.org"), letter("x"), now=now)
    assert set(after.values()) == {RawState.PROCESSED}
    words = {word.subject: word for word in await rows(Interaction)}
    assert words["never-came"].conversation_id == words["late"].conversation_id


async def test_one_mail_that_cannot_be_kept_does_not_keep_the_group_from_the_log(
    database: Database, reception: Reception, rows: Rows, now: datetime
) -> None:
    async with database.unit() as session:
        for statement in _REFUSES_POISON:
            await session.execute(text(statement))
    states = await read(database, reception, *map(letter, ("good", "poison", "better")), now=now)
    assert sorted(states.values()) == [RawState.PROCESSED, RawState.PROCESSED, RawState.RECEIVED]
    assert sorted(word.subject for word in await rows(Interaction)) == ["better", "good"]
    (waits,) = [row for row in await rows(RawMessage) if row.error]
    assert (waits.key, waits.tries) == ("INBOX:7:poison", 1)


async def test_an_acknowledged_mail_is_acknowledged_in_a_group_too(
    database: Database, reception: Reception, rows: Rows, now: datetime
) -> None:
    eager = replace(reception, acknowledges=True)
    written = f"Date: {format_datetime(now)}"
    await read(database, eager, letter("one", written), letter("two", written), now=now)
    assert {word.subject for word in await rows(Interaction) if word.direction == "in"} == {"one", "two"}
    assert [word.occasion for word in await rows(Interaction) if word.direction == "out"] == ["acknowledgement"] * 2
    assert len(await rows(Outbox)) == 2


_REFUSES_POISON = (
    """
    create function refuse_poison() returns trigger language plpgsql as
    $$ begin if new.subject = 'poison' then raise exception 'refused'; end if; return new; end $$
    """,
    "create trigger refuse_poison before insert on interaction for each row execute function refuse_poison()",
)
