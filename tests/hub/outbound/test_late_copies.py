"""A copy that the mail server puts off goes again by itself, alone, and nobody else gets the mail twice."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlmodel import col, select

from channels.adapter import Channel, Finding
from channels.errors import Misconfigured, Refused, TryLater, Unknown
from channels.message import Accepted, Address, Email, Kind, NotTaken, Outbound, Reason
from hub.customers import consent, directory
from hub.database.engine import Database
from hub.interactions.copies import COPY_FAILED
from hub.models import Attempt, Interaction, MailCopy, Outbox
from hub.models.vocabulary import CopyFate, Origin, Purpose, State
from hub.outbound import outbox, preparing, senders, sent, settling
from hub.outbound.asking import Copy, Request, Words
from hub.outbound.patience import EVIDENCE, GIVE_UP, MAY_BE_DOUBLE
from hub.outbound.preparing import Ready
from hub.outbound.request import Gate, Placed, send_many
from hub.outbound.settling import Outcome
from hub.reports.health import doctor
from tests.gates import PLAIN, gate_of

ANA, BEN, EVA, DAN = (f"{name}@example.org" for name in ("ana", "ben", "eva", "dan"))
LATER = "450 4.2.0 greylisted"
NAME = "<m@shop.example>"


async def _nothing_found() -> tuple[Finding, ...]:
    return ()


MAIL = Channel("mail", Kind.EMAIL, Address(Kind.EMAIL, "us@shop.example"), None, _nothing_found)  # type: ignore[arg-type]


@pytest.fixture
def gate() -> Gate:
    return gate_of(PLAIN, Kind.EMAIL)


class Post:
    """One mail to Ana, with copies to Ben and Eva and a blind one to Dan."""

    def __init__(self, database: Database, gate: Gate, now: datetime) -> None:
        self.database, self.gate, self.now = database, gate, now
        self.id = UUID(int=0)

    async def write(self) -> None:
        async with self.database.unit() as session:
            await senders.register(session, "mail", Kind.EMAIL, rate=1000, burst=1000, now=self.now)
            ana = await directory.create(session, directory.NewCustomer("Ana", emails=(ANA,)), now=self.now)
            copies = (Copy(BEN), Copy(EVA), Copy(DAN, blind=True))
            words = Words("It is put right.", subject="Invoice")
            asked = Request(ana.id, Purpose.SERVICE, Origin.AGENT, words, kinds=(Kind.EMAIL,), copies=copies)
            (placed,) = await send_many(session, [asked], gate=self.gate, now=self.now)
        assert isinstance(placed, Placed)
        self.id = placed.interaction_id

    async def leave(self, now: datetime | None = None) -> Ready | None:
        """What a worker is told to send; when it is due is now."""
        async with self.database.unit() as session:
            await session.execute(text("update outbox set due_at = now() - interval '1s' where lease_until is null"))
            tickets = await outbox.claim(session, "mail", limit=9, worker="test")
            ready = await preparing.prepare(session, tickets, MAIL, gate=self.gate, claimed=0.0, now=now or self.now)
        return ready[0] if ready else None

    async def end(self, ready: Ready, result: Any, now: datetime | None = None) -> None:
        at, only = now or self.now, ready.message.only
        outcome = Outcome(ready.ticket, "mail", Kind.EMAIL, result, at, at, "test", only.value if only else "")
        rest = await sent.settle(self.database, [outcome], now=at)
        async with self.database.unit() as session:
            await settling.settle(session, rest, now=at)

    async def put_off(self, *who: str) -> None:
        """The mail has left, and these are to be tried again."""
        ready = await self.leave()
        assert ready is not None
        later = tuple(NotTaken(one, Reason.UNREACHABLE, LATER, "4.2.0", later=True) for one in who)
        await self.end(ready, Accepted(NAME, "250 ok", later))

    async def copies(self) -> dict[str, MailCopy]:
        async with self.database.unit() as session:
            return {row.address: row for row in await session.exec(select(MailCopy))}

    async def fates(self) -> dict[str, str]:
        return {address: row.fate.value for address, row in (await self.copies()).items()}

    async def row(self) -> Interaction:
        async with self.database.unit() as session:
            return await session.get_one(Interaction, self.id)

    async def tickets(self) -> list[Outbox]:
        async with self.database.unit() as session:
            return list(await session.exec(select(Outbox)))

    async def well(self) -> bool:
        async with self.database.unit() as session:
            return await doctor(session, now=self.now) == []


@pytest.fixture
async def post(database: Database, gate: Gate, now: datetime) -> Post:
    made = Post(database, gate, now)
    await made.write()
    return made


def asked_for(message: Outbound[Email]) -> list[str]:
    return [one.value for one in message.takers]


async def test_the_mail_is_sent_and_each_copy_goes_again_alone_with_the_same_fields(post: Post) -> None:
    await post.put_off(BEN, DAN)
    assert await post.fates() == {BEN: "waiting", EVA: "along", DAN: "waiting"}
    row, (ticket,) = await post.row(), await post.tickets()
    assert (row.state, row.flag) == (State.SENT, "")
    assert post.now <= ticket.due_at <= post.now + timedelta(minutes=1)
    assert await post.well()
    for who in (BEN, DAN):
        ready = await post.leave()
        assert ready is not None
        message = ready.message
        assert (asked_for(message), message.to.value, [one.value for one in message.cc], message.bcc) == (
            *([who], ANA, [BEN, EVA], ()),
        )
        await post.end(ready, Accepted(NAME, "250 ok"))
    row = await post.row()
    assert await post.fates() == dict.fromkeys((BEN, EVA, DAN), "along")
    assert (row.state, row.flag, await post.tickets(), await post.leave()) == (State.SENT, "", [], None)
    async with post.database.unit() as session:
        tries = [one.reply for one in await session.exec(select(Attempt).order_by(col(Attempt.id)))]
    assert tries == ["250 ok", f"{BEN}: 250 ok", f"{DAN}: 250 ok"]


async def test_it_is_tried_ever_more_rarely_and_given_up_after_two_days(post: Post) -> None:
    await post.put_off(BEN)
    for hours in (1, 20, 41):
        ready, now = await post.leave(), post.now + timedelta(hours=hours)
        assert ready is not None
        await post.end(ready, TryLater(LATER, code="4.2.0", stage="rcpt"), now)
        (ticket,) = await post.tickets()
        assert now <= ticket.due_at < now + timedelta(hours=6)
        assert (await post.fates())[BEN] == "waiting"
    ready = await post.leave()
    assert ready is not None
    await post.end(ready, TryLater(LATER, code="4.2.0", stage="rcpt"), post.now + GIVE_UP)
    copy, row = (await post.copies())[BEN], await post.row()
    assert (copy.fate, copy.reason, copy.detail) == (
        *(CopyFate.REFUSED, "unreachable", f"given up after 48 hours: {LATER}"),
    )
    assert (row.state, row.flag, await post.tickets()) == (State.SENT, COPY_FAILED, [])


@pytest.mark.parametrize(
    ("result", "fate", "flag"),
    [
        (Refused("550 5.1.1 unknown", reason=Reason.BAD_ADDRESS, code="5.1.1"), "refused", COPY_FAILED),
        (TryLater("421 closing", code="421", whole_sender=True), "waiting", ""),
        (TryLater("it waited too long", stale=True), "waiting", ""),
        (Misconfigured("the password is wrong"), "waiting", ""),
    ],
    ids=["refused", "server", "stale", "settings"],
)
async def test_what_becomes_of_a_try(post: Post, result: Any, fate: str, flag: str) -> None:
    await post.put_off(BEN)
    ready = await post.leave()
    assert ready is not None
    await post.end(ready, result)
    copy, row = (await post.copies())[BEN], await post.row()
    assert (copy.fate.value, copy.begun_at, row.state, row.flag) == (fate, None, State.SENT, flag)
    assert len(await post.tickets()) == (fate == "waiting")
    assert copy.attempts == (1 if fate == "waiting" else 2), "what was nobody's fault does not count"


async def test_a_try_of_which_nobody_knows_goes_again_twice_at_most(post: Post) -> None:
    await post.put_off(BEN)
    for doubts in (1, 2, 3):
        ready = await post.leave()
        assert ready is not None
        await post.end(ready, Unknown("no answer to the dot", stage="dot"))
        tickets, row = await post.tickets(), await post.row()
        if doubts < 3:
            assert [one.due_at for one in tickets] == [post.now + EVIDENCE]
            assert (row.state, row.flag) == (State.SENT, MAY_BE_DOUBLE)
    copy = (await post.copies())[BEN]
    assert (copy.fate, copy.reason, tickets) == (CopyFate.FAILED, "unknown", [])


@pytest.mark.parametrize("begun", [True, False], ids=["on-the-wire", "not-begun"])
async def test_a_worker_that_dies_leaves_the_copy_to_the_next_one(post: Post, begun: bool) -> None:
    await post.put_off(BEN)
    if begun:
        assert await post.leave() is not None
    async with post.database.unit() as session:
        await session.execute(text("update outbox set lease_until = now() - interval '1s', worker = 'dead'"))
    async with post.database.unit() as session:
        assert await settling.expire(session, now=post.now) == 1
    (ticket,) = await post.tickets()
    assert (ticket.lease_until, ticket.due_at) == (None, post.now + (EVIDENCE if begun else timedelta(0)))
    row, copy = await post.row(), (await post.copies())[BEN]
    assert (row.state, row.flag, copy.doubts) == (State.SENT, MAY_BE_DOUBLE if begun else "", int(begun))
    ready = await post.leave()
    assert ready is not None
    assert asked_for(ready.message) == [BEN]


async def test_what_was_claimed_and_never_held_is_forgotten(post: Post) -> None:
    await post.put_off(BEN)
    await post.leave()
    async with post.database.unit() as session:
        assert await settling.let_go(session, "mail", worker="test", held=[], now=post.now) == 1
    copy = (await post.copies())[BEN]
    assert (copy.begun_at, copy.attempts, (await post.row()).state) == (None, 1, State.SENT)


async def _suppress(post: Post, *addresses: str) -> None:
    async with post.database.unit() as session:
        for one in addresses:
            await consent.suppress(session, Kind.EMAIL, one, purpose=None, reason="asked", source="t", now=post.now)


async def test_the_gate_is_asked_before_each_try(post: Post) -> None:
    await post.put_off(BEN, DAN)
    await _suppress(post, BEN)
    ready = await post.leave()
    assert ready is not None
    assert asked_for(ready.message) == [DAN]
    assert (await post.fates())[BEN] == "left_out"
    await _suppress(post, DAN)
    await post.end(ready, TryLater(LATER, stage="rcpt"))
    assert (await post.leave(), await post.tickets(), (await post.fates())[DAN]) == (None, [], "left_out")


async def test_who_waited_for_the_wire_is_asked_about_again(post: Post) -> None:
    await post.put_off(BEN)
    ready = await post.leave()
    assert ready is not None

    async def still() -> set[int]:
        async with post.database.unit() as session:
            return await preparing.still(session, [ready], gate=post.gate, now=post.now)

    assert await still() == {ready.ticket.id}
    await _suppress(post, BEN)
    assert await still() == set()


async def test_what_bounces_or_is_erased_meanwhile_is_tried_no_more(post: Post) -> None:
    await post.put_off(BEN, EVA)
    async with post.database.unit() as session:
        await session.execute(text("delete from mail_copy where address = :a"), {"a": BEN})
        await session.execute(text("update mail_copy set fate = 'failed' where address = :a"), {"a": EVA})
    assert (await post.leave(), await post.tickets()) == (None, [])
