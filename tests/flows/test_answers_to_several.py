"""An answer to everybody who takes part: over the real wires, and by an agent in a real Chromium."""

from __future__ import annotations

from collections.abc import AsyncIterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, expect
from sqlmodel import select

from channels.message import Kind
from channels.sandbox.mail import Letter
from hub import clock
from hub.conversations import replies
from hub.conversations.replies import Reply
from hub.interactions.copies import COPY_FAILED
from hub.models import Attempt, Identity, Interaction, MailCopy
from hub.models.vocabulary import CopyFate, IdentityState, Role, State
from hub.outbound.request import Placed
from tests.flows.browsing import chromium, in_chromium, sit_down
from tests.flows.town import OURS, Town, town, working

ANA, BEN, EVA, DAN = (f"{name}@nowak.example" for name in ("ana", "ben", "eva", "dan"))
NOWHERE = "refuse-user@nowak.example"  # the sandbox's server refuses it at RCPT
GONE = "bounce-later@nowak.example"  # it takes this one, and reports later


@pytest.fixture
async def meadow(database_url: str, tmp_path: Path) -> AsyncIterator[Town]:
    async with town(database_url, tmp_path) as meadow, working(meadow.hub):
        yield meadow


async def _asks(meadow: Town, *cc: str, name: str = "q1") -> Interaction:
    """Ana writes, with these people in Cc."""
    lines = [f"From: Ana Nowak <{ANA}>", f"To: {OURS}, sales@elsewhere.example", f"Cc: {', '.join(cc)}"]
    lines += ["Subject: Invoice 118", f"Message-ID: <{name}@nowak.example>", "Date: Tue, 10 Mar 2026 12:00:00 +0000"]
    raw = ("\r\n".join(lines) + "\r\n\r\nIt is wrong.\r\n").encode()
    await meadow.world.mail.write(ANA, OURS, "", "", raw=raw)

    async def arrived() -> Interaction | None:
        return next((row for row in await meadow.log() if row.message_id == f"<{name}@nowak.example>"), None)

    found = await meadow.until(arrived)
    assert found is not None
    return found


async def _answers(meadow: Town, asked: Interaction, agent: int, cc: str, bcc: str = "") -> Placed:
    words = Reply(asked.conversation_id, asked.customer_id, Kind.EMAIL, "It is put right.", agent, "t1", cc=cc, bcc=bcc)
    async with meadow.hub.database.unit() as session:
        placed = await replies.answer(session, words, gate=meadow.hub.gate, now=clock.now())
    assert isinstance(placed, Placed)
    return placed


async def _letters(meadow: Town, *people: str) -> dict[str, Letter]:
    mail = meadow.world.mail

    async def arrived() -> bool:
        return all(mail.mailbox(one) for one in people)

    await meadow.until(arrived)
    return {one: letter for one in people for letter in mail.mailbox(one)}


def _read(letter: Letter) -> EmailMessage:
    return message_from_bytes(letter.raw, policy=policy.default)


async def test_everybody_gets_the_same_mail_and_nobody_reads_who_got_it_blindly(meadow: Town) -> None:
    await meadow.customer("Ana Nowak", email=ANA)
    agent = await meadow.staff(Role.AGENT)
    asked = await _asks(meadow, BEN, EVA)
    assert asked.copied == ["sales@elsewhere.example", BEN, EVA]
    placed = await _answers(meadow, asked, agent, f"{BEN}, {EVA}", DAN)
    letters = await _letters(meadow, ANA, BEN, EVA, DAN)
    assert len({letter.raw for letter in letters.values()}) == 1
    read = _read(letters[DAN])
    assert [box.addr_spec for box in read["To"].addresses] == [ANA]
    assert [box.addr_spec for box in read["Cc"].addresses] == [BEN, EVA]
    assert (read["Bcc"], b"dan@" in letters[ANA].raw) == (None, False)
    async with meadow.hub.database.unit() as session:
        (attempt,) = (await session.exec(select(Attempt))).all()
    assert (attempt.interaction_id, attempt.outcome) == (placed.interaction_id, "accepted")


async def test_whom_the_server_refuses_and_whose_copy_comes_back_are_told_of(meadow: Town) -> None:
    await meadow.customer("Gone", email=GONE)
    agent = await meadow.staff(Role.AGENT)
    placed = await _answers(meadow, await _asks(meadow, BEN), agent, f"{NOWHERE}, {GONE}, {BEN}")
    await _letters(meadow, ANA, BEN)

    async def settled() -> dict[str, tuple[str, str]]:
        async with meadow.hub.database.unit() as session:
            rows = (await session.exec(select(MailCopy))).all()
        known = {row.address: (row.fate.value, row.reason) for row in rows if row.fate is not CopyFate.ALONG}
        return known if len(known) == 2 else {}

    assert await meadow.until(settled) == {NOWHERE: ("refused", "bad_address"), GONE: ("failed", "bad_address")}
    async with meadow.hub.database.unit() as session:
        row = await session.get_one(Interaction, placed.interaction_id)
        gone = (await session.exec(select(Identity).where(Identity.value == GONE))).one()
    assert (row.state, row.reason, row.flag) == (State.SENT, "", COPY_FAILED)
    assert gone.state is IdentityState.DEAD


async def _faults(page: Page) -> list[object]:
    """What axe finds, with the chips in their field."""
    ran = await Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]})
    return [(one["id"], one["nodes"][0]["html"][:150]) for one in ran.response["violations"]]


async def _compose(desk: Page) -> None:
    """Eva is taken out, Dan gets it blindly."""
    chips = desk.locator(".copy-line:has([name=cc]) .chosen li .cut")
    await expect(chips).to_have_text(["sales@elsewhere.example", BEN, EVA])
    await desk.get_by_role("button", name=f"Remove {EVA}").click()
    await desk.get_by_role("button", name="Remove sales@elsewhere.example").click()
    await expect(chips).to_have_text([BEN])
    blind = desk.locator(".copy-line:has([name=bcc]) input[type=text]")
    await blind.fill("Dan Nowak <dan@nowak.example>")
    await blind.press("Enter")
    await expect(desk.locator(".copy-line:has([name=bcc]) .chosen li .cut")).to_have_text(
        ["Dan Nowak <dan@nowak.example>"]
    )


@pytest.mark.browser
@pytest.mark.skipif(in_chromium[1].args[0], reason="no Chromium on this machine")
async def test_an_agent_answers_all_takes_one_out_and_sees_who_got_it(meadow: Town) -> None:
    await meadow.customer("Ana Nowak", email=ANA)
    ben = await meadow.customer("Ben Nowak", email=BEN)
    await meadow.staff(Role.AGENT)
    asked = await _asks(meadow, BEN, EVA, "no-reply@nowak.example")
    async with chromium() as browser:
        desk = await sit_down(browser, meadow.url, "agent", path=f"/inbox/all/{asked.conversation_id}")
        await _compose(desk)
        assert await _faults(desk) == []
        await desk.fill(".composer textarea", "It is put right.")
        await desk.click("[data-send]")
        foot = desk.locator("#thread .bubble.out footer")
        await expect(foot).to_contain_text(f"to {ANA}")
        await expect(foot).to_contain_text(f"copy to {BEN}")
        await expect(foot).to_contain_text(f"blind copy to {DAN}")
        letters = await _letters(meadow, ANA, BEN, DAN)
        assert meadow.world.mail.mailbox(EVA) == []

        name = _read(letters[BEN])["Message-ID"]
        said = (
            f"From: {BEN}\r\nTo: {OURS}\r\nIn-Reply-To: {name}\r\nMessage-ID: <b1@x>\r\nSubject: Re\r\n\r\nThanks.\r\n"
        )
        await meadow.world.mail.write(BEN, OURS, "", "", raw=said.encode())
        await expect(desk.locator("#thread .bubble.in .text")).to_have_text(["It is wrong.", "Thanks."])
        await desk.goto(f"{meadow.url}/customers/{ben}")
        await expect(desk.locator("#timeline .bubble.out")).to_contain_text("copy of a mail to Ana Nowak")

        phone = await sit_down(browser, meadow.url, "agent", path=f"/inbox/all/{asked.conversation_id}", width=390)
        await phone.keyboard.press("b")
        field = phone.locator(".copy-line:has([name=cc]) input[type=text]")
        await expect(field).to_be_focused()
        await field.fill(f"{'a-very-long-name' * 3}@a-rather-long-domain-for-a-telephone.example, {EVA},")
        await expect(phone.locator(".copy-line:has([name=cc]) .chosen li .cut")).to_have_count(2)
        assert await phone.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert await _faults(phone) == []
        await phone.fill(".composer textarea", "Half a word")
        await phone.reload()
        await expect(phone.locator(".copy-line:has([name=cc]) .chosen li .cut")).to_have_count(2)
