"""Faults F4, F5 and F6: workers that freeze and mail servers that say no, break, crawl or lie, seen from the log."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session
from sqlalchemy import text

from channels.adapter import Channel
from channels.message import Kind
from channels.providers import open_channel
from hub import clock
from hub.models.vocabulary import Origin, Purpose, State
from hub.outbound import senders
from hub.outbound.request import Request, Words, send_many
from tests.channels.email.conftest import FakeSmtp
from tests.flows.test_outbound_delivery import World, world

__all__ = ["world"]

HELLO = Words("Hello", subject="Hi")
PATIENCE = 60  # seconds before a test that waits for something gives up


def mail_channel(port: int, name: str = "mail", **smtp: Any) -> Channel:
    server = {"host": "127.0.0.1", "port": port, "security": "none", **smtp}
    table = {"address": "support@meadow.example", "smtp": server}
    return open_channel(name, Kind.EMAIL, "smtp", table, webhook_base="http://hub.example")


@asynccontextmanager
async def speaking(world: World, channel: Channel) -> AsyncIterator[None]:
    """The world's channel of this name is this one meanwhile, and its sender has not rested or failed before."""
    channels = world.delivery.channels
    assert isinstance(channels, dict)
    before = channels.get(channel.name)
    channels[channel.name] = channel
    async with world.database.unit() as session:
        await senders.register(session, channel.name, Kind.EMAIL, rate=1000, burst=1000, now=clock.now())
        fresh = "update sender set paused_until = null, trouble = '', pace = 1, slowed_at = null, tat = '2000-01-01'"
        await session.execute(text(fresh))
    try:
        yield
    finally:
        await channel.close()
        if before is not None:
            channels[channel.name] = before


@asynccontextmanager
async def served(speak: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]) -> AsyncIterator[int]:
    talking: set[asyncio.Task[Any]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        talking.add(task)
        try:
            await speak(reader, writer)
        finally:
            talking.discard(task)
            writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    try:
        yield int(server.sockets[0].getsockname()[1])
    finally:
        server.close()
        for task in list(talking):
            task.cancel()
        await asyncio.gather(*talking, return_exceptions=True)


# ---- F5 -------------------------------------------------------------------------------------

NOT_NOW, NEVER, CLOSING = b"451 4.3.0 not now\r\n", b"550 5.1.1 no such user\r\n", b"421 4.7.0 slow down\r\n"
LATER, FAILED, UNSURE = (State.QUEUED, 1, False), (State.FAILED, 0, False), (State.UNKNOWN, 0, False)
RESTS = (State.QUEUED, 1, True)  # the whole sender
BY_TABLE: list[tuple[dict[str, Any], tuple[State, int, bool]]] = [
    *(({verb: NOT_NOW}, LATER) for verb in ("MAIL", "RCPT", "DATA", "dot")),
    *(({verb: NEVER}, FAILED) for verb in ("MAIL", "RCPT", "DATA", "dot")),
    *(({verb: CLOSING}, RESTS) for verb in ("greeting", "EHLO", "MAIL", "RCPT", "DATA", "dot")),
    *(({verb: "drop"}, RESTS) for verb in ("greeting", "EHLO")),
    *(({verb: "drop"}, LATER) for verb in ("MAIL", "RCPT", "DATA")),
    *(({verb: "hang"}, LATER) for verb in ("MAIL", "RCPT", "DATA")),
    *(({verb: b"\xff\xfe nonsense\r\n"}, LATER) for verb in ("MAIL", "RCPT")),
    *(({"dot": trouble}, UNSURE) for trouble in ("drop", "hang", b"\xff\xfe nonsense\r\n")),
    ({"QUIT": "drop"}, (State.SENT, 0, False)),
]


async def test_f5_every_trouble_at_every_verb_ends_in_the_state_of_the_table(world: World) -> None:
    """Requirement 3.2, for marketing: nothing that may have left goes again, no 5xx is tried again, no 4xx fails."""
    seen = []
    for number, (answers, _) in enumerate(BY_TABLE):
        customer = await world.customer(f"P{number:02d}")
        async with served(FakeSmtp(answers).serve) as port, speaking(world, mail_channel(port, timeout_seconds=0.5)):
            await world.ask(customer, Kind.EMAIL, HELLO, purpose=Purpose.MARKETING)
            await world.pump("mail")
        seen.append(await ended(world))
        async with world.database.unit() as session:
            await session.execute(text("delete from outbox"))
    assert [(list(answers), end) for (answers, _), end in zip(BY_TABLE, seen, strict=True)] == [
        (list(answers), end) for answers, end in BY_TABLE
    ]


async def ended(world: World) -> tuple[State, int, bool]:
    """State of the latest message, tickets that are left, and whether its sender rests."""
    async with world.database.unit() as session:
        left = (await session.execute(text("select count(*) from outbox"))).scalar_one()
        rests = "select coalesce(paused_until > clock_timestamp(), false) from sender where channel = 'mail'"
        resting = (await session.execute(text(rests))).scalar_one()
    return (await world.rows())[-1].state, left, resting


async def test_f5_of_twenty_recipients_one_refused_fails_alone(world: World) -> None:
    class OneOfTwenty(FakeSmtp):
        def _usual(self, verb: str) -> bytes:
            return NEVER if verb == "RCPT" and b"p07@" in self.connections[-1][-1] else super()._usual(verb)

    async with served(OneOfTwenty({}).serve) as port, speaking(world, mail_channel(port, connections=1)):
        for number in range(20):
            await world.ask(await world.customer(f"P{number:02d}"), Kind.EMAIL, HELLO)
        await world.pump("mail")
    rows = {row.recipient.split("@")[0]: row.state for row in await world.rows()}
    assert rows == {f"p{n:02d}": State.FAILED if n == 7 else State.SENT for n in range(20)}


# ---- F6 -------------------------------------------------------------------------------------


async def test_f6_a_server_that_says_one_byte_at_a_time_holds_up_no_other_account(world: World) -> None:
    begun = asyncio.Event()

    async def crawl(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"2")
        begun.set()
        await asyncio.Event().wait()  # the next byte comes in a second, the one after it in two: for ever

    async with served(crawl) as port, speaking(world, mail_channel(port, "slow", timeout_seconds=30)):
        people = [await world.customer(name) for name in ("Ana", "Bo", "Cy")]
        asked = [
            Request(one, Purpose.SERVICE, Origin.AGENT, HELLO, kinds=(Kind.EMAIL,), channel=channel)
            for channel in ("slow", "mail")
            for one in people
        ]
        gate = replace(world.gate, senders={Kind.EMAIL: ("mail", "slow")})
        async with world.database.unit() as session:
            await send_many(session, asked, gate=gate, now=clock.now())
        crawling = asyncio.create_task(world.pump("slow"))
        await asyncio.wait_for(begun.wait(), PATIENCE)
        assert await asyncio.wait_for(world.pump("mail"), PATIENCE) == 3
        states = Counter((row.channel, row.state) for row in await world.rows())
        assert states == {("mail", State.SENT): 3, ("slow", State.SENDING): 3}
        crawling.cancel()
        await asyncio.wait([crawling])


async def test_f6_broken_tls_costs_no_message_and_rests_the_channel(world: World) -> None:
    async def lie(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 fake\r\n")
        while line := await reader.readline():
            verb = line.split()[0].upper()
            writer.write(b"250-fake\r\n250 STARTTLS\r\n" if verb == b"EHLO" else b"220 go ahead\r\n")
            if verb == b"STARTTLS":
                writer.write(b"\x16\x03\x01 this is no handshake" * 20)
                return

    await world.ask(await world.customer("Ana"), Kind.EMAIL, HELLO)
    async with (
        served(lie) as port,
        speaking(world, mail_channel(port, security="starttls", timeout_seconds=2)),
    ):
        await world.pump("mail")
    sender = await world.sender("mail")
    assert (await world.row()).state is State.QUEUED
    assert sender.paused_until is not None


# ---- F4 -------------------------------------------------------------------------------------

WORKER = """
import asyncio, sys
from datetime import time, timedelta
from pathlib import Path
from channels.message import Kind
from channels.providers import open_channel
from hub.database.engine import Database
from hub.outbound.delivery import Delivery
from hub.outbound.question import Rules
from hub.outbound.pump import Pump
from hub.outbound.request import Gate
from hub.signing import Signer
from hub.storage import open_storage

async def main(url, port, blobs):
    smtp = {"host": "127.0.0.1", "port": int(port), "security": "none", "connections": 1}
    table = {"address": "support@meadow.example", "smtp": smtp}
    mail = open_channel("mail", Kind.EMAIL, "smtp", table, webhook_base="http://hub.example")
    rules = Rules(time(0), time(0), time(0), time(0), 3, tuple(Kind), "UTC")
    senders = {Kind.EMAIL: ("mail",)}
    gate = Gate(rules, senders, Signer(b"a secret for the tests, 32 bytes"), "http://hub.example", "Meadow", "en")
    short = {"lease": timedelta(seconds=6), "send_time": timedelta(seconds=3)}
    delivery = Delivery(Database(url, pool_size=2), {"mail": mail}, open_storage(Path(blobs)), gate, "frozen", **short)
    await Pump(delivery, "mail", concurrency=5).run(asyncio.Event())

asyncio.run(main(*sys.argv[1:]))
"""


class Freezing:
    """Counts what it takes; the first time it freezes the worker before it answers."""

    def __init__(self) -> None:
        self.taken: Counter[str] = Counter()
        self.worker: asyncio.subprocess.Process | None = None
        self.froze, self.went_on = asyncio.Event(), asyncio.Event()

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        self.taken[str(envelope.rcpt_tos[0])] += 1
        if self.worker is not None and not self.froze.is_set():
            os.kill(self.worker.pid, signal.SIGSTOP)
            self.froze.set()
        if str(envelope.rcpt_tos[0]).startswith("late"):
            self.went_on.set()
        return "250 2.0.0 Ok"


async def campaign_mails(world: World, *names: str) -> None:
    asked = [
        Request(await world.customer(name), Purpose.MARKETING, Origin.CAMPAIGN, HELLO, kinds=(Kind.EMAIL,))
        for name in names
    ]
    async with world.database.unit() as session:
        await send_many(session, asked, gate=world.gate, now=clock.now())


async def log_of(world: World) -> list[tuple[object, ...]]:
    query = "select id, state, detail, state_at, message_id from interaction order by id"
    async with world.database.unit() as session:
        rows = [tuple(row) for row in await session.execute(text(query))]
        tries = await session.execute(text("select interaction_id, outcome from attempt order by id"))
        return [*rows, *(tuple(row) for row in tries)]


async def lapsed(world: World) -> int:
    """Leases that have run out, once some have: by the database's clock, which nobody can set forward here."""
    while True:
        if found := await world.delivery.expire():
            return found
        await asyncio.sleep(0.1)


async def test_f4_a_worker_that_freezes_beyond_its_lease_and_thaws_writes_nothing_and_sends_nothing(
    world: World, database_url: str, tmp_path: Path
) -> None:
    await campaign_mails(world, "Ana", "Bo", "Cy", "Di")
    server = Freezing()
    listening = await asyncio.get_running_loop().create_server(lambda: SMTP(server), "127.0.0.1", 0)
    arguments = (database_url, str(listening.sockets[0].getsockname()[1]), str(tmp_path / "blobs"))
    server.worker = await asyncio.create_subprocess_exec(sys.executable, "-c", WORKER, *arguments)
    try:
        await asyncio.wait_for(server.froze.wait(), PATIENCE)
        assert await asyncio.wait_for(lapsed(world), PATIENCE) == 4
        before = await log_of(world)
        server.worker.send_signal(signal.SIGCONT)
        await campaign_mails(world, "Late")
        await asyncio.wait_for(server.went_on.wait(), PATIENCE)
    finally:
        server.worker.kill()
        await server.worker.wait()
        listening.close()
    assert set(server.taken.values()) == {1}
    assert len(server.taken) == 2  # what it sent as it froze, and what it was given afterwards
    assert (await log_of(world))[:4] == before[:4]
    assert [row[1] for row in before[:4]] == ["unknown"] * 4
    async with world.database.unit() as session:
        written = await session.execute(text("select outcome, count(*) from attempt group by outcome"))
        assert dict(written.tuples().all()).get("lease_expired") == 4
        stale = "select count(*) from attempt where outcome <> 'lease_expired' and interaction_id = any(:ids)"
        ids = [row[0] for row in before[:4]]
        assert (await session.execute(text(stale), {"ids": ids})).scalar_one() == 0
