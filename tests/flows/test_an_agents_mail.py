"""An agent's answer over the real wires: text, HTML, signature, quotation, a picture, read back by our own reader."""

from __future__ import annotations

from collections.abc import AsyncIterator
from email import message_from_bytes, policy
from pathlib import Path

import pytest

from channels.email import reading
from channels.message import Inbound, Kind
from hub import clock
from hub.conversations import replies, signatures
from hub.conversations.replies import Reply
from hub.models import Interaction
from hub.models.vocabulary import Role, State
from hub.outbound.request import NewFile
from hub.staff import teams
from tests.flows.town import OURS, Town, town, working

ANA = "ana@nowak.example"
PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20
WORDS = "Dzień dobry,\n\nit is put right, here is the plan:\n[image: plan.png]\n\nBest wishes"


@pytest.fixture
async def meadow(database_url: str, tmp_path: Path) -> AsyncIterator[Town]:
    async with town(database_url, tmp_path) as meadow, working(meadow.hub):
        yield meadow


async def test_an_agents_answer_carries_everything_and_reads_back_exactly(meadow: Town) -> None:
    await meadow.customer("Ana Nowak", email=ANA)
    agent = await _agent(meadow)
    await meadow.world.mail.write(ANA, OURS, "Invoice 118", "It is wrong.\n\n> old words\n>> older words")
    (question,) = await meadow.until(meadow.log)
    sent = await _answer(meadow, question, agent)

    raw = await meadow.until(lambda: _arrived(meadow))
    mail = message_from_bytes(raw, policy=policy.default)
    kinds = [part.get_content_type() for part in mail.walk()]
    assert kinds == [
        *("multipart/mixed", "multipart/alternative", "text/plain"),
        *("multipart/related", "text/html", "image/png", "application/pdf"),
    ]
    picture = next(part for part in mail.walk() if part.get_content_type() == "image/png")
    assert (picture.get_content(), picture.get_content_disposition()) == (PICTURE, "inline")
    html = mail.get_body(("html",))
    assert html is not None
    assert f'src="cid:{picture["Content-ID"].strip("<>")}"' in html.get_content()
    assert (mail["In-Reply-To"], mail["References"]) == (question.message_id, question.message_id)

    (read,) = reading.read_events(raw, ANA)
    assert isinstance(read, Inbound)
    assert read.text.splitlines() == (sent.body_text + sent.closing).splitlines()
    assert "\n-- \nAda\nSupport\n" in read.text.replace("\r\n", "\n")
    assert read.text.rstrip().endswith("wrote:\n> It is wrong.\n>\n>> old words")
    assert read.reply_text == WORDS
    assert read.html.strip() == sent.body_html.strip()


async def _agent(meadow: Town) -> int:
    agent, now = await meadow.staff(Role.AGENT), clock.now()
    async with meadow.hub.database.unit() as session:
        team = (await teams.create(session, "Support", now=now)).id or 0
        await teams.set_channels(session, team, ["mail"], now=now)
        await signatures.save_of_team(session, team, "{{ name }}\n{{ team }}", now=now, by=agent)
    return agent


async def _answer(meadow: Town, question: Interaction, agent: int) -> Interaction:
    keep = meadow.hub.storage.put
    files = (
        NewFile("plan.png", "image/png", await keep(PICTURE), len(PICTURE)),
        NewFile("bill.pdf", "application/pdf", await keep(b"%PDF"), 4),
    )
    reply = Reply(question.conversation_id, question.customer_id, Kind.EMAIL, WORDS, agent, "t1", files=files)
    async with meadow.hub.database.unit() as session:
        placed = await replies.answer(session, reply, gate=meadow.hub.gate, now=clock.now())
    sent = await meadow.until(lambda: _sent(meadow, placed.interaction_id))
    assert sent is not None
    return sent


async def _sent(meadow: Town, number: object) -> Interaction | None:
    return next((row for row in await meadow.log() if row.id == number and row.state is State.SENT), None)


async def _arrived(meadow: Town) -> bytes:
    return next((letter.raw for letter in meadow.world.mail.mailbox(ANA)), b"")
