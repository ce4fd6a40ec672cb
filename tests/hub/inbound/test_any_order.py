"""The same events in any order, each as often as it likes, end in the same rows (requirements 3.3, T2, M10)."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import col, select

from channels.message import Event, Kind, Progress, Reason, Receipt
from hub.customers import directory
from hub.database.engine import Database
from hub.inbound.receive import Reception
from hub.interactions import record
from hub.models import Consent, Conversation, Interaction, ReceiptRow, Suppression
from hub.models.vocabulary import Direction, State
from tests.hub.inbound.conftest import Bring
from tests.hub.inbound.events import call, mail, sms, voicemail
from tests.log_rows import said

COUNT = 16
ORDERS = st.lists(st.integers(0, COUNT - 1), min_size=0, max_size=COUNT)

_rounds = itertools.count(7101)  # digits that stand in no other text here


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(first=st.permutations(range(COUNT)), again=ORDERS)
async def test_any_order_and_any_repetition_of_the_same_events_gives_the_same_rows(
    bring: Bring, database: Database, reception: Reception, now: datetime, first: list[int], again: list[int]
) -> None:
    one, two = str(next(_rounds)), str(next(_rounds))
    plain = await _play(one, range(COUNT), bring, database, reception, now)
    shuffled = await _play(two, [*first, *again], bring, database, reception, now)
    assert shuffled == plain


async def _play(
    name: str, order: Sequence[int], bring: Bring, database: Database, reception: Reception, now: datetime
) -> list[Any]:
    """What the log holds of one customer, without what tells rounds apart, after these events in this order."""
    sent = await _before(name, bring, database, now)
    events = _events(name, reception.gate.signer.message_token(sent))
    for number in order:
        await bring(events[number], channel="sms" if isinstance(events[number], Receipt) else "")
    return [_told(line, name) for line in await _log(name, database)]


async def _before(name: str, bring: Bring, database: Database, now: datetime) -> UUID:
    """Two calls have come in (their later events are answers to ours), and one SMS has been queued."""
    for one in ("A", "B"):
        await bring(replace(call("incoming", Progress.RINGING, f"CA{one}{name}"), sender=_ana(name)))
    async with database.unit() as session:
        customer = (await directory.resolve(session, _ana(name), now=now)).customer
        row = said(
            customer.id,
            now,
            kind=Kind.SMS,
            channel="sms",
            state=State.SENDING,
            recipient=_ana(name).value,
            body_text="our text",
        )
        return await record.add(session, row)


def _events(name: str, token: str) -> list[Event]:
    sender = f"ana{name}@example.org"
    number = _ana(name).value
    receipts = [
        Receipt(f"SMout{name}", progress, token=token, recipient=number)
        for progress in (Progress.QUEUED, Progress.SENT, Progress.DELIVERED)
    ]
    taken, missed = f"CAA{name}", f"CAB{name}"
    return [
        sms("one", f"SM1{name}", number),
        sms("two", f"SM2{name}", number),
        sms("STOP", f"SM3{name}", number),
        sms("stop", f"SM4{name}", number),
        mail("question", f"a{name}@x", sender),
        mail("more", f"b{name}@x", sender, in_reply_to=(f"<a{name}@x>",)),
        *receipts,
        call("screened", Progress.ANSWERED, taken, leg_id=f"CAL{name}", digits="1"),
        call("agents", Progress.DELIVERED, taken, leg_id=f"CAL{name}", seconds=50),
        call(progress=Progress.DELIVERED, sid=taken, seconds=60),
        call("agents", Progress.FAILED, missed, reason=Reason.NO_ANSWER),
        voicemail(missed, f"RE{name}"),
        call(progress=Progress.DELIVERED, sid=missed, seconds=30),
        call(progress=Progress.ANSWERED, sid=missed),
    ]


def _ana(name: str) -> Any:
    return replace(call().sender, value=f"+4860100{name}")


async def _log(name: str, database: Database) -> list[tuple[Any, ...]]:
    async with database.unit() as session:
        mine = [_ana(name).value, f"ana{name}@example.org"]
        rows = select(Interaction).where(col(Interaction.sender).in_(mine) | col(Interaction.recipient).in_(mine))
        words = (await session.exec(rows)).all()
        ids = [word.id for word in words]
        owners = {word.customer_id for word in words}
        said = (await session.exec(select(Consent).where(col(Consent.customer_id).in_(owners)))).all()
        banned = (await session.exec(select(Suppression).where(col(Suppression.value).in_(mine)))).all()
        receipts = (await session.exec(select(ReceiptRow).where(col(ReceiptRow.interaction_id).in_(ids)))).all()
        threads = (await session.exec(select(Conversation).where(col(Conversation.customer_id).in_(owners)))).all()
    return [
        *sorted((w.direction, w.body_text, w.state, w.flag, w.reason, str(_sorted(w.call))) for w in words),
        *sorted(_thread(one, words) for one in threads),
        *sorted((c.granted, c.source, c.wording.lower()) for c in said),
        *sorted((s.kind, s.reason) for s in banned),
        *sorted((r.progress, r.code) for r in receipts),
    ]


def _thread(conversation: Conversation, words: Sequence[Interaction]) -> tuple[Any, ...]:
    """Commands join a conversation that is open and open none, so they are left out here."""
    inside = sorted(w.body_text for w in words if w.conversation_id == conversation.id and w.direction is Direction.IN)
    return (conversation.kind, conversation.state, conversation.flag, [t for t in inside if t.lower() != "stop"])


def _sorted(value: Any) -> Any:
    return {key: _sorted(value[key]) for key in sorted(value)} if isinstance(value, dict) else value


def _told(line: tuple[Any, ...], name: str) -> str:
    return str(line).replace(name, "")
