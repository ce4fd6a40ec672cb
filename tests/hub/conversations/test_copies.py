"""An answer to several: whom it may be copied to, what leaves, and what becomes of a copy that does not arrive."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlmodel import col, select

from channels.adapter import Channel, Finding
from channels.message import Accepted, Address, Kind, NotTaken, Outbound, Progress, Reason, Receipt
from hub.conversations import copying, drafting, drafts, held, replies
from hub.conversations.copying import BadCopies
from hub.conversations.drafts import Place
from hub.conversations.replies import Reply
from hub.customers import consent, directory, identities
from hub.database.engine import Database
from hub.interactions import history, receipts
from hub.interactions.copies import COPY_FAILED, Copy
from hub.models import Identity, Interaction, MailCopy, Outbox, ReceiptRow, Suppression
from hub.models.vocabulary import AddressKind, CopyFate, IdentityState, Purpose, State, Withheld
from hub.outbound import outbox, preparing, sent, settling
from hub.outbound.preparing import Ready
from hub.outbound.request import Gate, Held, Placed
from hub.outbound.settling import Outcome
from tests.hub.conversations.conftest import Story

OURS = "support@meadow.example"
ANA, BEN, EVA, DAN = (f"{name}@example.org" for name in ("ana", "ben", "eva", "dan"))
Answering = Callable[..., Awaitable[Placed]]


async def _nothing_found() -> tuple[Finding, ...]:
    return ()


MAIL = Channel("mail", Kind.EMAIL, Address(Kind.EMAIL, OURS), None, _nothing_found)  # type: ignore[arg-type]


@pytest.fixture
def gate(gate: Gate) -> Gate:
    return replace(gate, own=frozenset({OURS}))


@pytest.fixture
def answering(database: Database, gate: Gate, story: Story, now: datetime) -> Answering:
    async def answer(**more: Any) -> Placed:
        given: dict[str, Any] = {"conversation_id": story.conversation, "kind": Kind.EMAIL, "text": "At nine."}
        given |= {"customer_id": story.customer, "staff_id": story.magda, "form_token": "t1", **more}
        async with database.unit() as session:
            placed = await replies.answer(session, Reply(**given), gate=gate, now=now)
        assert isinstance(placed, Placed)
        return placed

    return answer


@pytest.fixture
def meet(database: Database, now: datetime) -> Callable[..., Awaitable[UUID]]:
    async def one(address: str, **more: object) -> UUID:
        async with database.unit() as session:
            new = directory.NewCustomer(address.partition("@")[0].title(), emails=(address,))
            customer = await directory.create(session, new, now=now)
            if more:
                await directory.change(session, customer.id, more, now=now)
            return customer.id

    return one


Meet = Callable[..., Awaitable[UUID]]


async def _copies(database: Database) -> list[tuple[str, bool, str, str]]:
    async with database.unit() as session:
        rows = await session.exec(select(MailCopy).order_by(col(MailCopy.place)))
        return [(row.address, row.blind, row.fate.value, row.reason) for row in rows]


async def _leaving(database: Database, gate: Gate, now: datetime) -> Ready:
    async with database.unit() as session:
        tickets = await outbox.claim(session, "mail", limit=9, worker="test")
        (ready,) = await preparing.prepare(session, tickets, MAIL, gate=gate, claimed=0.0, now=now)
    return ready


def _people(message: Outbound[Any]) -> tuple[str, list[str], list[str]]:
    return message.to.value, [one.value for one in message.cc], [one.value for one in message.bcc]


# ---- what may be typed -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cc", "bcc", "meant"),
    [
        ("", "", []),
        (" , ;\n ", ",", []),
        ("ben@example.org, eva@example.org;dan@example.org", "", [(BEN, False), (EVA, False), (DAN, False)]),
        ("BEN@Example.ORG\nben@example.org", "Ben <ben@example.org>", [(BEN, False)]),
        ("Ben Black <ben@example.org>", "eva@bücher.example", [(BEN, False), ("eva@xn--bcher-kva.example", True)]),
    ],
)
def test_addresses_are_read_as_people_paste_them(cc: str, bcc: str, meant: list[tuple[str, bool]]) -> None:
    assert [(one.address, one.blind) for one in copying.read(cc, bcc, own={OURS})] == meant


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("ben", "Cc and Bcc: “ben” is not a mail address: it needs a name, an @ and a domain. Correct it or"),
        ("ben@example.org\r\nBcc: victim@x.test", "“Bcc: victim” cannot stand before the @"),
        ("<ben@example.org> <eva@example.org>", "cannot stand before the @"),
        ('"Black, Ben" <ben@example.org>', "is not a mail address"),
        ("ben@exam\u2028ple.org", "not a domain name"),
        ("ben@exa mple.org", "is not a domain name"),
        ("x" * 5000, f"“{'x' * 80}…” is not a mail address"),
        (OURS, "support@meadow.example is a mailbox of ours"),
        ("support+tag@meadow.example", "is a mailbox of ours"),
        (",".join(f"p{n}@example.org" for n in range(21)), "at most 20 people beside its recipient, and here are 21"),
    ],
)
@pytest.mark.parametrize("field", ["cc", "bcc"])
def test_what_cannot_be_written_to_is_refused_in_words(field: str, typed: str, said: str) -> None:
    with pytest.raises(BadCopies) as refused:
        copying.read(**{"cc": "", "bcc": "", field: typed}, own={OURS})
    assert said in str(refused.value)


def test_an_answer_to_all_leaves_out_robots_ourselves_and_who_is_written_to_already() -> None:
    copied = [BEN, "no-reply@shop.example", OURS, "support+k7x@meadow.example", ANA, "postmaster@x.example", BEN, EVA]
    assert copying.everybody(copied, {ANA}, own={OURS}) == (BEN, EVA)


def test_of_a_crowd_nobody_is_suggested() -> None:
    crowd = [f"p{n}@example.org" for n in range(21)]
    assert copying.everybody(crowd[:20], {ANA}, own={OURS}) == tuple(crowd[:20])
    assert copying.everybody(crowd, {ANA}, own={OURS}) == ()


async def test_the_composer_offers_all_of_the_mail_that_is_answered(
    database: Database, gate: Gate, story: Story
) -> None:
    async with database.unit() as session:
        question = await session.get_one(Interaction, story.question)
        question.copied, question.reply_to = [EVA, BEN, "noreply@x.example"], EVA
    async with database.unit() as session:
        known = await identities.of(session, story.customer)
        offer = await drafting.offer(session, known, story.conversation, staff_id=story.magda, gate=gate)
    assert (offer.recipients, offer.everybody) == ((EVA, ANA), (BEN,))


# ---- asked for ------------------------------------------------------------------------------


async def test_one_mail_leaves_for_all_by_one_ticket(
    answering: Answering, database: Database, gate: Gate, now: datetime
) -> None:
    placed = await answering(cc=f"{BEN}, {ANA}", bcc=f"{EVA}, {BEN}")
    assert placed.left_out == {}
    async with database.unit() as session:
        assert len((await session.exec(select(Outbox))).all()) == 1
    ready = await _leaving(database, gate, now)
    assert _people(ready.message) == (ANA, [BEN], [EVA])
    async with database.unit() as session:
        entry = await history.entry(session, placed.interaction_id)
    along = CopyFate.ALONG
    assert entry.copies == (Copy(BEN, False, along, "", ""), Copy(EVA, True, along, "", ""))


async def test_an_sms_has_no_copies(answering: Answering, database: Database) -> None:
    await answering(kind=Kind.SMS, cc=BEN)
    assert await _copies(database) == []


async def test_what_is_wrong_with_an_address_sends_nothing(answering: Answering, database: Database) -> None:
    with pytest.raises(BadCopies):
        await answering(cc="nobody")
    async with database.unit() as session:
        assert (await session.exec(select(Outbox))).all() == []


async def _unhappy(database: Database, now: datetime) -> None:
    async with database.unit() as session:
        await session.execute(text("update identity set state = 'dead' where value = :a"), {"a": BEN})
        await session.execute(text("update identity set state = 'complained' where value = :a"), {"a": EVA})
        for address, purpose, reason in (
            ("all@x.example", None, "asked"),
            ("offers@x.example", Purpose.MARKETING, "asked"),
            ("angry@x.example", Purpose.MARKETING, "complained"),
        ):
            await consent.suppress(session, Kind.EMAIL, address, purpose=purpose, reason=reason, source="t", now=now)
        await session.execute(
            text("insert into erased_address (kind, hash, at, barred) values ('email', address_hash(:a), :now, '[]')"),
            {"a": "erased@x.example", "now": now},
        )


async def test_the_gate_is_asked_about_every_address_and_leaves_out_whom_it_refuses(
    answering: Answering, database: Database, gate: Gate, meet: Meet, now: datetime
) -> None:
    for address in (BEN, EVA, DAN):
        await meet(address)
    await meet("gone@x.example", deceased=True)
    await meet("quiet@x.example", do_not_contact=True)
    await _unhappy(database, now)
    names = ("all", "offers", "angry", "erased", "gone", "quiet")
    placed = await answering(cc=", ".join((BEN, EVA, DAN, *(f"{name}@x.example" for name in names))))
    assert placed.left_out == {
        BEN: Withheld.ADDRESS_DEAD,
        EVA: Withheld.COMPLAINED,
        "all@x.example": Withheld.SUPPRESSED,
        "angry@x.example": Withheld.COMPLAINED,
        "erased@x.example": Withheld.SUPPRESSED,
        "gone@x.example": Withheld.DECEASED,
        "quiet@x.example": Withheld.DO_NOT_CONTACT,
    }
    assert {address for address, _, fate, _ in await _copies(database) if fate == "left_out"} == set(placed.left_out)
    ready = await _leaving(database, gate, now)
    assert _people(ready.message) == (ANA, [DAN, "offers@x.example"], [])


async def test_the_gate_is_asked_again_when_the_mail_leaves(
    answering: Answering, database: Database, gate: Gate, meet: Meet, now: datetime
) -> None:
    await meet(BEN)
    await answering(cc=f"{BEN}, {DAN}")
    await _unhappy(database, now)
    assert _people((await _leaving(database, gate, now)).message) == (ANA, [DAN], [])
    assert (await _copies(database))[0] == (BEN, False, "left_out", "address_dead")


async def test_no_consent_is_asked_for_an_answer(
    answering: Answering, database: Database, gate: Gate, meet: Meet, now: datetime
) -> None:
    ben = await meet(BEN)
    async with database.unit() as session:
        no = consent.Statement(ben, None, None, granted=False, source="form")
        await consent.record(session, no, now=now)
    assert (await answering(cc=BEN)).left_out == {}


async def test_what_is_withheld_goes_to_nobody(
    database: Database, gate: Gate, story: Story, meet: Meet, now: datetime
) -> None:
    ben = await meet(BEN)
    async with database.unit() as session:
        await session.execute(text("update identity set state = 'dead' where value = :a"), {"a": ANA})
        reply = Reply(story.conversation, story.customer, Kind.EMAIL, "At nine.", story.magda, "t1", cc=BEN)
        assert isinstance(await replies.answer(session, reply, gate=gate, now=now), Held)
    async with database.unit() as session:
        assert await history.timeline(session, ben) == []


# ---- kept ------------------------------------------------------------------------------------


async def test_taken_back_it_is_a_draft_with_the_same_people(
    answering: Answering, database: Database, story: Story, now: datetime
) -> None:
    placed = await answering(cc=f"{BEN}, {EVA}", bcc=DAN, leaves_at=now + timedelta(hours=1), scheduled=True)
    async with database.unit() as session:
        await held.take_back(session, placed.interaction_id, by=story.magda, now=now)
    async with database.unit() as session:
        found = await drafts.find(session, Place(story.magda, story.customer, story.conversation))
    assert found is not None
    assert (found[0].cc, found[0].bcc) == (f"{BEN}, {EVA}", DAN)


def test_a_draft_from_before_there_were_copies_is_read() -> None:
    typed: Mapping[str, Any] = {"kind": "email", "text": "x", "files": []}
    assert (drafts.read(typed).cc, drafts.read(typed).bcc) == ("", "")


# ---- what becomes of them ---------------------------------------------------------------------


async def _ended(database: Database, ready: Ready, *not_taken: NotTaken, now: datetime) -> None:
    accepted = Accepted("<m@meadow.example>", "250 ok", not_taken)
    outcome = Outcome(ready.ticket, "mail", Kind.EMAIL, accepted, now, now, "test")
    rest = await sent.settle(database, [outcome], now=now)
    assert bool(rest) == bool(not_taken)
    async with database.unit() as session:
        await settling.settle(session, rest, now=now)


async def test_whom_the_server_refuses_is_told_of_and_the_mail_is_sent(
    answering: Answering, database: Database, gate: Gate, meet: Meet, now: datetime
) -> None:
    await meet(BEN)
    placed = await answering(cc=f"{BEN}, {EVA}")
    ready = await _leaving(database, gate, now)
    refusal = NotTaken(BEN, Reason.BAD_ADDRESS, "550 5.1.1 user unknown", "5.1.1")
    await _ended(database, ready, refusal, NotTaken(EVA, Reason.UNREACHABLE, "450 later", "450"), now=now)
    assert await _copies(database) == [
        (BEN, False, "refused", "bad_address"),
        (EVA, False, "refused", "unreachable"),
    ]
    async with database.unit() as session:
        row = await session.get_one(Interaction, placed.interaction_id)
        ben = (await session.exec(select(Identity).where(col(Identity.value) == BEN))).one()
        left = (await session.exec(select(Outbox))).all()
    assert (row.state, row.reason, row.flag, left) == (State.SENT, "", COPY_FAILED, [])
    assert ben.state is IdentityState.DEAD


async def test_a_strangers_address_that_did_not_exist_is_left_out_next_time(
    answering: Answering, database: Database, gate: Gate, now: datetime
) -> None:
    await answering(cc=f"{BEN}, {EVA}")
    ready = await _leaving(database, gate, now)
    unknown = NotTaken(BEN, Reason.BAD_ADDRESS, "550 user unknown")
    await _ended(database, ready, unknown, NotTaken(EVA, Reason.UNREACHABLE, "450 later"), now=now)
    assert (await answering(cc=f"{BEN}, {EVA}", form_token="t2")).left_out == {BEN: Withheld.ADDRESS_DEAD}


def _bounce(recipient: str, **more: Any) -> Receipt:
    given: dict[str, Any] = {"progress": Progress.FAILED, "reason": Reason.BAD_ADDRESS, "hard": True, "code": "5.1.1"}
    given |= {"message_id": "<m@meadow.example>", "recipient": recipient, "detail": "550 unknown", **more}
    return Receipt("", **given)


async def _told(database: Database, gate: Gate, now: datetime, *told: Receipt) -> list[UUID | None]:
    async with database.unit() as session:
        return [await receipts.apply(session, MAIL, one, signer=gate.signer, now=now) for one in told]


async def test_a_bounce_of_a_copy_is_the_copys_and_not_the_customers(
    answering: Answering, database: Database, gate: Gate, meet: Meet, now: datetime
) -> None:
    await meet(BEN)
    placed = await answering(cc=f"{BEN}, {EVA}")
    await _ended(database, await _leaving(database, gate, now), now=now)
    told = await _told(database, gate, now, _bounce(BEN.upper()), _bounce(BEN.upper()), _bounce("x@example.org"))
    assert told == [placed.interaction_id, placed.interaction_id, None]
    assert await _copies(database) == [(BEN, False, "failed", "bad_address"), (EVA, False, "along", "")]
    async with database.unit() as session:
        row = await session.get_one(Interaction, placed.interaction_id)
        known = {one.value: one.state for one in await session.exec(select(Identity))}
        kept = (await session.exec(select(ReceiptRow))).all()
    assert (row.state, row.reason, row.flag, len(kept)) == (State.SENT, "", COPY_FAILED, 1)
    assert (known[ANA], known[BEN]) == (IdentityState.OK, IdentityState.DEAD)


async def test_a_bounce_of_the_customers_own_is_the_messages(
    answering: Answering, database: Database, gate: Gate, now: datetime
) -> None:
    placed = await answering(cc=BEN)
    await _ended(database, await _leaving(database, gate, now), now=now)
    await _told(database, gate, now, _bounce(ANA))
    async with database.unit() as session:
        row = await session.get_one(Interaction, placed.interaction_id)
    assert (row.state, row.reason) == (State.FAILED, "bad_address")
    assert await _copies(database) == [(BEN, False, "along", "")]


async def test_a_copy_that_comes_back_proves_that_the_mail_left(
    answering: Answering, database: Database, gate: Gate, now: datetime
) -> None:
    """So that it is not sent a second time."""
    placed = await answering(cc=BEN)
    await _leaving(database, gate, now)
    token = gate.signer.message_token(placed.interaction_id)
    async with database.unit() as session:
        await session.execute(text("update interaction set state = 'unknown', state_rank = 2"))
    late = _bounce(BEN, token=token, progress=Progress.DELAYED, reason=None, hard=False)
    assert await _told(database, gate, now, late) == [placed.interaction_id]
    async with database.unit() as session:
        assert (await session.get_one(Interaction, placed.interaction_id)).state is State.SENDING
    assert await _copies(database) == [(BEN, False, "along", "")]


@pytest.mark.parametrize("known", [True, False], ids=["a customer", "nobody we know"])
async def test_who_complains_of_a_copy_gets_none_any_more(
    known: bool, answering: Answering, database: Database, gate: Gate, story: Story, meet: Meet, now: datetime
) -> None:
    ben = await meet(BEN) if known else None
    await answering(cc=BEN)
    await _ended(database, await _leaving(database, gate, now), now=now)
    complaint = _bounce(BEN, progress=Progress.DELIVERED, reason=Reason.COMPLAINED, hard=False)
    await _told(database, gate, now, complaint)
    assert (await answering(cc=BEN, form_token="t2")).left_out == {BEN: Withheld.COMPLAINED}
    async with database.unit() as session:
        listed = (await session.exec(select(Suppression))).all()
        of_ana = await consent.ledger(session, story.customer)
        of_ben = await consent.ledger(session, ben) if ben else []
    assert [(one.value, one.purpose) for one in listed] == [(BEN, Purpose.MARKETING)]
    assert (list(of_ana), [one.granted for one in of_ben]) == ([], [False] if ben else [])


# ---- whose it is -------------------------------------------------------------------------------


async def test_it_stands_in_the_timeline_of_who_got_a_copy_and_is_counted_once(
    answering: Answering, database: Database, gate: Gate, meet: Meet, story: Story, now: datetime
) -> None:
    ben, eva = await meet(BEN), await meet(EVA)
    placed = await answering(cc=f"{BEN}, {EVA}")
    ready = await _leaving(database, gate, now)
    await _ended(database, ready, NotTaken(EVA, Reason.BAD_ADDRESS, "550 unknown"), now=now)
    async with database.unit() as session:
        of_ben, of_eva = await history.timeline(session, ben), await history.timeline(session, eva)
        of_ana = await history.timeline(session, story.customer)
        older = await history.timeline(session, ben, before=placed.interaction_id)
        by_sms = await history.timeline(session, ben, kinds=["sms"])
        mine = select(Interaction.id).where(col(Interaction.customer_id).in_((ben, eva)))
        assert (await session.exec(mine)).all() == []
    assert [(one.id, one.customer_id) for one in of_ben] == [(placed.interaction_id, story.customer)]
    assert [one.id for one in of_ana] == [placed.interaction_id, story.question]
    assert (of_eva, older, by_sms) == ([], [], [])


async def test_the_newest_of_ones_own_and_of_copies_stand_on_a_page(
    answering: Answering, database: Database, gate: Gate, meet: Meet, now: datetime
) -> None:
    ben = await meet(BEN)
    for number in range(4):
        await answering(cc=BEN, form_token=f"t{number}")
        await answering(customer_id=ben, conversation_id=None, form_token=f"own{number}", subject="x")
    async with database.unit() as session:
        first = await history.timeline(session, ben, limit=5)
        rest = await history.timeline(session, ben, limit=5, before=first[-1].id)
    ids = [one.id for one in (*first, *rest)]
    assert (len(first), len(rest), ids) == (5, 3, sorted(set(ids), reverse=True))
    assert {one.customer_id == ben for one in first} == {True, False}
    async with database.unit() as session:
        assert await directory.find(session, AddressKind.EMAIL, BEN) is not None
