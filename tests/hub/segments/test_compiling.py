"""Who is meant by a segment, asked of a real database, and everything that cannot be asked."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from hub import clock
from hub.customers import consent as ledgers
from hub.customers import topics
from hub.customers.consent import Statement
from hub.database.engine import Database
from hub.models import Consent, Customer, Identity, Interaction
from hub.models.vocabulary import AddressKind, Direction, IdentityState, Kind, Origin, Purpose, State
from hub.segments import asking, compiling, tree
from hub.segments.compiling import Terms
from hub.segments.conditions import BadCondition, from_text
from tests.hub.segments.people import customer


def consent(who: Customer, now: datetime, *, granted: bool, purpose: Purpose | None, channel: Kind | None) -> Consent:
    return Consent(customer_id=who.id, at=now, granted=granted, purpose=purpose, channel=channel, source="test")


def word(who: Customer, at: datetime, state: State = State.SENT, direction: Direction = Direction.OUT) -> Interaction:
    return Interaction(
        id=clock.uuid7(at),
        at=at,
        customer_id=who.id,
        direction=direction,
        kind=Kind.EMAIL,
        origin=Origin.AGENT,
        state=state,
        state_at=at,
    )


@pytest.fixture
async def people(database: Database, now: datetime) -> Database:
    """Ada (PL, VIP, mail, 36 today), Boris (BG, telephone), Cyd (unknown, nothing known, a dead mail address)."""
    ada = customer(
        "Ada 100%",
        now,
        language="pl",
        country="PL",
        timezone="Europe/Warsaw",
        vip=True,
        labels=["gold", "press"],
        birth_year=1990,
        birth_month=3,
        birth_day=10,
        attributes={"plan": "pro", "seats": 12, "trial": False, "renews": "2026-05-01"},
    )
    boris = customer(
        "Boris",
        now - timedelta(days=400),
        language="bg",
        country="BG",
        birth_year=1990,
        birth_month=3,
        birth_day=11,
        attributes={"plan": "free", "seats": "3"},
    )
    cyd = customer("Cyd", now, provisional=True)
    async with database.unit() as session:
        session.add_all([ada, boris, cyd])
        await session.flush()
        session.add_all(
            [
                Identity(customer_id=ada.id, kind=AddressKind.EMAIL, value="ada@example.org", created_at=now),
                Identity(customer_id=boris.id, kind=AddressKind.PHONE, value="+359888123456", created_at=now),
                Identity(
                    customer_id=cyd.id,
                    kind=AddressKind.EMAIL,
                    value="cyd@example.org",
                    state=IdentityState.DEAD,
                    created_at=now,
                ),
                consent(ada, now, granted=True, purpose=None, channel=None),
                consent(ada, now, granted=False, purpose=Purpose.MARKETING, channel=Kind.SMS),
                consent(boris, now, granted=True, purpose=Purpose.MARKETING, channel=Kind.SMS),
                word(ada, now - timedelta(days=10)),
                word(ada, now - timedelta(days=1), State.WITHHELD),
                word(boris, now - timedelta(days=100)),
                word(cyd, now - timedelta(days=2), State.NOTED, Direction.NOTE),
            ]
        )
    return database


async def names(session: AsyncSession, *conditions: tuple[str, str, object], now: datetime) -> list[str]:
    raw = [{"field": field, "op": op, "value": value} for field, op, value in conditions]
    where = await asking.where(session, raw, now=now)
    found = list((await session.exec(select(Customer.name).where(where).order_by(Customer.name))).all())
    assert await asking.count(session, raw, now=now) == len(found)
    return [name.split()[0] for name in found]


EVERYBODY = ["Ada", "Boris", "Cyd"]
ANSWERS: list[tuple[str, str, object, list[str]]] = [
    ("name", "eq", "Boris", ["Boris"]),
    ("name", "contains", "0%", ["Ada"]),
    ("name", "contains", "_", []),
    ("name", "contains", "OR", ["Boris"]),
    ("name", "eq", "x' or '1'='1", []),
    ("language", "in", ["pl", "bg"], ["Ada", "Boris"]),
    ("country", "ne", "PL", ["Boris", "Cyd"]),
    ("country", "ne", "pl", ["Boris", "Cyd"]),
    ("country", "exists", False, ["Cyd"]),
    ("timezone", "exists", True, ["Ada"]),
    ("label", "eq", "gold", ["Ada"]),
    ("label", "contains", "gold", ["Ada"]),
    ("label", "ne", "gold", ["Boris", "Cyd"]),
    ("label", "in", ["press", "other"], ["Ada"]),
    ("label", "exists", False, ["Boris", "Cyd"]),
    ("vip", "eq", True, ["Ada"]),
    ("provisional", "ne", True, ["Ada", "Boris"]),
    ("age", "eq", 36, ["Ada"]),
    ("age", "lt", 36, ["Boris"]),
    ("age", "exists", False, ["Cyd"]),
    ("birthday_month", "in", [3, 4], ["Ada", "Boris"]),
    ("attributes.plan", "eq", "pro", ["Ada"]),
    ("attributes.plan", "in", ["pro", "free"], ["Ada", "Boris"]),
    ("attributes.plan", "contains", "RE", ["Boris"]),
    ("attributes.plan", "gt", 5, []),
    ("attributes.seats", "eq", 3, ["Boris"]),
    ("attributes.seats", "gt", 3.5, ["Ada"]),
    ("attributes.seats", "in", [3, 12], ["Ada", "Boris"]),
    ("attributes.trial", "eq", False, ["Ada"]),
    ("attributes.renews", "lt", "2026-06", ["Ada"]),
    ("attributes.no such key') --", "exists", False, EVERYBODY),
    ("attributes.plan", "ne", "pro", ["Boris", "Cyd"]),
    ("has_channel", "eq", "email", ["Ada"]),
    ("has_channel", "in", ["email", "voice"], ["Ada", "Boris"]),
    ("has_channel", "ne", "email", ["Boris", "Cyd"]),
    ("consent", "eq", "marketing:email", ["Ada"]),
    ("consent", "eq", "marketing:sms", ["Boris"]),
    ("consent", "eq", "greetings:sms", ["Ada"]),
    ("consent", "ne", "marketing:sms", ["Ada", "Cyd"]),
    ("created_at", "lt", "2026-01-01", ["Boris"]),
    ("created_at", "gt", "2026-03-10T11:59:00+00:00", ["Ada", "Cyd"]),
    ("last_contact_days", "lt", 30, ["Ada"]),
    ("last_contact_days", "gt", 30, ["Boris", "Cyd"]),
    ("last_contact_days", "lt", 5, []),
    ("last_contact_days", "exists", True, ["Ada", "Boris"]),
]


async def test_every_question_finds_the_people_it_means(people: Database, now: datetime) -> None:
    async with people.unit() as session:
        found = [(f, op, v, await names(session, (f, op, v), now=now)) for f, op, v, _ in ANSWERS]
    assert found == ANSWERS


async def test_all_conditions_must_hold_and_none_means_everybody(people: Database, now: datetime) -> None:
    async with people.unit() as session:
        assert await names(session, ("birthday_month", "eq", 3), ("country", "eq", "BG"), now=now) == ["Boris"]
        assert await names(session, now=now) == EVERYBODY


async def test_slices_come_in_the_order_of_ids_and_meet_nobody_twice(people: Database, now: datetime) -> None:
    async with people.unit() as session:
        where = await asking.where(session, [], now=now)
        first = await asking.slice_after(session, where, None, limit=2)
        rest = await asking.slice_after(session, where, first[-1], limit=2)
        everybody = list((await session.exec(select(Customer.id))).all())
    assert first + rest == sorted(everybody)


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ({"field": "password_hash", "op": "eq", "value": "x"}, "no such field. Known: name, language"),
        ({"field": "attributes.", "op": "eq", "value": "x"}, "no such field"),
        ({"field": 7, "op": "eq", "value": "x"}, "field: takes a text"),
        ({"op": "eq", "value": "x"}, "field: takes a text"),
        ({"field": "name", "op": "= 1 or", "value": "x"}, "Allowed: eq, ne, in, exists, contains"),
        ({"field": "name", "op": ["eq"], "value": "x"}, "cannot be asked"),
        ({"field": "vip", "op": "gt", "value": True}, "Allowed: eq, ne"),
        ({"field": "vip", "op": "eq", "value": "yes"}, "takes yes or no"),
        ({"field": "age", "op": "lt", "value": "30"}, "takes a number from 0 to 150"),
        ({"field": "age", "op": "lt", "value": True}, "takes a number"),
        ({"field": "wrote_days", "op": "lt", "value": -5}, "takes a number from 0 to 36500"),
        ({"field": "age", "op": "lt", "value": 10**30}, "takes a number"),
        ({"field": "attributes.x", "op": "lt", "value": float("nan")}, "takes a number"),
        ({"field": "attributes.x", "op": "in", "value": [1, "a"]}, "numbers or texts, not both"),
        ({"field": "attributes.x", "op": "eq", "value": {"a": 1}}, "takes a text"),
        ({"field": "last_contact_days", "op": "lt", "value": 10**8}, "to 36500"),
        ({"field": "language", "op": "in", "value": "pl"}, "give a list"),
        ({"field": "language", "op": "in", "value": ["pl", "polish"]}, "a code of two letters, such as pl"),
        ({"field": "country", "op": "eq", "value": "Poland"}, "a code of two letters, such as PL"),
        ({"field": "language", "op": "in", "value": []}, "give a list"),
        ({"field": "name", "op": "contains", "value": "a\0b"}, "characters that no text can hold"),
        ({"field": "name", "op": "eq", "value": "\ud800"}, "characters that no text can hold"),
        ({"field": "name", "op": "eq", "value": ""}, "takes a text"),
        ({"field": "has_channel", "op": "eq", "value": "fax"}, "none of these: email, sms, voice"),
        ({"field": "consent", "op": "eq", "value": "service:sms"}, "none of these: greetings:email"),
        ({"field": "consent", "op": "eq", "value": "greetings:sms:news"}, "none of these: greetings:email"),
        ({"field": "consent", "op": "eq", "value": "marketing:sms:News!"}, "none of these: greetings:email"),
        ({"field": "created_at", "op": "gt", "value": "yesterday"}, "takes a date"),
        ({"field": "created_at", "op": "gt", "value": "0001-01-01T00:00:00+23:59"}, "takes a date"),
        ({"field": "name", "op": "eq", "value": "x", "sql": "drop"}, "not sql"),
    ],
)
def test_what_cannot_be_asked_is_said_with_what_can(raw: dict[str, Any], said: str) -> None:
    with pytest.raises(BadCondition, match=r".") as problem:
        compiling.compile(tree.read([raw]), Terms(clock.now()))
    assert said in str(problem.value)


SAID = [(granted, topic) for granted in (True, False) for topic in ("", "news", "garden")]


async def test_a_topic_is_agreed_to_as_the_ledger_has_it_whatever_was_said_in_whichever_order(
    database: Database, now: datetime
) -> None:
    """Every history of up to three statements."""
    histories = [one for length in range(4) for one in itertools.product(SAID, repeat=length)]
    expected = set()
    async with database.unit() as session:
        await topics.add(session, "news", {"en": "News"})
        for number, history in enumerate(histories):
            who = customer(f"C{number}", now)
            session.add(who)
            await session.flush()
            for granted, topic in history:
                said = Statement(who.id, Purpose.MARKETING, None, granted=granted, source="test", topic=topic)
                await ledgers.record(session, said, now=now)
            standing = ledgers.standing(await ledgers.ledger(session, who.id), Purpose.MARKETING, Kind.SMS, "news")
            if standing is not None and standing.granted:
                expected.add(f"C{number}")
        for op, meant in (("eq", expected), ("ne", {f"C{n}" for n in range(len(histories))} - expected)):
            assert set(await names(session, ("consent", op, "marketing:sms:news"), now=now)) == meant
    assert len(expected) > 50


HEARD = list(
    itertools.product((True, False), (None, *(p for p in Purpose if p.needs_consent)), (None, Kind.SMS, Kind.EMAIL))
)


async def test_the_whole_is_agreed_to_as_the_ledger_has_it_whatever_was_said_in_whichever_order(
    database: Database, now: datetime
) -> None:
    """Every history of up to two statements, and some of four."""
    chance = Random(4)
    histories: list[Any] = [one for length in range(3) for one in itertools.product(HEARD, repeat=length)]
    histories += [chance.choices(HEARD, k=4) for _ in range(150)]
    agreed = set()
    async with database.unit() as session:
        for number, history in enumerate(histories):
            who = customer(f"C{number}", now)
            session.add(who)
            await session.flush()
            rows = [consent(who, now, granted=yes, purpose=what, channel=how) for yes, what, how in history]
            for row in rows:
                session.add(row)
                await session.flush()
            standing = ledgers.standing(rows, Purpose.MARKETING, Kind.SMS)
            if standing is not None and standing.granted:
                agreed.add(f"C{number}")
        for op, meant in (("eq", agreed), ("ne", {f"C{n}" for n in range(len(histories))} - agreed)):
            assert set(await names(session, ("consent", op, "marketing:sms"), now=now)) == meant
    assert 50 < len(agreed) < len(histories) - 50


async def test_a_topic_that_there_is_not_is_no_condition(database: Database, now: datetime) -> None:
    raw = [{"field": "consent", "op": "eq", "value": "marketing:sms:lawn"}]
    async with database.unit() as session:
        with pytest.raises(BadCondition, match="There is no topic “lawn”"):
            await asking.where(session, raw, now=now)


@pytest.mark.parametrize(
    ("field", "op", "text", "value"),
    [
        ("language", "in", "pl, bg,", ["pl", "bg"]),
        ("vip", "eq", "Yes", True),
        ("age", "gt", " 30 ", 30),
        ("attributes.score", "gt", "1.5", 1.5),
        ("attributes.plan", "eq", "pro", "pro"),
        ("country", "exists", "false", False),
        ("created_at", "lt", "2026-01-01", "2026-01-01"),
    ],
)
def test_a_form_gives_texts_and_gets_conditions(field: str, op: str, text: str, value: object) -> None:
    assert from_text(field, op, text) == {"field": field, "op": op, "value": value}


def test_a_form_with_a_wrong_value_is_told_so() -> None:
    with pytest.raises(BadCondition, match="takes a number"):
        from_text("age", "gt", "old")


def test_a_segment_has_an_end() -> None:
    with pytest.raises(BadCondition, match="51 conditions are too many"):
        tree.read([{"field": "consent", "op": "eq", "value": "marketing:sms"}] * 51)
