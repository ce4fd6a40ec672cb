"""F23 and 0.1, on the wire: what strangers write into mails and files adds no header and no recipient to what we send.

Seen by the mail world's SMTP server, after the whole way through the hub; and the mail still goes out.
"""

from __future__ import annotations

import base64
import email
import email.policy
from dataclasses import replace
from email.message import Message
from pathlib import Path

from sqlmodel import select

from channels.message import Kind
from channels.sandbox.mail import Letter
from hub import clock
from hub.conversations import replies
from hub.customers import importing, sheets
from hub.models import Customer, Interaction
from hub.models.vocabulary import Direction, Origin, Purpose
from hub.outbound import request, templates
from tests.flows.town import OURS, Town, town, working

INJECTED = "=?utf-8?q?hi=0d=0aBcc=3a_victim=40x.test=0d=0a?="
SET = (
    INJECTED,
    "=?utf-8?b?" + base64.b64encode(INJECTED.encode()).decode() + "?=",
    "hi\r\nBcc: victim@x.test",
    "hi\nBcc: victim@x.test\n\nbody",
    "hi\rBcc: victim@x.test\x0bCc: a@x.test\x0c\x1c\u2028To: b@x.test\x85\x00",
    'Ana" <victim@x.test>, "Bo',
    "victim@x.test)<ana@x.test>",
    "=?utf-8?q?=22_=3Cvictim=40x=2Etest=3E=2C?= <a@x.test>",
)
COPIED, BLIND = "ben@partner.example", "eva@partner.example"
ANSWER = [
    *("From", "Date", "MIME-Version", "To", "Cc", "Reply-To", "Subject", "Message-ID", "In-Reply-To", "References"),
    "Content-Type",
]
BULK = [
    *("From", "Date", "MIME-Version", "Auto-Submitted", "X-Auto-Response-Suppress", "List-Id"),
    *("List-Unsubscribe-Post", "To", "Reply-To", "Subject", "Message-ID", "List-Unsubscribe", "Content-Type"),
]


def word(text: str) -> str:
    return "=?utf-8?b?" + base64.b64encode(text.encode()).decode() + "?="


def written_by_a_stranger(number: int) -> bytes:
    """Everything that comes back in an answer is poisoned: subject, name, Message-ID, References, Reply-To's name."""
    poison = SET[number]
    plain = poison if poison.isprintable() and '"' not in poison else word(poison)
    lines = [
        f"From: {word(poison)} <ana{number}@people.example>",
        f"Reply-To: {word(poison)} <ana{number}@people.example>",
        f"To: {OURS}",
        f"Cc: {word(poison)} <{COPIED}>",
        f"Subject: {plain}",
        f"Message-ID: <{number}@people.example>" + (f"\r\n <x> {word(poison)}" if number % 2 else ""),
        f"References: <a@x>\r\n {word(poison)} <b@x>",
        "Date: Tue, 10 Mar 2026 12:00:00 +0000",
    ]
    return ("\r\n".join(lines) + "\r\n\r\nHello\r\n").encode()


def assert_as_meant(letter: Letter, fields: list[str], recipient: str) -> Message:
    """By three readers: raw lines, compat32, and the one that the attack is made for."""
    head = letter.raw.partition(b"\r\n\r\n")[0].split(b"\r\n")
    ours = head[next(i for i, line in enumerate(head) if line.startswith(b"From:")) :]  # under the server's trace
    assert [line.partition(b":")[0].decode() for line in ours if line[:1] not in (b" ", b"\t")] == fields
    for policy in (email.policy.compat32, email.policy.default):
        read = email.message_from_bytes(b"\r\n".join(ours) + letter.raw[len(b"\r\n".join(head)) :], policy=policy)
        assert list(read.keys()) == fields
        assert [part["Bcc"] for part in read.walk()] == [None] * len(list(read.walk()))
    assert [box.addr_spec for box in read["To"].addresses] == [recipient] == [letter.recipient]
    assert [box.addr_spec for box in read["Cc"].addresses] == [COPIED] if "Cc" in fields else read["Cc"] is None
    return read


async def _poisoned_file(meadow: Town, name: str) -> request.NewFile:
    digest = await meadow.hub.storage.put(b"%PDF-1.7")
    return request.NewFile(name, name, digest, 8)


async def _answer(meadow: Town, asked: Interaction, staff: int) -> None:
    file = await _poisoned_file(meadow, asked.subject or "x")
    assert asked.conversation_id is not None
    reply = replies.Reply(
        asked.conversation_id, asked.customer_id, Kind.EMAIL, "It is put right.", staff, str(asked.id), files=(file,)
    )
    reply = replace(reply, cc=", ".join(asked.copied or ()), bcc=BLIND)
    async with meadow.hub.database.unit() as session:
        given = await replies.answer(session, reply, gate=meadow.hub.gate, now=clock.now())
    assert isinstance(given, request.Placed)


async def test_an_answer_to_a_poisoned_mail_holds_what_was_meant_and_goes_out(
    database_url: str, tmp_path: Path
) -> None:
    async with town(database_url, tmp_path) as meadow, working(meadow.hub):
        mail, staff = meadow.world.mail, await meadow.staff()
        for number in range(len(SET)):
            await mail.write(f"ana{number}@people.example", OURS, "", "", raw=written_by_a_stranger(number))

        async def arrived() -> list[Interaction]:
            log = [row for row in await meadow.log() if row.direction is Direction.IN]
            return log if len(log) == len(SET) else []

        for asked in await meadow.until(arrived):
            await _answer(meadow, asked, staff)
        await meadow.until(lambda: _delivered(meadow, 3 * len(SET)))
        people = [f"ana{number}@people.example" for number in range(len(SET))]
        assert sorted(mail.addresses()) == sorted([*people, COPIED, BLIND])
        assert [len(mail.mailbox(one)) for one in (COPIED, BLIND)] == [len(SET)] * 2
        for number in range(len(SET)):
            recipient = f"ana{number}@people.example"
            (letter,) = mail.mailbox(recipient)
            read = assert_as_meant(letter, ANSWER, recipient)
            assert read["In-Reply-To"] == f"<{number}@people.example>"
            (file,) = [part for part in read.walk() if part.get_content_disposition() == "attachment"]
            assert file.get_content_type() == "application/octet-stream"


async def test_names_from_a_file_and_fields_of_a_campaign_stay_words(database_url: str, tmp_path: Path) -> None:
    variants = {
        "en": {
            "subject": "{{ customer.name }} {{ customer.attributes.note }}",
            "body": "Dear {{ customer.name }}, {{ unsubscribe_url }}",
            "html": "<p>{{ customer.name }}</p>",
        }
    }
    file = tmp_path / "people.csv"
    rows = [",".join(_cell(cell) for cell in (p, f"bo{n}@people.example", p, "marketing:email")) for n, p in _clean()]
    file.write_text("\n".join(["name,email,note,consent", *rows]), encoding="utf-8", newline="")
    async with town(database_url, tmp_path) as meadow, working(meadow.hub):
        async with meadow.hub.database.unit() as session:
            version = await templates.save(session, "poisoned", variants, now=clock.now())
            terms = importing.Terms(importing.Duplicates.SKIP, "file", None, "en")
            await importing.bring(session, list(sheets.lines(file, {})), terms, now=clock.now())
        await _send_to_all(meadow, version.id or 0)
        await meadow.until(lambda: _delivered(meadow, len(rows)))
        mail = meadow.world.mail
        assert sorted(mail.addresses()) == sorted(f"bo{n}@people.example" for n, _ in _clean())
        for recipient in mail.addresses():
            (letter,) = mail.mailbox(recipient)
            assert_as_meant(letter, BULK, recipient)


def _clean() -> list[tuple[int, str]]:
    return [(number, poison.replace("\x00", "")) for number, poison in enumerate(SET)]


def _cell(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


async def _send_to_all(meadow: Town, version: int) -> None:
    async with meadow.hub.database.unit() as session:
        for customer in (await session.exec(select(Customer))).all():
            values = {"customer": {"name": customer.name, "attributes": customer.attributes}}
            asked = request.Request(
                customer.id,
                Purpose.MARKETING,
                Origin.CAMPAIGN,
                request.Templated(version, values),
                kinds=(Kind.EMAIL,),
            )
            given = await request.send(session, asked, gate=meadow.hub.gate, now=clock.now())
            assert isinstance(given, request.Placed), given


async def _delivered(meadow: Town, number: int) -> bool:
    mail = meadow.world.mail
    return sum(len(mail.mailbox(address)) for address in mail.addresses()) >= number
