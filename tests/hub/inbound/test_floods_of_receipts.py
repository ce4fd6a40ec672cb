"""Receipts in groups: what they say together is what they say one by one; one that cannot be kept fails alone (F11)."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from channels.message import Kind, Progress, Reason, Receipt
from hub import clock
from hub.customers import directory
from hub.database.engine import Database
from hub.inbound.collecting import Collector, TooMany
from hub.interactions import receipts, record
from hub.models.vocabulary import State
from hub.signing import Signer
from tests.log_rows import said

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
SIGNER = Signer(b"a secret for the tests, 32 bytes")
_TABLES = {
    "interaction": "select id, state, state_rank, state_at, reason, detail, flag from interaction order by id",
    "receipt": "select interaction_id, progress, reason, code, leg, detail, payload from receipt order by 1, 2, 4, 5",
    "reference": "select provider_id, interaction_id from provider_reference order by 1",
    "early": "select provider_id, receipt from early_receipt order by id",
    "identity": "select value, state, soft_bounces from identity order by value",
    "suppression": "select kind, value, purpose, reason, source from suppression order by 1, 2",
    "consent": "select customer_id, channel, purpose, granted, source, evidence from consent order by id",
}
_EMPTY = "truncate customer, interaction, receipt, provider_reference, early_receipt, identity, suppression cascade"

People = Sequence[tuple[UUID, UUID, Kind, str]]  # message, customer, kind, address


async def _people(database: Database, people: People, states: Sequence[State]) -> None:
    """Customers and one message to each, in the given states, the ids given so that two databases can be alike."""
    async with database.unit() as session:
        await session.execute(text("alter table consent disable trigger user"))
        await session.execute(text(_EMPTY))
        for (message, _, kind, address), state in zip(people, states, strict=True):
            new = directory.NewCustomer("Ana", **{"emails" if kind is Kind.EMAIL else "phones": (address,)})  # type: ignore[arg-type]
            customer = await directory.create(session, new, now=NOW)
            row = said(
                customer.id,
                NOW,
                id=message,
                kind=kind,
                channel="wire",
                state=state,
                recipient=address,
                body_text="Hello",
            )
            await record.add(session, row)


def _somebody(count: int) -> People:
    kinds = [(Kind.SMS, "+4860112{:04d}"), (Kind.EMAIL, "person{}@example.org")]
    return [(clock.uuid7(NOW), clock.uuid7(NOW), kinds[n % 2][0], kinds[n % 2][1].format(n)) for n in range(count)]


async def _tables(database: Database, people: People) -> dict[str, list[Any]]:
    async with database.unit() as session:
        found = {name: [tuple(r) for r in await session.execute(text(sql))] for name, sql in _TABLES.items()}
    customers = [row[0] for row in found["consent"]]
    found["consent"] = [(len(set(customers[: n + 1])), *row[1:]) for n, row in enumerate(found["consent"])]
    return found


_REASONS = (None, Reason.BAD_ADDRESS, Reason.MAILBOX_FULL, Reason.OPTED_OUT, Reason.COMPLAINED, Reason.UNKNOWN)


@st.composite
def _floods(draw: st.DrawFn, people: People) -> list[Receipt]:
    """Duplicates, any order, forged tokens, names nobody knows, other recipients, contradictions."""
    several = []
    for _ in range(draw(st.integers(1, 25))):
        which = draw(st.integers(0, len(people) - 1))
        message, _, _, address = people[which]
        token = SIGNER.message_token(message)
        forged = ("b" if token[0] == "a" else "a") + token[1:]
        progress = draw(st.sampled_from(list(Progress)))
        reason = draw(st.sampled_from(_REASONS)) if progress in (Progress.FAILED, Progress.DELIVERED) else None
        several.append(
            Receipt(
                draw(st.sampled_from([f"SM{which}", f"SM{which}", "SMx", ""])),
                progress,
                token=draw(st.sampled_from([token, token, "", forged])),
                message_id=draw(st.sampled_from(["", f"<{which}@hub.example>"])),
                recipient=draw(st.sampled_from(["", address, "eve@evil.example"])),
                reason=reason,
                hard=draw(st.booleans()) if progress is Progress.FAILED else False,
                code=draw(st.sampled_from(["", "30003"])),
                payload={"a": "b"},
            )
        )
    return [*several, *draw(st.lists(st.sampled_from(several), max_size=8))]


@given(data=st.data())
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_receipts_in_groups_of_any_size_leave_what_they_leave_one_by_one(
    data: st.DataObject, database: Database
) -> None:
    people = _somebody(4)
    states = data.draw(
        st.lists(
            st.sampled_from([State.QUEUED, State.SENDING, State.UNKNOWN, State.SENT, State.DELIVERED]),
            min_size=4,
            max_size=4,
        )
    )
    flood = data.draw(_floods(people))
    news = [receipts.news_of("wire", one, SIGNER) for one in flood]
    left, about = [], []
    for most in (1, data.draw(st.integers(2, len(news) + 1))):
        await _people(database, people, states)
        known: list[UUID | None] = []
        for start in range(0, len(news), most):
            async with database.unit() as session:
                known += await receipts.apply_all(session, news[start : start + most], now=NOW)
        async with database.unit() as session:  # the creates' answers come last of all
            await receipts.join_all(session, "wire", {f"SM{n}": one[0] for n, one in enumerate(people)}, now=NOW)
        left.append(await _tables(database, people))
        about.append(known)
    assert left[0] == left[1]
    assert about[0] == about[1]


async def test_one_receipt_that_cannot_be_kept_fails_alone(database: Database) -> None:
    people = _somebody(20)
    await _people(database, people, [State.SENDING] * 20)
    collector = Collector(database, SIGNER)
    told = [Receipt(f"SM{n}", Progress.SENT, token=SIGNER.message_token(one[0])) for n, one in enumerate(people)]
    chance = random.Random(1)
    told[7] = replace(
        told[7], provider_id="SM" + "".join(chance.choice("0123456789abcdefghijklmnop") for _ in range(20_000))
    )
    answers = await asyncio.gather(*(collector.settle("wire", [one]) for one in told), return_exceptions=True)
    assert [n for n, one in enumerate(answers) if one is not None] == [7]
    assert [row[1] for row in (await _tables(database, people))["interaction"]].count("sent") == 19


async def test_more_receipts_than_may_wait_are_sent_away_at_once_and_the_others_are_kept(database: Database) -> None:
    people = _somebody(6)
    await _people(database, people, [State.SENDING] * 6)
    collector = Collector(database, SIGNER, waiting=4)
    told = [Receipt(f"SM{n}", Progress.SENT, token=SIGNER.message_token(one[0])) for n, one in enumerate(people)]
    answers = await asyncio.gather(*(collector.settle("wire", [one]) for one in told), return_exceptions=True)
    assert [type(one) for one in answers] == [type(None)] * 4 + [TooMany] * 2
    assert [row[1] for row in (await _tables(database, people))["interaction"]].count("sent") == 4


async def test_with_the_database_away_everybody_is_told_and_the_next_group_is_settled_again(database: Database) -> None:
    people = _somebody(3)
    await _people(database, people, [State.SENDING] * 3)
    away = Collector(Database("postgresql://nobody@127.0.0.1:9/none"), SIGNER)
    told = [Receipt(f"SM{n}", Progress.SENT, token=SIGNER.message_token(one[0])) for n, one in enumerate(people)]
    for _ in range(2):
        answers = await asyncio.gather(*(away.settle("wire", [one]) for one in told), return_exceptions=True)
        assert all(isinstance(one, OSError) for one in answers), answers


async def test_who_stops_waiting_takes_the_receipt_back(database: Database) -> None:
    people = _somebody(1)
    await _people(database, people, [State.SENDING])
    collector = Collector(database, SIGNER)
    told = Receipt("SM0", Progress.SENT, token=SIGNER.message_token(people[0][0]))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await collector.settle("wire", [told])
    await collector.settle("wire", [replace(told, progress=Progress.QUEUED)])
    assert [row[1] for row in (await _tables(database, people))["interaction"]] == ["sending"]
