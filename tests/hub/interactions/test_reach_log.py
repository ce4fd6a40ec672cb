"""What was sent and answered, read from the log; a suggestion taken over, never over the customer's own word."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from hub.clock import uuid7
from hub.customers import directory, preferences
from hub.customers.directory import NewCustomer
from hub.database.engine import Database
from hub.interactions import reach_log, record
from hub.interactions.reaching import Suggestion
from hub.models import Interaction
from hub.models.vocabulary import Direction, Kind, Origin, Purpose, State

EMAIL, SMS, VOICE = USUAL = (Kind.EMAIL, Kind.SMS, Kind.VOICE)
WARSAW = "Europe/Warsaw"


@pytest.fixture
async def customer(database: Database, now: datetime) -> UUID:
    return await _customer(database, now, timezone="Asia/Tokyo")


async def _customer(database: Database, now: datetime, **more: Any) -> UUID:
    async with database.unit() as session:
        return (await directory.create(session, NewCustomer("Ana", **more), now=now)).id


def word(customer: UUID, at: datetime, kind: Kind = SMS, **more: Any) -> Interaction:
    given = {"direction": Direction.OUT, "origin": Origin.AGENT, "state": State.DELIVERED, **more}
    return Interaction(id=uuid7(at), at=at, customer_id=customer, kind=kind, state_at=at, **given)


def heard(customer: UUID, at: datetime, kind: Kind = SMS, **more: Any) -> Interaction:
    said = {"direction": Direction.IN, "origin": Origin.CUSTOMER, "state": State.RECEIVED}
    return word(customer, at, kind, **{**said, **more})


async def _log(database: Database, *words: Interaction) -> None:
    async with database.unit() as session:
        for one in sorted(words, key=lambda one: one.at):
            await record.add(session, one)


async def _suggested(database: Database, customer: UUID, now: datetime) -> Suggestion:
    async with database.unit() as session:
        known = await directory.get(session, customer)
        return await reach_log.of(session, known, USUAL, company_zone=WARSAW, now=now)


async def _counts(database: Database, customer: UUID, now: datetime) -> dict[Kind, tuple[int, int, int]]:
    found = await _suggested(database, customer, now)
    return {one.kind: (one.tried, one.arrived, one.answered) for one in found.channels}


async def test_an_answer_belongs_to_the_last_word_before_it_whatever_the_channel(
    database: Database, customer: UUID, now: datetime
) -> None:
    ago = now - timedelta(days=20)
    await _log(
        database,
        word(customer, ago, EMAIL, state=State.SENT),
        word(customer, ago + timedelta(hours=1), SMS),
        heard(customer, ago + timedelta(hours=2), EMAIL),
        word(customer, ago + timedelta(days=5), EMAIL, state=State.FAILED),
        heard(customer, ago + timedelta(days=9), EMAIL),
    )
    assert await _counts(database, customer, now) == {EMAIL: (2, 1, 0), SMS: (1, 1, 1), VOICE: (0, 0, 0)}


async def test_a_machine_answers_nothing_neither_a_mail_nor_a_call(
    database: Database, customer: UUID, now: datetime
) -> None:
    ago = now - timedelta(days=20)
    await _log(
        database,
        word(customer, ago, EMAIL),
        heard(customer, ago + timedelta(minutes=1), EMAIL, auto="replied"),
        word(customer, ago + timedelta(days=4), VOICE, call={"answered_by": "machine"}),
        word(customer, ago + timedelta(days=8), VOICE, call={"answered_by": "human"}),
        word(customer, ago + timedelta(days=12), VOICE, state=State.FAILED),
    )
    assert await _counts(database, customer, now) == {EMAIL: (1, 1, 0), SMS: (0, 0, 0), VOICE: (3, 1, 1)}


async def test_what_may_still_be_answered_what_never_left_and_tests_do_not_count(
    database: Database, customer: UUID, now: datetime
) -> None:
    ago = now - timedelta(days=20)
    await _log(
        database,
        word(customer, now - timedelta(days=2)),
        word(customer, ago, state=State.WITHHELD),
        word(customer, ago, origin=Origin.TEST),
        word(customer, ago, auto="replied"),
    )
    assert await _counts(database, customer, now) == {EMAIL: (0, 0, 0), SMS: (0, 0, 0), VOICE: (0, 0, 0)}


async def test_hours_are_those_of_the_customers_own_day(database: Database, customer: UUID, now: datetime) -> None:
    day = now.replace(hour=8, minute=30) - timedelta(days=40)  # half past five in the afternoon in Tokyo
    sent = [word(customer, day + timedelta(days=4 * n)) for n in range(8)]
    answers = [heard(customer, one.at + timedelta(hours=1)) for one in sent]
    early = [word(customer, one.at - timedelta(hours=8)) for one in sent]
    await _log(database, *sent, *answers, *early)
    (sms,) = (one for one in (await _suggested(database, customer, now)).channels if one.kind is SMS)
    assert (sms.hours and (sms.hours.begins, sms.hours.ends), sms.tried, sms.answered) == ((16, 18), 16, 8)


async def test_what_others_answer_is_reckoned_from_the_whole_log_by_their_own_clocks(
    database: Database, now: datetime
) -> None:
    at = now.replace(hour=8, minute=30) - timedelta(days=90)
    others = [await _customer(database, at, timezone=zone) for zone in (None, "Europe/London", "Asia/Tokyo")]
    await _log(database, *(word(one, at) for one in others), heard(others[0], at + timedelta(days=1)))
    async with database.unit() as session:
        for _twice in range(2):
            await reach_log.reckon(session, company_zone="UTC", now=now)
        found = await reach_log.general(session)
    assert {key: (round(one.tried, 2), round(one.answered, 2)) for key, one in found.items()} == {
        (SMS, 8): (1.0, 0.5),
        (SMS, 17): (0.5, 0.0),
    }


async def test_a_suggestion_is_taken_over_and_renewed_and_gives_way_to_the_customers_own_word(
    database: Database, customer: UUID, now: datetime
) -> None:
    async with database.unit() as session:
        for kinds in ((SMS, EMAIL, VOICE), (VOICE, SMS, EMAIL)):
            assert await preferences.take_over(session, customer, Purpose.SERVICE, kinds, now=now)
        assert await preferences.suggested(session, customer) == {Purpose.SERVICE}
        assert (await preferences.rankings(session, customer))[Purpose.SERVICE] == (VOICE, SMS, EMAIL)
        await preferences.rank(session, customer, Purpose.SERVICE, (EMAIL,), now=now)
        assert not await preferences.take_over(session, customer, Purpose.SERVICE, USUAL, now=now)
        assert await preferences.suggested(session, customer) == frozenset()
        assert await preferences.rankings(session, customer) == {Purpose.SERVICE: (EMAIL,)}
