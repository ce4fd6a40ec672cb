"""From a request to the far side of the wire and back: real SMTP, HTTP and callbacks (requirements U6, F1, 3.2)."""

from __future__ import annotations

import asyncio
import sys
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import pytest
from aiohttp import web
from aiosmtpd.smtp import SMTP, Envelope, Session
from sqlalchemy import text
from sqlmodel import col, select

from channels.adapter import Channel, Sender, WebRequest
from channels.message import Accepted, CallEvent, Kind, Outbound, Receipt
from channels.providers import open_channel
from channels.sandbox.carrier import Carrier
from channels.sandbox.mail import Account, MailWorld
from channels.sandbox.resources import CompanyNumber
from hub import clock
from hub.customers import consent, directory
from hub.database.engine import Database
from hub.interactions import receipts
from hub.models import Attempt, Interaction, SenderRow, Staff
from hub.models.vocabulary import Kind as HubKind
from hub.models.vocabulary import Origin, Purpose, Role, State
from hub.outbound import calling, senders
from hub.outbound.delivery import Delivery
from hub.outbound.outbox import Ticket
from hub.outbound.preparing import Ready
from hub.outbound.pump import Pump
from hub.outbound.request import Answer, Gate, NewFile, Request, Words, send, send_many
from hub.storage import Storage, open_storage
from tests.gates import AT_ANY_HOUR, gate_of

SID, TOKEN = "AC" + "0123456789abcdef" * 2, "the sandbox's token"
TEXTS, CALLS = CompanyNumber("+48220000000"), CompanyNumber("+48220000001")


@dataclass
class World:
    """The hub's outbound side between its database and two pretend providers."""

    database: Database
    gate: Gate
    delivery: Delivery
    mail: MailWorld
    carrier: Carrier
    storage: Storage

    async def customer(self, name: str, phone: str = "") -> UUID:
        new = directory.NewCustomer(
            name, name, emails=(f"{name.lower()}@example.org",), phones=(phone,) if phone else (), timezone="UTC"
        )
        async with self.database.unit() as session:
            made = await directory.create(session, new, now=clock.now())
            for kind in Kind:
                said = consent.Statement(made.id, Purpose.MARKETING, kind, granted=True, source="test")
                await consent.record(session, said, now=clock.now())
        return made.id

    async def ask(self, customer: UUID, kind: Kind, words: Words, *, purpose: Purpose = Purpose.SERVICE) -> Answer:
        origin = Origin.AGENT if purpose is Purpose.SERVICE else Origin.OCCASION
        async with self.database.unit() as session:
            asked = Request(customer, purpose, origin, words, kinds=(kind,))
            return await send(session, asked, gate=self.gate, now=clock.now())

    async def campaign(self, people: int) -> None:
        """A mail of a campaign to each of so many."""
        customers = [await self.customer(f"Person{n}") for n in range(people)]
        words = Words("Tulips", subject="Spring")
        asked = [Request(one, Purpose.MARKETING, Origin.CAMPAIGN, words, kinds=(HubKind.EMAIL,)) for one in customers]
        async with self.database.unit() as session:
            await send_many(session, asked, gate=self.gate, now=clock.now())

    async def pump(self, channel: str) -> int:
        """One turn of the pump; how many messages were talked about with the provider."""
        _, ready = await self.delivery.claim(channel, 50)
        await self.delivery.settle(await asyncio.gather(*map(self.delivery.deliver, ready)))
        return len(ready)

    async def rows(self) -> list[Interaction]:
        async with self.database.unit() as session:
            return list(await session.exec(select(Interaction).order_by(col(Interaction.id))))

    async def row(self) -> Interaction:
        (only,) = await self.rows()
        return only

    async def attempts(self) -> list[tuple[str, str]]:
        async with self.database.unit() as session:
            return list(await session.exec(select(Attempt.outcome, Attempt.stage).order_by(col(Attempt.id))))

    async def sender(self, channel: str) -> SenderRow:
        async with self.database.unit() as session:
            return (await session.exec(select(SenderRow).where(SenderRow.channel == channel))).one()

    async def receive(self, request: web.Request) -> web.Response:
        """What the hub's web door does with a callback, in small."""
        channel = self.delivery.channels[request.match_info["channel"]]
        url = str(request.url.origin()) + request.raw_path
        seen = WebRequest(url, {k.lower(): v for k, v in request.headers.items()}, await request.read())
        assert channel.webhook
        for event in channel.webhook.read(seen):
            if isinstance(event, Receipt):
                async with self.database.unit() as session:
                    await receipts.apply(session, channel, event, signer=self.gate.signer, now=clock.now())
            if isinstance(event, CallEvent) and event.asks:
                return await self._say(channel, event)
        return web.Response(status=204)

    async def _say(self, channel: Channel, event: CallEvent) -> web.Response:
        number = self.gate.signer.read_message_token(event.token)
        async with self.database.unit() as session:
            call = await session.get(Interaction, number)
            assert call is not None
            script = await calling.script(session, call, event, gate=self.gate, now=clock.now())
        assert channel.answerer
        answer = channel.answerer.answer(script, event.token)
        return web.Response(body=answer.body, content_type=answer.media_type)


@pytest.fixture
async def world(database: Database, tmp_path: Path) -> AsyncIterator[World]:
    carrier = Carrier(SID, TOKEN, [TEXTS, CALLS])
    mail = MailWorld({"support@meadow.example": Account("support", "secret")})
    gate = gate_of(AT_ANY_HOUR)
    storage = open_storage(tmp_path / "blobs")
    channels: dict[str, Channel] = {}
    delivery = Delivery(database, channels, storage, gate, "test")
    built = World(database, gate, delivery, mail, carrier, storage)
    async with AsyncExitStack() as stack:
        await carrier.start(routes=[web.post("/webhooks/{channel}/{what}", built.receive)])
        stack.push_async_callback(carrier.stop)
        await mail.start()
        stack.push_async_callback(mail.stop)
        channels |= _channels(mail.smtp_port, carrier.base_url)
        for channel in channels.values():
            stack.push_async_callback(channel.close)
            async with database.unit() as session:
                await senders.register(session, channel.name, channel.kind, rate=1000, burst=1000, now=clock.now())
        yield built


def _channels(smtp_port: int, carrier: str) -> dict[str, Channel]:
    smtp = {"host": "127.0.0.1", "port": smtp_port, "security": "none", "username": "support", "password": "secret"}
    mail = {"address": "support@meadow.example", "smtp": smtp}
    account = {"account_sid": SID, "auth_token": TOKEN, "base_url": carrier}
    tables: list[tuple[str, Kind, str, Mapping[str, object]]] = [
        ("mail", Kind.EMAIL, "smtp", mail),
        ("sms", Kind.SMS, "twilio", account | {"number": TEXTS.number}),
        ("voice", Kind.VOICE, "twilio", account | {"number": CALLS.number}),
    ]
    return {
        name: open_channel(name, kind, provider, table, webhook_base=f"{carrier}/webhooks/{name}")
        for name, kind, provider, table in tables
    }


# ---- mail -----------------------------------------------------------------------------------


async def test_an_agents_mail_with_a_file_lies_in_the_customers_mailbox(world: World) -> None:
    digest = await world.storage.put(b"the plan")
    words = Words("Hello Ana", subject="The plan", files=(NewFile("plan.txt", "text/plain", digest, 8),))
    await world.ask(await world.customer("Ana"), Kind.EMAIL, words)
    assert await world.pump("mail") == 1
    (letter,), row = world.mail.mailbox("ana@example.org"), await world.row()
    assert (letter.subject, letter.text.strip()) == ("The plan", "Hello Ana")
    assert [enclosure.content for enclosure in letter.enclosures] == [b"the plan"]
    assert (row.state, row.message_id, row.sender) == (State.SENT, letter.message_id, "support@meadow.example")
    assert await world.attempts() == [("accepted", "")]


async def test_marketing_mail_carries_the_one_click_headers(world: World) -> None:
    """Requirement U1."""
    words = Words("Tulips", subject="Spring")
    await world.ask(await world.customer("Ana"), Kind.EMAIL, words, purpose=Purpose.MARKETING)
    await world.pump("mail")
    (letter,) = world.mail.mailbox("ana@example.org")
    assert b"List-Unsubscribe: <http://hub.example/u/" in letter.raw
    assert b"List-Unsubscribe-Post: List-Unsubscribe=One-Click" in letter.raw
    assert b"Auto-Submitted: auto-generated" in letter.raw


async def test_an_opt_out_between_queueing_and_sending_is_kept(world: World) -> None:
    """Requirement U6."""
    customer = await world.customer("Ana")
    await world.ask(customer, Kind.EMAIL, Words("Tulips", subject="Spring"), purpose=Purpose.MARKETING)
    async with world.database.unit() as session:
        said = consent.Statement(customer, Purpose.MARKETING, Kind.EMAIL, granted=False, source="one-click")
        await consent.record(session, said, now=clock.now())
    assert await world.pump("mail") == 0
    row = await world.row()
    assert (row.state, row.reason, world.mail.mailbox("ana@example.org")) == (State.WITHHELD, "opted_out", [])
    assert (row.trace or [])[-1].startswith("at sending: email: opted out")


async def test_a_greylisted_mail_goes_the_second_time(world: World) -> None:
    await world.ask(await world.customer("greylist-ana"), Kind.EMAIL, Words("Hello", subject="Hi"))
    await world.pump("mail")
    assert ((await world.row()).state, world.mail.mailbox("greylist-ana@example.org")) == (State.QUEUED, [])
    async with world.database.unit() as session:
        await session.execute(text("update outbox set due_at = clock_timestamp()"))
    await world.pump("mail")
    assert ((await world.row()).state, len(world.mail.mailbox("greylist-ana@example.org"))) == (State.SENT, 1)
    assert [outcome for outcome, _ in await world.attempts()] == ["try_later", "accepted"]


async def test_service_mail_of_unknown_fate_goes_again_with_the_same_message_id(world: World) -> None:
    await world.ask(await world.customer("drop-ana"), Kind.EMAIL, Words("Hello", subject="Hi"))
    await world.pump("mail")
    assert ((await world.row()).state, (await world.row()).flag) == (State.UNKNOWN, "may be double")
    async with world.database.unit() as session:
        await session.execute(text("update outbox set due_at = clock_timestamp()"))
    await world.pump("mail")
    letters = world.mail.mailbox("drop-ana@example.org")
    assert [letter.message_id for letter in letters] == [letters[0].message_id] * 2


async def test_a_mail_that_may_have_left_is_not_called_expired_when_its_time_is_over(world: World) -> None:
    await world.ask(await world.customer("drop-ana"), Kind.EMAIL, Words("Hello", subject="Hi"))
    await world.pump("mail")
    async with world.database.unit() as session:
        past = "clock_timestamp() - interval '1 second'"
        await session.execute(text(f"update outbox set due_at = {past}, expires_at = {past}"))
    assert await world.pump("mail") == 0
    assert ((await world.row()).state, (await world.row()).flag) == (State.UNKNOWN, "may be double")


async def test_marketing_of_unknown_fate_never_goes_again(world: World) -> None:
    customer = await world.customer("drop-ana")
    await world.ask(customer, Kind.EMAIL, Words("Tulips", subject="Spring"), purpose=Purpose.MARKETING)
    assert [await world.pump("mail"), await world.pump("mail")] == [1, 0]
    assert ((await world.row()).state, len(world.mail.mailbox("drop-ana@example.org"))) == (State.UNKNOWN, 1)


async def test_a_refused_address_fails_for_good(world: World) -> None:
    await world.ask(await world.customer("refuse-ana"), Kind.EMAIL, Words("Hello", subject="Hi"))
    await world.pump("mail")
    assert ((await world.row()).state, (await world.row()).reason) == (State.FAILED, "bad_address")


async def test_a_refused_password_is_shown_fails_nothing_and_heals(world: World, tmp_path: Path) -> None:
    await world.ask(await world.customer("Ana"), Kind.EMAIL, Words("Hello", subject="Hi"))
    smtp = {"host": "127.0.0.1", "port": world.mail.smtp_port, "security": "none", "username": "support"}
    table = {"address": "support@meadow.example", "smtp": smtp | {"password": "wrong"}}
    wrong = open_channel("mail", Kind.EMAIL, "smtp", table, webhook_base="http://hub.example")
    right = world.delivery.channels["mail"]
    world.delivery.channels["mail"] = wrong  # type: ignore[index]
    await world.pump("mail")
    await wrong.close()
    assert ((await world.row()).state, (await world.sender("mail")).trouble != "") == (State.QUEUED, True)
    world.delivery.channels["mail"] = right  # type: ignore[index]
    assert await world.pump("mail") == 0  # it rests for a minute
    async with world.database.unit() as session:
        await session.execute(text("update sender set paused_until = clock_timestamp()"))
    await world.pump("mail")
    assert ((await world.row()).state, (await world.sender("mail")).trouble) == (State.SENT, "")


async def test_a_file_that_is_gone_from_the_storage_fails_before_the_wire(world: World) -> None:
    words = Words("Hello", subject="Hi", files=(NewFile("plan.txt", "text/plain", "0" * 64, 8),))
    await world.ask(await world.customer("Ana"), Kind.EMAIL, words)
    await world.pump("mail")
    assert (await world.row()).state is State.FAILED
    assert await world.attempts() == [("refused", "attachments")]


class Foundering:
    """A storage that fails as nobody foresaw."""

    async def get(self, digest: str) -> bytes:
        raise RuntimeError(f"the library for {digest[:4]} has a fault of its own")


async def test_an_unforeseen_failure_of_the_storage_is_before_the_wire_and_tried_again(world: World) -> None:
    words = Words("Hello", subject="Hi", files=(NewFile("plan.txt", "text/plain", "0" * 64, 8),))
    await world.ask(await world.customer("Ana"), Kind.EMAIL, words)
    world.delivery = replace(world.delivery, storage=cast("Storage", Foundering()))
    await world.pump("mail")
    assert (await world.row()).state is State.QUEUED
    assert await world.attempts() == [("try_later", "attachments")]


async def test_a_worker_that_was_frozen_between_claim_and_wire_sends_nothing(world: World) -> None:
    """Requirement F4: asked by the monotonic clock, which runs on while the process does not."""
    await world.ask(await world.customer("Ana"), Kind.EMAIL, Words("Hello", subject="Hi"))
    asleep = Delivery(
        world.database,
        world.delivery.channels,
        world.storage,
        world.gate,
        "frozen",
        lease=timedelta(seconds=1),
        send_time=timedelta(seconds=1),
    )
    _, (ready,) = await asleep.claim("mail", 1)
    outcome = await asleep.deliver(ready)
    assert "too slow to begin" in str(outcome.result)
    assert world.mail.mailbox("ana@example.org") == []


async def test_a_message_that_cannot_be_made_fails_alone_and_those_behind_it_go(world: World) -> None:
    await world.ask(await world.customer("Ana"), Kind.EMAIL, Words("Hello", subject="Hi"))
    await world.ask(await world.customer("Bo"), Kind.EMAIL, Words("Hello", subject="Hi"))
    async with world.database.unit() as session:
        await session.execute(text("update interaction set call = '7' where recipient = 'ana@example.org'"))
    assert await world.pump("mail") == 1
    assert [row.state for row in await world.rows()] == [State.FAILED, State.SENT]
    assert [len(world.mail.mailbox(f"{name}@example.org")) for name in ("ana", "bo")] == [0, 1]


async def test_a_server_that_answers_in_its_own_charset_is_believed(world: World) -> None:
    """Its words go into the attempt log; if they could not, the mail would count as unknown and go out twice."""
    sink = Foreign()
    server = await asyncio.get_running_loop().create_server(lambda: SMTP(sink), "127.0.0.1", 0)
    smtp = {"host": "127.0.0.1", "port": server.sockets[0].getsockname()[1], "security": "none"}
    table = {"address": "support@meadow.example", "smtp": smtp}
    mail = open_channel("mail", Kind.EMAIL, "smtp", table, webhook_base="http://hub.example")
    world.delivery.channels["mail"] = mail  # type: ignore[index]
    await world.ask(await world.customer("Ana"), Kind.EMAIL, Words("Hello", subject="Hi"))
    await world.pump("mail")
    assert (await world.row()).state is State.SENT
    await mail.close()
    server.close()


class Foreign:
    """Takes mail and says so in KOI8-R."""

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        cast("asyncio.WriteTransport", server.transport).write("250 2.0.0 принято\r\n".encode("koi8-r"))
        return ""


# ---- the pump -------------------------------------------------------------------------------


async def test_the_pump_sends_what_comes_and_settles_before_it_stops(world: World) -> None:
    arrived, stop = asyncio.Event(), asyncio.Event()

    async def seen(_letter: object) -> None:
        arrived.set()

    world.mail.on_letter.append(seen)
    pump = Pump(world.delivery, "mail")
    running = asyncio.create_task(pump.run(stop))
    await world.ask(await world.customer("Ana"), Kind.EMAIL, Words("Hello", subject="Hi"))
    pump.wake.set()
    await asyncio.wait_for(arrived.wait(), 20)
    stop.set()
    await asyncio.wait_for(running, 20)
    assert (await world.row()).state is State.SENT


@dataclass(frozen=True, slots=True)
class Counted(Delivery):
    """Notes how many messages are begun together."""

    together: list[int] = field(default_factory=list)

    async def make(self, channel: str, tickets: Sequence[Ticket], claimed: float) -> list[Ready]:
        self.together.append(len(tickets))
        return await Delivery.make(self, channel, tickets, claimed)


async def test_a_third_of_what_may_be_under_way_is_begun_together_so_that_wire_and_database_do_not_wait_in_turns(
    world: World,
) -> None:
    delivery = Counted(world.database, world.delivery.channels, world.storage, world.gate, "worker")
    people, taken, left, stop = 25, Counter[str](), asyncio.Event(), asyncio.Event()

    async def seen(_letter: object) -> None:
        taken["mails"] += 1
        if taken["mails"] == people:
            left.set()

    world.mail.on_letter.append(seen)
    await world.campaign(people)
    running = asyncio.create_task(Pump(delivery, "mail", concurrency=20).run(stop))
    await asyncio.wait_for(left.wait(), 30)
    stop.set()
    await asyncio.wait_for(running, 30)
    assert {row.state for row in await world.rows()} == {State.SENT}
    assert (sum(delivery.together), max(delivery.together)) == (people, 5)  # a fifth of the 20 is kept for people


async def test_one_outcome_that_cannot_be_written_down_does_not_keep_the_others_from_it(world: World) -> None:
    """A message that vanishes while it is in flight (its customer is erased) ends nobody else's."""
    landed, stop = asyncio.Event(), asyncio.Event()
    real = world.delivery.channels["mail"]
    spoiling = Spoiling(real.sender, "bo@example.org", landed)
    world.delivery.channels["mail"] = replace(real, sender=spoiling)  # type: ignore[index]
    for name in ("Ana", "Bo", "Cy"):
        await world.ask(await world.customer(name), Kind.EMAIL, Words("Hello", subject="Hi"))
    pump = Pump(world.delivery, "mail")
    running = asyncio.create_task(pump.run(stop))
    await asyncio.wait_for(landed.wait(), 20)
    stop.set()
    await asyncio.wait_for(running, 20)
    assert [row.state for row in await world.rows()] == [State.SENT, State.SENDING, State.SENT]


class Spoiling:
    """A sender of somebody else's making, which gives one of its mails a name that no column can hold."""

    def __init__(self, sender: Sender, recipient: str, landed: asyncio.Event) -> None:
        self._sender, self._recipient, self._landed, self._sent = sender, recipient, landed, 0

    async def send(self, message: Outbound[Any]) -> Accepted:
        accepted = await self._sender.send(message)
        self._sent += 1
        if self._sent == 3:
            self._landed.set()
        return Accepted(cast("str", 7)) if message.to.value == self._recipient else accepted


class Crawling:
    """Takes bulk and does not answer until it is told to; whoever has a name of their own is answered at once."""

    def __init__(self) -> None:
        self.told, self.taken = asyncio.Event(), asyncio.Queue[str]()

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        await self.taken.put(str(envelope.rcpt_tos[0]))
        if str(envelope.rcpt_tos[0]).startswith("person"):
            await self.told.wait()
        return "250 2.0.0 Ok"


async def test_an_agents_mail_passes_a_campaign_that_a_crawling_server_holds_up(world: World) -> None:
    await world.campaign(25)
    sink, stop, ana = Crawling(), asyncio.Event(), await world.customer("Ana")
    server = await asyncio.get_running_loop().create_server(lambda: SMTP(sink), "127.0.0.1", 0)
    smtp = {"host": "127.0.0.1", "port": server.sockets[0].getsockname()[1], "security": "none"}
    table = {"address": "support@meadow.example", "smtp": smtp}
    mail = open_channel("mail", Kind.EMAIL, "smtp", table, webhook_base="http://hub.example")
    world.delivery.channels["mail"] = mail  # type: ignore[index]
    pump = Pump(world.delivery, "mail")
    running = asyncio.create_task(pump.run(stop))
    held = [await asyncio.wait_for(sink.taken.get(), 30) for _ in range(3)]
    await world.ask(ana, Kind.EMAIL, Words("Hello", subject="Hi"))
    pump.wake.set()
    assert await asyncio.wait_for(sink.taken.get(), 30) == "ana@example.org"
    assert all(one.startswith("person") for one in held)
    sink.told.set()
    stop.set()
    await asyncio.wait_for(running, 30)
    await mail.close()
    server.close()


WORKER = """
import asyncio, sys
from pathlib import Path
from datetime import time
from channels.message import Kind
from channels.providers import open_channel
from hub.database.engine import Database
from hub.outbound.delivery import Delivery
from hub.outbound.outbox import Ticket
from hub.outbound.preparing import Ready
from hub.outbound.question import Rules
from hub.outbound.pump import Pump
from hub.outbound.request import Gate
from hub.signing import Signer
from hub.storage import open_storage

async def main(url, port, blobs):
    smtp = {"host": "127.0.0.1", "port": int(port), "security": "none"}
    table = {"address": "support@meadow.example", "smtp": smtp}
    mail = open_channel("mail", Kind.EMAIL, "smtp", table, webhook_base="http://hub.example")
    rules = Rules(time(0), time(0), time(0), time(0), 3, tuple(Kind), "UTC")
    senders = {Kind.EMAIL: ("mail",)}
    gate = Gate(rules, senders, Signer(b"a secret for the tests, 32 bytes"), "http://hub.example", "Meadow", "en")
    delivery = Delivery(Database(url, pool_size=2), {"mail": mail}, open_storage(Path(blobs)), gate, "doomed")
    await Pump(delivery, "mail", concurrency=4).run(asyncio.Event())

asyncio.run(main(*sys.argv[1:]))
"""


class Sink:
    """Counts what it takes before it says so; at the tenth mail it kills the worker and never answers."""

    def __init__(self) -> None:
        self.taken: Counter[str] = Counter()
        self.worker: asyncio.subprocess.Process | None = None

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        self.taken[str(envelope.rcpt_tos[0])] += 1
        if self.worker is not None and self.taken.total() >= 10:
            self.worker.kill()
            await self.worker.wait()
        return "250 2.0.0 Ok"


async def test_a_worker_killed_in_mid_send_loses_nothing_and_doubles_no_marketing(
    world: World, database_url: str, tmp_path: Path
) -> None:
    """The small version of fault F1."""
    await world.campaign(25)
    sink = Sink()
    server = await asyncio.get_running_loop().create_server(lambda: SMTP(sink), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    arguments = (database_url, str(port), str(tmp_path / "blobs"))
    sink.worker = await asyncio.create_subprocess_exec(sys.executable, "-c", WORKER, *arguments)
    await asyncio.wait_for(sink.worker.wait(), 60)
    sink.worker = None
    async with world.database.unit() as session:
        await session.execute(text("update outbox set lease_until = clock_timestamp() where lease_until is not null"))
    await world.delivery.expire()
    mail = open_channel(
        "mail",
        Kind.EMAIL,
        "smtp",
        {"address": "support@meadow.example", "smtp": {"host": "127.0.0.1", "port": port, "security": "none"}},
        webhook_base="http://hub.example",
    )
    second = Delivery(world.database, {"mail": mail}, world.storage, world.gate, "second")
    while (ready := (await second.claim("mail", 10))[1]) != []:
        await second.settle(await asyncio.gather(*map(second.deliver, ready)))
    await mail.close()
    server.close()
    states = Counter(row.state for row in await world.rows())
    sent = {row.recipient for row in await world.rows() if row.state is State.SENT}
    assert set(sink.taken.values()) == {1}  # none twice
    assert sent <= set(sink.taken)  # nothing is called sent that is not
    assert states[State.SENT] + states[State.UNKNOWN] == 25  # none lost
    assert 1 <= states[State.UNKNOWN] <= 4  # its concurrency: in flight, or landed and not yet written down
    assert await world.pump("mail") == 0


# ---- the carrier ----------------------------------------------------------------------------


async def test_an_sms_arrives_and_its_callbacks_move_it_on(world: World) -> None:
    await world.ask(await world.customer("Ana", "+48732500100"), Kind.SMS, Words("See you at ten"))
    await world.pump("sms")
    await world.carrier.settled()
    assert [message.body for message in world.carrier.texts("+48732500100")] == ["See you at ten"]
    assert (await world.row()).state is State.DELIVERED


async def test_callbacks_twice_and_out_of_order_end_in_the_same_row(world: World) -> None:
    await world.ask(await world.customer("Ana", "+48732500006"), Kind.SMS, Words("Hello"))
    await world.pump("sms")
    await world.carrier.settled()
    assert (await world.row()).state is State.DELIVERED


async def test_an_sms_whose_create_got_no_answer_is_settled_by_its_callback(world: World) -> None:
    """Requirement 3.2: there is no idempotency key, but our token comes back."""
    await world.ask(await world.customer("Ana", "+48732500005"), Kind.SMS, Words("Hello"))
    await world.pump("sms")
    await world.carrier.settled()
    assert (await world.row()).state is State.DELIVERED
    assert len(world.carrier.texts("+48732500005")) == 1


async def test_the_carriers_stop_suppresses_the_number(world: World) -> None:
    customer = await world.customer("Ana", "+48732500003")
    await world.ask(customer, Kind.SMS, Words("Hello"))
    await world.pump("sms")
    row = await world.row()
    assert (row.state, row.reason) == (State.FAILED, "opted_out")
    async with world.database.unit() as session:
        found = await consent.suppressions(session, [(Kind.SMS, "+48732500003")])
    assert [one.reason for one in found] == ["STOP"]


async def test_a_spoken_message_ends_with_nine_in_the_ledger(world: World) -> None:
    """Requirement V1: whoever presses 9 gets no more calls."""
    customer = await world.customer("Ana", "+48732500016")
    await world.ask(customer, Kind.VOICE, Words("This is Meadow. Tulips!"), purpose=Purpose.MARKETING)
    await world.pump("voice")
    await world.carrier.settled()
    async with world.database.unit() as session:
        latest = (await consent.ledger(session, customer))[0]
    assert (latest.granted, latest.channel, latest.source) == (False, Kind.VOICE, "pressed 9")


async def test_click_to_call_rings_the_agent_first_and_then_the_customer(world: World) -> None:
    customer = await world.customer("Ana", "+48732500100")
    agent = "+48732600014"  # presses 1 at every question
    async with world.database.unit() as session:
        staff = Staff(
            email="bo@meadow.example",
            name="Bo",
            role=Role.AGENT,
            password_hash="x",
            phone=agent,
            created_at=clock.now(),
        )
        session.add(staff)
        await session.flush()
        await calling.bridge(
            session,
            customer_id=customer,
            number="+48732500100",
            staff_id=staff.id or 0,
            gate=world.gate,
            now=clock.now(),
        )
    await world.pump("voice")
    await world.carrier.settled()
    assert [call.recipient for call in world.carrier.calls()] == [agent, "+48732500100"]
    row = await world.row()
    assert (row.kind, row.recipient, (row.call or {})["bridge"]) == (HubKind.VOICE, "+48732500100", agent)


async def test_an_agent_without_a_telephone_is_told_so(world: World) -> None:
    customer = await world.customer("Ana", "+48732500100")
    async with world.database.unit() as session:
        with pytest.raises(calling.NoTelephone, match="no telephone number on this account"):
            await calling.bridge(
                session,
                customer_id=customer,
                number="+48732500100",
                staff_id=1,
                gate=world.gate,
                now=clock.now(),
            )
