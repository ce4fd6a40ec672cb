"""Customers, their addresses, what they allow, what they prefer."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from channels.address import BadAddress
from channels.message import Address, Kind
from hub.customers import consent, directory, identities, preferences
from hub.customers.consent import Statement
from hub.customers.directory import AddressTaken, NewCustomer, NotFound
from hub.customers.fields import BadField
from hub.database.engine import Database
from hub.models import Consent, Customer, Identity
from hub.models.vocabulary import AddressKind, IdentityState, Purpose

ANA = NewCustomer("Ana Kowalska", emails=("Ana@Example.org",), phones=("601 000 001",), country="PL")


async def test_twenty_strangers_with_one_address_at_once_are_one_customer(database: Database, now: datetime) -> None:
    async def once() -> Any:
        async with database.unit() as session:
            return (await directory.resolve(session, Address(Kind.SMS, "+48601000001"), now=now)).customer.id

    found = await asyncio.gather(*(once() for _ in range(20)))
    async with database.unit() as session:
        assert (len(set(found)), len(await directory.listing(session))) == (1, 1)


async def test_sms_and_voice_of_one_number_are_one_customer(database: Database, now: datetime) -> None:
    async with database.unit() as session:
        first = await directory.resolve(session, Address(Kind.SMS, "+48601000001"), now=now)
        second = await directory.resolve(session, Address(Kind.VOICE, "+48601000001"), now=now)
    assert (first.created, second.created, second.customer.id) == (True, False, first.customer.id)


async def test_a_new_customers_addresses_are_kept_in_one_spelling(database: Database, now: datetime) -> None:
    async with database.unit() as session:
        customer = await directory.create(session, ANA, now=now)
        assert [i.value for i in await identities.of(session, customer.id)] == ["ana@example.org", "+48601000001"]


async def test_an_address_that_has_an_owner_is_refused_by_name(database: Database, now: datetime) -> None:
    async with database.unit() as session:
        owner = await directory.create(session, ANA, now=now)
    with pytest.raises(AddressTaken) as refusal:
        async with database.unit() as session:
            await directory.create(session, NewCustomer("Other", emails=("ana@example.org",)), now=now)
    assert (refusal.value.value, refusal.value.owner) == ("ana@example.org", owner.id)
    async with database.unit() as session:
        assert len(await directory.listing(session)) == 1


async def test_what_is_no_address_is_refused(database: Database, now: datetime) -> None:
    with pytest.raises(BadAddress):
        async with database.unit() as session:
            await directory.create(session, NewCustomer("Other", emails=("nobody",)), now=now)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("id", "x"),
        ("created_at", "x"),
        ("timezone", "Mars/Olympus"),
        ("timezone", "../../etc/passwd"),
        ("language", "polish"),
        ("name", " \n"),
        ("birthday", (2023, 2, 29)),
        ("birthday", (None, 13, 1)),
        ("vip", "yes"),
        ("labels", "vip"),
    ],
)
async def test_a_field_that_may_not_be_set_or_cannot_hold_the_value_is_named(
    database: Database, now: datetime, field: str, value: object
) -> None:
    async with database.unit() as session:
        customer = await directory.create(session, ANA, now=now)
        with pytest.raises(BadField, match=field):
            await directory.change(session, customer.id, {field: value}, now=now)


async def test_a_birthday_needs_no_year_and_29_february_is_one(database: Database, now: datetime) -> None:
    async with database.unit() as session:
        customer = await directory.create(session, ANA, now=now)
        changed = await directory.change(session, customer.id, {"birthday": (None, 2, 29)}, now=now)
    assert (changed.birth_year, changed.birth_month, changed.birth_day) == (None, 2, 29)


async def test_a_customer_who_is_not_there_is_not_found(database: Database, now: datetime) -> None:
    async with database.unit() as session:
        with pytest.raises(NotFound):
            await directory.get(session, _nobody())


async def test_the_list_goes_on_where_a_page_ended(database: Database, now: datetime) -> None:
    async with database.unit() as session:
        for name in ("cezary", "Ana", "bogdan", "Ana"):
            await directory.create(session, NewCustomer(name), now=now)
        first = await directory.listing(session, limit=3)
        rest = await directory.listing(session, after=first[-1].cursor, limit=3)
    assert [line.name for line in first + rest] == ["Ana", "Ana", "bogdan", "cezary"]


@pytest.mark.parametrize("query", ["kowal", "ANA@EX", "601 000 001", "+48601", "601-000"])
async def test_the_list_finds_by_name_address_and_number(database: Database, now: datetime, query: str) -> None:
    async with database.unit() as session:
        await directory.create(session, ANA, now=now)
        assert [line.name for line in await directory.listing(session, query=query)] == ["Ana Kowalska"]


@pytest.mark.parametrize("query", ["%", "_", "\\", "' or 1=1 --", "\0"])
async def test_signs_with_a_meaning_in_sql_have_none_in_the_list(database: Database, now: datetime, query: str) -> None:
    async with database.unit() as session:
        await directory.create(session, ANA, now=now)
        found = await directory.listing(session, query=query)
    assert len(found) == (1 if query == "\0" else 0)


# ---- addresses (B2) ---------------------------------------------------------------------------


async def test_a_hard_bounce_kills_an_address_and_a_person_can_mend_it_b2(database: Database, now: datetime) -> None:
    async with database.unit() as session:
        customer = await directory.create(session, ANA, now=now)
        await identities.bounced(
            session, Kind.EMAIL, "ana@example.org", hard=True, reason="bad_address", detail="5.1.1", now=now
        )
        (mailbox, _) = await identities.of(session, customer.id)
        assert (mailbox.state, identities.best([mailbox], Kind.EMAIL)) == (IdentityState.DEAD, None)
        await identities.mend(session, mailbox.id or 0, detail="typed wrong", now=now)
        assert mailbox.state is IdentityState.OK


@pytest.mark.parametrize(
    ("days", "state"), [((0, 0, 0), IdentityState.SOFT), ((0, 1, 3), IdentityState.DEAD), ((0, 4), IdentityState.SOFT)]
)
async def test_three_soft_bounces_over_three_days_kill_an_address_b2(
    database: Database, now: datetime, days: tuple[int, ...], state: IdentityState
) -> None:
    assert (await _bounce(database, now, days)).state is state


async def test_a_good_delivery_forgets_soft_bounces_b2(database: Database, now: datetime) -> None:
    await _bounce(database, now, (0, 1))
    async with database.unit() as session:
        await identities.delivered(session, Kind.EMAIL, "ana@example.org", now=now)
        customer = await directory.find(session, AddressKind.EMAIL, "ana@example.org")
        assert customer is not None
        (mailbox, _) = await identities.of(session, customer.id)
    assert (mailbox.state, mailbox.soft_bounces, mailbox.soft_since) == (IdentityState.OK, 0, None)


async def test_a_landline_that_takes_no_sms_can_still_be_called(database: Database, now: datetime) -> None:
    async with database.unit() as session:
        customer = await directory.create(session, ANA, now=now)
        await identities.bounced(
            session, Kind.SMS, "+48601000001", hard=True, reason="wrong_channel", detail="30006", now=now
        )
        known = await identities.of(session, customer.id)
        assert identities.best(known, Kind.VOICE) is not None
        pairs = [(Kind.SMS, "+48601000001"), (Kind.VOICE, "+48601000001")]
        assert [s.kind for s in await consent.suppressions(session, pairs)] == [Kind.SMS]


# ---- consent (G3) -----------------------------------------------------------------------------


def _said(row: int, granted: bool, purpose: Purpose | None, channel: Kind | None, now: datetime) -> Consent:
    return Consent(
        id=row, customer_id=_nobody(), at=now, purpose=purpose, channel=channel, granted=granted, source="test"
    )


def test_the_latest_row_that_speaks_of_a_case_counts_g3(now: datetime) -> None:
    rows = [
        _said(3, False, None, Kind.SMS, now),
        _said(1, True, Purpose.MARKETING, None, now),
        _said(2, True, Purpose.GREETINGS, Kind.EMAIL, now),
    ]
    found = [consent.standing(rows, Purpose.MARKETING, kind) for kind in (Kind.SMS, Kind.EMAIL)]
    assert [row and row.id for row in found] == [3, 1]
    assert consent.standing(rows[2:], Purpose.MARKETING, Kind.EMAIL) is None


async def test_the_ledger_cannot_be_changed_g3(database: Database, now: datetime) -> None:
    async with database.unit() as session:
        customer = await directory.create(session, ANA, now=now)
        await consent.record(session, Statement(customer.id, None, None, False, source="test"), now=now)
    with pytest.raises(DBAPIError, match="append-only"):
        async with database.unit() as session:
            await session.execute(text("update consent set granted = true"))


async def test_a_suppression_is_kept_once_and_lifted_exactly(database: Database, now: datetime) -> None:
    async with database.unit() as session:
        for purpose in (None, None, Purpose.MARKETING):
            await consent.suppress(session, Kind.SMS, "+48601", purpose=purpose, reason="STOP", source="", now=now)
        assert len(await consent.suppressions(session, [(Kind.SMS, "+48601")])) == 2
        assert await consent.lift(session, Kind.SMS, "+48601", purpose=None)
        assert not await consent.lift(session, Kind.SMS, "+48601", purpose=None)
        assert [s.purpose for s in await consent.suppressions(session, [(Kind.SMS, "+48601")])] == [Purpose.MARKETING]


# ---- preferences ------------------------------------------------------------------------------


async def test_the_last_ranking_of_a_purpose_counts(database: Database, now: datetime) -> None:
    async with database.unit() as session:
        customer = await directory.create(session, ANA, now=now)
        await preferences.rank(session, customer.id, Purpose.MARKETING, [Kind.SMS], now=now)
        await preferences.rank(session, customer.id, Purpose.MARKETING, [Kind.VOICE, Kind.EMAIL], now=now)
        assert await preferences.rankings(session, customer.id) == {Purpose.MARKETING: (Kind.VOICE, Kind.EMAIL)}


async def test_a_pause_must_end_after_it_begins(database: Database, now: datetime) -> None:
    async with database.unit() as session:
        customer = await directory.create(session, ANA, now=now)
        with pytest.raises(BadField):
            await preferences.pause(session, customer.id, now, now, now=now)
        await preferences.pause(session, customer.id, now, now + timedelta(days=1), now=now)
        assert customer.paused_until == now + timedelta(days=1)


async def _bounce(database: Database, now: datetime, days: tuple[int, ...]) -> Identity:
    async with database.unit() as session:
        customer: Customer = await directory.create(session, ANA, now=now)
        for day in days:
            at = now + timedelta(days=day)
            await identities.bounced(
                session, Kind.EMAIL, "ana@example.org", hard=False, reason="mailbox_full", detail="", now=at
            )
        return (await identities.of(session, customer.id))[0]


def _nobody() -> UUID:
    return UUID(int=1)


async def test_two_letters_are_looked_for_in_names_and_three_in_addresses_too(
    database: Database, now: datetime
) -> None:
    async with database.unit() as session:
        await directory.create(session, ANA, now=now)
        await directory.create(session, NewCustomer("Юлия Ос", emails=("julia@kw.example",)), now=now)
    async with database.unit() as session:
        found = {words: [one.name for one in await directory.listing(session, query=words)] for words in _SOUGHT}
    assert found == _SOUGHT


_SOUGHT = {
    "na": ["Ana Kowalska"],
    "kw": [],
    "os": ["Юлия Ос"],
    "kw.": [],
    "@kw.e": ["Юлия Ос"],
    "a na k": ["Ana Kowalska"],
}
