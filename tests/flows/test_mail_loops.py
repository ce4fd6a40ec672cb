"""F19 and L4: two hubs wired to each other by real SMTP and IMAP, robots, and bounces of bounces.

Each hub has a mail world of its own; what one world takes for the other's domain is delivered there, as it is or by a
relay that loses every header which tells that a mail was written by a machine.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from email.parser import BytesParser
from email.policy import compat32
from email.utils import format_datetime
from pathlib import Path

import aiosmtplib
import pytest
from sqlmodel import col, func, select

from channels.message import Kind
from channels.sandbox import mail_letters
from channels.sandbox.mail import Account, Letter, MailWorld
from hub import clock
from hub.bootstrap import Hub, open_hub
from hub.customers import directory
from hub.interactions import partitions
from hub.jobs import listen, read, send
from hub.models import Interaction, Outbox
from hub.models.vocabulary import AddressKind, Direction, Origin, Purpose, State
from hub.outbound import request
from hub.settings import Settings

LOST = ("Auto-Submitted", "X-Auto-Response-Suppress", "Precedence", "In-Reply-To", "References", "X-Loop")
ANA, ROBOT = "ana@pretend.example", "robot@pretend.example"


@dataclass
class House:
    """A hub with its mail world. `sent` is every mail that left the hub, in order."""

    own: str
    world: MailWorld
    hub: Hub
    sent: list[Letter] = field(default_factory=list)

    async def say(self, recipient: str, subject: str) -> None:
        """An agent's mail."""
        async with self.hub.database.unit() as session:
            found = await directory.find(session, AddressKind.EMAIL, recipient)
            if found is None:
                new = directory.NewCustomer("They", emails=(recipient,))
                found = await directory.create(session, new, now=clock.now())
            words = request.Words("Hello.", subject=subject)
            asked = request.Request(found.id, Purpose.SERVICE, Origin.AGENT, words, kinds=(Kind.EMAIL,))
            await request.send(session, asked, gate=self.hub.gate, now=clock.now())

    async def automatic(self) -> list[State]:
        """What became of the answers that nobody wrote."""
        async with self.hub.database.unit() as session:
            found = select(col(Interaction.state)).where(Interaction.origin == Origin.AUTOMATION)
            return list((await session.scalars(found.order_by(col(Interaction.id)))).all())

    async def heard(self, subject: str) -> bool:
        async with self.hub.database.unit() as session:
            found = select(func.count()).select_from(Interaction)
            ours = found.where(Interaction.direction == Direction.IN, Interaction.subject == subject)
            return (await session.exec(ours)).one() > 0

    async def idle(self) -> bool:
        """Nothing waits to be sent."""
        async with self.hub.database.unit() as session:
            return (await session.exec(select(func.count()).select_from(Outbox))).one() == 0

    async def until(self, truth: Callable[[], Awaitable[bool]]) -> None:
        async with asyncio.timeout(60), self.hub.live.subscribe() as happenings:
            while not await truth():
                await happenings.get()

    async def catch_up(self, mark: str) -> None:
        """Until everything that lies in the mailbox is read and answered. The mark itself is a list's mail."""
        head = f"From: <{ANA}>\r\nTo: <{self.own}>\r\nSubject: {mark}\r\nMessage-ID: <{mark}@pretend.example>\r\n"
        await self.world.write(ANA, self.own, mark, "", raw=f"{head}List-Id: <x.example>\r\n\r\n.".encode())
        await self.until(lambda: self.heard(mark))
        await self.until(self.idle)


@asynccontextmanager
async def house(own: str, database_url: str, folder: Path) -> AsyncIterator[House]:
    world = MailWorld({own: Account(own, "sandbox")})
    await world.start()
    try:
        async with open_hub(_settings(own, world, folder), database_url) as hub:
            async with hub.database.unit() as session:
                await partitions.ensure_months(session, clock.now())
            async with _working(hub):
                yield House(own, world, hub)
    finally:
        await world.stop()


@asynccontextmanager
async def _working(hub: Hub) -> AsyncIterator[None]:
    """The loops of a worker that move mail."""
    stop = asyncio.Event()
    loops = [asyncio.create_task(loop(hub, stop)) for loop in (listen.run, read.run, send.run)]
    try:
        yield
    finally:
        stop.set()
        await asyncio.wait_for(asyncio.gather(*loops), 20)


def _settings(own: str, world: MailWorld, folder: Path) -> Settings:
    server = {"host": "127.0.0.1", "security": "none", "username": own, "password": "sandbox"}
    always = dict.fromkeys(("quiet_from", "quiet_until", "unknown_zone_from", "unknown_zone_until"), "00:00")
    mail = {
        "kind": "email",
        "provider": "smtp",
        "address": own,
        "rate": 100,
        "burst": 100,
        "smtp": {**server, "port": world.smtp_port},
        "imap": {**server, "port": world.imap_port, "poll_seconds": 0.2},
    }
    return Settings.model_validate(
        {
            "hub": {"data_dir": folder},
            "gate": always,
            "automations": {"acknowledge": True},
            "channels": {"mail": mail},
        }
    )


def wire(here: House, there: House, *, strips: bool) -> None:
    """Deliver what `here` sends to the domain of `there`; what is refused there comes back as a bounce."""

    async def forward(letter: Letter) -> None:
        here.sent.append(letter)
        if letter.recipient.rpartition("@")[2] != there.own.rpartition("@")[2]:
            return
        sender, raw = (here.own, _stripped(letter.raw)) if strips else (letter.sender, letter.raw)
        try:
            await _deliver(there.world.smtp_port, sender, letter.recipient, raw)
        except aiosmtplib.SMTPRecipientsRefused:
            if sender:
                report = mail_letters.report(sender, letter, status="5.1.1", action="failed", diagnostic="550 5.1.1 no")
                back = _stripped(report) if strips else report
                await _deliver(here.world.smtp_port, "mailer@x.example" if strips else "", sender, back)

    here.world.on_letter.append(forward)


async def _deliver(port: int, sender: str, recipient: str, raw: bytes) -> None:
    async with aiosmtplib.SMTP(hostname="127.0.0.1", port=port, start_tls=False, local_hostname="relay") as client:
        await client.sendmail(sender, [recipient], raw)


def _stripped(raw: bytes) -> bytes:
    mail = BytesParser(policy=compat32).parsebytes(raw)
    for name in LOST:
        del mail[name]
    return mail.as_bytes()


@pytest.mark.parametrize("strips", [False, True], ids=["as it is", "without the marks of machines"])
async def test_two_hubs_exchange_at_most_two_automatic_messages_however_often_they_write_f19(
    strips: bool, database_url: str, other_database_url: str, tmp_path: Path
) -> None:
    async with AsyncExitStack() as stack:
        a = await stack.enter_async_context(house("desk@a.example", database_url, tmp_path / "a"))
        b = await stack.enter_async_context(house("desk@b.example", other_database_url, tmp_path / "b"))
        wire(a, b, strips=strips)
        wire(b, a, strips=strips)
        for number in range(3):
            await a.say(b.own, f"From a {number}")
            await b.until(lambda n=number: b.heard(f"From a {n}"))  # type: ignore[misc]
            await b.say(a.own, f"From b {number}")
            await a.until(lambda n=number: a.heard(f"From b {n}"))  # type: ignore[misc]
            for settled in range(2):
                await b.catch_up(f"b {number} {settled}")
                await a.catch_up(f"a {number} {settled}")
        left = [state for one in (a, b) for state in await one.automatic() if state in (State.SENT, State.DELIVERED)]
        told = [letter for one in (a, b) for letter in one.sent if letter.subject.startswith("Auto:")]
        assert 1 <= len(left) == len(told) <= 2
        assert {letter.sender for letter in told} == {""}  # RFC 3834: nothing comes back to it


async def test_a_robot_that_answers_everything_with_a_new_mail_is_answered_once(
    database_url: str, other_database_url: str, tmp_path: Path
) -> None:
    async with house("desk@a.example", database_url, tmp_path) as a:
        answered = 0

        async def robot(letter: Letter) -> None:
            nonlocal answered
            a.sent.append(letter)
            answered += 1
            head = f"From: <{ROBOT}>\r\nTo: <{a.own}>\r\nSubject: Away {answered}\r\n"
            head += f"Date: {format_datetime(clock.now())}\r\nMessage-ID: <{answered}@pretend.example>\r\n"
            raw = f"{head}\r\nI am away.".encode()
            await a.world.write(ROBOT, a.own, "", "", raw=raw)

        a.world.on_letter.append(robot)
        await a.world.write(ROBOT, a.own, "Hello", "A first question")
        await a.until(lambda: a.heard("Away 1"))
        await a.catch_up("then")
        assert await a.automatic() == [State.SENT, State.WITHHELD]
        assert len(a.sent) == 1


async def test_a_bounce_of_a_bounce_is_answered_by_nobody(
    database_url: str, other_database_url: str, tmp_path: Path
) -> None:
    async with AsyncExitStack() as stack:
        a = await stack.enter_async_context(house("desk@a.example", database_url, tmp_path / "a"))
        b = await stack.enter_async_context(house("desk@b.example", other_database_url, tmp_path / "b"))
        for strips in (False, True):
            wire(a, b, strips=strips)
        await a.say("nobody@b.example", "To nobody")
        await a.world.write("nobody@b.example", a.own, "From nobody", "A forged sender")
        await a.until(lambda: a.heard("From nobody"))
        await a.catch_up("first")
        await a.catch_up("second")
        assert len(await a.automatic()) <= 1
        assert await b.automatic() == []
        assert len(a.sent) <= 4  # the agent's and the acknowledgement, each seen by both wires
