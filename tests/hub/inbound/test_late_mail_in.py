"""Mails overtake each other: a thread is one conversation, in whichever order its mails come (M12)."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import col, select

from channels.message import Inbound
from hub.conversations import notes
from hub.database.engine import Database
from hub.models import Conversation, Interaction, MailReference, Staff
from hub.models.vocabulary import ConversationState, Role
from tests.hub.inbound.conftest import Bring, Rows
from tests.hub.inbound.events import mail

_rounds = itertools.count(1)


def chain(name: str, *, whole: bool) -> list[Inbound]:
    """Five mails, each answering the one before; `whole`: with References to all before, else In-Reply-To alone."""
    ids = [f"{name}.{n}@x" for n in range(5)]
    first = mail("0", ids[0], f"ana{name}@example.org")
    answers = [
        replace(
            mail(str(n), ids[n], f"ana{name}@example.org", in_reply_to=(f"<{ids[n - 1]}>",)),
            references=tuple(f"<{one}>" for one in ids[:n]) if whole else (),
        )
        for n in range(1, 5)
    ]
    return [first, *answers]


@pytest.mark.parametrize("whole", [True, False])
@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(order=st.permutations(range(5)))
async def test_five_mails_in_any_order_are_one_conversation(
    bring: Bring, database: Database, now: datetime, whole: bool, order: Sequence[int]
) -> None:
    name = f"r{next(_rounds)}"
    mails = chain(name, whole=whole)
    for second, number in enumerate(order):
        await bring(mails[number], at=now + timedelta(seconds=second))
    async with database.unit() as session:
        sent = col(Interaction.sender) == f"ana{name}@example.org"
        words = (await session.exec(select(Interaction).where(sent))).all()
        places = {w.conversation_id for w in words}
        of = col(Conversation.customer_id) == words[0].customer_id
        owned = (await session.exec(select(Conversation).where(of))).all()
    assert (len(words), len(places), {w.flag for w in words}) == (5, 1, {""})
    (standing,) = (one for one in owned if one.merged_into_id is None)
    assert (standing.id, standing.state, standing.flag) == (places.pop(), ConversationState.OPEN, "")
    assert standing.last_at == max(w.at for w in words)


async def test_the_mail_between_says_why_both_sides_stand_together(bring: Bring, rows: Rows, now: datetime) -> None:
    mails = chain("x", whole=False)
    for second, number in enumerate((0, 2, 1)):
        await bring(mails[number], at=now + timedelta(seconds=second))
    assert [(w.body_text, w.threaded_by) for w in await rows(Interaction)] == [
        ("0", "new"),
        ("2", "joined"),
        ("1", "in-reply-to"),
    ]


async def test_what_somebody_has_worked_on_is_not_joined_but_pointed_to(
    bring: Bring, rows: Rows, database: Database, now: datetime
) -> None:
    mails = chain("x", whole=False)
    await bring(mails[0])
    second = await bring(mails[2], at=now + timedelta(seconds=1))
    async with database.unit() as session:
        word = await session.get(Interaction, second)
        magda = Staff(email="m@x.test", name="Magda", role=Role.AGENT, password_hash="", created_at=now)
        session.add(magda)
        await session.flush()
        assert word is not None
        await notes.add(session, word.customer_id, word.conversation_id, "mine", staff_id=magda.id or 0, now=now)
        worked_on = word.conversation_id
    await bring(mails[1], at=now + timedelta(seconds=2))
    late = next(w for w in await rows(Interaction) if w.body_text == "1")
    assert late.conversation_id != worked_on
    assert (late.flag, late.points_to_id) == ("refers to two conversations", worked_on)


async def test_of_thousands_of_references_the_fifty_nearest_are_remembered(bring: Bring, rows: Rows) -> None:
    await bring(mail("1", "a@x", in_reply_to=("<p@x>",), references=tuple(f"<r{n}@x>" for n in range(3000))))
    cited = {one.cited for one in await rows(MailReference)}
    assert cited == {"<p@x>", *(f"<r{n}@x>" for n in range(2951, 3000))}


async def test_two_answers_that_share_an_ancestor_nobody_has_stay_together(bring: Bring, rows: Rows) -> None:
    await bring(mail("1", "b@x", in_reply_to=("<one@x>",), references=("<root@x>", "<one@x>")))
    await bring(mail("2", "c@x", in_reply_to=("<two@x>",), references=("<root@x>", "<two@x>")))
    assert len(await rows(Conversation)) == 1
    assert [w.threaded_by for w in await rows(Interaction)] == ["new", "cited"]
