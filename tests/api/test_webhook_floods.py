"""F11: a flood with duplicates, disorder, forgeries, some before the create's answer, ends as the model says."""

from __future__ import annotations

import asyncio
import gc
import random
import time
from collections.abc import Iterator, Sequence
from urllib.parse import urlencode
from uuid import UUID

import httpx
import pytest
from sqlmodel import col, func, select
from twilio.request_validator import RequestValidator

from channels.message import Kind
from hub import clock
from hub.bootstrap import Hub
from hub.interactions import receipts, record
from hub.jobs import worker
from hub.models import Customer, EarlyReceipt, Interaction, ReceiptRow
from hub.models.vocabulary import State
from tests.api.conftest import AUTH_TOKEN
from tests.log_rows import said

PUBLIC = "https://hub.example/desk"
MESSAGES, AT_ONCE = 120, 32
SLOWEST = 1.0  # seconds, of 99 in 100
_SIGN = RequestValidator(AUTH_TOKEN).compute_signature

Callback = tuple[str, bytes, dict[str, str]]


@pytest.fixture
def served() -> Iterator[None]:
    """The process leaves alone what it imported, as `hub web` does: looking for garbage among all that the tests have
    imported takes a busy machine more than a second, and whoever waits for an answer waits for that too.
    """
    thresholds = gc.get_threshold()
    worker.leave_imports_alone()
    yield
    gc.set_threshold(*thresholds)
    gc.unfreeze()


async def _messages(hub: Hub, customer: UUID) -> list[UUID]:
    """Just handed over: nobody has told us yet what the provider calls them."""
    now = clock.now()
    rows = [
        said(
            customer,
            now,
            kind=Kind.SMS,
            channel="sms",
            state=State.SENDING,
            recipient="+48601123456",
            body_text="Hello",
        )
        for _ in range(MESSAGES)
    ]
    async with hub.database.unit() as session:
        for row in rows:
            await record.add(session, row)
    return [row.id for row in rows]


def _callback(sid: str, token: str, status: str, *, genuine: bool = True) -> Callback:
    path = "/webhooks/sms/status" + (f"?m={token}" if token else "")
    form = {"MessageSid": sid, "MessageStatus": status, "To": "+48601123456", "AccountSid": "AC" + "a" * 32}
    signature = _SIGN(PUBLIC + path, form) if genuine else "A" * 27 + "="
    headers = {"X-Twilio-Signature": signature, "Content-Type": "application/x-www-form-urlencoded"}
    return path, urlencode(form).encode(), headers


def _flood(hub: Hub, ids: Sequence[UUID], chance: random.Random) -> tuple[list[Callback], list[State]]:
    """The callbacks in the order in which they come, and where each message has to end."""
    flood, model = [], []
    for number, message in enumerate(ids):
        sid, early = f"SM{number:032x}", number % 10 == 0
        token = "" if early else hub.signer.message_token(message)  # without one only the create's answer tells
        steps = ["queued", "sent", *(["delivered"] if number % 3 else [])]
        model.append(State.DELIVERED if number % 3 else State.SENT)
        told = [_callback(sid, token, step) for step in steps]
        flood += told + [one for one in told if chance.random() < 0.3]
        if chance.random() < 0.15:
            flood.append(_callback(sid, token, "failed", genuine=False))
    order = sorted(range(len(flood)), key=lambda n: n + (chance.random() * 40 if chance.random() < 0.3 else 0))
    return [flood[n] for n in order], model


async def _post_all(client: httpx.AsyncClient, flood: Sequence[Callback]) -> tuple[list[int], list[float]]:
    waiting, statuses, waits = iter(flood), [], []

    async def connection() -> None:
        for path, body, headers in waiting:
            began = time.monotonic()
            statuses.append((await client.post(path, content=body, headers=headers)).status_code)
            waits.append(time.monotonic() - began)

    await asyncio.gather(*(connection() for _ in range(AT_ONCE)))
    return statuses, sorted(waits)


@pytest.mark.usefixtures("served")
async def test_a_flood_ends_as_the_model_says_and_keeps_nobody_waiting(
    client: httpx.AsyncClient, hub: Hub, ana: Customer
) -> None:
    ids = await _messages(hub, ana.id)
    flood, model = _flood(hub, ids, random.Random(11))
    statuses, waits = await _post_all(client, flood)
    forged = sum("A" * 27 in headers["X-Twilio-Signature"] for _, _, headers in flood)
    assert (statuses.count(204), statuses.count(403)) == (len(flood) - forged, forged)
    assert waits[len(waits) * 99 // 100] < SLOWEST

    early = {f"SM{number:032x}": one for number, one in enumerate(ids) if number % 10 == 0}
    async with hub.database.unit() as session:
        await receipts.join_all(session, "sms", early, now=clock.now())
    async with hub.database.unit() as session:
        rows = await session.exec(select(Interaction.state).order_by(col(Interaction.id)))
        by_id = dict(zip(sorted(ids), rows, strict=True))
        assert [by_id[one] for one in ids] == model
        kept = (await session.exec(select(func.count()).select_from(ReceiptRow))).one()
        assert kept == sum(3 if state is State.DELIVERED else 2 for state in model)
        assert (await session.exec(select(func.count()).select_from(EarlyReceipt))).one() == 0
        assert (await session.exec(select(Interaction.flag).distinct())).all() == [""]
