"""Accounts: who may have one, and what changing it does."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

import pytest

from channels.address import BadAddress
from hub.database.engine import Database
from hub.models import Staff
from hub.models.vocabulary import Role
from hub.signing import Signer
from hub.staff import accounts, feeds, passwords

Hire = Callable[..., Awaitable[Staff]]


@pytest.mark.parametrize(
    ("password", "cause"),
    [
        ("short", "too short"),
        ("x" * 1001, "too long"),
        ("ana@meadow.example", "own address"),
        (" ANA@meadow.example ", "own address"),
        ("aaaaaaaaaaaa", "repeats"),
    ],
)
def test_a_password_that_is_easy_to_guess_is_refused_in_words(password: str, cause: str) -> None:
    with pytest.raises(passwords.WeakPassword, match=cause):
        passwords.check(password, "ana@meadow.example")


async def test_the_stored_password_is_argon2id_and_nothing_else_opens_it() -> None:
    stored = await passwords.hashed("meadow gate 7")
    assert stored.startswith("$argon2id$")
    assert "meadow" not in stored
    assert await passwords.holds(stored, "meadow gate 7")
    assert not await passwords.holds(stored, "meadow gate 8")


@pytest.mark.parametrize("stored", ["", "not a hash", None])
async def test_an_empty_or_missing_hash_is_opened_by_no_password(stored: str | None) -> None:
    """Class of CVE-2026-18363: an empty hash accepted."""
    assert not await passwords.holds(stored, "")
    assert not await passwords.holds(stored, "not a hash")


async def test_one_password_typed_on_two_keyboards_is_one_password() -> None:
    stored = await passwords.hashed("za\u017c\u00f3\u0142\u0107 g\u0119\u015bl\u0105")
    assert await passwords.holds(stored, "zaz\u0307o\u0301\u0142c\u0301 ge\u0328s\u0301la\u0328")


async def test_lone_surrogates_in_a_password_are_just_wrong() -> None:
    assert not await passwords.holds(await passwords.hashed("meadow gate 7"), "meadow\ud800gate 7")


async def test_one_address_has_one_account_however_it_is_spelled(hire: Hire, database: Database, now: datetime) -> None:
    await hire("ana")
    with pytest.raises(accounts.EmailTaken, match="already has an account"):
        async with database.unit() as session:
            await accounts.create(
                session, email=" ANA@Meadow.example", name="A", role=Role.AGENT, password="meadow gate 7", now=now
            )


@pytest.mark.parametrize(
    ("field", "value", "problem"),
    [
        ("email", "nobody", BadAddress),
        ("name", " \u0000\n ", accounts.AccountProblem),
        ("timezone", "../../etc/passwd", accounts.AccountProblem),
        ("timezone", "Mars/Base", accounts.AccountProblem),
        ("phone", "12", BadAddress),
    ],
)
async def test_an_account_with_nonsense_in_it_is_not_made(
    database: Database, now: datetime, field: str, value: str, problem: type[Exception]
) -> None:
    good: dict[str, Any] = {"email": "ana@meadow.example", "name": "Ana", "timezone": "UTC", "phone": None}
    with pytest.raises(problem):
        async with database.unit() as session:
            await accounts.create(
                session,
                **{**good, field: value},
                role=Role.AGENT,
                password="meadow gate 7",
                now=now,
            )
    async with database.unit() as session:
        assert await accounts.listing(session) == []


@pytest.mark.parametrize("field", ["role", "password_hash", "active", "id"])
async def test_only_harmless_fields_change_in_bulk(hire: Hire, database: Database, now: datetime, field: str) -> None:
    """ASVS 15.3.3: mass assignment."""
    ana = await hire("ana")
    with pytest.raises(accounts.AccountProblem, match="cannot be changed here"):
        async with database.unit() as session:
            await accounts.change(session, ana.id or 0, {field: "admin"}, now=now)


async def test_a_telephone_is_stored_in_one_spelling(hire: Hire, database: Database, now: datetime) -> None:
    ana = await hire("ana")
    async with database.unit() as session:
        changed = await accounts.change(session, ana.id or 0, {"phone": "+48 601 123 456"}, now=now)
    assert changed.phone == "+48601123456"


async def test_the_only_administrator_cannot_be_switched_off_or_demoted(
    hire: Hire, database: Database, now: datetime
) -> None:
    boss = await hire("boss", Role.ADMIN)
    with pytest.raises(accounts.LastAdmin):
        async with database.unit() as session:
            await accounts.deactivate(session, boss.id or 0, now=now)
    with pytest.raises(accounts.LastAdmin):
        async with database.unit() as session:
            await accounts.set_role(session, boss.id or 0, Role.AGENT, now=now)


async def test_two_administrators_cannot_remove_each_other_at_once(
    hire: Hire, database: Database, now: datetime
) -> None:
    """ASVS 15.4.2: time of check to time of use."""
    ids = [(await hire(name, Role.ADMIN)).id or 0 for name in ("one", "two")]

    async def remove(staff_id: int) -> None:
        async with database.unit() as session:
            await accounts.deactivate(session, staff_id, now=now)

    outcomes = await asyncio.gather(*map(remove, ids), return_exceptions=True)
    assert [type(o) for o in outcomes if o] == [accounts.LastAdmin]


async def test_nobody_is_called_who_said_not_now(hire: Hire, database: Database) -> None:
    ana = await hire("ana")
    async with database.unit() as session:
        await accounts.set_available(session, ana.id or 0, False)
    async with database.unit() as session:
        assert [s.available for s in await accounts.listing(session)] == [False]


@pytest.mark.parametrize("what", ["password", "deactivate"])
async def test_the_address_of_a_calendar_ends_with_the_password_and_with_the_account(
    hire: Hire, database: Database, now: datetime, what: str
) -> None:
    ana, signer = await hire("ana"), Signer(b"k" * 32)
    async with database.unit() as session:
        handed = feeds.token(signer, await feeds.renew(session, ana.id or 0, now=now))
        assert await feeds.reader(session, signer, handed, now=now) is not None
    async with database.unit() as session:
        if what == "password":
            await accounts.change_password(session, ana.id or 0, "another gate 8", now=now)
        else:
            await accounts.deactivate(session, ana.id or 0, now=now)
            await accounts.activate(session, ana.id or 0, now=now)
    async with database.unit() as session:
        assert await feeds.reader(session, signer, handed, now=now) is None
